//! The recorder that keeps events in SQLite.

mod append;
mod error;
mod location;
mod open;
mod select;
mod transaction;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use eventsourcing_core::persistence::{EventQuery, NotificationQuery};
use eventsourcing_core::{Notification, Recorder, RecorderError, StoredEvent};
use sqlx::{Sqlite, SqlitePool};

use self::error::recorder_error;
use self::location::Location;
use crate::config::SqliteConfig;
use crate::connection::ConnGuard;
use crate::error::check_runtime;
use crate::rows;
use crate::sql::sqlite::SqliteSql;
use crate::table_name::TableName;

/// Keeps the events of an application in a SQLite database, in a file or in memory.
///
/// A clone is another handle to the same connections: one that writes and some that read, or, in memory, one for all. A file is
/// in WAL mode with `synchronous=FULL`: what was acknowledged survives a loss of power. An insert is one transaction, and
/// goes on to its end when the future that asked for it is dropped.
///
/// # Examples
///
/// ```
/// use eventsourcing_core::Recorder;
/// use eventsourcing_sqlx::{SqliteConfig, SqliteRecorder};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), eventsourcing_core::RecorderError> {
/// let recorder = SqliteRecorder::open("Universe", SqliteConfig::new(":memory:")).await?;
/// assert_eq!(recorder.max_notification_id().await?, None);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteRecorder {
    inner: Arc<Inner>,
}

struct Inner {
    name: TableName,
    config: SqliteConfig,
    location: Location,
    sql: SqliteSql,
    /// One connection, because SQLite has one writer at a time: several would only wait for each other.
    writer: SqlitePool,
    /// The same pool as `writer` in memory.
    readers: SqlitePool,
    /// Whether the only connection to a database in memory may have been left in a transaction.
    suspect: Arc<AtomicBool>,
}

impl SqliteRecorder {
    /// Opens the tables of an application, and creates them if they are missing and may be created.
    ///
    /// Where the tables are up to date this waits for no lock.
    ///
    /// # Errors
    /// [`RecorderError::Name`] if the application's name makes no table name, [`RecorderError::Open`] and
    /// [`RecorderError::ReadOnly`] if the file is not one that can be used, [`RecorderError::SchemaMissing`] and
    /// [`RecorderError::SchemaTooNew`] if the tables are not as they should be, [`RecorderError::Corrupt`] if a part of
    /// them is missing, which then stays as it is, and [`RecorderError::Open`] outside of a Tokio runtime.
    pub async fn open(application: &str, config: SqliteConfig) -> Result<Self, RecorderError> {
        check_runtime(|| Location::of(&config.dbname).filename)?;
        let name = TableName::of(application)?;
        let sql = SqliteSql::of(&name);
        let location = Location::of(&config.dbname);
        location.check()?;
        let (writer, readers) = open::pools(&config, &location);
        let inner = Inner { name, config, location, sql, writer, readers, suspect: Arc::default() };
        inner.prepare().await?;
        Ok(Self { inner: Arc::new(inner) })
    }
}

#[async_trait]
impl Recorder for SqliteRecorder {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        rows::check_versions(&events)?;
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let inner = Arc::clone(&self.inner);
        // a task of its own: whoever drops this future no longer waits, and the insert is not cut in half
        match tokio::spawn(async move { inner.append(events).await }).await {
            Ok(appended) => appended,
            Err(error) => Err(RecorderError::OutcomeUnknown { source: Box::new(error) }),
        }
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        self.inner.select_events(&query).await
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        self.inner.select_notifications(&query).await
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.inner.max_notification_id().await
    }

    async fn close(&self) {
        self.inner.readers.close().await;
        self.inner.writer.close().await;
    }
}

impl Inner {
    async fn acquire_reader(&self) -> Result<ConnGuard<Sqlite>, sqlx::Error> {
        self.guard(self.readers.acquire().await?).await
    }

    async fn acquire_writer(&self) -> Result<ConnGuard<Sqlite>, sqlx::Error> {
        self.guard(self.writer.acquire().await?).await
    }

    async fn guard(&self, connection: sqlx::pool::PoolConnection<Sqlite>) -> Result<ConnGuard<Sqlite>, sqlx::Error> {
        if !self.location.is_memory {
            return Ok(ConnGuard::new(connection));
        }
        let mut connection = ConnGuard::irreplaceable(connection, Arc::clone(&self.suspect));
        // lowered first: the guard raises it again if the future is dropped, or if the connection proves unusable
        if self.suspect.swap(false, Ordering::AcqRel) {
            transaction::leave(&mut connection).await?;
        }
        Ok(connection)
    }

    fn failed(&self, operation: &'static str, error: sqlx::Error) -> RecorderError {
        recorder_error(error, operation, &self.config, &self.location)
    }
}

impl fmt::Debug for SqliteRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteRecorder")
            .field("application", &self.inner.name.application())
            .field("database", &self.inner.location.filename)
            .finish_non_exhaustive()
    }
}
