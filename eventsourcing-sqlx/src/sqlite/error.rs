//! What SQLite's errors mean: result code → what to do, and → [`RecorderError`].
//!
//! The codes are those of <https://www.sqlite.org/rescode.html>; the lowest byte of an extended code is the primary one.

use eventsourcing_core::RecorderError;

use super::location::Location;
use crate::config::SqliteConfig;
use crate::error::{decoding, other, seconds};

const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const PROTOCOL: i32 = 15;
const CONSTRAINT: i32 = 19;
const CONSTRAINT_UNIQUE: i32 = 2067;
const CONSTRAINT_PRIMARYKEY: i32 = 1555;
const NOTADB: i32 = 26;

/// What an error says about the call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A version is recorded already.
    VersionTaken,
    /// A notification id is taken, which the head row should have prevented.
    IdTaken,
    /// Another connection has a lock, and SQLite's own waiting is over.
    Busy,
    /// Another connection to the same memory is at work, for which SQLite does not wait.
    Locked,
    /// Anything else.
    Refused,
}

pub(super) fn fault(error: &sqlx::Error, version_taken: &str) -> Fault {
    let Some(error) = error.as_database_error() else { return Fault::Refused };
    let code = code_of(error);
    match (code, code & 0xff) {
        (CONSTRAINT_UNIQUE, _) if error.message().contains(version_taken) => Fault::VersionTaken,
        (CONSTRAINT_PRIMARYKEY, _) => Fault::IdTaken,
        (_, BUSY | PROTOCOL) => Fault::Busy,
        (_, LOCKED) => Fault::Locked,
        _ => Fault::Refused,
    }
}

/// Whether a commit that failed like this has certainly not been made: not all of it was written, or nothing was tried.
///
/// After any other, such as a failed `fsync`, the log may hold the whole transaction, and be read again after a crash.
pub(super) fn is_definite(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().map_or(0, code_of);
    matches!(code & 0xff, BUSY | LOCKED | FULL | CONSTRAINT)
}

/// The error of a call on an open connection.
pub(super) fn recorder_error(
    error: sqlx::Error,
    operation: &'static str,
    config: &SqliteConfig,
    location: &Location,
) -> RecorderError {
    let error = match decoding(error) {
        Ok(corrupt) => return corrupt,
        Err(error) => error,
    };
    let code = match &error {
        sqlx::Error::PoolClosed => return RecorderError::Closed,
        sqlx::Error::PoolTimedOut => return busy(error, config),
        sqlx::Error::WorkerCrashed => return RecorderError::Disconnected { source: Box::new(error) },
        sqlx::Error::Database(error) => code_of(&**error) & 0xff,
        _ => return other(operation, error),
    };
    match code {
        BUSY | LOCKED | PROTOCOL => busy(error, config),
        READONLY => RecorderError::ReadOnly { database: location.filename.clone(), source: Box::new(error) },
        FULL => RecorderError::StorageFull { source: Box::new(error) },
        CORRUPT => {
            RecorderError::Corrupt { found: format!("pages of {} that are damaged: {error}", location.filename) }
        }
        CANTOPEN | NOTADB => open_error(error, location),
        _ => other(operation, error),
    }
}

/// The write lock was not free in time.
pub(super) fn busy(error: impl Into<Box<dyn std::error::Error + Send + Sync>>, config: &SqliteConfig) -> RecorderError {
    RecorderError::Busy { waited: seconds(config.lock_timeout), setting: "SQLITE_LOCK_TIMEOUT", source: error.into() }
}

fn open_error(error: sqlx::Error, location: &Location) -> RecorderError {
    let code = error.as_database_error().map_or(0, code_of) & 0xff;
    let (cause, cure) = match code {
        NOTADB => (
            "the file is no SQLite database".to_owned(),
            "set SQLITE_DBNAME to another path; the file was left as it is",
        ),
        _ => (
            error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned()),
            "correct SQLITE_DBNAME, or let this process read and write the file and its directory",
        ),
    };
    let source = Some(error.into());
    RecorderError::Open { database: location.filename.clone(), cause, cure: cure.to_owned(), source }
}

fn code_of(error: &dyn sqlx::error::DatabaseError) -> i32 {
    error.code().and_then(|code| code.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{AssertSqlSafe, ConnectOptions};

    use super::*;

    /// What SQLite says, and what it is made into.
    async fn error_of(setup: &str, fails: &str) -> RecorderError {
        let mut connection = SqliteConnectOptions::new().filename(":memory:").connect().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(setup)).execute(&mut connection).await.unwrap();
        let error = sqlx::raw_sql(AssertSqlSafe(fails)).execute(&mut connection).await.unwrap_err();
        let config = SqliteConfig::new(":memory:");
        recorder_error(error, "record events", &config, &Location::of(&config.dbname))
    }

    #[tokio::test]
    async fn a_database_that_can_grow_no_more_is_full() {
        let error = error_of(
            "CREATE TABLE events (state BLOB); PRAGMA max_page_count = 3",
            "INSERT INTO events VALUES (zeroblob(1000000))",
        );
        let error = error.await;
        assert!(matches!(error, RecorderError::StorageFull { .. }), "{error:?}");
        let expected = "the database has no space left, so nothing was recorded; free some and try again";
        assert_eq!(error.to_string(), expected);
    }

    #[tokio::test]
    async fn a_connection_that_may_only_read_is_read_only() {
        let error = error_of("CREATE TABLE events (id); PRAGMA query_only = ON", "DELETE FROM events").await;
        assert!(matches!(error, RecorderError::ReadOnly { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn anything_else_says_what_was_to_be_done_and_the_code() {
        let error = error_of("SELECT 1", "INSERT INTO missing VALUES (1)").await;
        let expected = "the database failed while it was to record events: no such table: missing (code 1)";
        assert_eq!(error.to_string(), expected);
    }
}
