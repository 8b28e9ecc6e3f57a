//! Finding out what became of an append whose connection was lost.

use std::time::Duration;

use eventsourcing_core::{RecorderError, StoredEvent};
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::time::{Instant, sleep, timeout_at};

use super::Inner;
use super::append::{insert, taken};
use crate::deadline::deadline;
use crate::resolution::{Resolution, complete, resolve};
use crate::rows;
use crate::sql::postgres::BEGIN;

/// The longest pause between two tries.
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// How a try can end that found nothing out.
type Unresolved = Box<dyn std::error::Error + Send + Sync>;

impl Inner {
    /// Finds out under the append lock whether the events are recorded, and records them if they are not.
    ///
    /// The server may still be at work on the statement whose connection was lost. Once this has the lock, that statement is
    /// either done, and its rows are found, or it waits for the lock too, and then fails on the versions recorded here.
    pub(super) async fn resolve_lost(
        &self,
        events: &[StoredEvent],
        lost: sqlx::Error,
    ) -> Result<Vec<u64>, RecorderError> {
        tracing::warn!(error = %lost, "a connection was lost while events were recorded; finding out whether they are");
        let deadline = deadline(self.config.resolve_timeout);
        let mut pause = Duration::from_millis(50);
        let mut source: Unresolved = Box::new(lost);
        while !self.pool.is_closed() {
            match timeout_at(deadline, self.try_to_resolve(events)).await {
                Ok(Ok(found)) => return found,
                Ok(Err(error)) => source = error,
                Err(_) => break,
            }
            if Instant::now() + pause >= deadline {
                break;
            }
            sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
        Err(RecorderError::OutcomeUnknown { source })
    }

    /// Not on a connection of the pool: those may have broken at the same moment.
    async fn try_to_resolve(&self, events: &[StoredEvent]) -> Result<Result<Vec<u64>, RecorderError>, Unresolved> {
        let mut connection = self.options.connect().await?;
        let found = self.resolve_on(&mut connection, events).await?;
        // found out already, whether or not it says goodbye
        drop(connection.close().await);
        Ok(found)
    }

    async fn resolve_on(
        &self,
        connection: &mut PgConnection,
        events: &[StoredEvent],
    ) -> Result<Result<Vec<u64>, RecorderError>, Unresolved> {
        let mut transaction = connection.begin_with(BEGIN).await?;
        let _last: Option<i64> = sqlx::query_scalar(self.sql.lock.text()).fetch_optional(&mut *transaction).await?;
        let taken = taken(&mut transaction, &self.sql.common.taken, events).await?;
        let taken = taken.into_iter().map(rows::taken).collect::<Result<Vec<_>, _>>()?;
        let (ids, missing) = match resolve(events, &taken) {
            Resolution::Free { ids, missing } => (ids, missing),
            Resolution::Conflict { originator_id, tried } => {
                let last: Option<i64> = sqlx::query_scalar(self.sql.common.last_version.text())
                    .bind(originator_id)
                    .fetch_one(&mut *transaction)
                    .await?;
                transaction.rollback().await?;
                let recorded = last.map(rows::from_version).transpose()?.unwrap_or(tried);
                return Ok(Err(RecorderError::Conflict { originator_id, tried, recorded }));
            }
        };
        if missing.is_empty() {
            transaction.rollback().await?;
            return Ok(Ok(complete(ids, 1)));
        }
        let missing: Vec<&StoredEvent> = missing.into_iter().filter_map(|place| events.get(place)).collect();
        // the last statement before the commit, its answer read to the end: an error cannot hide behind a COMMIT that undoes
        let new = insert(&mut transaction, &self.sql.append, &missing).await?;
        let first = self.first_of(&new, missing.len())?;
        transaction.commit().await?;
        Ok(Ok(complete(ids, first)))
    }
}
