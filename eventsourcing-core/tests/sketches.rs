//! The first dictionary contains the names of fields of any type, and no type prevents an application from opening.
#![cfg(feature = "zstd")]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::{BTreeMap, HashSet};
use std::fmt::Debug;
use std::net::IpAddr;
use std::num::NonZeroU8;

use eventsourcing_core::codec::compressor::ZstdCompressor;
use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
use eventsourcing_core::{Aggregate, AggregateEvent, Application, ApplyError, Mapper, Root, Timestamp, Uuid};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

/// An aggregate with one event.
struct Thing<E: Fields> {
    root: Root<Thing<E>>,
}

#[derive(Clone, Debug)]
struct Happened<E>(E);

trait Fields: Serialize + DeserializeOwned + Clone + Debug + Send + Sync + 'static {}

impl<E: Serialize + DeserializeOwned + Clone + Debug + Send + Sync + 'static> Fields for E {}

impl<E: Fields> AggregateEvent for Happened<E> {
    const TOPICS: &'static [&'static str] = &["Thing.Happened"];

    fn topic(&self) -> &'static str {
        "Thing.Happened"
    }

    fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> {
        state.write(&self.0)
    }

    fn read(_: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        state.read().map(Self)
    }
}

impl<E: Fields> Aggregate for Thing<E> {
    type Event = Happened<E>;
    const NAME: &'static str = "Thing";

    fn root(&self) -> &Root<Self> {
        &self.root
    }

    fn root_mut(&mut self) -> &mut Root<Self> {
        &mut self.root
    }

    fn create(_: Happened<E>) -> Result<Self, ApplyError> {
        Ok(Self { root: Root::default() })
    }

    fn apply(&mut self, _: Happened<E>) -> Result<(), ApplyError> {
        Ok(())
    }
}

/// The contents of the first dictionary of an application with this event.
async fn dictionary_of<E: Fields>() -> String {
    let mapper = Mapper::new("things").with_compressor(ZstdCompressor::default());
    let things = Application::builder("Things").mapper(mapper).aggregate::<Thing<E>>().open().unwrap();
    things.prepare_dictionaries().await.unwrap();
    let stored = things.recorder().select_dictionaries(0).await.unwrap();
    stored.first().map(|stored| String::from_utf8_lossy(&stored.bytes).into_owned()).unwrap_or_default()
}

/// Asserts that the dictionary contains all of these.
#[track_caller]
fn assert_holds(dictionary: &str, names: &[&str]) {
    for name in names {
        assert!(dictionary.contains(name), "{name} is not in {dictionary}");
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Everything {
    flag: bool,
    letter: char,
    few: NonZeroU8,
    share: f32,
    id: Uuid,
    when: Timestamp,
    address: Option<Box<Inner>>,
    tags: HashSet<String>,
    pair: (i8, u128),
    digest: [u8; 32],
    state: Status,
    nothing: (),
    extra: BTreeMap<String, u64>,
    #[serde(rename = "renamedField")]
    last: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Inner {
    street: String,
    house_number: u16,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Status {
    Idle,
    Running { since_when: u64 },
    Stopped(String),
    Moved(i32, i32),
}

#[tokio::test]
async fn fields_of_all_types_are_found_those_of_inner_types_too() {
    let dictionary = dictionary_of::<Everything>().await;
    let outer = ["\"flag\":", "\"when\":\"20", "\"address\":{\"street\":", "\"house_number\":", "\"digest\":["];
    assert_holds(&dictionary, &outer);
    assert_holds(&dictionary, &["\"since_when\":", "\"renamedField\":\"", "\"state\":", "\"extra\":{}"]);
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Refusing {
    before: u32,
    address: IpAddr,
    after_the_refusal: Inner,
    last_of_all: u32,
}

#[tokio::test]
async fn names_behind_a_value_that_is_refused_are_found() {
    assert_holds(
        &dictionary_of::<Refusing>().await,
        &["\"before\":", "\"address\":", "\"after_the_refusal\":", "\"last_of_all\":"],
    );
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Tree {
    leaves: Vec<Tree>,
    parent: Option<Box<Tree>>,
    either: Either,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Either {
    Node(Box<Either>, Box<Either>),
    Deeper(Box<Tree>),
    Leaf,
}

/// A type that contains itself, and so has no value.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Endless(Box<Endless>);

#[tokio::test]
async fn types_that_hold_themselves_come_to_an_end() {
    assert_holds(&dictionary_of::<Tree>().await, &["\"leaves\":", "\"parent\":", "\"either\":"]);
    dictionary_of::<Endless>().await;
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Panicking {
    harmless: u32,
    #[serde(deserialize_with = "panics")]
    dangerous: u32,
}

fn panics<'de, D: Deserializer<'de>>(_: D) -> Result<u32, D::Error> {
    panic!("nobody is to deserialise this")
}

#[tokio::test]
async fn a_type_that_panics_takes_nothing_with_it() {
    assert_holds(&dictionary_of::<Panicking>().await, &["\"harmless\":"]);
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Unit;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Flat {
    #[serde(flatten)]
    inner: Inner,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Aliased {
    #[serde(alias = "old_name")]
    new_name: String,
    value: serde_json::Value,
}

#[tokio::test]
async fn events_without_fields_or_with_unusual_ones_do_not_prevent_opening() {
    assert_holds(&dictionary_of::<Unit>().await, &["{\"timestamp\":\"20"]);
    assert_holds(&dictionary_of::<Flat>().await, &["{\"timestamp\":\"20"]);
    assert_holds(&dictionary_of::<Aliased>().await, &["\"new_name\":"]);
}
