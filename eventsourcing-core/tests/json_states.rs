//! The JSON of an event: how values are written and read, and which are refused.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::BTreeMap;
use std::fmt::Debug;

use eventsourcing_core::codec::MapperFailure;
use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
use eventsourcing_core::recording::StateLocation;
use eventsourcing_core::{AggregateEvent, DomainEvent, Mapper, StoredEvent, Timestamp, Uuid};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// An aggregate whose one event is of any type.
#[derive(Clone, Debug, PartialEq)]
struct Only<T>(T);

impl<T: Clone + Debug + Send + Sync + Serialize + DeserializeOwned + 'static> AggregateEvent for Only<T> {
    const TOPICS: &'static [&'static str] = &["Thing.Happened"];

    fn topic(&self) -> &'static str {
        "Thing.Happened"
    }

    fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> {
        state.write(&self.0)
    }

    fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        match topic {
            "Thing.Happened" => state.read().map(Self),
            _ => Err(StateError::UnknownTopic),
        }
    }
}

fn event<T>(event: T) -> DomainEvent<Only<T>> {
    at("2026-11-23T04:11:04.8Z", event)
}

fn at<T>(time: &str, event: T) -> DomainEvent<Only<T>> {
    DomainEvent::new(Uuid::from_u128(7), 1, time.parse().unwrap(), Only(event))
}

fn stored(version: u64, topic: &'static str, state: &[u8]) -> StoredEvent {
    StoredEvent::new(Uuid::from_u128(7), version, topic, state, Uuid::nil()).checksummed()
}

fn written<T: Clone + Debug + Send + Sync + Serialize + DeserializeOwned + 'static>(
    it: T,
) -> Result<String, MapperFailure> {
    let stored = Mapper::new("test").to_stored_event(&event(it), Uuid::nil()).map_err(|error| error.failure)?;
    Ok(str::from_utf8(&stored.state).unwrap().to_owned())
}

fn read<T: Clone + Debug + Send + Sync + Serialize + DeserializeOwned + 'static>(
    state: &str,
) -> Result<T, MapperFailure> {
    let stored = stored(1, "Thing.Happened", state.as_bytes());
    Mapper::new("test").to_domain_event::<Only<T>>(&stored).map(|event| event.event.0).map_err(|error| error.failure)
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Named {
    what: String,
    count: Option<u32>,
}

#[test]
fn the_time_comes_first_and_has_six_digits() {
    let named = Named { what: "it".to_owned(), count: None };
    assert_eq!(written(named).unwrap(), r#"{"timestamp":"2026-11-23T04:11:04.800000Z","what":"it","count":null}"#);
}

#[test]
fn an_event_without_fields_has_its_time() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Braces {}
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Unit;
    let state = r#"{"timestamp":"2026-11-23T04:11:04.800000Z"}"#;
    assert_eq!(written(Braces {}).unwrap(), state);
    assert_eq!(written(Unit).unwrap(), state);
    assert_eq!(read::<Braces>(state).unwrap(), Braces {});
    assert_eq!(read::<Unit>(state).unwrap(), Unit);
}

#[test]
fn every_type_that_serde_knows_comes_back() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Shape {
        Point,
        Circle(f64),
        Line { from: (i8, i8), to: [u16; 2] },
    }
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Inner {
        timestamp: u8,
    }
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Everything {
        big: u128,
        small: i128,
        shapes: Vec<Shape>,
        by_name: BTreeMap<String, Option<bool>>,
        letter: char,
        unit: (),
        // not one of ours, down there
        inner: Inner,
        #[serde(rename = "ty\"pe\\\u{7}")]
        odd: String,
        id: Uuid,
        at: Timestamp,
    }
    let everything = Everything {
        big: u128::MAX,
        small: i128::MIN,
        shapes: vec![Shape::Point, Shape::Circle(0.1), Shape::Line { from: (-1, 2), to: [3, 4] }],
        by_name: BTreeMap::from([("timestamp".to_owned(), None), ("\"timestamp\":".to_owned(), Some(true))]),
        letter: '\u{1F30D}',
        unit: (),
        inner: Inner { timestamp: 1 },
        odd: "\"class_version\":2".to_owned(),
        id: Uuid::from_u128(1),
        at: Timestamp::UNIX_EPOCH,
    };
    let state = written(everything.clone()).unwrap();
    assert_eq!(read::<Everything>(&state).unwrap(), everything);
}

#[test]
fn a_flattened_field_comes_back() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Flat {
        own: u8,
        #[serde(flatten)]
        named: Named,
    }
    let flat = Flat { own: 1, named: Named { what: "it".to_owned(), count: Some(2) } };
    let state = written(flat.clone()).unwrap();
    assert_eq!(state, r#"{"timestamp":"2026-11-23T04:11:04.800000Z","own":1,"what":"it","count":2}"#);
    assert_eq!(read::<Flat>(&state).unwrap(), flat);
}

#[test]
fn a_field_with_a_reserved_name_is_refused_before_it_is_recorded() {
    #[derive(Clone, Debug, Serialize, Deserialize)]
    struct Stamped {
        timestamp: String,
    }
    #[derive(Clone, Debug, Serialize, Deserialize)]
    struct Versioned {
        a: u8,
        #[serde(rename = "class_version")]
        version: u8,
    }
    let error = written(Stamped { timestamp: String::new() }).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the event has a field called `timestamp`, which is reserved; give the field another name"
    );
    let error = written(Versioned { a: 1, version: 2 }).unwrap_err();
    assert!(matches!(error, MapperFailure::State(StateError::ReservedField { field: "class_version" })), "{error}");
}

#[test]
fn a_key_that_resembles_a_reserved_one_is_no_reserved_one() {
    let keys =
        ["timestamp\n", "\ntimestamp", "timestamp\"", "time\nstamp", "timestamps", "", "Timestamp", "\"timestamp\":"];
    let by_name = BTreeMap::from(keys.map(|key| (key.to_owned(), "class_version".to_owned())));
    assert_eq!(read::<BTreeMap<String, String>>(&written(by_name.clone()).unwrap()).unwrap(), by_name);
    // the twin
    for key in ["timestamp", "class_version"] {
        let error =
            written(BTreeMap::from([("a".to_owned(), vec![BTreeMap::from([(1, 2)])]), (key.to_owned(), vec![])]));
        assert!(
            matches!(error.unwrap_err(), MapperFailure::State(StateError::ReservedField { field }) if field == key)
        );
    }
}

#[test]
fn times_before_1970_and_far_from_it_come_back() {
    for (text, recorded) in [
        ("1815-12-10T08:00:00.000001Z", "1815-12-10T08:00:00.000001Z"),
        ("0000-02-29T23:59:59.9Z", "0000-02-29T23:59:59.900000Z"),
        ("-000044-03-15T12:00:00Z", "-000044-03-15T12:00:00.000000Z"),
        ("2026-11-23T06:11:04.800139+02", "2026-11-23T04:11:04.800139Z"),
    ] {
        let event = at(text, Named { what: String::new(), count: None });
        let stored = Mapper::new("test").to_stored_event(&event, Uuid::nil()).unwrap();
        let state = str::from_utf8(&stored.state).unwrap();
        assert_eq!(state, format!(r#"{{"timestamp":"{recorded}","what":"","count":null}}"#));
        assert_eq!(Mapper::new("test").to_domain_event(&stored).unwrap(), event);
    }
}

#[test]
fn an_event_that_is_no_object_is_refused_before_it_is_recorded() {
    for (error, found) in [
        (written(vec![1]), "a list"),
        (written("text".to_owned()), "a string"),
        (written(7), "a single value"),
        (written(true), "a single value"),
    ] {
        let error = error.unwrap_err();
        assert_eq!(error.to_string(), format!("the event serializes as {found}; expected a struct with named fields"));
    }
}

#[test]
fn a_number_that_json_cannot_keep_is_refused_before_it_is_recorded() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Size {
        Known(f32),
        Named { by: Box<f64> },
        Unknown,
    }
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Measured {
        sizes: BTreeMap<String, (u8, Vec<Option<Size>>)>,
        weight: Option<f64>,
    }
    let measured = |size, weight| Measured { sizes: BTreeMap::from([("a".to_owned(), (1, vec![None, size]))]), weight };
    for it in [
        measured(None, Some(f64::NAN)),
        measured(Some(Size::Known(f32::INFINITY)), None),
        measured(Some(Size::Named { by: Box::new(f64::NEG_INFINITY) }), Some(1.0)),
    ] {
        let error = written(it).unwrap_err();
        assert!(matches!(error, MapperFailure::State(StateError::NotFinite)), "{error}");
        assert!(error.to_string().starts_with("the event contains a floating-point number that is NaN or infinite"));
    }
    for it in [
        measured(Some(Size::Unknown), None),
        measured(Some(Size::Known(f32::MAX)), Some(f64::MIN_POSITIVE)),
        measured(Some(Size::Named { by: Box::new(-0.0) }), None),
    ] {
        assert_eq!(read::<Measured>(&written(it.clone()).unwrap()).unwrap(), it);
    }
}

#[test]
fn an_event_that_could_not_be_read_is_refused_before_it_is_recorded() {
    #[derive(Clone, Debug, Serialize, Deserialize)]
    struct Lopsided {
        #[serde(rename(serialize = "written", deserialize = "read"))]
        field: u8,
    }
    let error = written(Lopsided { field: 1 }).unwrap_err();
    assert!(error.to_string().starts_with("the serialized event cannot be deserialized (missing field `read`"));
}

#[test]
fn keys_are_found_in_any_order_and_unknown_ones_passed_over() {
    let state = r#"{ "count" : 3, "new": [{"timestamp": 1}], "what":"it", "time\u0073tamp":"2026-11-23T04:11:04Z" } "#;
    assert_eq!(read::<Named>(state).unwrap(), Named { what: "it".to_owned(), count: Some(3) });
}

#[test]
fn a_state_that_is_not_the_events_is_an_error() {
    for (state, told) in [
        (r#"{"what":"it"}"#, "the state has no `timestamp`"),
        (r#"{"timestamp":"2026-11-23T04:11:04Z"}"#, "missing field `what` at line 1 column 36"),
        (r#"{"timestamp":"yesterday","what":"it"}"#, "at line 1 column 24"),
        (
            r#"{"timestamp":"2026-11-23T04:11:04Z","timestamp":"2026-11-23T04:11:05Z","what":"it"}"#,
            "duplicate field `timestamp`",
        ),
        (
            r#"{"timestamp":"2026-11-23T04:11:04Z","what":1}"#,
            "invalid type: integer, expected a string at line 1 column 44 (`$.what`)",
        ),
        (r#"{"timestamp":"2026-11-23T04:11:04Z","what":"it"}}"#, "trailing characters"),
        (r#"{"timestamp":"2026-11-23T04:11:04Z","what":"it""#, "EOF while parsing"),
        (
            r#"{"timestamp":"2026-11-23T04:11:04Z","class_version":2,"what":"it"}"#,
            "it was recorded with version 2 of its shape, and this program reads versions up to 1; deploy newer code, which knows version 2",
        ),
    ] {
        let error = read::<Named>(state).unwrap_err().to_string();
        assert!(error.contains(told), "{state}: {error}");
    }
}

#[test]
fn a_state_that_is_no_utf_8_is_an_error() {
    let place = StateLocation::event(Uuid::nil(), 1, "Thing.Happened");
    let state = b"{\"timestamp\":\"2026-11-23T04:11:04Z\",\"what\":\"\xff\"}";
    let mapper = Mapper::new("test");
    let error = mapper.read_event::<Only<Named>>(&place, state, Some(place.checksum(state))).unwrap_err();
    assert_eq!(error.failure.to_string(), "invalid utf-8 sequence of 1 bytes from index 44");
}

#[test]
fn an_unknown_topic_is_named_with_its_place() {
    let stored = stored(3, "Thing.Vanished", b"{}");
    let error = Mapper::new("test").to_domain_event::<Only<Named>>(&stored).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the event `Thing.Vanished`, version 3 of 00000000-0000-0000-0000-000000000007, cannot be read: \
         this aggregate has no event with that topic: newer code recorded it, and has to be deployed here too; \
         or it was removed or renamed after the event was recorded: \
         write `was = [\"…\"]` on the `#[event]` that it became, or `retired = [\"…\"]` on the `#[aggregate]` impl block \
         if it became none, which drops all such events; an event that became several is `#[event(\"…\", split)]`"
    );
}

#[test]
fn an_event_may_read_another_state_while_it_is_read() {
    #[derive(Clone, Debug, PartialEq, Serialize)]
    struct Outer {
        what: String,
        inner: String,
    }
    impl<'de> Deserialize<'de> for Outer {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let mut named = BTreeMap::<String, String>::deserialize(deserializer)?;
            let mut take = |key: &str| named.remove(key).ok_or_else(|| serde::de::Error::custom(format!("no {key}")));
            let inner = take("inner")?;
            let _: Named = read(&inner).map_err(serde::de::Error::custom)?;
            Ok(Self { what: take("what")?, inner })
        }
    }
    let inner = written(Named { what: "inside".to_owned(), count: None }).unwrap();
    let outer = Outer { what: "outside".to_owned(), inner };
    assert_eq!(read::<Outer>(&written(outer.clone()).unwrap()).unwrap(), outer);
}

proptest! {
    #[test]
    fn no_bytes_make_reading_panic(state in proptest::collection::vec(any::<u8>(), 0..200), begins in 0..4_usize) {
        let prefix: &[u8] = [b"".as_slice(), b"{", br#"{"timestamp":"2026-11-23T04:11:04Z","what":"#, &[1, 0x10, 0, 0, 0, 0, 0, 0, 0]][begins];
        let state = [prefix, &state].concat();
        let stored = stored(1, "Thing.Happened", &state);
        let _ = Mapper::new("test").to_domain_event::<Only<Named>>(&stored);
    }

    #[test]
    fn any_number_comes_back(bits in any::<u64>(), single in any::<f32>(), tenths in 0..20_000_u32) {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        struct Numbers(f64, f32, f64);
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        struct Measured { numbers: Numbers }
        let finite = |number: f64| if number.is_finite() { number } else { 0.5 };
        let numbers = Numbers(finite(f64::from_bits(bits)), single, f64::from(tenths) * 0.1 + 1.0 / 3.0);
        let measured = Measured { numbers };
        prop_assume!(single.is_finite());
        prop_assert_eq!(read::<Measured>(&written(measured.clone()).unwrap()).unwrap(), measured);
    }

    #[test]
    fn any_text_comes_back(what in any::<String>(), count in any::<Option<u32>>()) {
        let named = Named { what, count };
        prop_assert_eq!(read::<Named>(&written(named.clone()).unwrap()).unwrap(), named);
    }
}
