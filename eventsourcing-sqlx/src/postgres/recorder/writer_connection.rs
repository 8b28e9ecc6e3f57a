//! The writer's own connection: kept from one batch to the next, with its prepared statement.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use eventsourcing_core::RecorderError;
use sqlx::{Connection, PgConnection};
use tokio::time::Instant;

use super::Inner;
use super::answer_timeout::{self, within};
use super::recorded_versions::RecordedVersions;

/// The slot in which the connection waits for the next batch.
///
/// It is not a connection of the pool: returning one costs another round trip, and busy readers must not delay the writer.
#[derive(Debug, Default)]
pub(super) struct WriterSlot {
    idle: Mutex<Option<WriterConnection>>,
}

/// The connection in use. Dropped without being given back, it is closed, since its state is unknown.
#[derive(Debug)]
pub(super) struct WriterConnection {
    connection: PgConnection,
    since: Instant,
    /// The versions recorded on it.
    pub(super) trusted: RecordedVersions,
}

impl WriterConnection {
    pub(super) fn new(connection: PgConnection, trusted: RecordedVersions) -> Self {
        Self { connection, since: Instant::now(), trusted }
    }

    /// The connection, and the versions recorded on it.
    pub(super) fn parts(&mut self) -> (&mut PgConnection, &mut RecordedVersions) {
        (&mut self.connection, &mut self.trusted)
    }
}

impl WriterSlot {
    /// The connection, or a new one if there is none that can be used.
    pub(super) async fn take(&self, inner: &Inner) -> Result<WriterConnection, RecorderError> {
        if inner.pool.is_closed() {
            return Err(RecorderError::Closed);
        }
        let idle = self.idle().take();
        if let Some(mut writing) = idle {
            let is_young = inner.config.conn_max_age.is_none_or(|age| writing.since.elapsed() < age);
            if is_young
                && (!inner.config.pre_ping
                    || within(answer_timeout::limit(&inner.config), writing.ping()).await.is_ok())
            {
                return Ok(writing);
            }
        }
        let mut connection = inner.reconnect().await?;
        // it may lead to another server than before
        inner.restore_dictionaries(&mut connection).await?;
        let trusted = RecordedVersions::on(inner.server(&mut connection).await?);
        Ok(WriterConnection::new(connection, trusted))
    }

    /// Keeps a connection. It must be in no transaction, and no answer may be outstanding.
    pub(super) fn give_back(&self, writing: WriterConnection) {
        *self.idle() = Some(writing);
    }

    /// Closes the connection.
    pub(super) async fn close(&self) {
        let idle = self.idle().take();
        if let Some(writing) = idle {
            // closed in any case
            drop(writing.connection.close().await);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Option<WriterConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for WriterConnection {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for WriterConnection {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}
