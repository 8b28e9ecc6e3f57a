//! A field that differs between two states, and the comparison that finds such fields.
//!
//! Crates that compare JSON return a patch, in which the values before are missing, or do not return paths that a JSON Pointer can be made
//! of. What is needed here is short.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};

/// A field of an aggregate that differs between two versions: see [`Repository::diff`](crate::Repository::diff).
///
/// It serializes as an object with `path`, `before` and `after`, without a value that does not exist.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::FieldChange;
/// use serde_json::json;
///
/// let renamed = FieldChange::new("/name", Some(json!("Earth")), Some(json!("Terra")));
/// assert_eq!(json!(renamed), json!({ "path": "/name", "before": "Earth", "after": "Terra" }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FieldChange {
    /// The path of the field as a JSON Pointer (RFC 6901), such as `/address/street` or `/items/0`.
    pub path: String,
    /// The value before; `None` if there was no such field, which is not the same as `null`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The value after; `None` if there is no such field any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

impl FieldChange {
    /// Creates a change, for instance to compare it with one in a test.
    pub fn new(path: impl Into<String>, before: Option<Value>, after: Option<Value>) -> Self {
        Self { path: path.into(), before, after }
    }
}

/// Returns the changes from one state to another, in the order of their paths. Before its creation an aggregate has no state.
///
/// Objects are compared field by field and lists item by item. A value that is added or removed as a whole is one change.
pub(super) fn changes(before: Option<&Value>, after: Option<&Value>) -> Vec<FieldChange> {
    let no_fields = Value::Object(Map::new());
    let mut comparison = Comparison::default();
    match (before, after) {
        (None, Some(Value::Object(_))) => comparison.compare(Some(&no_fields), after),
        (Some(Value::Object(_)), None) => comparison.compare(before, Some(&no_fields)),
        _ => comparison.compare(before, after),
    }
    comparison.changes
}

#[derive(Default)]
struct Comparison {
    /// The path of the values that are compared.
    path: String,
    changes: Vec<FieldChange>,
}

impl Comparison {
    fn compare(&mut self, before: Option<&Value>, after: Option<&Value>) {
        match (before, after) {
            (Some(Value::Object(before)), Some(Value::Object(after))) => {
                // sorted here, because a feature of serde_json lets a map keep the order of its insertions
                let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
                for name in names {
                    self.compare_at(&escaped(name), before.get(name), after.get(name));
                }
            }
            (Some(Value::Array(before)), Some(Value::Array(after))) => {
                for place in 0..before.len().max(after.len()) {
                    self.compare_at(&place.to_string(), before.get(place), after.get(place));
                }
            }
            (before, after) if before == after => {}
            (before, after) => {
                let path = self.path.clone();
                self.changes.push(FieldChange { path, before: before.cloned(), after: after.cloned() });
            }
        }
    }

    /// Compares two values one step further down the path.
    fn compare_at(&mut self, step: &str, before: Option<&Value>, after: Option<&Value>) {
        let len = self.path.len();
        self.path.push('/');
        self.path.push_str(step);
        self.compare(before, after);
        self.path.truncate(len);
    }
}

/// The name of a field in a JSON Pointer.
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{FieldChange, changes};

    fn found(before: Value, after: Value) -> Value {
        json!(changes(Some(&before), Some(&after)))
    }

    #[test]
    fn changed_added_and_removed_fields_are_told_from_null() {
        let before = json!({ "changed": 1, "gone": null, "same": { "deep": [1, { "x": 2 }] } });
        let after = json!({ "changed": 1.0, "new": null, "same": { "deep": [1, { "x": 2 }] } });
        assert_eq!(
            found(before, after),
            json!([
                { "path": "/changed", "before": 1, "after": 1.0 },
                { "path": "/gone", "before": null },
                { "path": "/new", "after": null },
            ])
        );
    }

    #[test]
    fn lists_are_compared_item_by_item_and_in_order() {
        let before: Vec<u32> = (0..11).collect();
        let mut after = before.clone();
        (after[2], after[10]) = (20, 100);
        after.push(11);
        assert_eq!(
            found(json!(before), json!(after)),
            json!([
                { "path": "/2", "before": 2, "after": 20 },
                { "path": "/10", "before": 10, "after": 100 },
                { "path": "/11", "after": 11 },
            ])
        );
    }

    #[test]
    fn names_are_escaped_as_in_a_json_pointer() {
        let (before, after) = (json!({ "a/b": { "~": 1 }, "": 1 }), json!({ "a/b": { "~": 2 }, "": 2 }));
        let found = changes(Some(&before), Some(&after));
        assert_eq!(found.iter().map(|change| change.path.as_str()).collect::<Vec<_>>(), ["/", "/a~1b/~0"]);
        for FieldChange { path, before: was, after: is } in found {
            assert_eq!((before.pointer(&path), after.pointer(&path)), (was.as_ref(), is.as_ref()));
        }
    }

    #[test]
    fn a_value_of_another_kind_and_a_whole_subtree_are_one_change() {
        assert_eq!(
            found(json!({ "a": [1], "b": { "c": 1 } }), json!({ "a": { "c": 1 }, "d": { "e": 1 } })),
            json!([
                { "path": "/a", "before": [1], "after": { "c": 1 } },
                { "path": "/b", "before": { "c": 1 } },
                { "path": "/d", "after": { "e": 1 } },
            ])
        );
    }

    #[test]
    fn before_its_creation_an_aggregate_has_no_fields() {
        let state = json!({ "name": "Earth", "moons": [] });
        assert_eq!(
            json!(changes(None, Some(&state))),
            json!([{ "path": "/moons", "after": [] }, { "path": "/name", "after": "Earth" }])
        );
        assert_eq!(json!(changes(Some(&json!("Earth")), None)), json!([{ "path": "", "before": "Earth" }]));
        assert_eq!(changes(None, None), []);
    }
}
