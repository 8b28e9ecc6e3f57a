//! Appending: the saves of a batch in one statement, and the handling of its errors.

use std::sync::Arc;
use std::time::Duration;

use eventsourcing_core::recording::Append;
use eventsourcing_core::stats::Durations;
use eventsourcing_core::{RecorderError, StoredEvent};
use sqlx::PgConnection;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::Inner;
use super::answer_timeout::{self, within};
use super::error::{Fault, StatementError, detail, fault};
use super::lost_connection::MAX_PAUSE;
use super::save_batch::SaveBatch;
use super::writer_connection::WriterConnection;
use crate::append::{Found, Positions, SaveOutcome, Storage, wanted};
use crate::rows::{self, LookRow};
use crate::time_limit::deadline;

/// How often a batch is sent if the server rolls it back without deciding any of its saves.
const ATTEMPTS: u32 = 10;

impl Storage for Inner {
    async fn record(&self, saves: &[&Append], were_sent: bool) -> Vec<SaveOutcome> {
        let mut batch = SaveBatch::of(saves, were_sent);
        self.append(&mut batch).await;
        batch.into_outcomes()
    }

    fn recorded(self: &Arc<Self>, last: u64) {
        self.watermark.raise(last);
        self.notify();
    }

    /// It is unknown: the wait happens in the server, within the statement that appends.
    fn lock_wait(&self) -> Option<Durations> {
        None
    }

    /// Never: a round trip would block the caller's thread.
    fn record_now(&self, _: &[&Append]) -> Option<Vec<SaveOutcome>> {
        None
    }
}

impl Inner {
    /// Sends the batch until each of its saves has an outcome.
    async fn append(&self, batch: &mut SaveBatch<'_>) {
        // attempts that decided nothing
        let mut attempt = 1;
        // the time to look for a primary is the time to look for an outcome
        let (deadline, mut pause) = (deadline(self.config.resolve_timeout), Duration::from_millis(50));
        loop {
            let round = batch.next_round();
            if round.is_empty() {
                return;
            }
            let mut connection = match self.writer.take(self).await {
                Ok(connection) => connection,
                Err(error) => return batch.decide_rest(|| SaveOutcome::Unreachable(error.clone())),
            };
            let sent = within(answer_timeout::limit(&self.config), self.send(&mut connection, batch, &round));
            let error = match sent.await {
                Ok(true) => {
                    self.writer.give_back(connection);
                    attempt = 1;
                    continue;
                }
                // the lookup found no conflict, but the append was refused
                Ok(false) if attempt < ATTEMPTS => {
                    self.writer.give_back(connection);
                    attempt += 1;
                    continue;
                }
                Ok(false) => {
                    let found = "a version that the insert and the lookup disagree about".to_owned();
                    return batch.decide_rest(|| SaveOutcome::Suspect(RecorderError::Corrupt { found: found.clone() }));
                }
                Err(StatementError::Recorder(error)) => {
                    self.writer.give_back(connection);
                    return batch.decide_rest(|| SaveOutcome::Suspect(error.clone()));
                }
                Err(StatementError::Driver(error)) => error,
            };
            let fault = fault(&error, &self.name);
            match fault {
                Fault::Lost => {
                    drop(connection);
                    self.resolve_lost(batch, &round, error).await;
                    attempt = 1;
                    continue;
                }
                // the address may lead to another server by now
                Fault::NotPrimary => {
                    drop(connection);
                    if Instant::now() + pause < deadline {
                        tracing::warn!(%error, "the server accepts no writes; looking for one that does");
                        sleep(pause).await;
                        pause = (pause * 2).min(MAX_PAUSE);
                        continue;
                    }
                    let error = self.failed("record events", error);
                    return batch.decide_rest(|| SaveOutcome::Unreachable(error.clone()));
                }
                // closed, because a retry would fail again
                Fault::StaleConnection => drop(connection),
                // the server's answer to a single statement, which it rolled back
                _ if error.as_database_error().is_some() => self.writer.give_back(connection),
                _ => drop(connection),
            }
            match fault {
                Fault::Superseded if attempt < ATTEMPTS => sleep(Duration::from_millis(5) * attempt).await,
                Fault::StaleConnection if attempt < ATTEMPTS => {}
                Fault::IdTaken => {
                    let found = "a notification id above the last one of the head table".to_owned();
                    return batch.decide_rest(|| SaveOutcome::Failed(RecorderError::Corrupt { found: found.clone() }));
                }
                Fault::NoHead => {
                    let error = self.no_head();
                    return batch.decide_rest(|| SaveOutcome::Suspect(error.clone()));
                }
                Fault::NotAsGiven => {
                    let found =
                        format!("something, such as a trigger, that changed or dropped events ({})", detail(&error));
                    return batch.decide_rest(|| SaveOutcome::Suspect(RecorderError::Corrupt { found: found.clone() }));
                }
                Fault::IdsExhausted => {
                    let last = self.max_notification_id().await.ok().flatten().unwrap_or_default();
                    let wanted = batch.missing(&round).len();
                    return batch
                        .decide_rest(|| SaveOutcome::Suspect(RecorderError::PositionExhausted { last, wanted }));
                }
                _ => {
                    let error = self.failed("record events", error);
                    return batch.decide_rest(|| verdict(error.clone()));
                }
            }
            attempt += 1;
        }
    }

    /// Sends a round: a lookup if there may be conflicts, and the insert. Returns whether it decided any save.
    async fn send(
        &self,
        writing: &mut WriterConnection,
        batch: &mut SaveBatch<'_>,
        round: &[usize],
    ) -> Result<bool, StatementError> {
        let (connection, trusted) = writing.parts();
        if batch.must_look() {
            self.keep_session(connection).await?;
            let found = self.look_up(connection, batch).await;
            self.leave_session(connection, found.is_ok()).await?;
            let (found, positions) = found?;
            if batch.has_own(&found, &positions) {
                self.confirm(connection).await?;
            }
            if batch.resolve(&found, &positions, round) {
                return Ok(true);
            }
        }
        self.keep_session(connection).await?;
        let stamp = self.stamps.next();
        let contents = batch.contents(round);
        let inserted = self.insert(connection, &contents, (stamp, &*trusted)).await;
        self.leave_session(connection, inserted.is_ok()).await?;
        match inserted {
            Ok(first) => {
                trusted.add(contents.events);
                batch.recorded(round, first, stamp);
                Ok(true)
            }
            Err(StatementError::Driver(error))
                if matches!(
                    fault(&error, &self.name),
                    Fault::VersionTaken
                        | Fault::PredecessorMissing
                        | Fault::TrackingMoved
                        | Fault::LettersChanged
                        | Fault::CommandTaken
                ) =>
            {
                let looked = batch.must_look();
                batch.look_first();
                Ok(!looked)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Waits until all rows that are visible on this connection are durable, also on a synchronous standby.
    ///
    /// The rows of an append that was interrupted while it waited for a standby are visible here, and lost if the standby takes over. A
    /// commit waits for everything written before it, provided that it has written something itself: the lock.
    pub(super) async fn confirm(&self, connection: &mut PgConnection) -> Result<(), StatementError> {
        self.keep_session(connection).await?;
        let locked = sqlx::query(self.sql.lock.text()).persistent(self.is_persistent()).execute(&mut *connection).await;
        self.leave_session(connection, locked.is_ok()).await?;
        locked?;
        Ok(())
    }

    /// The server process and the row version of the head; none behind a pooler, where they say nothing about the session.
    pub(super) async fn server(&self, connection: &mut PgConnection) -> Result<Option<String>, RecorderError> {
        if self.config.transaction_pooling {
            return Ok(None);
        }
        let look = sqlx::query_scalar(self.sql.server.text()).persistent(false).fetch_optional(connection);
        within(answer_timeout::limit(&self.config), look).await.map_err(|error| self.failed("read the head", error))
    }

    pub(super) fn no_head(&self) -> RecorderError {
        RecorderError::Corrupt { found: format!("no row in the head table of {}", self.name.application()) }
    }

    /// Looks up rows that may conflict with the undecided saves.
    pub(super) async fn look_up(
        &self,
        connection: &mut PgConnection,
        batch: &SaveBatch<'_>,
    ) -> Result<(Found, Positions), StatementError> {
        let mut found = self.look_up_versions(connection, batch.undecided_events()).await?;
        for changes in batch.undecided_letters() {
            self.look_up_letters(connection, changes, &mut found).await?;
        }
        let commands = batch.undecided_commands();
        if !commands.is_empty() {
            self.look_up_commands(connection, &commands, &mut found).await?;
        }
        let upstreams = batch.undecided_upstreams();
        let positions = if upstreams.is_empty() {
            Positions::new()
        } else {
            self.look_up_positions(connection, &upstreams).await?
        };
        Ok((found, positions))
    }

    async fn look_up_versions(
        &self,
        connection: &mut PgConnection,
        events: impl Iterator<Item = &StoredEvent>,
    ) -> Result<Found, StatementError> {
        let (ids, versions): (Vec<Uuid>, Vec<i64>) =
            wanted(events).into_iter().map(|(id, version)| (id, rows::to_bound(version))).unzip();
        let rows: Vec<LookRow> = sqlx::query_as(self.sql.common.taken.text())
            .persistent(self.is_persistent())
            .bind(ids)
            .bind(versions)
            .fetch_all(connection)
            .await?;
        let mut found = Found::default();
        for row in rows {
            found.add(row)?;
        }
        Ok(found)
    }
}

/// The outcome of each save of a batch that failed: the error of all of them, or one that a single save may have caused.
fn verdict(error: RecorderError) -> SaveOutcome {
    match error {
        RecorderError::Database { .. } | RecorderError::Corrupt { .. } => SaveOutcome::Suspect(error),
        error => SaveOutcome::Failed(error),
    }
}
