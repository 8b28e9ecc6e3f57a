//! A difference between a recorded shape and the one that the program reads.

use std::fmt;

/// A difference between the shape of an event in the lock file and the one that the program reads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShapeChange {
    /// The topic of the event.
    pub topic: String,
    /// The version of its shape.
    pub version: u32,
    /// The path to the part that differs, such as `lines[].price`; empty if it is the event as a whole.
    pub path: String,
    /// What the lock file says of it; `None` if nothing.
    pub before: Option<String>,
    /// What the program reads there; `None` if nothing.
    pub after: Option<String>,
    /// Whether events that are recorded cannot be read, or lose a part.
    pub is_breaking: bool,
}

impl fmt::Display for ShapeChange {
    /// Writes what happened to the part, without the event.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, path, before, after, is_breaking, .. } = self;
        match (path.as_str(), before, after) {
            ("", Some(before), None) => f.write_str(before),
            ("", _, Some(after)) => f.write_str(after),
            ("", None, None) => write!(f, "version {version}"),
            (path, Some(before), Some(after)) => write!(f, "`{path}`: {before} became {after}"),
            (path, Some(before), None) => write!(f, "`{path}` is gone (it was {before})"),
            (path, None, Some(after)) if *is_breaking => write!(f, "`{path}` is new and required ({after})"),
            (path, None, after) => write!(f, "`{path}` is new ({})", after.as_deref().unwrap_or_default()),
        }
    }
}
