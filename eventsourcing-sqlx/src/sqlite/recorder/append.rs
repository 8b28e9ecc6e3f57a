//! Appending: the saves of a batch in one transaction, each with its own outcome.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use eventsourcing_core::recording::{Append, Cause};
use eventsourcing_core::stats::Durations;
use eventsourcing_core::{LogPosition, RecorderError, StoredEvent, Timestamp, Tracking};
use rusqlite::{Connection, OptionalExtension, params};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::error::{StatementError, is_definite, is_of_database};
use super::insert::Refusal;
use super::transaction::{Stop, Terms, execute, whole};
use super::{Inner, columns};
use crate::append::{Found, Positions, Resolution, SaveOutcome, Storage, complete, resolve, wanted};
use crate::rows;
use crate::sql::sqlite::{BEGIN, COMMIT, ROLLBACK};
use crate::time_limit::deadline;

/// How often a failed commit is looked up before its outcome counts as unknown.
const RESOLUTIONS: usize = 3;

/// The first and the longest pause before another attempt to get the write lock.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(10));

/// How long a transaction may take on the caller's thread. After a longer one, the next is made where it blocks no other task.
const QUICK: Duration = Duration::from_millis(1);

/// What the next event gets.
struct Next {
    id: u64,
    time: i64,
}

/// How a transaction ended.
enum Ended {
    /// It is committed, with the outcome of each save.
    Committed(Vec<SaveOutcome>),
    /// It was rolled back, or never began.
    Failed(StatementError),
    /// `COMMIT` failed: it is committed or not.
    Unknown(rusqlite::Error),
}

impl Storage for Inner {
    /// A call can only be dropped while nothing is recorded, so `were_sent` does not matter.
    async fn record(&self, saves: &[&Append], _were_sent: bool) -> Vec<SaveOutcome> {
        let deadline = deadline(self.config.lock_timeout);
        let (mut pause, longest) = PAUSES;
        let mut waits_since = None;
        loop {
            let tried = Instant::now();
            let recorded = without_blocking_tasks(|| self.record_at_once(saves));
            let is_busy = recorded.as_ref().is_err_and(|failure| self.is_busy(failure));
            if is_busy {
                waits_since.get_or_insert(tried);
            }
            let is_over = !is_busy || Instant::now() >= deadline;
            if let (true, Some(since)) = (is_over, waits_since) {
                self.lock_wait.record_duration(since.elapsed());
            }
            match recorded {
                Ok(outcomes) => return outcomes,
                Err(failure) if is_over => return self.refused(saves, failure),
                Err(_) => {}
            }
            sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    fn recorded(self: &Arc<Self>, last: u64) {
        self.watermark.raise(last);
    }

    fn lock_wait(&self) -> Option<Durations> {
        Some(self.lock_wait.durations())
    }

    /// A commit to a fast disk takes little longer than waking another thread.
    fn record_now(&self, saves: &[&Append]) -> Option<Vec<SaveOutcome>> {
        if self.is_slow.load(Ordering::Relaxed) {
            return None;
        }
        match self.record_at_once(saves) {
            Ok(outcomes) => Some(outcomes),
            // waiting for a lock is left to a task
            Err(failure) if self.is_busy(&failure) => None,
            Err(failure) => Some(self.refused(saves, failure)),
        }
    }
}

/// Runs a function that blocks for the time of a commit without blocking other tasks, if the runtime allows that.
fn without_blocking_tasks<T>(blocks: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        // only called in a task of the writer, where Tokio allows it
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(blocks),
        _ => blocks(),
    }
}

impl Inner {
    /// Records a batch without waiting for a lock. If it fails as a whole, nothing is recorded.
    fn record_at_once(&self, saves: &[&Append]) -> Result<Vec<SaveOutcome>, StatementError> {
        let mut unknown: Option<Cause> = None;
        for _ in 0..=RESOLUTIONS {
            match (self.transact(saves, unknown.is_some()), &unknown) {
                (Ended::Committed(outcomes), None) => return Ok(outcomes),
                (Ended::Committed(outcomes), Some(source)) => {
                    return Ok(outcomes.into_iter().map(|outcome| certain(outcome, source)).collect());
                }
                (Ended::Failed(failure), None) => return Err(failure),
                (Ended::Failed(_), Some(_)) => break,
                // once more, on another connection: rows that were recorded are recognized by their append ids
                (Ended::Unknown(error), _) => unknown = Some(error.into()),
            }
        }
        let source = unknown.unwrap_or_else(|| "the transaction did not end".into());
        let outcome = |_| SaveOutcome::Failed(RecorderError::OutcomeUnknown { source: source.clone() });
        Ok(saves.iter().map(outcome).collect())
    }

    /// One transaction from `BEGIN` to `COMMIT` or `ROLLBACK`. `were_sent` says that an earlier one of these saves may be committed.
    fn transact(&self, saves: &[&Append], were_sent: bool) -> Ended {
        let begun = Instant::now();
        let ended = self.connections.write(|connection| {
            self.transact_on(
                connection,
                saves,
                &Terms { stamp: self.stamps.next(), time: 0, were_sent, is_guarded: false },
            )
        });
        self.is_slow.store(begun.elapsed() > QUICK, Ordering::Relaxed);
        ended.unwrap_or_else(Ended::Failed)
    }

    fn transact_on(&self, connection: &Connection, saves: &[&Append], terms: &Terms) -> Result<Ended, StatementError> {
        execute(connection, BEGIN)?;
        self.connections.check_file()?;
        let outcomes = match self.write(connection, saves, terms) {
            Ok(outcomes) => outcomes,
            Err(Stop::Torn) => {
                execute(connection, ROLLBACK)?;
                return self.transact_on(connection, saves, &Terms { is_guarded: true, ..*terms });
            }
            Err(Stop::Failed(failure)) => return Err(failure),
        };
        Ok(match execute(connection, COMMIT) {
            Ok(()) => Ended::Committed(outcomes),
            Err(error) if is_definite(&error) => Ended::Failed(error.into()),
            Err(error) => Ended::Unknown(error),
        })
    }

    fn write(&self, connection: &Connection, saves: &[&Append], terms: &Terms) -> Result<Vec<SaveOutcome>, Stop> {
        let wanted = saves.iter().map(|append| append.events.len()).sum();
        let Next { id: mut next, time } = self.next(connection, wanted)?;
        let terms = &Terms { time, ..*terms };
        let mut outcomes = Vec::with_capacity(saves.len());
        for append in saves {
            outcomes.push(match self.save_or_find(connection, append, next, terms) {
                Ok((positions, new)) => {
                    next += new;
                    SaveOutcome::Recorded(positions)
                }
                Err(Stop::Failed(StatementError::Recorder(error))) => SaveOutcome::Failed(error),
                // an error of this save alone, which alone is undone
                Err(Stop::Failed(StatementError::Driver(error)))
                    if !connection.is_autocommit() && !is_of_database(&error) =>
                {
                    SaveOutcome::Failed(self.failed("record events", error))
                }
                Err(failure) => return Err(failure),
            });
        }
        // also if all events were recorded already: the commit of this change makes an earlier one durable whose outcome was unknown
        connection.prepare_cached(self.sql.raise.as_str())?.execute([rows::to_bound(next - 1)])?;
        Ok(outcomes)
    }

    /// Records a save as [`save`](Self::save) does. A save without events whose letters and tracking are recorded already counts as done.
    fn save_or_find(
        &self,
        connection: &Connection,
        append: &Append,
        first: u64,
        terms: &Terms,
    ) -> Result<(Vec<LogPosition>, u64), Stop> {
        let saved = self.with_command(connection, append, terms, || self.save(connection, append, first, terms));
        match (&saved, &append.letters) {
            (
                Err(Stop::Failed(StatementError::Recorder(
                    RecorderError::AlreadyProcessed { .. } | RecorderError::LettersChanged { .. },
                ))),
                Some(changes),
            ) if append.events.is_empty() => {
                let mut found = Found::default();
                found.add_letters(&changes.upstream, self.letters_there(connection, changes)?);
                let mut positions = Positions::new();
                if let Some(Tracking { upstream, .. }) = &append.tracking {
                    positions.insert(upstream.clone(), self.position_in(connection, upstream)?);
                }
                if found.has_own_letters(append, &positions, terms.were_sent) { Ok((Vec::new(), 0)) } else { saved }
            }
            _ => saved,
        }
    }

    /// Records a save. Returns the positions of its events, and how many of them are new. If it fails, nothing of it is recorded.
    fn save(
        &self,
        connection: &Connection,
        append: &Append,
        first: u64,
        terms: &Terms,
    ) -> Result<(Vec<LogPosition>, u64), Stop> {
        let Some(tracking) = &append.tracking else {
            let save = || self.save_events(connection, append, &Positions::new(), first, terms);
            let Some(letters) = &append.letters else { return save() };
            return whole(connection, || {
                let saved = save()?;
                // if all of its events were recorded before, so were its letters
                if append.events.is_empty() || saved.1 > 0 {
                    self.change_letters(connection, letters)?;
                }
                Ok(saved)
            });
        };
        let position = self.position_in(connection, &tracking.upstream)?;
        let recorded = position.id;
        let positions = Positions::from([(tracking.upstream.clone(), position)]);
        if recorded != tracking.after {
            let found = self.look_up_versions(connection, &append.events)?;
            return match resolve(append, &found, &HashSet::new(), &positions, false) {
                Resolution::Done(recorded) => Ok((recorded, 0)),
                Resolution::Refused(error) => Err(error.into()),
                Resolution::Free(_) => Err(tracking.already_processed(recorded).into()),
            };
        }
        whole(connection, || {
            let saved = self.save_events(connection, append, &positions, first, terms)?;
            self.track(connection, tracking)?;
            if let Some(letters) = &append.letters {
                self.change_letters(connection, letters)?;
            }
            Ok(saved)
        })
    }

    fn save_events(
        &self,
        connection: &Connection,
        append: &Append,
        positions: &Positions,
        first: u64,
        terms: &Terms,
    ) -> Result<(Vec<LogPosition>, u64), Stop> {
        let events = append.events.as_slice();
        let everything: Vec<usize> = (0..events.len()).collect();
        match self.insert(connection, events, &everything, first, terms) {
            Ok(()) => return Ok((complete(&[], events, first, terms.stamp), events.len() as u64)),
            Err(Refusal::Version) => {}
            Err(refusal) => return Err(self.explain(refusal)),
        }
        match resolve(append, &self.look_up_versions(connection, events)?, &HashSet::new(), positions, false) {
            Resolution::Refused(error) => Err(error.into()),
            Resolution::Done(recorded) => Ok((recorded, 0)),
            Resolution::Free(known) => {
                let missing: Vec<usize> = (0..known.len()).filter(|index| known[*index].is_none()).collect();
                self.insert(connection, events, &missing, first, terms).map_err(|refusal| self.explain(refusal))?;
                Ok((complete(&known, events, first, terms.stamp), missing.len() as u64))
            }
        }
    }

    /// Looks up the versions of these events, and those before them.
    pub(super) fn look_up_versions(
        &self,
        connection: &Connection,
        events: &[StoredEvent],
    ) -> Result<Found, StatementError> {
        let mut found = Found::default();
        let mut select = connection.prepare_cached(self.sql.common.taken.as_str())?;
        for (originator_id, version) in wanted(events) {
            let version = rows::to_bound(version);
            let row = select.query_row(params![originator_id.as_bytes().as_slice(), version], |row| {
                Ok((row.get(0)?, originator_id, version, columns::uuid_if_any(row, 1)?, row.get(2)?))
            })?;
            found.add(row)?;
        }
        Ok(found)
    }

    /// The first free id and the time. Checks that there are as many more ids as are wanted. The write lock keeps them free.
    fn next(&self, connection: &Connection, wanted: usize) -> Result<Next, StatementError> {
        let mut head = connection.prepare_cached(self.sql.head.as_str())?;
        let head = head.query_row([], |row| Ok((row.get(0)?, columns::uuid(row, 1)?, row.get(2)?))).optional()?;
        let Some((last, log_id, before)): Option<(i64, Uuid, Option<i64>)> = head else {
            return Err(self.no_head().into());
        };
        // another log was restored into the same file
        if *self.log_id.get_or_init(|| log_id) != log_id {
            return Err(self.location.replaced().into());
        }
        match last.checked_add(rows::to_count(wanted)) {
            Some(_) => {
                // the clock may have been set back
                let time = Timestamp::now().as_microsecond().max(before.unwrap_or(i64::MIN));
                Ok(Next { id: rows::from_id(last)? + 1, time })
            }
            None => Err(RecorderError::PositionExhausted { last: rows::from_id(last)?, wanted }.into()),
        }
    }

    pub(super) fn no_head(&self) -> RecorderError {
        RecorderError::Corrupt { found: format!("no row in the head table of {}", self.name.application()) }
    }

    /// The outcomes of a batch that failed as a whole, because of the database or of one of its saves.
    fn refused(&self, saves: &[&Append], failure: StatementError) -> Vec<SaveOutcome> {
        let suspicious = match &failure {
            StatementError::Driver(error) => !is_of_database(error),
            StatementError::Recorder(error) => matches!(error, RecorderError::PositionExhausted { .. }),
        };
        let error = match failure {
            StatementError::Driver(error) => self.failed("record events", error),
            StatementError::Recorder(error) => error,
        };
        let outcome =
            |_| if suspicious { SaveOutcome::Suspect(error.clone()) } else { SaveOutcome::Failed(error.clone()) };
        saves.iter().map(outcome).collect()
    }
}

/// The outcome of a save after an earlier commit with an unknown outcome: rows that were found are certain, nothing else is.
fn certain(outcome: SaveOutcome, unknown: &Cause) -> SaveOutcome {
    match outcome {
        SaveOutcome::Recorded(_)
        | SaveOutcome::Failed(RecorderError::Conflict { .. } | RecorderError::CommandRecorded { .. }) => outcome,
        _ => SaveOutcome::Failed(RecorderError::OutcomeUnknown { source: unknown.clone() }),
    }
}
