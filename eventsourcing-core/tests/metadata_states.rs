//! States with metadata: the event's own `Deserialize` never sees it, whatever the event is.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::BTreeMap;
use std::fmt::Debug;

use eventsourcing_core::codec::{MapperFailure, StateCheck};
use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
use eventsourcing_core::recording::StateLocation;
use eventsourcing_core::{AggregateEvent, DomainEvent, Mapper, Metadata, StoredEvent, Timestamp, Uuid};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

const TOPIC: &str = "Thing.Happened";
const TIME: &str = r#""timestamp":"2026-11-23T04:11:04.800000Z""#;
const METADATA: &str = r#""$metadata":{"correlation_id":"c-1","pairs":{"tenant":"12"}}"#;

fn metadata() -> Metadata {
    Metadata::new().with_correlation_id("c-1").with("tenant", "12")
}

/// An aggregate whose one event is of any type.
#[derive(Clone, Debug, PartialEq)]
struct Only<T>(T);

trait Payload: Clone + Debug + PartialEq + Send + Sync + Serialize + DeserializeOwned + 'static {}
impl<T: Clone + Debug + PartialEq + Send + Sync + Serialize + DeserializeOwned + 'static> Payload for T {}

impl<T: Payload> AggregateEvent for Only<T> {
    const TOPICS: &'static [&'static str] = &[TOPIC];

    fn topic(&self) -> &'static str {
        TOPIC
    }

    fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> {
        state.write(&self.0)
    }

    fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        match topic {
            TOPIC => state.read().map(Self),
            _ => Err(StateError::UnknownTopic),
        }
    }
}

fn event<E>(event: E) -> DomainEvent<E> {
    let time: Timestamp = "2026-11-23T04:11:04.8Z".parse().unwrap();
    DomainEvent::new(Uuid::from_u128(7), 1, time, event).with_metadata(metadata())
}

fn stored(state: &str) -> StoredEvent {
    StoredEvent::new(Uuid::from_u128(7), 1, TOPIC, state.as_bytes(), Uuid::nil()).checksummed()
}

fn text(stored: &StoredEvent) -> &str {
    str::from_utf8(&stored.state).unwrap()
}

/// Writes an event with metadata, compares the state, and reads both back.
#[track_caller]
fn comes_back<T: Payload>(payload: T, fields: &str) {
    let (mapper, event) = (Mapper::new("test"), event(Only(payload)));
    let stored = mapper.to_stored_event(&event, Uuid::nil()).unwrap();
    assert_eq!(text(&stored), format!("{{{TIME},{METADATA}{fields}}}"));
    let again: DomainEvent<Only<T>> = mapper.to_domain_event(&stored).unwrap();
    assert_eq!(again, event);
    assert_eq!(*again.metadata(), metadata());
}

#[test]
fn an_event_that_denies_unknown_fields_comes_back() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        what: String,
    }
    comes_back(Strict { what: "it".to_owned() }, r#","what":"it""#);
}

#[test]
fn a_map_and_a_flattened_map_come_back_without_metadata() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Flat {
        own: u8,
        #[serde(flatten)]
        others: BTreeMap<String, Value>,
    }
    let others = BTreeMap::from([("a".to_owned(), Value::from(1))]);
    comes_back(others.clone(), r#","a":1"#);
    comes_back(Flat { own: 2, others }, r#","own":2,"a":1"#);
}

#[test]
fn an_event_without_fields_comes_back() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Unit;
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Braces {}
    comes_back(Unit, "");
    comes_back(Braces {}, "");
}

#[test]
fn a_field_with_the_name_of_the_metadata_is_refused() {
    let named = BTreeMap::from([("$metadata".to_owned(), 1)]);
    let error = Mapper::new("test").to_stored_event(&event(Only(named)), Uuid::nil()).unwrap_err();
    assert_eq!(error.failure, MapperFailure::State(StateError::ReservedField { field: "$metadata" }));
    // the twin: deeper down it is no key of the state
    let nested = BTreeMap::from([("a".to_owned(), BTreeMap::from([("$metadata".to_owned(), 1)]))]);
    comes_back(nested, r#","a":{"$metadata":1}"#);
}

/// An event in its third shape: the steps are on JSON, and a downcast writes the second one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Grown {
    fields: usize,
}

impl AggregateEvent for Grown {
    const TOPICS: &'static [&'static str] = &[TOPIC];

    fn topic(&self) -> &'static str {
        TOPIC
    }

    fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> {
        state.write_downcast(2, self, |grown| BTreeMap::from([("count", grown.fields)]))
    }

    fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        match topic {
            TOPIC => match state.version(3)? {
                1 => {
                    let old: Value = state.read()?;
                    // what the step sees
                    state.upcast(|old: Value| Self { fields: old.as_object().unwrap().len() }, old)
                }
                2 => {
                    let old: BTreeMap<String, usize> = state.read()?;
                    state.upcast(|old: BTreeMap<String, usize>| Self { fields: old["count"] }, old)
                }
                _ => state.read(),
            },
            _ => Err(StateError::UnknownTopic),
        }
    }
}

#[test]
fn a_step_on_json_never_sees_metadata() {
    let state = format!(r#"{{{TIME},{METADATA},"a":1,"b":2}}"#);
    let event: DomainEvent<Grown> = Mapper::new("test").to_domain_event(&stored(&state)).unwrap();
    assert_eq!((event.event.fields, event.metadata()), (2, &metadata()));
}

#[test]
fn an_event_in_its_previous_shape_keeps_its_metadata() {
    let mapper = Mapper::new("test");
    let stored = mapper.to_stored_event(&event(Grown { fields: 3 }), Uuid::nil()).unwrap();
    assert_eq!(text(&stored), format!(r#"{{{TIME},"class_version":2,{METADATA},"count":3}}"#));
    let again: DomainEvent<Grown> = mapper.to_domain_event(&stored).unwrap();
    assert_eq!((again.event.fields, again.metadata()), (3, &metadata()));
}

#[test]
fn metadata_that_resembles_a_version_is_no_version() {
    let metadata = Metadata::new().with("class_version", "2").with(r#"","class_version":2,""#, "\u{7}");
    let state = format!(r#"{{{TIME},"$metadata":{},"a":1}}"#, serde_json::to_string(&metadata).unwrap());
    let event: DomainEvent<Grown> = Mapper::new("test").to_domain_event(&stored(&state)).unwrap();
    assert_eq!((event.event.fields, event.metadata()), (1, &metadata));
}

#[test]
fn a_check_of_any_kind_passes_metadata() {
    for check in [StateCheck::Full, StateCheck::Json, StateCheck::Off] {
        let mapper = Mapper::new("test").with_state_check(check);
        let stored = mapper.to_stored_event(&event(Only(BTreeMap::from([("a".to_owned(), 1)]))), Uuid::nil()).unwrap();
        assert_eq!(text(&stored), format!(r#"{{{TIME},{METADATA},"a":1}}"#));
    }
}

type Pairs = Only<BTreeMap<String, u8>>;

#[test]
fn metadata_is_found_wherever_it_is_and_keeps_what_later_versions_add() {
    let state = format!(r#"{{"a":1,"$metadata":{{"later":[1,{{}}],"actor":"ada"}},{TIME}}}"#);
    let stored = stored(&state);
    let event: DomainEvent<Pairs> = Mapper::new("test").to_domain_event(&stored).unwrap();
    assert_eq!(event.event.0, BTreeMap::from([("a".to_owned(), 1)]));
    assert_eq!(*event.metadata(), Metadata::new().with_actor("ada"));
}

#[test]
fn damaged_metadata_is_an_error_that_shows_no_value() {
    let mapper = Mapper::new("test");
    for damaged in ["7", r#"{"actor":4111}"#, r#"{"pairs":{"tenant":["4111"]}}"#, r#"{"cause":{"application":"4111"}}"#]
    {
        let state = format!(r#"{{{TIME},"$metadata":{damaged},"a":1}}"#);
        let stored = stored(&state);
        let place = StateLocation::event(stored.originator_id, 1, TOPIC);
        let errors = [
            mapper.to_domain_event::<Pairs>(&stored).unwrap_err(),
            mapper.read_metadata(&place, &stored.state, stored.checksum).unwrap_err(),
        ];
        for error in errors {
            let told = error.failure.to_string();
            assert!(told.starts_with("the `$metadata` is not the metadata of an event at line 1"), "{damaged}: {told}");
            assert!(!told.contains("4111"), "{damaged}: {told}");
        }
    }
}

#[test]
fn metadata_is_read_without_an_event_of_a_known_type() {
    let mapper = Mapper::new("test");
    let notification = |state: &str| stored(state).into_notification(3);
    let with = notification(&format!(r#"{{{TIME},"class_version":9,{METADATA},"a":1}}"#));
    assert_eq!(mapper.metadata_of(&with).unwrap(), metadata());
    let without = notification(&format!(r#"{{{TIME},"a":1}}"#));
    assert_eq!(mapper.metadata_of(&without).unwrap(), Metadata::new());
}
