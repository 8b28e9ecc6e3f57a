//! Keys of projection versions: the live version, and the one that is rebuilt beside it.

use std::fmt;

/// A version of a projection, as the key under which its positions are stored.
///
/// The key of version 1 is the projection's name, and that of later versions is the name and `_v2` and so on. While a version is
/// rebuilt beside the live one, its key ends in `.rebuilt`. A projection name cannot look like one of these keys.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::projection::ProjectionKey;
///
/// let key = ProjectionKey::new("worlds", 2);
/// assert_eq!(key.to_string(), "worlds_v2");
/// assert_eq!(ProjectionKey::parse("worlds_v2"), key);
/// assert_eq!(key.rebuilt().to_string(), "worlds_v2.rebuilt");
/// assert_eq!(key.prefix(), "worlds_v2_");
/// assert_eq!(ProjectionKey::new("worlds", 1).to_string(), "worlds");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProjectionKey<'k> {
    /// The name of the projection.
    pub name: &'k str,
    /// Its version, from 1.
    pub version: u32,
    /// Whether the version is being rebuilt beside the live one.
    pub is_rebuilt: bool,
}

impl<'k> ProjectionKey<'k> {
    const REBUILT: &'static str = ".rebuilt";

    /// The key of a live version.
    pub fn new(name: &'k str, version: u32) -> Self {
        Self { name, version, is_rebuilt: false }
    }

    /// Parses a key.
    pub fn parse(key: &'k str) -> Self {
        let (key, is_rebuilt) = match key.strip_suffix(Self::REBUILT) {
            Some(key) => (key, true),
            None => (key, false),
        };
        let versioned = key.rsplit_once("_v").and_then(|(name, digits)| {
            let is_number = digits.bytes().all(|digit| digit.is_ascii_digit()) && !digits.starts_with('0');
            let version = digits.parse().ok().filter(|_| is_number)?;
            (!name.is_empty() && version > 1).then_some((name, version))
        });
        let (name, version) = versioned.unwrap_or((key, 1));
        Self { name, version, is_rebuilt }
    }

    /// The key of the same version while it is rebuilt.
    #[must_use]
    pub fn rebuilt(self) -> Self {
        Self { is_rebuilt: true, ..self }
    }

    /// The key of the same version when it is live.
    #[must_use]
    pub fn live(self) -> Self {
        Self { is_rebuilt: false, ..self }
    }

    /// The prefix of its tables' names while it is rebuilt.
    pub fn prefix(&self) -> String {
        format!("{}_", self.live())
    }
}

impl fmt::Display for ProjectionKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, version, is_rebuilt } = self;
        f.write_str(name)?;
        if *version != 1 {
            write!(f, "_v{version}")?;
        }
        f.write_str(if *is_rebuilt { Self::REBUILT } else { "" })
    }
}

/// Whether a name could be confused with a version of another projection, or with a table of one.
///
/// That is a name with `_v` and digits at its end or before a `_` or `.`.
pub(crate) const fn looks_versioned(name: &str) -> bool {
    let name = name.as_bytes();
    let mut start = 0;
    while start + 2 < name.len() {
        let mut end = start + 2;
        if name[start] == b'_' && name[start + 1] == b'v' {
            while end < name.len() && name[end].is_ascii_digit() {
                end += 1;
            }
            if end > start + 2 && (end == name.len() || name[end] == b'_' || name[end] == b'.') {
                return true;
            }
        }
        start += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read_as_it_was_written() {
        for name in ["worlds", "worlds_v", "_v2x", "v2", "a_version2"] {
            assert!(!looks_versioned(name), "{name}");
            for version in [1, 2, 10, u32::MAX] {
                let key = ProjectionKey::new(name, version);
                assert_eq!(ProjectionKey::parse(&key.to_string()), key);
                assert_eq!(ProjectionKey::parse(&key.rebuilt().to_string()), key.rebuilt());
            }
        }
    }

    #[test]
    fn a_name_that_could_be_taken_for_a_version_is_seen() {
        for name in ["worlds_v2", "worlds_v1", "worlds_v02", "worlds_v2_names", "_v7"] {
            assert!(looks_versioned(name), "{name}");
        }
    }
}
