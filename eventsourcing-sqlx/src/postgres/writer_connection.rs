//! The connection that the writer has to itself: kept from one batch to the next, with its statement prepared.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

use eventsourcing_core::RecorderError;
use sqlx::{Connection, PgConnection};
use tokio::time::Instant;

use super::Inner;
use super::answer::{self, within};
use super::trusted::Trusted;

/// Where the connection waits for the next batch.
///
/// It is no connection of the pool: giving one of those back costs another round trip, and those who read can all be busy
/// without keeping anybody from recording.
#[derive(Debug, Default)]
pub(super) struct Held {
    idle: Mutex<Option<Writing>>,
}

/// The connection at work. Dropped rather than given back, it is closed: it may be in the middle of something.
#[derive(Debug)]
pub(super) struct Writing {
    connection: PgConnection,
    since: Instant,
    /// What was recorded on it.
    pub(super) trusted: Trusted,
}

impl Writing {
    pub(super) fn new(connection: PgConnection, trusted: Trusted) -> Self {
        Self { connection, since: Instant::now(), trusted }
    }

    /// The connection, and what was recorded on it.
    pub(super) fn parts(&mut self) -> (&mut PgConnection, &mut Trusted) {
        (&mut self.connection, &mut self.trusted)
    }
}

impl Held {
    /// The connection, made anew if there is none, or none that may still be used.
    pub(super) async fn take(&self, inner: &Inner) -> Result<Writing, RecorderError> {
        if inner.pool.is_closed() {
            return Err(RecorderError::Closed);
        }
        let idle = self.idle().take();
        if let Some(mut writing) = idle {
            let is_young = inner.config.conn_max_age.is_none_or(|age| writing.since.elapsed() < age);
            if is_young
                && (!inner.config.pre_ping || within(answer::limit(&inner.config), writing.ping()).await.is_ok())
            {
                return Ok(writing);
            }
        }
        let mut connection = inner.reconnect().await?;
        // it may lead to another server than the one before
        inner.restore_dictionaries(&mut connection).await?;
        let trusted = Trusted::on(inner.server(&mut connection).await?);
        Ok(Writing::new(connection, trusted))
    }

    /// Keeps a connection that is in no transaction, and of which no answer is outstanding.
    pub(super) fn give_back(&self, writing: Writing) {
        *self.idle() = Some(writing);
    }

    /// Says goodbye to the server.
    pub(super) async fn close(&self) {
        let idle = self.idle().take();
        if let Some(writing) = idle {
            // closed in any case
            drop(writing.connection.close().await);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Option<Writing>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for Writing {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Writing {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}
