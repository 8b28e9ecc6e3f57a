//! Which version last changed each part of a state: a tree beside the JSON of the state.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::field_change::escaped;

/// The fields by which items of a list are told apart, the first one that fits.
const KEYS: [&str; 5] = ["id", "uuid", "key", "sku", "code"];

/// A part of a state, with the version that last changed it or something in it; `None` if that was before the first version looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Blamed {
    version: Option<u64>,
    parts: Parts,
}

/// What a part of a state contains.
#[derive(Debug, Default, PartialEq, Eq)]
enum Parts {
    #[default]
    None,
    Fields(BTreeMap<String, Blamed>),
    Items(Vec<Blamed>),
}

impl Blamed {
    /// A state of which nothing is known.
    pub(super) fn unknown(state: &Value) -> Self {
        Self::whole(state, None)
    }

    /// A part that one version made.
    fn whole(value: &Value, version: Option<u64>) -> Self {
        let parts = match value {
            Value::Object(fields) => {
                Parts::Fields(fields.iter().map(|(name, value)| (name.clone(), Self::whole(value, version))).collect())
            }
            Value::Array(items) => Parts::Items(items.iter().map(|item| Self::whole(item, version)).collect()),
            _ => Parts::None,
        };
        Self { version, parts }
    }

    /// The same after a version that changed the state.
    pub(super) fn after(self, before: &Value, after: &Value, version: u64) -> Self {
        let changed = Some(version);
        match (self.parts, before, after) {
            (Parts::Fields(mut old), Value::Object(before), Value::Object(after)) => {
                let mut is_changed = before.keys().any(|name| !after.contains_key(name));
                let mut parts = BTreeMap::new();
                for (name, value) in after {
                    let part = match (old.remove(name), before.get(name)) {
                        (Some(part), Some(before)) if before == value => part,
                        (Some(part), Some(before)) => part.after(before, value, version),
                        _ => Self::whole(value, changed),
                    };
                    // nothing else has this version yet
                    is_changed |= part.version == changed;
                    parts.insert(name.clone(), part);
                }
                Self { version: if is_changed { changed } else { self.version }, parts: Parts::Fields(parts) }
            }
            (Parts::Items(old), Value::Array(before), Value::Array(after)) => {
                let places = places(before, after);
                let is_moved = before.len() != after.len() || places.iter().copied().ne((0..after.len()).map(Some));
                let mut old: Vec<Option<Self>> = old.into_iter().map(Some).collect();
                let mut is_changed = is_moved;
                let mut parts = Vec::with_capacity(after.len());
                for (value, place) in after.iter().zip(places) {
                    let part = place.and_then(|place| Some((old.get_mut(place)?.take()?, before.get(place)?)));
                    let part = match part {
                        Some((part, before)) if before == value => part,
                        Some((part, before)) => part.after(before, value, version),
                        None => Self::whole(value, changed),
                    };
                    is_changed |= part.version == changed;
                    parts.push(part);
                }
                Self { version: if is_changed { changed } else { self.version }, parts: Parts::Items(parts) }
            }
            (parts, before, after) if before == after => Self { version: self.version, parts },
            _ => Self::whole(after, changed),
        }
    }

    /// The paths of all parts with their versions: what contains others before them. The state itself is not in it.
    pub(super) fn paths(&self) -> Vec<(String, Option<u64>)> {
        let mut paths = Vec::new();
        // the parts that are left, the next one last: states may be deep
        let mut left = vec![(String::new(), self)];
        while let Some((path, part)) = left.pop() {
            let mut below: Vec<(String, &Self)> = match &part.parts {
                Parts::None => Vec::new(),
                Parts::Fields(fields) => {
                    fields.iter().map(|(name, part)| (format!("{path}/{}", escaped(name)), part)).collect()
                }
                Parts::Items(items) => {
                    items.iter().enumerate().map(|(place, part)| (format!("{path}/{place}"), part)).collect()
                }
            };
            below.reverse();
            left.append(&mut below);
            if !path.is_empty() {
                paths.push((path, part.version));
            }
        }
        paths
    }
}

/// For each item of a list where it was before, by a key that tells the items apart, or by its index; `None` if it was not there.
fn places(before: &[Value], after: &[Value]) -> Vec<Option<usize>> {
    for key in KEYS {
        if let (Some(old), Some(new)) = (keys(before, key), keys(after, key)) {
            let old: BTreeMap<&String, usize> = old.iter().enumerate().map(|(place, key)| (key, place)).collect();
            return new.iter().map(|key| old.get(key).copied()).collect();
        }
    }
    (0..after.len()).map(|place| (place < before.len()).then_some(place)).collect()
}

/// The keys of all items, if each has one and no two are the same.
fn keys(items: &[Value], name: &str) -> Option<Vec<String>> {
    let key = |item: &Value| match item.get(name)? {
        key @ (Value::String(_) | Value::Number(_)) => Some(key.to_string()),
        _ => None,
    };
    let keys: Vec<String> = items.iter().map(key).collect::<Option<_>>()?;
    let distinct: BTreeSet<&String> = keys.iter().collect();
    (distinct.len() == keys.len()).then_some(keys)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The paths with the versions that last changed them, after these states as versions 1, 2, …
    fn blamed(states: &[Value]) -> BTreeMap<String, Option<u64>> {
        let mut blamed = Blamed::unknown(&Value::Null);
        let mut before = &Value::Null;
        for (version, state) in (1..).zip(states) {
            blamed = blamed.after(before, state, version);
            before = state;
        }
        blamed.paths().into_iter().collect()
    }

    fn expected(paths: &[(&str, u64)]) -> BTreeMap<String, Option<u64>> {
        paths.iter().map(|(path, version)| ((*path).to_owned(), Some(*version))).collect()
    }

    #[test]
    fn a_field_keeps_the_version_that_gave_it_its_value() {
        let states = [
            json!({ "name": "Earth", "moons": 1, "big": 9_007_199_254_740_993_u64 }),
            json!({ "name": "Terra", "moons": 1, "big": 9_007_199_254_740_993_u64 }),
            json!({ "name": "Terra", "moons": 1, "big": 9_007_199_254_740_992_u64, "new": null }),
        ];
        assert_eq!(blamed(&states), expected(&[("/big", 3), ("/moons", 1), ("/name", 2), ("/new", 3)]));
    }

    #[test]
    fn what_contains_a_change_is_changed_too() {
        let states = [
            json!({ "a": { "b": 1, "c": { "d": 1 } }, "e": [1, 2] }),
            json!({ "a": { "b": 1, "c": { "d": 2 } }, "e": [1, 2] }),
            json!({ "a": { "b": 1, "c": { "d": 2 } }, "e": [1] }),
        ];
        let found = expected(&[("/a", 2), ("/a/b", 1), ("/a/c", 2), ("/a/c/d", 2), ("/e", 3), ("/e/0", 1)]);
        assert_eq!(blamed(&states), found);
        let removed = [json!({ "a": { "b": 1, "c": 1 } }), json!({ "a": { "b": 1 } })];
        assert_eq!(blamed(&removed), expected(&[("/a", 2), ("/a/b", 1)]));
    }

    #[test]
    fn items_with_a_key_keep_their_version_when_they_move() {
        let item = |sku: &str, count: u64| json!({ "sku": sku, "count": count });
        let states = [
            json!([item("a", 1), item("b", 1)]),
            json!([item("new", 1), item("a", 1), item("b", 1)]),
            json!([item("new", 1), item("b", 2)]),
        ];
        let found = expected(&[("/0", 2), ("/0/count", 2), ("/0/sku", 2), ("/1", 3), ("/1/count", 3), ("/1/sku", 1)]);
        assert_eq!(blamed(&states), found);
    }

    #[test]
    fn items_whose_keys_are_not_unique_are_compared_by_index() {
        let states = [
            json!([{ "id": 1, "n": 1 }, { "id": 1, "n": 2 }]),
            json!([{ "id": 1, "n": 1 }, { "id": 1, "n": 3 }, { "id": 2, "n": 4 }]),
        ];
        let found = blamed(&states);
        assert_eq!((found["/0"], found["/1/id"], found["/1/n"], found["/2"]), (Some(1), Some(1), Some(2), Some(2)));
    }

    #[test]
    fn what_was_before_the_first_version_is_not_known() {
        let (before, after) = (json!({ "a": 1, "b": 1 }), json!({ "a": 1, "b": 2 }));
        let blamed: BTreeMap<_, _> = Blamed::unknown(&before).after(&before, &after, 7).paths().into_iter().collect();
        assert_eq!((blamed["/a"], blamed["/b"]), (None, Some(7)));
    }

    #[test]
    fn paths_are_those_of_the_state() {
        let state = json!({ "a/b": { "~": [{ "x": 1 }, 2] }, "": null });
        let paths = Blamed::unknown(&state).paths();
        assert!(paths.iter().all(|(path, _)| state.pointer(path).is_some()), "{paths:?}");
        assert_eq!(paths.len(), 6);
    }
}
