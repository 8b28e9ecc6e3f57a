//! A database file that no program is writing: it is read as it is, without locks and without files beside it.
//!
//! A program that has a database in WAL mode open keeps a write-ahead log beside it from before its first write until after its last one. So
//! a file without one is not being written. A program may begin to at any time: each read checks before and after it that the file is unchanged.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The state of a file that no program is writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SealedFile {
    path: PathBuf,
    len: u64,
    modified: Option<SystemTime>,
}

impl SealedFile {
    /// The file with this path, unless a program may be writing it.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let beside = |suffix: &str| {
            let mut name = OsString::from(path);
            name.push(suffix);
            // a file that cannot be looked at may exist
            !matches!(PathBuf::from(name).try_exists(), Ok(false))
        };
        if beside("-wal") || beside("-journal") {
            return None;
        }
        let found = path.metadata().ok()?;
        Some(Self { path: path.to_owned(), len: found.len(), modified: found.modified().ok() })
    }

    /// Whether no program has begun to write the file since.
    pub(super) fn is_unchanged(&self) -> bool {
        Self::of(&self.path).is_some_and(|now| now == *self)
    }

    /// The name by which SQLite reads the file without locks; none if the path is no text.
    pub(super) fn uri(&self) -> Option<String> {
        let path = self.path.to_str()?;
        let mut uri = String::from("file:");
        for c in path.chars() {
            match c {
                '%' => uri.push_str("%25"),
                '?' => uri.push_str("%3f"),
                '#' => uri.push_str("%23"),
                '\\' if cfg!(windows) => uri.push('/'),
                c => uri.push(c),
            }
        }
        uri.push_str("?immutable=1");
        Some(uri)
    }
}
