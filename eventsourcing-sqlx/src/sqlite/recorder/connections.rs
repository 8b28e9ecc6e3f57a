//! The connections to a database: one that writes, and some that read. All are used on the caller's thread.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use eventsourcing_core::RecorderError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::StatementError;
use super::file_identity::FileIdentity;
use super::location::Location;
use super::sealed_file::SealedFile;
use super::transaction::execute;
use crate::config::SqliteConfig;
use crate::rows;
use crate::sql::sqlite::ROLLBACK;

/// How many unused connections that read are kept.
const KEPT_READERS: usize = 8;

/// How a database is opened whose events may be recorded.
const WRITING: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_CREATE);

/// For how many milliseconds a file that is there counts as being there.
const CHECKED_FOR: u64 = 10;

/// How many prepared statements a connection keeps: more than there are.
const STATEMENTS: usize = 32;

/// The connections of a recorder.
#[derive(Debug)]
pub(super) struct Connections {
    location: Location,
    /// How many bytes of the file readers map into memory.
    mmap_size: u64,
    /// The page cache of a connection, as SQLite's `cache_size` counts it: negative, in KiB. With SQLite's default of 2 MiB, reads of
    /// events that are scattered over a long log are less than half as fast.
    cache_size: i64,
    /// One, because SQLite has one writer at a time. It also reads if the database is in memory.
    writer: Mutex<Slot>,
    /// The file that the first connection opened; none in memory.
    identity: Mutex<Option<FileIdentity>>,
    /// The unused connections that read; empty if the database is in memory.
    readers: Mutex<Option<Vec<Reader>>>,
    /// Whether nothing may be changed.
    is_read_only: bool,
    /// When the file was opened, and how many milliseconds later a read checks the next time that it is still there.
    begun: Instant,
    next_check: AtomicU64,
}

/// A connection that reads.
#[derive(Debug)]
struct Reader {
    connection: Connection,
    /// The file as it was when it was opened without locks.
    sealed: Option<SealedFile>,
}

#[derive(Debug)]
enum Slot {
    Open(Connection),
    /// It was closed after an error that left its state unknown. The next call opens another.
    Missing,
    Closed,
}

impl Connections {
    /// No connections yet; they are opened on demand.
    pub(super) fn new(location: Location, config: &SqliteConfig) -> Self {
        let SqliteConfig { mmap_size, cache_size, read_only: is_read_only, .. } = *config;
        let cache_size = -rows::to_bound((cache_size / 1024).clamp(1, 2_147_483_647));
        Self {
            location,
            mmap_size,
            cache_size,
            writer: Mutex::new(Slot::Missing),
            identity: Mutex::new(None),
            readers: Mutex::new(Some(Vec::new())),
            is_read_only,
            begun: Instant::now(),
            next_check: AtomicU64::new(0),
        }
    }

    /// Runs something on the connection that writes, and leaves it in no transaction.
    pub(super) fn write<T>(
        &self,
        write: impl FnOnce(&Connection) -> Result<T, StatementError>,
    ) -> Result<T, StatementError> {
        if self.is_read_only && !self.location.is_memory {
            return Err(self.location.opened_read_only().into());
        }
        let mut slot = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = match &*slot {
            Slot::Open(connection) => connection,
            Slot::Closed => return Err(RecorderError::Closed.into()),
            Slot::Missing => {
                *slot = Slot::Open(self.open_writer()?);
                let Slot::Open(connection) = &*slot else { return Err(RecorderError::Closed.into()) };
                connection
            }
        };
        let written = write(connection);
        // after some errors SQLite rolls back automatically, after others it does not
        let is_out = connection.is_autocommit() || execute(connection, ROLLBACK).is_ok();
        // a database in memory exists only as long as its connection
        let is_kept = is_out && (written.is_ok() || self.location.is_memory || is_orderly(&written));
        if !is_kept && !self.location.is_memory {
            *slot = Slot::Missing;
        }
        written
    }

    /// Runs something on a connection that reads.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StatementError>,
    ) -> Result<T, StatementError> {
        if self.location.is_memory {
            return self.write(read);
        }
        self.check_now_and_then()?;
        let idle = match self.readers().as_mut() {
            Some(readers) => readers.pop(),
            None => return Err(RecorderError::Closed.into()),
        };
        let reader = match idle.filter(Reader::is_current) {
            Some(reader) => reader,
            None => self.open_reader()?,
        };
        let found = read(&reader.connection);
        if !reader.is_current() {
            return Err(self.location.changed().into());
        }
        if (found.is_ok() || is_orderly(&found))
            && let Some(readers) = self.readers().as_mut()
            && readers.len() < KEPT_READERS
        {
            readers.push(reader);
        }
        found
    }

    /// Closes all connections once they are no longer in use. Later calls are refused.
    pub(super) fn close(&self) {
        drop(self.readers().take());
        *self.writer.lock().unwrap_or_else(PoisonError::into_inner) = Slot::Closed;
    }

    /// Refuses a file that was deleted or replaced: no other process will open it again.
    pub(super) fn check_file(&self) -> Result<(), RecorderError> {
        let is_current = self.identity().as_mut().is_none_or(FileIdentity::is_current);
        if is_current { Ok(()) } else { Err(self.location.replaced()) }
    }

    /// Refuses to read a file that was deleted or replaced. It asks the file system at most once in a while: a read is not much longer than that.
    fn check_now_and_then(&self) -> Result<(), RecorderError> {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        if self.is_read_only || now < self.next_check.load(Relaxed) {
            return Ok(());
        }
        self.check_not_replaced()?;
        self.next_check.store(now.saturating_add(CHECKED_FOR), Relaxed);
        Ok(())
    }

    /// Refuses a file that was deleted or replaced, for those who read: the write-ahead log may be another one.
    pub(super) fn check_not_replaced(&self) -> Result<(), RecorderError> {
        let is_there = self.identity().as_ref().is_none_or(FileIdentity::is_there);
        if is_there { Ok(()) } else { Err(self.location.replaced()) }
    }

    /// Makes sure that a new connection has the same file open as the others.
    fn identify(&self, connection: &Connection, is_writer: bool) -> Result<(), StatementError> {
        let Some(opened) = FileIdentity::of(connection)? else { return Ok(()) };
        let mut identity = self.identity();
        if identity.as_ref().is_some_and(|identity| !identity.is_of_file(&opened)) {
            return Err(self.location.replaced().into());
        }
        // the write-ahead log may be another after the last connection was closed
        if is_writer || identity.is_none() {
            *identity = Some(opened);
        }
        Ok(())
    }

    /// The device and the number of the file, if there is one.
    pub(super) fn file_number(&self) -> Option<(u64, u64)> {
        self.identity().as_ref().and_then(FileIdentity::file_number)
    }

    fn identity(&self) -> MutexGuard<'_, Option<FileIdentity>> {
        self.identity.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn readers(&self) -> MutexGuard<'_, Option<Vec<Reader>>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_writer(&self) -> Result<Connection, StatementError> {
        let connection = self.open(WRITING, &self.location.filename)?;
        if self.is_read_only {
            connection.pragma_update(None, "query_only", "ON")?;
        }
        // the page copies of savepoints are small, and need not outlive the process
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        if !self.location.is_memory {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            // on macOS `fsync` alone leaves data in the drive's cache; elsewhere this changes nothing
            connection.pragma_update(None, "fullfsync", "ON")?;
            connection.pragma_update(None, "checkpoint_fullfsync", "ON")?;
            // a WAL that grew during a long read is truncated after the next checkpoint
            connection.pragma_update(None, "journal_size_limit", 67_108_864)?;
            self.identify(&connection, true)?;
        }
        Ok(connection)
    }

    fn open_reader(&self) -> Result<Reader, StatementError> {
        if !self.is_read_only {
            let connection = self.as_reader(self.open(WRITING, &self.location.filename)?)?;
            return Ok(Reader { connection, sealed: None });
        }
        let sealed = self.location.path().and_then(SealedFile::of);
        let uri = sealed.as_ref().and_then(SealedFile::uri);
        let filename = uri.as_ref().unwrap_or(&self.location.filename);
        let connection = self.as_reader(self.open(OpenFlags::SQLITE_OPEN_READ_ONLY, filename)?)?;
        Ok(Reader { connection, sealed: sealed.filter(|_| uri.is_some()) })
    }

    fn as_reader(&self, connection: Connection) -> Result<Connection, StatementError> {
        connection.pragma_update(None, "query_only", "ON")?;
        self.identify(&connection, false)?;
        connection.pragma_update(None, "mmap_size", rows::to_bound(self.mmap_size))?;
        Ok(connection)
    }

    fn open(&self, flags: OpenFlags, filename: &str) -> Result<Connection, StatementError> {
        // each connection is used by one thread at a time, so SQLite needs no mutex
        let flags = flags | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(filename, flags)?;
        // waits are asynchronous, and block no thread
        connection.busy_timeout(std::time::Duration::ZERO)?;
        // the query planner stability guarantee: otherwise SQLite plans again whenever another LIMIT is bound
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        connection.pragma_update(None, "cache_size", self.cache_size)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    }
}

impl Reader {
    /// Whether what the connection reads is what is recorded.
    fn is_current(&self) -> bool {
        self.sealed.as_ref().is_none_or(SealedFile::is_unchanged)
    }
}

/// Whether the connection can still be used after this result.
fn is_orderly<T>(outcome: &Result<T, StatementError>) -> bool {
    match outcome {
        Ok(_) | Err(StatementError::Recorder(_)) => true,
        Err(StatementError::Driver(error)) => super::error::is_orderly(error),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

    use super::*;

    #[test]
    fn both_kinds_of_connections_keep_as_many_pages_as_the_setting_says() {
        let folder = std::env::temp_dir().join(format!("cache-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir(&folder).unwrap();
        for (cache_size, pragma) in
            [(64 * 1024 * 1024, -65_536_i64), (100_000, -97), (0, -1), (u64::MAX, -2_147_483_647)]
        {
            let mut config = SqliteConfig::new(folder.join("hotel.db").to_str().unwrap());
            config.cache_size = cache_size;
            let connections = Connections::new(Location::of(&config.dbname), &config);
            let asked =
                |connection: &Connection| Ok(connection.pragma_query_value(None, "cache_size", |row| row.get(0))?);
            let both: [i64; 2] = [connections.write(asked).unwrap(), connections.read(asked).unwrap()];
            assert_eq!(both, [pragma; 2]);
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
