//! Opening: how connections are made, and the tables looked at and created.

use std::time::Duration;

use eventsourcing_core::RecorderError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection, SqlitePool};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::error::{Fault, fault};
use super::location::Location;
use super::{Inner, transaction};
use crate::config::SqliteConfig;
use crate::connection::ConnGuard;
use crate::damage::{Tables, no_row};
use crate::deadline::deadline;
use crate::sql::{SCHEMA_VERSION, sqlite as sql};

/// Older versions can lose committed writes when a checkpoint meets a writer (<https://www.sqlite.org/releaselog/3_51_3.html>).
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// Reads that run at the same time.
const READERS: u32 = 4;

/// Rows that SQLite's thread reads ahead of their decoding.
const ROW_BUFFER: usize = 4096;

/// Pages that a connection keeps, in KiB: SQLite's own default of 2 MiB makes long reads half as fast.
const CACHE: &str = "-16384";

/// How long to wait for a connection beyond the lock timeout: it is in use, and by us.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pause between two tries to get what SQLite does not wait for.
pub(super) const PAUSE: Duration = Duration::from_millis(10);

/// The pool of the writer and that of the readers.
pub(super) fn pools(config: &SqliteConfig, location: &Location) -> (SqlitePool, SqlitePool) {
    // SQLite counts milliseconds in an `int`
    let lock_timeout = config.lock_timeout.min(Duration::from_secs(86_400));
    let options = SqliteConnectOptions::new()
        .filename(&location.filename)
        .create_if_missing(true)
        .busy_timeout(lock_timeout)
        .foreign_keys(true)
        .pragma("cache_size", CACHE)
        .row_buffer_size(ROW_BUFFER);
    let pool = SqlitePoolOptions::new().test_before_acquire(false).acquire_timeout(lock_timeout + PATIENCE);
    if location.is_memory {
        // the database is gone when its connection is, so that one stays open whatever happens
        let only = pool.min_connections(0).max_connections(1).idle_timeout(None).max_lifetime(None);
        let only = only.connect_lazy_with(options);
        return (only.clone(), only);
    }
    let writer = options
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // on macOS `fsync` alone leaves data in the drive's cache; elsewhere this changes nothing
        .pragma("fullfsync", "ON")
        .pragma("checkpoint_fullfsync", "ON")
        // a WAL that a long read made large is cut back after the next checkpoint
        .pragma("journal_size_limit", "67108864");
    let reader = options.pragma("query_only", "ON");
    (pool.clone().max_connections(1).connect_lazy_with(writer), pool.max_connections(READERS).connect_lazy_with(reader))
}

impl Inner {
    /// Connects for the first time, and makes sure that the tables are there.
    pub(super) async fn prepare(&self) -> Result<(), RecorderError> {
        let deadline = deadline(self.config.lock_timeout);
        loop {
            let mut connection = self.first_connection(deadline).await?;
            match self.check_and_migrate(&mut connection).await {
                Ok(version) => {
                    connection.mark_clean();
                    return self.check_version(version);
                }
                // memory that others share: SQLite does not wait for them
                Err(Failure::Sqlx(error)) if self.fault(&error) == Fault::Locked && Instant::now() < deadline => {
                    drop(connection);
                    sleep(PAUSE).await;
                }
                Err(Failure::Sqlx(error)) => return Err(self.failed("open the tables", error)),
                Err(Failure::Recorder(error)) => return Err(error),
            }
        }
    }

    async fn check_and_migrate(&self, connection: &mut SqliteConnection) -> Result<i64, Failure> {
        self.check_settings(connection).await?;
        self.look_or_migrate(connection).await
    }

    /// Makes the writer's connection. Putting a file into WAL mode needs it alone, and SQLite does not wait for that.
    async fn first_connection(&self, deadline: Instant) -> Result<ConnGuard<Sqlite>, RecorderError> {
        loop {
            match self.acquire_writer().await {
                Ok(connection) => return Ok(connection),
                Err(error) if self.is_passing(&error) && Instant::now() < deadline => sleep(PAUSE).await,
                Err(error) => return Err(self.failed("open the database", error)),
            }
        }
    }

    /// Whether an error is that of others who are at work on the same database.
    pub(super) fn is_passing(&self, error: &sqlx::Error) -> bool {
        matches!(self.fault(error), Fault::Busy | Fault::Locked)
    }

    pub(super) fn fault(&self, error: &sqlx::Error) -> Fault {
        fault(error, &self.sql.version_taken())
    }

    /// Reads back what durability depends on, because SQLite ignores a pragma that it cannot follow.
    async fn check_settings(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut *connection).await?;
        if is_older(&version) {
            let (major, minor, patch) = OLDEST_SQLITE;
            return Err(Failure::Recorder(self.location.unusable(
                format!("this program is built with SQLite {version}, which can lose committed writes"),
                format!("build it with SQLite {major}.{minor}.{patch} or newer"),
            )));
        }
        if self.location.is_memory {
            return Ok(());
        }
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await?;
        let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *connection).await?;
        let foreign_keys: i64 = sqlx::query_scalar("PRAGMA foreign_keys").fetch_one(&mut *connection).await?;
        for (pragma, is, expected) in [
            ("journal_mode", mode, "wal"),
            ("synchronous", synchronous.to_string(), "2"),
            ("foreign_keys", foreign_keys.to_string(), "1"),
        ] {
            if is != expected {
                return Err(Failure::Recorder(self.location.unusable(
                    format!("SQLite's {pragma} is `{is}` there, not `{expected}`"),
                    "put the file on a local file system that can map memory",
                )));
            }
        }
        Ok(())
    }

    fn check_version(&self, found: i64) -> Result<(), RecorderError> {
        let application = self.name.application().to_owned();
        match found {
            SCHEMA_VERSION => Ok(()),
            found if found > SCHEMA_VERSION => {
                Err(RecorderError::SchemaTooNew { application, found, known: SCHEMA_VERSION })
            }
            found => Err(RecorderError::Corrupt { found: format!("schema version {found}") }),
        }
    }

    /// The version of the tables, which are made if they are missing.
    async fn look_or_migrate(&self, connection: &mut SqliteConnection) -> Result<i64, Failure> {
        if let Some(version) = self.look(connection).await {
            return Ok(version);
        }
        match self.look_closely(connection).await? {
            Some(version) => Ok(version),
            None if self.config.create_table => self.migrate(connection).await,
            None => Err(Failure::Recorder(RecorderError::SchemaMissing {
                application: self.name.application().to_owned(),
                problem: format!("the tables are missing from {}", self.location.filename),
                sql: format!("{};\n{};\n{};\n", sql::BEGIN, self.statements().join(";\n"), sql::COMMIT),
            })),
        }
    }

    /// Makes the tables. Others who do the same at this moment wait, and then find them.
    async fn migrate(&self, connection: &mut SqliteConnection) -> Result<i64, Failure> {
        transaction::begin(connection).await?;
        // again: others may have made them while this waited for the lock
        if let Some(version) = self.look_closely(connection).await? {
            transaction::rollback(connection).await?;
            return Ok(version);
        }
        for statement in self.statements() {
            sqlx::query(AssertSqlSafe(statement)).persistent(false).execute(&mut *connection).await?;
        }
        transaction::commit(connection).await?;
        Ok(SCHEMA_VERSION)
    }

    fn statements(&self) -> Vec<String> {
        self.sql.create(Uuid::new_v4())
    }

    /// The version of the tables, if all is there that should be.
    async fn look(&self, connection: &mut SqliteConnection) -> Option<i64> {
        self.try_to_look(connection).await.ok().flatten()
    }

    async fn try_to_look(&self, connection: &mut SqliteConnection) -> Result<Option<i64>, sqlx::Error> {
        let look: Option<(bool, i64)> =
            sqlx::query_as(self.sql.common.look.text()).bind(self.name.events()).fetch_optional(connection).await?;
        Ok(look.and_then(|(is_whole, version)| is_whole.then_some(version)))
    }

    /// Looks at each part; none if all are missing.
    ///
    /// SQLite's code for a missing table is that of many other errors, so it is not guessed from the first look.
    async fn look_closely(&self, connection: &mut SqliteConnection) -> Result<Option<i64>, Failure> {
        let (events, head) = (self.name.events(), self.name.head());
        let tables: (bool, bool) =
            sqlx::query_as(sql::TABLES).bind(events).bind(head).fetch_one(&mut *connection).await?;
        if !Tables::from(tables).are_there(&self.name)? {
            return Ok(None);
        }
        match self.try_to_look(connection).await? {
            Some(version) => Ok(Some(version)),
            None => Err(Failure::Recorder(no_row(&self.name))),
        }
    }
}

/// How a step can fail: as the driver says, or as we say.
#[derive(Debug)]
pub(super) enum Failure {
    Sqlx(sqlx::Error),
    Recorder(RecorderError),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Sqlx(error)
    }
}

impl From<RecorderError> for Failure {
    fn from(error: RecorderError) -> Self {
        Self::Recorder(error)
    }
}

fn is_older(version: &str) -> bool {
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    (next(), next(), next()) < OLDEST_SQLITE
}

#[cfg(test)]
mod tests {
    use super::is_older;

    #[test]
    fn only_versions_before_the_repair_of_the_wal_are_too_old() {
        for (version, older) in
            [("3.40.1", true), ("3.51.2", true), ("3.51.3", false), ("3.53.0", false), ("4.0.0", false)]
        {
            assert_eq!(is_older(version), older, "{version}");
        }
    }
}
