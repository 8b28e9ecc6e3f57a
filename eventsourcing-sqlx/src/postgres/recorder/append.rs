//! Appending: the saves of a batch in one statement, and the handling of its errors.

use std::sync::Arc;
use std::time::Duration;

use eventsourcing_core::recording::{Append, LetterChanges, StoredLetter, stamped};
use eventsourcing_core::{RecorderError, StoredEvent, Tracking};
use sqlx::PgConnection;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::Inner;
use super::answer_timeout::{self, within};
use super::error::{Fault, StatementError, detail, fault};
use super::lost_connection::MAX_PAUSE;
use super::recorded_versions::RecordedVersions;
use super::save_batch::SaveBatch;
use super::writer_connection::WriterConnection;
use crate::append::{Found, Positions, SaveOutcome, Storage, predecessors, wanted};
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
        let (tracking, letters) = (batch.tracking(round), batch.letters(round));
        let inserted = self.insert(connection, &batch.missing(round), &tracking, &letters, (stamp, &*trusted)).await;
        self.leave_session(connection, inserted.is_ok()).await?;
        match inserted {
            Ok(first) => {
                trusted.add(batch.missing(round));
                batch.recorded(round, first, stamp);
                Ok(true)
            }
            Err(StatementError::Driver(error))
                if matches!(
                    fault(&error, &self.name),
                    Fault::VersionTaken | Fault::PredecessorMissing | Fault::TrackingMoved | Fault::LettersChanged
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
    async fn confirm(&self, connection: &mut PgConnection) -> Result<(), StatementError> {
        self.keep_session(connection).await?;
        let locked = sqlx::query(self.sql.lock.text()).persistent(self.is_persistent()).execute(&mut *connection).await;
        self.leave_session(connection, locked.is_ok()).await?;
        locked?;
        Ok(())
    }

    /// Sends the one statement, and reads its answer to the end: only then is it known to be committed. Returns the first of the
    /// consecutive ids.
    ///
    /// Anything that could be wrong with the answer makes the statement fail on the server, which then records nothing.
    pub(super) async fn insert(
        &self,
        connection: &mut PgConnection,
        events: &[&StoredEvent],
        tracking: &[&Tracking],
        letters: &[&LetterChanges],
        (stamp, trusted): (u32, &RecordedVersions),
    ) -> Result<u64, StatementError> {
        let first: i64 = if let ([event], [], []) = (events, tracking, letters) {
            sqlx::query_scalar(self.sql.append_one.text())
                .persistent(self.is_persistent())
                .bind(event.originator_id)
                .bind(rows::to_bound(event.originator_version))
                .bind(&*event.topic)
                .bind(&*event.state)
                .bind(rows::to_checksum(event.checksum))
                .bind(stamped(event.append_id, stamp))
                .fetch_one(connection)
                .await?
        } else {
            let (known, unknown): (Vec<_>, Vec<_>) = predecessors(events.iter().copied())
                .into_iter()
                .partition(|(id, version)| letters.is_empty() && trusted.has(*id, *version));
            let columns = |versions: Vec<(Uuid, u64)>| -> (Vec<Uuid>, Vec<i64>) {
                versions.into_iter().map(|(id, version)| (id, rows::to_bound(version))).unzip()
            };
            let ((before_ids, before_versions), (trusted_ids, trusted_versions)) = (columns(unknown), columns(known));
            let statement = if letters.is_empty() { &self.sql.append } else { &self.sql.append_letters };
            let append = sqlx::query_scalar(statement.text())
                .persistent(self.is_persistent())
                .bind(events.iter().map(|event| event.originator_id).collect::<Vec<Uuid>>())
                .bind(events.iter().map(|event| rows::to_bound(event.originator_version)).collect::<Vec<i64>>())
                .bind(events.iter().map(|event| &*event.topic).collect::<Vec<&str>>())
                .bind(events.iter().map(|event| &*event.state).collect::<Vec<&[u8]>>())
                .bind(events.iter().map(|event| rows::to_checksum(event.checksum)).collect::<Vec<Option<i64>>>())
                .bind(events.iter().map(|event| stamped(event.append_id, stamp)).collect::<Vec<Uuid>>())
                .bind(before_ids)
                .bind(before_versions)
                .bind(tracking.iter().map(|tracking| tracking.upstream.as_str()).collect::<Vec<&str>>())
                .bind(tracking.iter().map(|tracking| rows::to_bound(tracking.after)).collect::<Vec<i64>>())
                .bind(tracking.iter().map(|tracking| rows::to_bound(tracking.position)).collect::<Vec<i64>>())
                .bind(tracking.iter().map(|tracking| tracking.anchor).collect::<Vec<Option<Uuid>>>());
            let append = if letters.is_empty() {
                append.bind(trusted_ids).bind(trusted_versions).bind(trusted.server())
            } else {
                with_letters(append, letters)
            };
            append.fetch_one(connection).await?
        };
        Ok(rows::from_id(first)?)
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

/// Adds the parameters for changes of dead letters.
fn with_letters<'q>(append: Scalar<'q>, changes: &[&'q LetterChanges]) -> Scalar<'q> {
    /// The items of a list of each change, each with its upstream.
    fn listed<'q, T: 'q, R>(
        changes: &[&'q LetterChanges],
        list: impl Fn(&'q LetterChanges) -> &'q [T],
        row: impl Fn(&'q T) -> R,
    ) -> (Vec<&'q str>, Vec<R>) {
        let rows = changes.iter().flat_map(|changes| list(changes).iter().map(|row| (changes.upstream.as_str(), row)));
        rows.map(|(upstream, one)| (upstream, row(one))).unzip()
    }
    let (behind_upstreams, behind_ids) = listed(changes, |changes| &changes.behind, |id: &Uuid| *id);
    let (taken_upstreams, taken_ids) = listed(changes, |changes| &changes.taken, |id: &u64| rows::to_bound(*id));
    let (upstreams, letters) = listed(changes, |changes| &changes.parked, |letter: &'q StoredLetter| letter);
    append
        .bind(behind_upstreams)
        .bind(behind_ids)
        .bind(taken_upstreams)
        .bind(taken_ids)
        .bind(upstreams)
        .bind(letters.iter().map(|letter| rows::to_bound(letter.notification_id)).collect::<Vec<i64>>())
        .bind(letters.iter().map(|letter| letter.originator_id).collect::<Vec<Uuid>>())
        .bind(letters.iter().map(|letter| &*letter.state).collect::<Vec<&[u8]>>())
        .bind(letters.iter().map(|letter| rows::to_checksum(letter.checksum)).collect::<Vec<Option<i64>>>())
}

type Scalar<'q> = sqlx::query::QueryScalar<'q, sqlx::Postgres, i64, sqlx::postgres::PgArguments>;

/// The outcome of each save of a batch that failed: the error of all of them, or one that a single save may have caused.
fn verdict(error: RecorderError) -> SaveOutcome {
    match error {
        RecorderError::Database { .. } | RecorderError::Corrupt { .. } => SaveOutcome::Suspect(error),
        error => SaveOutcome::Failed(error),
    }
}
