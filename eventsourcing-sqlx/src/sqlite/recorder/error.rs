//! SQLite's errors in the recorder: [`ErrorKind`] → how to react, and → [`RecorderError`].

use eventsourcing_core::RecorderError;
use rusqlite::ffi;

use super::location::Location;
use crate::config::SqliteConfig;
use crate::errors::sqlite::kind_of_code;
use crate::errors::{ErrorKind, seconds};

/// Why a statement failed: an error of SQLite, or one that the recorder found itself.
#[derive(Debug)]
pub(super) enum StatementError {
    Driver(rusqlite::Error),
    Recorder(RecorderError),
}

impl From<rusqlite::Error> for StatementError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Driver(error)
    }
}

impl From<RecorderError> for StatementError {
    fn from(error: RecorderError) -> Self {
        Self::Recorder(error)
    }
}

/// The cause of a failed call, by which the recorder decides how to react.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A version is recorded already.
    VersionTaken,
    /// A notification id is taken, which the head row should have prevented.
    IdTaken,
    /// Another connection holds a lock, or uses the same database in memory.
    Busy,
    /// Any other error.
    Refused,
}

pub(super) fn fault(error: &rusqlite::Error, version_taken: &str) -> Fault {
    let code = code_of(error);
    match code {
        ffi::SQLITE_CONSTRAINT_UNIQUE if message_of(error).contains(version_taken) => Fault::VersionTaken,
        ffi::SQLITE_CONSTRAINT_PRIMARYKEY => Fault::IdTaken,
        code if kind_of_code(code) == ErrorKind::LockTimeout => Fault::Busy,
        _ => Fault::Refused,
    }
}

/// Whether a commit that failed with this error was certainly not made.
///
/// After any other error, such as a failed `fsync`, the write-ahead log may hold the whole transaction, and be replayed after a crash.
pub(super) fn is_definite(error: &rusqlite::Error) -> bool {
    matches!(code_of(error) & 0xff, ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_FULL | ffi::SQLITE_CONSTRAINT)
}

/// Whether an error concerns the whole database, so that every save would get it.
pub(super) fn is_of_database(error: &rusqlite::Error) -> bool {
    !matches!(kind_of_code(code_of(error)), ErrorKind::Statement | ErrorKind::StalePlan)
}

/// Whether the connection can still be used after this error.
pub(super) fn is_orderly(error: &rusqlite::Error) -> bool {
    let code = code_of(error) & 0xff;
    matches!(code, ffi::SQLITE_OK | ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_CONSTRAINT | ffi::SQLITE_ERROR)
}

/// The error of a call on an open connection.
pub(super) fn recorder_error(
    error: rusqlite::Error,
    operation: &'static str,
    config: &SqliteConfig,
    location: &Location,
) -> RecorderError {
    match &error {
        rusqlite::Error::InvalidColumnType(index, name, found) => {
            let found = format!("a value in column {index} ({name}) that cannot be read: it is of type {found}");
            return RecorderError::Corrupt { found };
        }
        rusqlite::Error::FromSqlConversionFailure(index, _, reason) => {
            let found = format!("a value in column {index} that cannot be read: {reason}");
            return RecorderError::Corrupt { found };
        }
        rusqlite::Error::Utf8Error(index, reason) => {
            let found = format!("a value in column {index} that cannot be read: {reason}");
            return RecorderError::Corrupt { found };
        }
        _ => {}
    }
    let kind = kind_of_code(code_of(&error));
    match kind {
        ErrorKind::LockTimeout => busy(error, config),
        ErrorKind::TimedOut | ErrorKind::Superseded | ErrorKind::StalePlan => {
            RecorderError::Superseded { source: error.into() }
        }
        ErrorKind::ReadOnly => RecorderError::ReadOnly { database: location.filename.clone(), source: error.into() },
        ErrorKind::StorageFull => RecorderError::StorageFull { source: error.into() },
        ErrorKind::Damaged => {
            RecorderError::Corrupt { found: format!("pages of {} that are damaged: {error}", location.filename) }
        }
        ErrorKind::Unusable => open_error(error, config, location),
        kind => match kind.lacks() {
            Some(lacks) => RecorderError::OutOfResources { lacks, source: error.into() },
            None => {
                let message = match code_of(&error) {
                    ffi::SQLITE_OK => error.to_string(),
                    code => format!("{} (code {code})", message_of(&error)),
                };
                RecorderError::Database { operation, message, source: error.into() }
            }
        },
    }
}

/// The error of a write lock that was not free in time.
fn busy(error: rusqlite::Error, config: &SqliteConfig) -> RecorderError {
    let waited = seconds(config.lock_timeout);
    RecorderError::Busy { waited, setting: "SQLITE_LOCK_TIMEOUT", source: error.into() }
}

fn open_error(error: rusqlite::Error, config: &SqliteConfig, location: &Location) -> RecorderError {
    let (cause, cure) = match code_of(&error) & 0xff {
        ffi::SQLITE_NOTADB => (
            "the file is not a SQLite database".to_owned(),
            "set SQLITE_DBNAME to another path; the file was left as it is".to_owned(),
        ),
        // no file is created to find out more
        _ if config.read_only => {
            let cure = "correct SQLITE_DBNAME, or let this process read the file and what is beside it; if there is a write-ahead log (-wal) without \
                        the -shm file of a program that writes, copy both to a folder in which this process may create files";
            (message_of(&error), cure.to_owned())
        }
        _ => location.forbids_files().unwrap_or_else(|| {
            let cure = "correct SQLITE_DBNAME, or let this process read and write the file and its directory";
            (message_of(&error), cure.to_owned())
        }),
    };
    let (database, source) = (location.filename.clone(), Some(error.into()));
    RecorderError::Open { database, cause, cure, source }
}

/// The extended result code; 0 if the error is not SQLite's.
fn code_of(error: &rusqlite::Error) -> i32 {
    error.sqlite_error().map_or(ffi::SQLITE_OK, |error| error.extended_code)
}

fn message_of(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqliteFailure(error, None) => error.to_string(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

    use rusqlite::Connection;

    use super::*;

    /// The recorder's error for a statement that fails in SQLite.
    fn error_of(setup: &str, fails: &str) -> RecorderError {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(setup).unwrap();
        let error = connection.execute_batch(fails).unwrap_err();
        let config = SqliteConfig::new(":memory:");
        recorder_error(error, "record events", &config, &Location::of(&config.dbname))
    }

    #[test]
    fn a_database_that_can_grow_no_more_is_full() {
        let error = error_of(
            "CREATE TABLE events (state BLOB); PRAGMA max_page_count = 3",
            "INSERT INTO events VALUES (zeroblob(1000000))",
        );
        assert!(matches!(error, RecorderError::StorageFull { .. }), "{error:?}");
        let expected = "the database has no space left, so nothing was recorded; free some and try again";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_connection_that_may_only_read_is_read_only() {
        let error = error_of("CREATE TABLE events (id); PRAGMA query_only = ON", "DELETE FROM events");
        assert!(matches!(error, RecorderError::ReadOnly { .. }), "{error:?}");
    }

    #[test]
    fn anything_else_says_what_was_to_be_done_and_the_code() {
        let error = error_of("SELECT 1", "INSERT INTO missing VALUES (1)");
        let expected = "the database failed to record events: no such table: missing (code 1)";
        assert_eq!(error.to_string(), expected);
    }
}
