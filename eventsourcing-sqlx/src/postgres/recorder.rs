//! The recorder that keeps events in PostgreSQL.

mod answer_timeout;
mod append;
mod commands;
mod dictionaries;
mod error;
mod insert;
mod letters;
mod listen;
mod log_search;
mod lost_connection;
mod notify;
mod open;
mod originators;
mod places;
mod pooler_session;
mod privilege;
mod reachability;
mod reader_connections;
mod recorded_versions;
mod report;
mod save_batch;
mod select;
mod sizes;
mod snapshots;
mod times;
mod tracking;
mod writer_connection;

use std::fmt;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use async_trait::async_trait;
use eventsourcing_core::recording::{
    Append, EventPlace, EventQuery, EventVisitor, LetterQuery, LogPosition, NotificationQuery, NotificationVisitor,
    OriginatorIdQuery, OriginatorQuery, OriginatorSummary, OutdatedCommands, RecordedCommand, RecordedOriginator,
    RecordedTime, ReplayQuery, ReplayVisitor, SearchQuery, StoredDictionary, StoredLetter, StoredSnapshot, TableSize,
    TrackedPosition, Watermark,
};
use eventsourcing_core::stats::RecorderStats;
use eventsourcing_core::{CommandId, Notification, Recorder, RecorderError, StoredEvent, Tracking, Uuid};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection, PgPool};
use tokio::runtime::Handle;

use self::dictionaries::KnownDictionaries;
use self::error::{connect_timeout, open_error, reconnect_error, recorder_error};
use self::listen::Listener;
use self::notify::Notifier;
use self::reachability::Reachability;
use self::reader_connections::{BorrowedConnection, ReaderConnections};
use self::writer_connection::WriterSlot;
use crate::append::{Stamps, Writer, bytes_of};
use crate::config::PostgresConfig;
use crate::errors::{check_runtime, no_runtime};
use crate::schema::TableName;
use crate::sql::postgres::PostgresSql;
use crate::time_limit::timeout;
use crate::{read_to_vec, runtime};

/// The most bytes of states in one save: PostgreSQL takes no message of more than 1 GiB.
const MAX_SAVE: u64 = 1_000_000_000;

/// A recorder that keeps the events of an application in a PostgreSQL database.
///
/// A clone is another handle to the same connections: a pool of connections that read, and one that writes. Concurrent saves are recorded
/// together (group commit), by one statement in one round trip, for any number of saves and events.
/// Each save is recorded or refused on its own. It completes even if its future is dropped. If the connection breaks, the recorder
/// finds out whether the events were recorded.
///
/// # Examples
///
/// ```no_run
/// # mod eventsourcing { pub use eventsourcing_core::*; pub use eventsourcing_sqlx as database; }
/// use eventsourcing::Recorder;
/// use eventsourcing::database::{PostgresConfig, PostgresRecorder};
///
/// # async fn example() -> Result<(), eventsourcing_core::RecorderError> {
/// let mut config = PostgresConfig::new("shop", "localhost", "ada");
/// config.password = Some("secret".to_owned());
/// let recorder = PostgresRecorder::open("Universe", config).await?;
/// assert_eq!(recorder.max_notification_id().await?, None);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresRecorder {
    inner: Arc<Inner>,
    writer: Arc<Writer<Inner>>,
}

struct Inner {
    name: TableName,
    config: PostgresConfig,
    options: PgConnectOptions,
    sql: PostgresSql,
    /// The connections that read.
    pool: PgPool,
    /// Those of them that are kept between two uses.
    readers: ReaderConnections,
    /// The connection that writes.
    writer: WriterSlot,
    /// The last id known to be recorded, by this process or, through notifications, by others.
    watermark: Arc<Watermark>,
    notifier: Notifier,
    listener: Listener,
    /// Whether the server was a standby when it was opened, where nothing listens.
    is_standby: OnceLock<bool>,
    /// Distinguishes a server that is down from a pool whose connections are all in use.
    reachability: Reachability,
    stamps: Stamps,
    /// The dictionaries with which states may have been written.
    known_dictionaries: KnownDictionaries,
    /// Up to which place outdated commands are deleted, until none is left.
    pruned_to: AtomicI64,
}

impl PostgresRecorder {
    /// Opens the tables of an application. Missing tables are created and old ones migrated, unless the configuration forbids it.
    ///
    /// If the tables are up to date, this takes one connection and one `SELECT`, and waits for no lock. With [`PostgresConfig::read_only`], it
    /// changes nothing, the server may be a standby, and old or missing tables are [`RecorderError::NotMigrated`].
    ///
    /// # Errors
    /// [`RecorderError::Name`] if the application's name cannot be part of a table name, [`RecorderError::Open`] if the database cannot be
    /// reached, [`RecorderError::SchemaMissing`] and [`RecorderError::SchemaTooNew`] if the tables have the wrong version,
    /// [`RecorderError::ReadOnly`] if the server is a standby, [`RecorderError::Corrupt`] if some of the tables are missing, which are
    /// then left as they are, and [`RecorderError::Open`] outside of a Tokio runtime or in one without timers.
    pub async fn open(application: &str, config: PostgresConfig) -> Result<Self, RecorderError> {
        check_runtime(|| config.name())?;
        let name = TableName::of(application)?;
        config.check()?;
        let sql = PostgresSql::of(&name, &config.schema);
        let options = open::options(&name, &config);
        let pool = open::pool(&config, options.clone());
        let readers = ReaderConnections::new(&config);
        let inner = Arc::new(Inner {
            name,
            config,
            options,
            sql,
            pool,
            readers,
            writer: WriterSlot::default(),
            watermark: Arc::default(),
            notifier: Notifier::default(),
            listener: Listener::default(),
            is_standby: OnceLock::new(),
            reachability: Reachability::default(),
            stamps: Stamps::default(),
            known_dictionaries: KnownDictionaries::default(),
            pruned_to: AtomicI64::new(0),
        });
        // the writer's connection is made on the runtime on which the writer runs
        let preparing = Arc::clone(&inner);
        runtime::run(async move { preparing.prepare().await }).await?;
        let writer = Arc::new(Writer::new(Arc::clone(&inner), inner.config.queue_size));
        Ok(Self { inner, writer })
    }
}

#[async_trait]
impl Recorder for PostgresRecorder {
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
        self.inner.check_writable()?;
        append.check()?;
        // the server would read a message of more than 1 GiB to its end before it refuses it
        let bytes = bytes_of(&append) as u64;
        if bytes > MAX_SAVE {
            return Err(RecorderError::SaveTooLarge { bytes, max: MAX_SAVE });
        }
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
        self.writer.stats("postgresql")
    }

    fn keeps_snapshots(&self) -> bool {
        true
    }

    async fn insert_snapshot(&self, snapshot: StoredSnapshot, keep: usize) -> Result<bool, RecorderError> {
        snapshot.check()?;
        self.inner.insert_snapshot(snapshot, keep).await
    }

    async fn delete_snapshots(&self, originator_id: Uuid) -> Result<(), RecorderError> {
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
        self.inner.delete_commands(outdated, limit).await
    }

    async fn recorded_after(&self, after: u64) {
        self.inner.listen();
        self.inner.watermark.passed(after).await;
    }

    async fn log_identity(&self) -> Result<Option<String>, RecorderError> {
        self.inner.log_identity().await.map(Some)
    }

    async fn is_writable(&self) -> Result<Option<bool>, RecorderError> {
        self.inner.is_writable().await.map(Some)
    }

    async fn close(&self) {
        self.writer.close().await;
        self.inner.listener.stop();
        self.inner.readers.close();
        // connections that do not close in time are dropped
        let limit = answer_timeout::limit(&self.inner.config);
        if timeout(limit, self.inner.pool.close()).await.is_err() {
            tracing::debug!("connections were not closed in time");
        }
        let _ = timeout(limit, self.inner.writer.close()).await;
        self.inner.watermark.raise(u64::MAX);
    }
}

impl Inner {
    /// A connection of the pool.
    async fn acquire(&self) -> Result<BorrowedConnection<'_>, RecorderError> {
        // without a runtime the pool would panic
        if Handle::try_current().is_err() {
            return Err(no_runtime("connect"));
        }
        let begun = Instant::now();
        let acquired = loop {
            match self.readers.acquire(&self.pool, answer_timeout::limit(&self.config)).await {
                // a paused clock jumps to the end of the wait
                Err(sqlx::Error::PoolTimedOut) if begun.elapsed() < self.config.connect_timeout / 2 => {}
                acquired => break acquired,
            }
        };
        match acquired {
            Ok(connection) => Ok(connection),
            // the pool returns the same error if the server is down and if all connections are in use
            Err(sqlx::Error::PoolTimedOut) => {
                let (options, config) = (self.options.clone(), self.config.clone());
                let connect = async move { reconnect(&options, &config).await.err() };
                let unreachable = self.reachability.check(connect).await;
                Err(unreachable.unwrap_or_else(|| self.failed("connect", sqlx::Error::PoolTimedOut)))
            }
            Err(sqlx::Error::PoolClosed) => Err(RecorderError::Closed),
            Err(error) => Err(reconnect_error(error, &self.config)),
        }
    }

    /// The first connection of all, beside those of the pool.
    async fn connect(&self) -> Result<PgConnection, RecorderError> {
        match timeout(self.config.connect_timeout, self.options.connect()).await {
            Ok(connection) => connection.map_err(|error| open_error(error, &self.config)),
            Err(_) => Err(connect_timeout(&self.config)),
        }
    }

    /// A new connection in place of one that was lost, beside those of the pool.
    async fn reconnect(&self) -> Result<PgConnection, RecorderError> {
        reconnect(&self.options, &self.config).await
    }

    fn failed(&self, operation: &'static str, error: sqlx::Error) -> RecorderError {
        recorder_error(error, operation, &self.config)
    }
}

async fn reconnect(options: &PgConnectOptions, config: &PostgresConfig) -> Result<PgConnection, RecorderError> {
    match timeout(config.connect_timeout, options.connect()).await {
        Ok(connection) => connection.map_err(|error| reconnect_error(error, config)),
        Err(elapsed) => Err(RecorderError::Disconnected { source: elapsed.to_string().into() }),
    }
}

impl fmt::Debug for PostgresRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresRecorder")
            .field("application", &self.inner.name.application())
            .field("database", &self.inner.config.name())
            .field("schema", &self.inner.config.schema)
            .finish_non_exhaustive()
    }
}
