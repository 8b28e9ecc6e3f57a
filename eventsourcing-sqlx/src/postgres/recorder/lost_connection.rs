//! Resolving the outcome of a statement whose connection was lost.

use std::time::Duration;

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::Cause;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::time::{Instant, sleep, timeout_at};

use super::Inner;
use super::error::StatementError;
use super::recorded_versions::RecordedVersions;
use super::save_batch::SaveBatch;
use crate::append::SaveOutcome;
use crate::sql::postgres::BEGIN;
use crate::time_limit::deadline;

/// The longest pause between two attempts.
pub(super) const MAX_PAUSE: Duration = Duration::from_secs(2);

impl Inner {
    /// Finds out under the append lock which saves of the round are recorded, and records those that are not.
    ///
    /// The server may still execute the statement whose connection was lost. Once this has the lock, that statement is
    /// either committed, and its rows are found, or it waits for the lock too, and then fails on the versions recorded here.
    pub(super) async fn resolve_lost(&self, batch: &mut SaveBatch<'_>, round: &[usize], lost: sqlx::Error) {
        tracing::warn!(error = %lost, "a connection was lost while events were recorded; finding out whether they are recorded");
        batch.were_sent(round);
        let deadline = deadline(self.config.resolve_timeout);
        let mut pause = Duration::from_millis(50);
        let mut source = Cause::from(lost);
        while !self.pool.is_closed() {
            match timeout_at(deadline, self.try_to_resolve(batch, round)).await {
                Ok(Ok(())) => return,
                Ok(Err(StatementError::Driver(error))) => source = error.into(),
                Ok(Err(StatementError::Recorder(error))) => source = error.into(),
                Err(_) => break,
            }
            if Instant::now() + pause >= deadline {
                break;
            }
            sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
        batch.decide(round, || SaveOutcome::Failed(RecorderError::OutcomeUnknown { source: source.clone() }));
    }

    /// Uses a new connection: those of the writer and the pool may have broken at the same moment.
    async fn try_to_resolve(&self, batch: &mut SaveBatch<'_>, round: &[usize]) -> Result<(), StatementError> {
        let mut connection = self.options.connect().await?;
        let refusal = match self.restore_dictionaries(&mut connection).await {
            Ok(()) => None,
            // rows that are recorded already can still be found
            Err(error @ RecorderError::Corrupt { .. }) => Some(error),
            Err(error) => return Err(error.into()),
        };
        self.resolve_on(&mut connection, batch, round, refusal).await?;
        // resolved already, whether or not the connection closes cleanly
        drop(connection.close().await);
        Ok(())
    }

    async fn resolve_on(
        &self,
        connection: &mut PgConnection,
        batch: &mut SaveBatch<'_>,
        round: &[usize],
        refusal: Option<RecorderError>,
    ) -> Result<(), StatementError> {
        let mut transaction = connection.begin_with(BEGIN).await?;
        self.lock(&mut transaction).await?;
        let (found, positions) = self.look_up(&mut transaction, batch).await?;
        // rows found under the lock do not change, but only this commit waits until a synchronous standby has them too
        if batch.has_own(&found, &positions) {
            transaction.commit().await?;
            batch.resolve(&found, &positions, round);
            if !round.iter().any(|index| batch.is_undecided(*index)) {
                return Ok(());
            }
            transaction = connection.begin_with(BEGIN).await?;
            self.lock(&mut transaction).await?;
        } else {
            batch.resolve(&found, &positions, round);
        }
        let round: Vec<usize> = round.iter().copied().filter(|index| batch.is_undecided(*index)).collect();
        if round.is_empty() {
            transaction.rollback().await?;
            return Ok(());
        }
        if let Some(error) = refusal {
            transaction.rollback().await?;
            batch.decide(&round, || SaveOutcome::Failed(error.clone()));
            return Ok(());
        }
        let stamp = self.stamps.next();
        // the last statement before the commit, with its answer read to the end: COMMIT after a hidden error would roll back
        let trusted = RecordedVersions::default();
        let first = self.insert(&mut transaction, &batch.contents(&round), (stamp, &trusted)).await?;
        transaction.commit().await?;
        batch.recorded(&round, first, stamp);
        Ok(())
    }

    /// Takes the append lock until the transaction ends.
    pub(super) async fn lock(&self, connection: &mut PgConnection) -> Result<(), StatementError> {
        sqlx::query(self.sql.lock.text()).persistent(false).execute(connection).await?;
        Ok(())
    }
}
