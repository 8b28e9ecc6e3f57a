//! The state of an aggregate as JSON: written for a snapshot, read from one, and compared.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::difference::StateDifference;
use super::shape::Shape;
use super::tree::Tree;
use super::{JsonError, StateError};

/// A state with the latest time of the events that it comes from.
#[derive(Serialize)]
struct Written<'a, T> {
    latest: Timestamp,
    state: &'a T,
}

/// As [`Written`].
#[derive(Deserialize)]
struct Read<T> {
    latest: Timestamp,
    state: T,
}

/// Writes a state, and the latest time of the events that it comes from.
pub(crate) fn write<T: Serialize>(state: &T, latest: Timestamp, into: &mut Vec<u8>) -> Result<(), JsonError> {
    serde_json::to_writer(into, &Written { latest, state }).map_err(|error| JsonError::from(&error))
}

/// Reads a state, and the latest time of the events that it comes from.
pub(crate) fn read<T: DeserializeOwned>(json: &[u8]) -> Result<(T, Timestamp), JsonError> {
    match serde_json::from_slice::<Read<T>>(json) {
        Ok(Read { latest, state }) => Ok((state, latest)),
        Err(error) => {
            match JsonError::of_reading::<Read<T>>(&error, &mut serde_json::Deserializer::from_slice(json)) {
                StateError::Json(error) => Err(error),
                // `deny_unknown_fields` of the aggregate's own
                other => Err(JsonError::new(other.to_string())),
            }
        }
    }
}

/// Returns whether a state writes this JSON, in any order of maps and sets.
///
/// A state that was read from JSON of another shape may ignore a part of it, or have defaults where the JSON has nothing.
pub(crate) fn writes<T: Serialize>(state: &T, latest: Timestamp, json: &[u8]) -> bool {
    let mut again = Vec::with_capacity(json.len());
    if write(state, latest, &mut again).is_err() {
        return false;
    }
    if again == json {
        return true;
    }
    let parsed = |json: &[u8]| serde_json::from_slice(json).ok().map(sorted);
    matches!((parsed(&again), parsed(json)), (Some(again), Some(json)) if again == json)
}

/// Returns a copy in which all lists are sorted, because a list may be a set.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(sorted).collect();
            items.sort_by_cached_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(key, value)| (key, sorted(value))).collect()),
        other => other,
    }
}

/// Returns the first difference between a state and its copy, ignoring the order of maps and sets.
pub(crate) fn difference<T: Serialize>(written: &T, read: &T) -> Option<StateDifference> {
    match (Tree::of(written), Tree::of(read)) {
        (Some(written), Some(read)) => written.difference(&read),
        // both were written a moment ago, so `Serialize` is not deterministic
        _ => Some(StateDifference { path: "$".to_owned(), written: "an object", read: "nothing" }),
    }
}

/// Returns the shape of a type, which differs if its fields, variants or kinds of values differ. It is always the same for a type.
pub(crate) fn shape<T: DeserializeOwned>() -> Vec<Vec<u8>> {
    let lines = Shape::of::<T>().lines();
    lines.into_iter().map(|(path, kind)| format!("{path}: {kind}").into_bytes()).collect()
}
