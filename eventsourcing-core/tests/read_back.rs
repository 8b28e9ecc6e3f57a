//! An event that does not read back as it was written is refused before it is recorded, in every build.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::{self, Debug};

use eventsourcing_core::codec::{MapperFailure, StateCheck};
use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
use eventsourcing_core::{AggregateEvent, DomainEvent, Error, Mapper, Timestamp, Uuid};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An aggregate whose one event holds one value.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Happened<T> {
    what: T,
}

trait Value: Clone + Debug + Send + Sync + Serialize + DeserializeOwned + 'static {}
impl<T: Clone + Debug + Send + Sync + Serialize + DeserializeOwned + 'static> Value for T {}

impl<T: Value> AggregateEvent for Happened<T> {
    const TOPICS: &'static [&'static str] = &["Thing.Happened"];

    fn topic(&self) -> &'static str {
        "Thing.Happened"
    }

    fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> {
        state.write(self)
    }

    fn read(_: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        state.read()
    }
}

fn written<T: Value>(what: T, check: StateCheck) -> Result<(), String> {
    let event = DomainEvent::new(Uuid::from_u128(7), 3, Timestamp::UNIX_EPOCH, Happened { what });
    let stored = Mapper::new("test").with_state_check(check).to_stored_event(&event, Uuid::nil());
    stored.map(|_| ()).map_err(|error| Error::from(error).to_string())
}

/// Asserts that a value is refused by default and recorded if the check is off, and returns the refusal.
fn refusal<T: Value>(what: T) -> String {
    written(what.clone(), StateCheck::Off).unwrap();
    written(what, StateCheck::default()).unwrap_err()
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    Seats(Seats),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Seats {
    by_row: BTreeMap<u32, String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Amount {
    Large(u128),
    Text(String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Nest(Vec<Nest>);

#[test]
fn what_cannot_be_read_again_is_refused_with_its_place() {
    let place = "the event `Thing.Happened`, version 3 of 00000000-0000-0000-0000-000000000007, cannot be recorded: ";
    let by_row = BTreeMap::from([(12, "Grace Hopper".to_owned())]);
    let deep = (0..130).fold(Nest(Vec::new()), |nest, _| Nest(vec![nest]));
    for refusal in
        [refusal(Tagged::Seats(Seats { by_row })), refusal(Amount::Large(u128::from(u64::MAX) + 1)), refusal(deep)]
    {
        assert!(refusal.starts_with(&format!("{place}the serialized event cannot be deserialized")));
        assert!(!refusal.contains("Grace") && !refusal.contains("12") && !refusal.contains("184467"), "{refusal}");
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Number {
    Float(f64),
    Whole(u64),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sparse {
    card: String,
    #[serde(skip_serializing_if = "is_zero", default = "seven")]
    tries: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn seven() -> u32 {
    7
}

/// Reads the two numbers in the wrong order.
#[derive(Clone, Debug)]
struct Swapped(u8, u8);

impl Serialize for Swapped {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.0, self.1).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Swapped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (b, a) = Deserialize::deserialize(deserializer)?;
        Ok(Self(a, b))
    }
}

#[test]
fn json_read_back_differently_is_refused_by_path_without_values() {
    let sparse = Sparse { card: "4111111111111111".to_owned(), tries: 0 };
    let by_card = BTreeMap::from([(sparse.card.clone(), vec![Sparse { tries: 1, ..sparse.clone() }, sparse.clone()])]);
    for (refusal, path, written, read) in [
        (refusal(vec![Number::Whole(3), Number::Whole(u64::MAX)]), "$.what[0]", "a number", "another number"),
        (refusal(sparse), "$.what.tries", "nothing", "a number"),
        (refusal(by_card), "$.what.*[1].tries", "nothing", "a number"),
        (refusal(Swapped(1, 2)), "$.what[0]", "a number", "another number"),
    ] {
        let expected = format!("at `{path}`, the event writes {written} and its copy writes {read}");
        assert!(refusal.contains(&expected), "{refusal}");
        assert!(!refusal.contains("4111"), "{refusal}");
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Who {
    Text(String),
    Id(Uuid),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Noted {
    what: String,
    #[serde(skip)]
    by: String,
}

#[test]
fn what_comes_back_as_another_value_with_the_same_json_is_refused() {
    let noted = Noted { what: "it".to_owned(), by: "Ada Lovelace".to_owned() };
    let refusals = [refusal(Who::Id(Uuid::from_u128(9))), refusal(noted.clone()), refusal(Some(None::<u8>))];
    for refusal in refusals {
        assert!(refusal.contains("with the same JSON but another `Debug` output"), "{refusal}");
        assert!(!refusal.contains("Ada"), "{refusal}");
    }
    written(noted.clone(), StateCheck::Json).unwrap();
    written(Noted { by: String::new(), ..noted }, StateCheck::Full).unwrap();
}

/// Shows nothing in `Debug`, like a secret.
#[derive(Clone, Serialize, Deserialize)]
struct Secret(#[serde(with = "lossy")] u8);

impl Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

mod lossy {
    use super::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    pub(super) fn serialize<S: Serializer>(number: &u8, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(*number)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
        u8::deserialize(deserializer).map(|number| number / 2)
    }
}

#[test]
fn a_debug_that_shows_nothing_hides_no_other_json() {
    assert!(refusal(Secret(8)).contains("at `$.what`, the event writes a number and its copy writes another number"));
    written(Secret(0), StateCheck::Full).unwrap();
}

#[test]
fn maps_and_sets_may_come_in_any_order() {
    let words: Vec<String> = (0..50).map(|number| format!("word {number}")).collect();
    let set: HashSet<String> = words.iter().cloned().collect();
    let map: HashMap<String, HashSet<String>> = words.iter().map(|word| (word.clone(), set.clone())).collect();
    written(set, StateCheck::Full).unwrap();
    written(map, StateCheck::Full).unwrap();
    written(HashMap::from([(1, words.clone()), (2, words)]), StateCheck::Full).unwrap();
}

#[test]
fn a_refusal_says_by_its_type_what_is_wrong() {
    let happened = Happened { what: Sparse { card: String::new(), tries: 0 } };
    let event = DomainEvent::new(Uuid::from_u128(7), 3, Timestamp::UNIX_EPOCH, happened);
    let error = Mapper::new("test").to_stored_event(&event, Uuid::nil()).unwrap_err();
    let MapperFailure::State(StateError::NotTheSame(difference)) = error.failure else { panic!("{error}") };
    assert_eq!(
        (difference.path.as_str(), difference.written, difference.read),
        ("$.what.tries", "nothing", "a number")
    );
}
