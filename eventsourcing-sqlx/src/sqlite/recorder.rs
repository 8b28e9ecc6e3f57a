//! The recorder that keeps events in SQLite.

mod append;
mod busy;
mod columns;
mod commands;
mod connections;
mod dictionaries;
mod error;
mod file_identity;
mod insert;
mod letters;
mod location;
mod log_search;
mod open;
mod originators;
mod places;
mod report;
mod sealed_file;
mod select;
mod sizes;
mod snapshots;
mod times;
mod tracking;
mod transaction;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use eventsourcing_core::recording::{
    Append, Cause, EventPlace, EventQuery, EventVisitor, LetterQuery, LogPosition, NotificationQuery,
    NotificationVisitor, OriginatorIdQuery, OriginatorQuery, OriginatorSummary, OutdatedCommands, RecordedCommand,
    RecordedOriginator, RecordedTime, ReplayQuery, ReplayVisitor, SearchQuery, StoredDictionary, StoredLetter,
    StoredSnapshot, TableSize, TrackedPosition, Watermark,
};
use eventsourcing_core::stats::{Histogram, RecorderStats};
use eventsourcing_core::{CommandId, Notification, Recorder, RecorderError, StoredEvent, Tracking, Uuid};

use self::connections::Connections;
use self::error::recorder_error;
use self::location::Location;
use crate::append::{Stamps, Writer};
use crate::config::SqliteConfig;
use crate::errors::check_runtime;
use crate::read_to_vec;
use crate::schema::TableName;
use crate::sql::sqlite::SqliteSql;
use crate::sqlite::view_locks;

/// A recorder that keeps the events of an application in a SQLite database, in a file or in memory.
///
/// A clone is another handle to the same connections: one that writes and some that read, or, in memory, one for both. A file is
/// in WAL mode with `synchronous=FULL`: acknowledged events survive a loss of power. Concurrent saves are recorded in one transaction
/// (group commit). Each is recorded whole or refused on its own, also if its future is dropped.
///
/// SQLite is called on the thread that polls the future, for half a millisecond at a time when it reads and for a commit when it
/// writes: handing that over to another thread would take longer. Commits to a slow disk block no other task, if the runtime has
/// several threads. Waits for a lock are asynchronous.
///
/// # Examples
///
/// ```
/// # mod eventsourcing { pub use eventsourcing_core::*; pub use eventsourcing_sqlx as database; }
/// use eventsourcing::Recorder;
/// use eventsourcing::database::{SqliteConfig, SqliteRecorder};
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
    writer: Arc<Writer<Inner>>,
}

struct Inner {
    name: TableName,
    config: SqliteConfig,
    location: Location,
    /// The canonical path of the file; set once the file exists.
    file: OnceLock<Option<PathBuf>>,
    sql: SqliteSql,
    connections: Connections,
    /// Whether the last transaction took longer than a task should block a thread of the runtime.
    is_slow: AtomicBool,
    /// How long transactions waited for another writer.
    lock_wait: Histogram,
    /// The last id that this process recorded. Other processes do not notify it of theirs.
    watermark: Watermark,
    /// The id of the log when it was opened.
    log_id: OnceLock<Uuid>,
    stamps: Stamps,
}

impl SqliteRecorder {
    /// Opens the tables of an application. Missing tables are created and old ones migrated, unless the configuration forbids it.
    ///
    /// If the tables are up to date, this waits for no lock. With [`SqliteConfig::read_only`], it changes nothing, and old or missing tables are
    /// [`RecorderError::NotMigrated`].
    ///
    /// # Errors
    /// [`RecorderError::Name`] if the application's name cannot be part of a table name, [`RecorderError::Open`] and
    /// [`RecorderError::ReadOnly`] if the file cannot be used, [`RecorderError::SchemaMissing`] and
    /// [`RecorderError::SchemaTooNew`] if the tables have the wrong version, [`RecorderError::Corrupt`] if some of the tables are
    /// missing, which are then left as they are, and [`RecorderError::Open`] outside of a Tokio runtime or in one without timers.
    pub async fn open(application: &str, config: SqliteConfig) -> Result<Self, RecorderError> {
        check_runtime(|| Location::of(&config.dbname).filename)?;
        let name = TableName::of(application)?;
        let sql = SqliteSql::of(&name);
        let location = Location::of(&config.dbname);
        location.check(config.read_only)?;
        let connections = Connections::new(location.clone(), &config);
        let inner = Arc::new(Inner {
            name,
            config,
            location,
            file: OnceLock::new(),
            sql,
            connections,
            is_slow: AtomicBool::new(false),
            lock_wait: Histogram::new(),
            watermark: Watermark::default(),
            log_id: OnceLock::new(),
            stamps: Stamps::default(),
        });
        inner.prepare().await?;
        let writer = Arc::new(Writer::new(Arc::clone(&inner), inner.config.queue_size));
        Ok(Self { inner, writer })
    }
}

#[async_trait]
impl Recorder for SqliteRecorder {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        self.append(Append::new(events)).await
    }

    async fn insert_tracked(
        &self,
        events: Vec<StoredEvent>,
        tracking: Tracking,
    ) -> Result<Vec<Notification>, RecorderError> {
        self.append(Append::new(events).tracked(tracking)).await
    }

    async fn append(&self, append: Append) -> Result<Vec<Notification>, RecorderError> {
        self.inner.check_held()?;
        append.check()?;
        self.writer.record(append).await
    }

    async fn select_letters(&self, query: LetterQuery) -> Result<Vec<StoredLetter>, RecorderError> {
        self.inner.select_letters(query).await
    }

    async fn count_letters(&self, upstream: &str) -> Result<u64, RecorderError> {
        self.inner.count_letters(upstream).await
    }

    async fn originators_with_letters(&self, upstream: &str, originators: &[Uuid]) -> Result<Vec<Uuid>, RecorderError> {
        self.inner.with_letters(upstream, originators).await
    }

    async fn tracked_position(&self, upstream: &str) -> Result<LogPosition, RecorderError> {
        self.inner.tracked_position(upstream).await
    }

    async fn tracked_positions(&self) -> Result<Vec<TrackedPosition>, RecorderError> {
        self.inner.tracked_positions().await
    }

    async fn table_sizes(&self) -> Result<Vec<TableSize>, RecorderError> {
        self.inner.table_sizes().await
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        read_to_vec::events(self, query).await
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        read_to_vec::notifications(self, query).await
    }

    async fn read_events(&self, query: EventQuery, visit: &mut EventVisitor<'_>) -> Result<(), RecorderError> {
        self.inner.read_events(query, visit).await
    }

    async fn read_notifications(
        &self,
        query: NotificationQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<(), RecorderError> {
        self.inner.read_notifications(query, visit).await
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.inner.max_notification_id().await
    }

    async fn search_notifications(
        &self,
        query: SearchQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<Option<u64>, RecorderError> {
        self.inner.search_notifications(query, visit).await
    }

    async fn position_at(&self, notification_id: u64) -> Result<Option<LogPosition>, RecorderError> {
        self.inner.position_at(notification_id).await
    }

    async fn last_position(&self) -> Result<LogPosition, RecorderError> {
        self.inner.last_position().await
    }

    async fn initialize_tracking(&self, upstream: &str, position: LogPosition) -> Result<LogPosition, RecorderError> {
        self.inner.initialize_tracking(upstream, position).await
    }

    async fn move_tracking(&self, upstream: &str, from: LogPosition, to: LogPosition) -> Result<(), RecorderError> {
        self.inner.move_tracking(upstream, from, to).await
    }

    async fn insert_dictionary(&self, dictionary: StoredDictionary) -> Result<bool, RecorderError> {
        self.inner.check_held()?;
        self.inner.insert_dictionary(dictionary).await
    }

    async fn select_dictionaries(&self, after: u32) -> Result<Vec<StoredDictionary>, RecorderError> {
        self.inner.select_dictionaries(after).await
    }

    async fn select_originators(&self, query: OriginatorQuery) -> Result<Vec<RecordedOriginator>, RecorderError> {
        self.inner.select_originators(query).await
    }

    async fn select_originators_by_id(
        &self,
        query: OriginatorIdQuery,
    ) -> Result<Vec<OriginatorSummary>, RecorderError> {
        self.inner.select_originators_by_id(query).await
    }

    async fn count_originators(&self, topics: &[String]) -> Result<u64, RecorderError> {
        self.inner.count_originators(topics).await
    }

    fn stats(&self) -> RecorderStats {
        self.writer.stats("sqlite")
    }

    fn keeps_snapshots(&self) -> bool {
        true
    }

    async fn insert_snapshot(&self, snapshot: StoredSnapshot, keep: usize) -> Result<bool, RecorderError> {
        snapshot.check()?;
        self.inner.check_held()?;
        self.inner.insert_snapshot(snapshot, keep).await
    }

    async fn delete_snapshots(&self, originator_id: Uuid) -> Result<(), RecorderError> {
        self.inner.check_held()?;
        self.inner.delete_snapshots(originator_id).await
    }

    async fn read_replay(&self, query: ReplayQuery, visit: &mut ReplayVisitor<'_>) -> Result<(), RecorderError> {
        self.inner.read_replay(query, visit).await
    }

    async fn select_recorded_times(&self, ids: &[u64]) -> Result<Vec<RecordedTime>, RecorderError> {
        self.inner.select_recorded_times(ids).await
    }

    async fn select_event_places(&self, id: Uuid, versions: &[u64]) -> Result<Vec<EventPlace>, RecorderError> {
        self.inner.select_event_places(id, versions).await
    }

    fn keeps_commands(&self) -> bool {
        true
    }

    async fn find_command(&self, id: CommandId) -> Result<Option<RecordedCommand>, RecorderError> {
        self.inner.find_command(id).await
    }

    async fn delete_commands(&self, outdated: OutdatedCommands, limit: usize) -> Result<u64, RecorderError> {
        self.inner.check_held()?;
        self.inner.delete_commands(outdated, limit).await
    }

    async fn recorded_after(&self, after: u64) {
        self.inner.watermark.passed(after).await;
    }

    async fn log_identity(&self) -> Result<Option<String>, RecorderError> {
        // a copy of a file has the same log id, and is another log
        let file = self.inner.connections.file_number();
        Ok(self.inner.log_id.get().map(|log_id| format!("SQLite log {log_id} in the file {file:?}")))
    }

    async fn is_writable(&self) -> Result<Option<bool>, RecorderError> {
        self.inner.is_writable().map(Some)
    }

    async fn close(&self) {
        self.writer.close().await;
        self.inner.connections.close();
        self.inner.watermark.raise(u64::MAX);
    }
}

impl Inner {
    /// Refuses to wait for the lock of a view's transaction in the calling task.
    fn check_held(&self) -> Result<(), RecorderError> {
        view_locks::check(self.file())
    }

    /// Whether the file is the one that was opened, and its permissions allow writes.
    fn is_writable(&self) -> Result<bool, RecorderError> {
        if self.config.read_only {
            return Ok(false);
        }
        self.connections.check_file()?;
        Ok(!self.location.is_write_protected())
    }

    /// The canonical path of the file.
    fn file(&self) -> Option<&Path> {
        self.file.get_or_init(|| self.location.path().and_then(view_locks::identity)).as_deref()
    }

    fn failed(&self, operation: &'static str, error: rusqlite::Error) -> RecorderError {
        match recorder_error(error, operation, &self.config, &self.location) {
            RecorderError::Busy { waited, setting, source } => {
                let source = view_locks::hint(self.file()).map_or(source, Cause::from);
                RecorderError::Busy { waited, setting, source }
            }
            error => error,
        }
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
