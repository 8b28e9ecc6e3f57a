//! The identity of an open file. A file that was deleted or replaced while it is open still accepts writes, which are then lost.
//!
//! Files are identified by device and inode. On Windows, which has none, an open file cannot be replaced.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::sql::sqlite::FILE;

/// A file system's number for a file.
type Number = (u64, u64);

/// The file of a database and its write-ahead log, as they were when they were opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileIdentity {
    file: PathBuf,
    wal: PathBuf,
    numbers: [Option<Number>; 2],
}

impl FileIdentity {
    /// The identity of the file that a connection has just opened, in WAL mode; none if the database is in memory.
    pub(super) fn of(connection: &Connection) -> Result<Option<Self>, rusqlite::Error> {
        let path: Option<String> = connection.query_row(FILE, [], |row| row.get(0))?;
        let Some(path) = path.filter(|path| !path.is_empty()) else { return Ok(None) };
        let (file, wal) = (PathBuf::from(&path), PathBuf::from(format!("{path}-wal")));
        let numbers = [number(&file), number(&wal)];
        Ok(Some(Self { file, wal, numbers }))
    }

    /// Whether the same file, and the same write-ahead log, still have these names.
    ///
    /// If there was no write-ahead log at first, any that exists now counts as current.
    pub(super) fn is_current(&mut self) -> bool {
        let found = [number(&self.file), number(&self.wal)];
        if self.numbers[1].is_none() {
            self.numbers[1] = found[1];
        }
        self.numbers == found
    }

    /// Whether the same file still has its name, regardless of the write-ahead log.
    pub(super) fn is_there(&self) -> bool {
        number(&self.file) == self.numbers[0]
    }

    /// The device and the number of the database's file, as it was when it was opened.
    pub(super) fn file_number(&self) -> Option<(u64, u64)> {
        self.numbers[0]
    }

    /// Whether both are identities of the same file, regardless of the write-ahead log.
    pub(super) fn is_of_file(&self, other: &Self) -> bool {
        self.numbers[0] == other.numbers[0]
    }
}

/// Reads only the number. On Linux, reading the modification time of a file makes the next write store a finer one, and the commit
/// after it then also has to write the file's inode, which takes a third of its time.
#[cfg(target_os = "linux")]
fn number(path: &Path) -> Option<Number> {
    use rustix::fs::{AtFlags, CWD, StatxFlags, makedev, statx};

    match statx(CWD, path, AtFlags::empty(), StatxFlags::INO) {
        Ok(found) => Some((makedev(found.stx_dev_major, found.stx_dev_minor), found.stx_ino)),
        // an older sandbox may forbid the newer system call
        Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => number_and_times(path),
        Err(_) => None,
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
fn number(path: &Path) -> Option<Number> {
    number_and_times(path)
}

#[cfg(unix)]
fn number_and_times(path: &Path) -> Option<Number> {
    use std::os::unix::fs::MetadataExt as _;

    path.metadata().ok().map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn number(_: &Path) -> Option<Number> {
    None
}
