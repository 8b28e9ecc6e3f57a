//! Compares the lock file with what the program reads.

use super::change::ShapeChange;
use super::described::{Described, Lines, Shapes};
use crate::state::shape::{ALIAS, ANY, MAP_BY, MAY_BE_MISSING, NOT_DESCRIBED, NOT_TRACED, OR_NULL, takes_all};

/// What is said about a topic that is gone.
pub(super) const IS_GONE: &str = "no event has this topic any more";
/// What is said about a topic that was not recorded before.
pub(super) const IS_NEW: &str = "the event is new";

/// Returns the differences, those of one event together.
pub(super) fn compare(lock: &Shapes, code: &Described) -> Vec<ShapeChange> {
    let mut changes = Vec::new();
    for (topic, locked) in lock {
        let (read, is_current) = match (code.current.get(topic), code.old.get(topic)) {
            (Some(read), _) => (read, true),
            (None, Some(read)) => (read, false),
            (None, None) if code.retired.contains(topic) => continue,
            (None, None) => {
                let version = locked.keys().next_back().copied().unwrap_or(1);
                changes.push(whole(topic, version, Some(IS_GONE), None, true));
                continue;
            }
        };
        let known = read.keys().next_back().copied().unwrap_or(1);
        for (version, recorded) in locked {
            let event = Event { topic, version: *version };
            match read.get(version) {
                Some(lines) if *version == known && is_current => event.compare_current(recorded, lines, &mut changes),
                Some(lines) => event.compare_older(recorded, lines, &mut changes),
                None => {
                    let said = format!("version {version} was recorded, and the program reads versions up to {known}");
                    changes.push(whole(topic, *version, Some(&said), None, true));
                }
            }
        }
        if is_current && !locked.contains_key(&known) {
            let said = format!("version {known} is new");
            changes.push(whole(topic, known, None, Some(&said), false));
        }
    }
    for (topic, read) in code.current.iter().filter(|(topic, _)| !lock.contains_key(*topic)) {
        let known = read.keys().next_back().copied().unwrap_or(1);
        changes.push(whole(topic, known, None, Some(IS_NEW), false));
    }
    changes.sort_by(|one, other| (&one.topic, one.version).cmp(&(&other.topic, other.version)));
    changes
}

/// Returns what the lock file is to say once the differences are accepted.
///
/// Shapes that were recorded stay, as long as events of their topics are read: they cannot be taken back.
pub(super) fn accepted(lock: Shapes, code: Described) -> Shapes {
    let Described { mut current, old, retired } = code;
    for (topic, mut locked) in lock {
        match current.get_mut(&topic) {
            Some(read) => {
                let known = read.keys().next_back().copied().unwrap_or(1);
                locked.retain(|version, _| *version < known);
                read.extend(locked);
            }
            None if old.contains_key(&topic) || retired.contains(&topic) => {
                current.insert(topic, locked);
            }
            None => {}
        }
    }
    current
}

/// A version of an event.
struct Event<'a> {
    topic: &'a str,
    version: u32,
}

impl Event<'_> {
    /// Compares the shape that is recorded today: each difference counts.
    fn compare_current(&self, recorded: &Lines, read: &Lines, changes: &mut Vec<ShapeChange>) {
        let differs =
            |path: &str| recorded.get(path).map(|kind| container(kind)) != read.get(path).map(|kind| container(kind));
        for (path, before) in recorded {
            match read.get(path) {
                Some(after) if after == before => {}
                Some(after) => {
                    // under its other name, the field is read as what it is now
                    let now = other_name(path, after).and_then(|path| read.get(&path)).unwrap_or(after);
                    changes.push(self.part(path, Some(before), Some(after), breaks(before, now)));
                }
                None if parents(path).any(differs) => {}
                None => changes.push(self.part(path, Some(before), None, true)),
            }
        }
        for (path, after) in read.iter().filter(|(path, _)| !recorded.contains_key(*path)) {
            if !parents(path).any(differs) {
                let is_breaking = is_required(path, after) && !was_named_otherwise(path, recorded, read);
                changes.push(self.part(path, None, Some(after), is_breaking));
            }
        }
    }

    /// Compares a shape that a step converts with the recorded one: it may leave out parts, and must not need others.
    fn compare_older(&self, recorded: &Lines, read: &Lines, changes: &mut Vec<ShapeChange>) {
        // a step on JSON takes any shape
        if read.get("").is_some_and(|kind| kind == ANY || kind == NOT_DESCRIBED || kind.ends_with(NOT_TRACED)) {
            return;
        }
        for (path, after) in read {
            match recorded.get(path) {
                Some(before)
                    if breaks(before, other_name(path, after).and_then(|path| read.get(&path)).unwrap_or(after)) =>
                {
                    changes.push(self.part(path, Some(before), Some(after), true));
                }
                None if is_required(path, after)
                    && !parents(path).any(|parent| !recorded.contains_key(parent))
                    && !was_named_otherwise(path, recorded, read) =>
                {
                    changes.push(self.part(path, None, Some(after), true));
                }
                _ => {}
            }
        }
        let is_gone = |path: &str| {
            path.ends_with('>') && !read.contains_key(path) && parents(path).all(|parent| read.contains_key(parent))
        };
        for (path, before) in recorded.iter().filter(|(path, _)| is_gone(path)) {
            changes.push(self.part(path, Some(before), None, true));
        }
    }

    fn part(&self, path: &str, before: Option<&String>, after: Option<&String>, is_breaking: bool) -> ShapeChange {
        ShapeChange {
            topic: self.topic.to_owned(),
            version: self.version,
            path: path.to_owned(),
            before: before.cloned(),
            after: after.cloned(),
            is_breaking,
        }
    }
}

fn whole(topic: &str, version: u32, before: Option<&str>, after: Option<&str>, is_breaking: bool) -> ShapeChange {
    ShapeChange {
        topic: topic.to_owned(),
        version,
        path: String::new(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
        is_breaking,
    }
}

/// Returns the paths of the parts that contain a part, the outermost first.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.char_indices()
        .filter(|(_, character)| ".[{<".contains(*character))
        .filter_map(|(place, _)| path.get(..place))
        .filter(|parent| !parent.is_empty())
}

/// Returns the kind of a value, without what it may be instead.
fn kind_of(kind: &str) -> &str {
    let kind = kind.strip_suffix(MAY_BE_MISSING).unwrap_or(kind);
    kind.trim_end_matches(OR_NULL)
}

/// Returns the kind of a value as far as it says which parts there are, which the keys of a map do not.
fn container(kind: &str) -> &str {
    let kind = kind_of(kind);
    if kind.starts_with(MAP_BY) { MAP_BY } else { kind }
}

/// Returns whether a part that is not recorded has to be there. A variant that is not recorded does no harm.
fn is_required(path: &str, kind: &str) -> bool {
    !path.ends_with('>') && !kind.ends_with(MAY_BE_MISSING) && !kind.starts_with(ALIAS)
}

/// Returns the path of the field that a part is another name of.
fn other_name(path: &str, kind: &str) -> Option<String> {
    let name = kind.strip_prefix(ALIAS)?;
    let parent = path.rfind('.').and_then(|dot| path.get(..=dot)).unwrap_or_default();
    Some(format!("{parent}{name}"))
}

/// Returns whether a field is recorded under another of its names.
fn was_named_otherwise(path: &str, recorded: &Lines, read: &Lines) -> bool {
    read.iter()
        .any(|(other, kind)| other_name(other, kind).is_some_and(|of| of == path) && recorded.contains_key(other))
}

/// Returns whether values of the first kind are no values of the second.
fn breaks(before: &str, after: &str) -> bool {
    let may = |kind: &str, end: &str| kind.contains(end);
    let loses = |end: &str| may(before, end) && !may(after, end);
    if loses(MAY_BE_MISSING) || (loses(OR_NULL) && kind_of(after) != ANY) {
        return true;
    }
    let (before, after) = (kind_of(before), kind_of(after));
    match (before.strip_prefix("one of "), after.strip_prefix("one of ")) {
        (Some(before), Some(after)) => before.split(" | ").any(|name| !after.split(" | ").any(|other| other == name)),
        // what was not described before, or is not now, cannot be compared
        _ if [before, after].contains(&NOT_DESCRIBED) || after == ANY || after.ends_with(NOT_TRACED) => false,
        _ => match (before.strip_prefix(MAP_BY), after.strip_prefix(MAP_BY)) {
            (Some(before), Some(after)) => ![before, after].contains(&NOT_DESCRIBED) && !reads_all(before, after),
            _ => !reads_all(before, after),
        },
    }
}

/// The kinds without parts that read everything which was written as another one.
///
/// A float reads the integers that it represents exactly.
const WIDER: [(&str, &[&str]); 12] = [
    ("u8", &["u16", "u32", "u64", "u128", "i16", "i32", "i64", "i128", "f32", "f64"]),
    ("u16", &["u32", "u64", "u128", "i32", "i64", "i128", "f32", "f64"]),
    ("u32", &["u64", "u128", "i64", "i128", "f64"]),
    ("u64", &["u128", "i128"]),
    ("u128", &[]),
    ("i8", &["i16", "i32", "i64", "i128", "f32", "f64"]),
    ("i16", &["i32", "i64", "i128", "f32", "f64"]),
    ("i32", &["i64", "i128", "f64"]),
    ("i64", &["i128"]),
    ("i128", &[]),
    ("f32", &["f64"]),
    ("char", &["string"]),
];

/// Returns whether a kind reads everything that was written as another one.
fn reads_all(before: &str, after: &str) -> bool {
    before == after
        || takes_all(before, after).unwrap_or(false)
        || WIDER.iter().any(|(kind, wider)| *kind == before && wider.contains(&after))
}

#[cfg(test)]
mod tests {
    use super::breaks;

    #[test]
    fn a_kind_that_takes_more_reads_what_was_recorded() {
        for (before, after, expected) in [
            ("u32", "string", true),
            ("u32", "u32 or null", false),
            ("u32 or null", "u32", true),
            ("u32, may be missing", "u32", true),
            ("u32", "u32, may be missing", false),
            ("u32 or null, may be missing", "u32, may be missing", true),
            ("u32", "any", false),
            ("any", "u32", true),
            ("u32", "any, not traced", false),
            ("any, not traced", "u32", true),
            ("any, not traced", "any", false),
            ("object, not traced or null", "object, not traced", true),
            ("not described", "u32", false),
            ("one of Red | Green", "one of Red | Green | Blue", false),
            ("one of Red | Green", "one of Red", true),
            ("object", "list", true),
            ("string", "another name of a field", true),
            ("string", "string (uuid)", true),
            ("string (uuid)", "string", false),
            ("string (uuid)", "string or null", false),
            ("string (uuid) or null", "string", true),
            ("map by string", "map by string (uuid)", true),
            ("map by string (uuid)", "map by string", false),
            ("map by u32", "map by u64", false),
            ("map by u32", "u64", true),
            ("u32", "u64", false),
            ("u8", "u32", false),
            ("u32", "i64", false),
            ("i32", "i64", false),
            ("f32", "f64", false),
            ("u32", "f64", false),
            ("u32", "f32", true),
            ("u64", "f64", true),
            ("u64", "i64", true),
            ("i64", "u64", true),
            ("u64", "u32", true),
            ("f64", "f32", true),
            ("f64", "u64", true),
            ("char", "string", false),
            ("string", "char", true),
        ] {
            assert_eq!(breaks(before, after), expected, "{before} → {after}");
        }
    }
}
