//! Every kind of parameter: its stored form, and its value in the body.

use std::borrow::Cow;
use std::collections::BTreeMap;

use eventsourcing::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{fold, recorded};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    x: i32,
    y: i32,
}

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub struct Thing {
    seen: Vec<String>,
}

fn type_name<T>(_: &T) -> String {
    std::any::type_name::<T>().replace("alloc::string::", "").replace("alloc::vec::", "").replace("core::option::", "")
}

#[aggregate]
impl Thing {
    #[event]
    pub fn new() -> Self {
        Self { seen: Vec::new() }
    }

    #[event]
    pub fn take_str(&mut self, value: &str) {
        self.seen.push(format!("{value} {}", type_name(&value)));
    }

    #[event]
    pub fn take_slice(&mut self, values: &[u8]) {
        self.seen.push(format!("{values:?} {}", type_name(&values)));
    }

    #[event]
    pub fn take_reference(&mut self, place: &Place, count: &u8, name: &String) {
        self.seen.push(format!("{place:?} {count} {name} {} {}", type_name(&count), type_name(&name)));
    }

    #[event]
    pub fn take_owned(
        &mut self,
        place: Place,
        count: u64,
        ratio: f64,
        names: Vec<String>,
        map: BTreeMap<String, (u8, char)>,
    ) {
        self.seen.push(format!("{place:?} {count} {ratio} {names:?} {map:?}"));
    }

    #[event]
    pub fn take_into(&mut self, name: impl Into<String>, wide: impl Into<u64>) {
        let (name, wide): (String, u64) = (name.into(), wide.into());
        self.seen.push(format!("{name} {wide}"));
    }

    #[event]
    pub fn take_options(
        &mut self,
        name: Option<&str>,
        place: Option<&Place>,
        bytes: Option<&[u8]>,
        nick: Option<impl Into<String>>,
        count: Option<u8>,
    ) {
        let nick: Option<String> = nick.map(Into::into);
        self.seen.push(format!("{name:?} {place:?} {bytes:?} {nick:?} {count:?}"));
    }

    #[event]
    pub fn take_placeholder_lifetime(&mut self, value: &'_ str) {
        self.seen.push(value.to_owned());
    }

    #[event]
    pub fn take_static(
        &mut self,
        value: Cow<'static, str>,
        all: Vec<Cow<'static, [u8]>>,
        some: Option<Cow<'static, str>>,
    ) {
        self.seen.push(format!("{value} {all:?} {some:?}"));
    }

    #[event]
    pub fn take_into_static(&mut self, value: impl Into<Cow<'static, str>>) {
        let value: Cow<'static, str> = value.into();
        self.seen.push(value.into_owned());
    }

    #[event]
    pub fn take_mut(&mut self, mut value: String, mut times: u8) {
        while times > 0 {
            value.push('!');
            times -= 1;
        }
        self.seen.push(value);
    }

    #[event]
    pub fn take_raw(&mut self, r#type: &str, r#match: u8) {
        self.seen.push(format!("{type} {match}"));
    }

    #[event]
    pub fn take_nothing(&mut self) {
        self.seen.push("nothing".to_owned());
    }

    #[event]
    pub fn take_generated_names(&mut self, event: u8, aggregate: u8, state: u8, topic: u8, root: u8) {
        self.seen.push(format!("{}", event + aggregate + state + topic + root));
    }

    #[event]
    pub fn take_serde(
        &mut self,
        #[serde(rename = "what")] name: &str,
        #[serde(default)] added_later: Option<u8>,
        #[serde(with = "hex")] id: u32,
        #[serde(rename = "at")] timestamp: &str,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] tags: Vec<String>,
        #[serde(flatten)] place: Place,
    ) {
        self.seen.push(format!("{name} {added_later:?} {id} {timestamp} {tags:?} {place:?}"));
    }

    #[event]
    pub fn ignore_some(&mut self, #[expect(unused_variables)] ignored: u8, used: u8) {
        self.seen.push(used.to_string());
    }
}

mod hex {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
    pub(super) fn serialize<S: Serializer>(value: &u32, serializer: S) -> Result<S::Ok, S::Error> {
        format!("{value:x}").serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
        let text = String::deserialize(deserializer)?;
        u32::from_str_radix(&text, 16).map_err(serde::de::Error::custom)
    }
}

/// Calls the command, and returns the recorded state and the values in the body, live and at replay.
fn given(command: impl FnOnce(&mut Thing)) -> (String, String) {
    let mut thing = Thing::new();
    command(&mut thing);
    let replayed = fold(&thing);
    assert_eq!(replayed, thing);
    let mut seen = replayed.seen;
    (recorded(&thing), seen.pop().unwrap())
}

#[test]
fn a_str_is_stored_as_a_string() {
    assert_eq!(given(|thing| thing.take_str("a")), (r#"{"value":"a"}"#.into(), "a &str".into()));
}

#[test]
fn a_slice_is_stored_as_a_vec() {
    assert_eq!(given(|thing| thing.take_slice(&[1, 2])), (r#"{"values":[1,2]}"#.into(), "[1, 2] &[u8]".into()));
}

#[test]
fn a_reference_is_stored_as_what_it_refers_to() {
    let (state, seen) = given(|thing| thing.take_reference(&Place { x: 1, y: 2 }, &3, &"a".to_owned()));
    assert_eq!(state, r#"{"place":{"x":1,"y":2},"count":3,"name":"a"}"#);
    assert_eq!(seen, "Place { x: 1, y: 2 } 3 a &u8 &String");
}

#[test]
fn owned_values_are_stored_as_they_are() {
    let map = BTreeMap::from([("k".to_owned(), (1, 'c'))]);
    let (state, seen) = given(|thing| thing.take_owned(Place { x: 1, y: 2 }, u64::MAX, 0.5, vec!["n".to_owned()], map));
    assert_eq!(
        state,
        r#"{"place":{"x":1,"y":2},"count":18446744073709551615,"ratio":0.5,"names":["n"],"map":{"k":[1,"c"]}}"#
    );
    assert_eq!(seen, r#"Place { x: 1, y: 2 } 18446744073709551615 0.5 ["n"] {"k": (1, 'c')}"#);
}

#[test]
fn what_converts_is_stored_converted() {
    assert_eq!(given(|thing| thing.take_into('a', 7_u8)), (r#"{"name":"a","wide":7}"#.into(), "a 7".into()));
    assert_eq!(given(|thing| thing.take_into("a", 7_u32)).1, "a 7");
}

#[test]
fn options_of_these_are_stored_likewise() {
    let place = Place { x: 1, y: 2 };
    let (state, seen) = given(|thing| thing.take_options(Some("a"), Some(&place), Some(&[1]), Some("n"), Some(1)));
    assert_eq!(state, r#"{"name":"a","place":{"x":1,"y":2},"bytes":[1],"nick":"n","count":1}"#);
    assert_eq!(seen, r#"Some("a") Some(Place { x: 1, y: 2 }) Some([1]) Some("n") Some(1)"#);
    let (state, seen) = given(|thing| thing.take_options(None, None, None, None::<&str>, None));
    assert_eq!(state, r#"{"name":null,"place":null,"bytes":null,"nick":null,"count":null}"#);
    assert_eq!(seen, "None None None None None");
}

#[test]
fn a_lifetime_that_is_the_references_own_may_be_written() {
    assert_eq!(given(|thing| thing.take_placeholder_lifetime("a")).1, "a");
}

#[test]
fn a_type_that_borrows_for_ever_is_stored_as_it_is() {
    let (state, seen) = given(|thing| thing.take_static("a".into(), vec![vec![1].into()], Some(Cow::Borrowed("b"))));
    assert_eq!(state, r#"{"value":"a","all":[[1]],"some":"b"}"#);
    assert_eq!(seen, r#"a [[1]] Some("b")"#);
    assert_eq!(given(|thing| thing.take_into_static("a")), (r#"{"value":"a"}"#.into(), "a".into()));
}

#[test]
fn a_collected_event_of_such_a_type_makes_the_same_aggregate() {
    let mut thing = Thing::new();
    thing.take_static(Cow::Borrowed("a"), Vec::new(), None);
    let mut copy: Option<Thing> = None;
    for event in thing.collect_events() {
        copy = event.mutate(copy).unwrap();
    }
    assert_eq!(copy, Some(thing));
}

#[test]
fn what_the_body_does_to_its_parameters_is_not_recorded() {
    assert_eq!(given(|thing| thing.take_mut("a".into(), 2)), (r#"{"value":"a","times":2}"#.into(), "a!!".into()));
}

#[test]
fn raw_names_are_stored_without_their_mark() {
    assert_eq!(given(|thing| thing.take_raw("a", 1)), (r#"{"type":"a","match":1}"#.into(), "a 1".into()));
}

#[test]
fn an_event_may_have_no_values() {
    assert_eq!(given(Thing::take_nothing), ("{}".into(), "nothing".into()));
}

#[test]
fn parameters_may_be_called_like_what_the_macro_writes() {
    assert_eq!(given(|thing| thing.take_generated_names(1, 2, 3, 4, 5)).1, "15");
}

#[test]
fn serde_attributes_of_a_parameter_are_those_of_the_field() {
    let (state, seen) = given(|thing| thing.take_serde("a", None, 255, "now", vec![], Place { x: 1, y: 2 }));
    assert_eq!(state, r#"{"what":"a","added_later":null,"id":"ff","at":"now","x":1,"y":2}"#);
    assert_eq!(seen, r#"a None 255 now [] Place { x: 1, y: 2 }"#);
}

#[test]
fn a_lint_level_of_a_parameter_is_the_bodys() {
    assert_eq!(given(|thing| thing.ignore_some(1, 2)), (r#"{"ignored":1,"used":2}"#.into(), "2".into()));
}
