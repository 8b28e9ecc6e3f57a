//! Compares an event with the copy that was deserialized from its state, and locates the first difference.
//!
//! Usually the two JSON texts are equal, which is decided on the bytes. Only where they differ, both values are serialized again into
//! trees that keep what JSON loses: whether an object is a map or a struct, and whether a list is ordered (a tuple) or may be a set.

use std::fmt::{self, Debug, Write as _};

use super::tree::{Entry, Tree};

/// The first difference between an event and its copy, without the values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateDifference {
    /// The path of fields and list positions, such as `$.lines[2].price`. A map key is data, and is shown as `*`.
    pub path: String,
    /// The kind of value that the event writes at the path.
    pub written: &'static str,
    /// The kind of value that the copy writes at the path.
    pub read: &'static str,
}

impl fmt::Display for StateDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, written, read } = self;
        write!(f, "at `{path}`, the event writes {written} and its copy writes {read}")
    }
}

impl Tree {
    /// Returns the first path at which the other tree differs from this one.
    pub(crate) fn difference(&self, read: &Self) -> Option<StateDifference> {
        self.differs_at(read, &mut "$".to_owned())
    }

    fn differs_at(&self, read: &Self, path: &mut String) -> Option<StateDifference> {
        match (self, read) {
            (Self::Object(a), Self::Object(b)) => {
                let left = a.iter().map(|(key, entry)| (key, entry, Some(&entry.value), b.get(key).map(|e| &e.value)));
                let added = b.iter().filter(|(key, _)| !a.contains_key(*key));
                let added = added.map(|(key, entry)| (key, entry, None, Some(&entry.value)));
                for (key, entry, written, read) in left.chain(added) {
                    let key = if entry.is_named { key.as_str() } else { "*" };
                    let found = within(path, &format!(".{key}"), written, read);
                    if found.is_some() {
                        return found;
                    }
                }
                None
            }
            (Self::List(a, is_ordered), Self::List(b, _)) => {
                let places = (0..a.len().max(b.len())).map(|place| (place, a.get(place), b.get(place)));
                let found = places
                    .into_iter()
                    .find_map(|(place, written, read)| within(path, &format!("[{place}]"), written, read))?;
                let is_the_same_set = !is_ordered && a.len() == b.len() && self.sorted() == read.sorted();
                (!is_the_same_set).then_some(found)
            }
            (written, read) if written == read => None,
            (written, read) => {
                let is_of_one_kind = written.kind() == read.kind();
                let read = if is_of_one_kind { read.other() } else { read.kind() };
                Some(StateDifference { path: path.clone(), written: written.kind(), read })
            }
        }
    }

    /// Returns a copy in which unordered lists are sorted.
    fn sorted(&self) -> Self {
        match self {
            Self::List(items, is_ordered) => {
                let mut items: Vec<_> = items.iter().map(Self::sorted).collect();
                if !is_ordered {
                    items.sort_unstable();
                }
                Self::List(items, *is_ordered)
            }
            Self::Object(entries) => {
                let sorted = |(key, entry): (&String, &Entry)| {
                    (key.clone(), Entry { is_named: entry.is_named, value: entry.value.sorted() })
                };
                Self::Object(entries.iter().map(sorted).collect())
            }
            other => other.clone(),
        }
    }

    fn other(&self) -> &'static str {
        match self {
            Self::Bool(_) => "another boolean",
            Self::Number(_) => "another number",
            Self::Text(_) => "another string",
            other => other.kind(),
        }
    }
}

/// Compares two values one step further down the path. Either of them may be missing.
fn within(path: &mut String, step: &str, written: Option<&Tree>, read: Option<&Tree>) -> Option<StateDifference> {
    let len = path.len();
    path.push_str(step);
    let found = match (written, read) {
        (Some(written), Some(read)) => written.differs_at(read, path),
        (written, read) => {
            let kind = |tree: Option<&Tree>| tree.map_or("nothing", Tree::kind);
            Some(StateDifference { path: path.clone(), written: kind(written), read: kind(read) })
        }
    };
    path.truncate(len);
    found
}

/// Returns whether two values have the same `Debug` output, which also shows fields that serde skips.
///
/// The same bytes in another order count as equal, because a hash map may print its entries in any order. A `Debug` that fails
/// counts as equal.
pub(crate) fn looks_the_same<T: Debug>(written: &T, read: &T, scratch: &mut String) -> bool {
    scratch.clear();
    if write!(scratch, "{written:?}").is_err() {
        return true;
    }
    let mut rest = Rest { expected: scratch.as_bytes() };
    if write!(rest, "{read:?}").is_ok() && rest.expected.is_empty() {
        return true;
    }
    let mut other = String::new();
    write!(other, "{read:?}").is_err()
        || (other.len() == scratch.len() && histogram(other.as_bytes()) == histogram(scratch.as_bytes()))
}

fn histogram(bytes: &[u8]) -> [usize; 256] {
    let mut counts = [0; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    counts
}

/// A writer that accepts only the expected text.
struct Rest<'t> {
    expected: &'t [u8],
}

impl fmt::Write for Rest<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.expected = self.expected.strip_prefix(text.as_bytes()).ok_or(fmt::Error)?;
        Ok(())
    }
}
