//! Fields whose type changes: to one that reads all that was recorded, or to one that loses events.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use eventsourcing::prelude::*;
use eventsourcing::schema::{EventsLock, SchemaError};
use serde::{Deserialize, Serialize};

/// Modules, each with an aggregate whose event has one field of a type.
macro_rules! typed {
    ($($module:ident: $of:ty;)*) => {$(
        mod $module {
            use super::*;

            #[aggregate]
            #[expect(dead_code, reason = "only the shape of the event matters")]
            pub(super) struct World {
                field: $of,
            }

            #[aggregate]
            #[expect(dead_code, reason = "only the shape of the event matters")]
            impl World {
                #[event("Started")]
                pub(super) fn start(field: $of) -> Self {
                    Self { field }
                }
            }
        }
    )*};
}

/// A name without digits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Name(String);

impl TryFrom<String> for Name {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        if name.chars().any(|letter| letter.is_ascii_digit()) { Err("a digit") } else { Ok(Self(name)) }
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// A text of any kind in a newtype.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Title(String);

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Payment {
    Cash,
    Card(Uuid),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum NamedPayment {
    Cash,
    Card(String),
}

typed! {
    text: String;
    title: Title;
    uuid: Uuid;
    timestamp: Timestamp;
    name: Name;
    address: IpAddr;
    v4: Ipv4Addr;
    letter: char;
    optional_text: Option<String>;
    optional_uuid: Option<Uuid>;
    texts: Vec<String>;
    uuids: Vec<Uuid>;
    pair: (String, Uuid);
    pair_of_uuids: (Uuid, Uuid);
    pair_of_texts: (String, String);
    by_text: BTreeMap<String, u32>;
    by_uuid: BTreeMap<Uuid, u32>;
    by_uuid_wider: BTreeMap<Uuid, u64>;
    by_uuid_to_text: BTreeMap<Uuid, String>;
    payment: Payment;
    named_payment: NamedPayment;
    u8s: u8;
    u32s: u32;
    u64s: u64;
    i32s: i32;
    i64s: i64;
    f32s: f32;
    f64s: f64;
    optional_u64: Option<u64>;
}

/// Returns whether events of the first program are lost to the second one; `None` if the lock file says nothing.
fn loses<Before: Aggregate, After: Aggregate>() -> Option<bool> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.lock");
    EventsLock::new(&path).aggregate::<Before>().accept().unwrap();
    match EventsLock::new(&path).aggregate::<After>().check() {
        Ok(()) => None,
        Err(SchemaError::Changed { changes, .. }) => Some(changes.iter().any(|change| change.is_breaking)),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_text_that_becomes_a_type_which_refuses_some_loses_events() {
    assert_eq!(loses::<text::World, uuid::World>(), Some(true));
    assert_eq!(loses::<text::World, timestamp::World>(), Some(true));
    assert_eq!(loses::<text::World, name::World>(), Some(true));
    assert_eq!(loses::<text::World, letter::World>(), Some(true));
    assert_eq!(loses::<uuid::World, timestamp::World>(), Some(true));
    assert_eq!(loses::<uuid::World, name::World>(), Some(true));
    assert_eq!(loses::<address::World, v4::World>(), Some(true));
    assert_eq!(loses::<optional_text::World, optional_uuid::World>(), Some(true));
    assert_eq!(loses::<texts::World, uuids::World>(), Some(true));
    assert_eq!(loses::<pair::World, pair_of_uuids::World>(), Some(true));
    assert_eq!(loses::<by_text::World, by_uuid::World>(), Some(true));
    assert_eq!(loses::<named_payment::World, payment::World>(), Some(true));
}

#[test]
fn a_type_that_becomes_a_text_loses_nothing() {
    assert_eq!(loses::<uuid::World, text::World>(), Some(false));
    assert_eq!(loses::<timestamp::World, text::World>(), Some(false));
    assert_eq!(loses::<name::World, text::World>(), Some(false));
    assert_eq!(loses::<letter::World, text::World>(), Some(false));
    assert_eq!(loses::<v4::World, address::World>(), Some(false));
    assert_eq!(loses::<uuid::World, optional_text::World>(), Some(false));
    assert_eq!(loses::<optional_uuid::World, optional_text::World>(), Some(false));
    assert_eq!(loses::<uuids::World, texts::World>(), Some(false));
    assert_eq!(loses::<pair::World, pair_of_texts::World>(), Some(false));
    assert_eq!(loses::<by_uuid::World, by_text::World>(), Some(false));
    assert_eq!(loses::<payment::World, named_payment::World>(), Some(false));
    assert_eq!(loses::<text::World, title::World>(), None);
    assert_eq!(loses::<title::World, text::World>(), None);
}

#[test]
fn a_number_that_becomes_a_wider_one_loses_nothing() {
    assert_eq!(loses::<u32s::World, u64s::World>(), Some(false));
    assert_eq!(loses::<u8s::World, u32s::World>(), Some(false));
    assert_eq!(loses::<u32s::World, i64s::World>(), Some(false));
    assert_eq!(loses::<i32s::World, i64s::World>(), Some(false));
    assert_eq!(loses::<f32s::World, f64s::World>(), Some(false));
    assert_eq!(loses::<u32s::World, f64s::World>(), Some(false));
    assert_eq!(loses::<u32s::World, optional_u64::World>(), Some(false));
    assert_eq!(loses::<by_uuid::World, by_uuid_wider::World>(), Some(false));
}

#[test]
fn a_number_that_becomes_a_narrower_one_loses_events() {
    assert_eq!(loses::<u64s::World, u32s::World>(), Some(true));
    assert_eq!(loses::<u64s::World, i64s::World>(), Some(true));
    assert_eq!(loses::<i32s::World, u64s::World>(), Some(true));
    assert_eq!(loses::<u64s::World, f64s::World>(), Some(true));
    assert_eq!(loses::<f64s::World, f32s::World>(), Some(true));
    assert_eq!(loses::<optional_u64::World, u64s::World>(), Some(true));
    assert_eq!(loses::<by_uuid::World, by_uuid_to_text::World>(), Some(true));
}
