//! What is found out about types, as far as serde tells it.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::num::NonZeroU16;

use eventsourcing::prelude::*;
use eventsourcing::schema::EventsLock;
use serde::{Deserialize, Deserializer, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Address {
    street_name: String,
    #[serde(alias = "postcode")]
    zip: Option<String>,
}

/// A tree, which contains itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Tree {
    Leaf(u8),
    Node(Box<Tree>, Box<Tree>),
    Named { name: String, trees: Vec<Tree> },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", content = "of")]
pub(crate) enum Adjacent {
    One(u8),
    Two { name: String },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Untagged {
    Number(u8),
    Text(String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub(crate) enum Internal {
    One { number: u8 },
    Two,
}

/// A struct of which serde does not tell the fields, because one of them is flattened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Flat {
    number: u8,
    #[serde(flatten)]
    address: Address,
}

/// A text that is refused unless it is an address of mail.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Mail(String);

impl<'de> Deserialize<'de> for Mail {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.contains('@') { Ok(Self(text)) } else { Err(serde::de::Error::custom("no address")) }
    }
}

/// A text that is always refused.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Never(String);

impl<'de> Deserialize<'de> for Never {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?;
        Err(serde::de::Error::custom("never"))
    }
}

#[aggregate]
pub(crate) struct Shapes {}

#[aggregate]
#[expect(dead_code, reason = "only the shapes of the events matter")]
impl Shapes {
    #[event("Drawn")]
    #[expect(clippy::too_many_arguments, reason = "a parameter for each kind")]
    pub(crate) fn draw(
        address: Address,
        adjacent: Adjacent,
        at: Timestamp,
        by: Uuid,
        counts: BTreeMap<u32, NonZeroU16>,
        json: serde_json::Value,
        corners: [(f64, f64); 3],
        mail: Mail,
        mails: Option<Vec<Mail>>,
        names: HashSet<String>,
        nothing: (),
        tree: Tree,
        untagged: Untagged,
    ) -> Self {
        drop((address, adjacent, at, by, counts, corners));
        drop((json, mail, mails, names, tree, untagged));
        let () = nothing;
        Self {}
    }

    #[event("Kept")]
    pub(crate) fn keep(
        &mut self,
        flat: Flat,
        flats: Vec<Flat>,
        internal: Internal,
        other: Option<Internal>,
        name: String,
    ) {
        drop((flat, flats, internal, other, name));
    }

    #[event("Spread")]
    pub(crate) fn spread(&mut self, number: u8, #[serde(flatten)] address: Address) {
        drop((number, address));
    }

    #[event("Refused")]
    pub(crate) fn refuse(&mut self, a: Never, b: u8, c: Option<Never>, d: String) {
        drop((a, b, c, d));
    }
}

#[test]
fn each_part_of_a_type_is_described_as_far_as_serde_tells() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.lock");
    EventsLock::new(&path).aggregate::<Shapes>().accept().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let found: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("Shapes.Drawn 1 ")).collect();
    assert_eq!(
        found,
        [
            "address: object",
            "address.postcode: string or null, may be missing",
            "address.streetName: string",
            "address.zip: another name of postcode",
            "adjacent: object",
            "adjacent.kind: one of",
            "adjacent.kind<One>: unit",
            "adjacent.kind<Two>: unit",
            "adjacent.of: u8",
            "at: string (timestamp)",
            "by: string (uuid)",
            "corners: tuple of 3",
            "corners[]: tuple of 2",
            "corners[][0]: f64",
            "corners[][1]: f64",
            "counts: map by u32",
            "counts{}: u16",
            "json: any",
            "mail: string (email)",
            "mails: list or null, may be missing",
            "mails[]: string (email)",
            "names: list",
            "names[]: string",
            "nothing: unit",
            "tree: one of",
            "tree<Leaf>: u8",
            "tree<Named>: object",
            "tree<Named>.name: string",
            "tree<Named>.trees: list",
            "tree<Named>.trees[]: itself",
            "tree<Node>: tuple of 2",
            "tree<Node>[0]: itself",
            "tree<Node>[1]: not described",
            "untagged: any, not traced",
        ]
    );
    // a part that serde keeps is marked, and does not hide the other fields; whether they may be missing is not found out then
    let found: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("Shapes.Kept 1 ")).collect();
    assert_eq!(
        found,
        [
            "flat: object, not traced",
            "flats: list",
            "flats[]: object, not traced",
            "internal: any, not traced",
            "name: string",
            "other: any, not traced or null",
        ]
    );
    // with a flattened field, not even the event's own fields are told
    let found: Vec<&str> = text.lines().filter(|line| line.starts_with("Shapes.Spread")).collect();
    assert_eq!(found, ["Shapes.Spread 1", "Shapes.Spread 1 : object, not traced"]);
    // what a type refuses does not hide the other fields
    let found: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("Shapes.Refused 1 ")).collect();
    assert_eq!(found, ["a: string (restricted)", "b: u8", "c: string (restricted) or null", "d: string"]);
}

#[test]
fn a_type_is_described_in_the_same_way_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.lock");
    let lock = EventsLock::new(&path).aggregate::<Shapes>();
    lock.accept().unwrap();
    lock.check().unwrap();
}
