//! Appending: the saves of a batch in one transaction, each with its own outcome.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use eventsourcing_core::persistence::{Append, Cause};
use eventsourcing_core::{LogPosition, RecorderError, StoredEvent, Tracking};
use rusqlite::{Connection, OptionalExtension, params};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::Inner;
use super::error::{Failure, is_definite, is_everybodys};
use super::insert::{Refusal, whole};
use crate::deadline::deadline;
use crate::resolution::{Found, Positions, Resolution, complete, resolve, wanted};
use crate::rows;
use crate::sql::sqlite::{BEGIN, COMMIT, ROLLBACK};
use crate::writer::{Outcome, Storage};

/// How often a commit is looked up that failed, before its outcome is said to be unknown.
const RESOLUTIONS: usize = 3;

/// The first and the longest pause before another try to get the write lock.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(10));

/// What a transaction may take on the caller's thread: longer than this, and the next is made where it keeps no task waiting.
const QUICK: Duration = Duration::from_millis(1);

/// How a transaction ended.
enum Ended {
    /// It is committed, and this became of each save.
    Committed(Vec<Outcome>),
    /// It was rolled back, or never began.
    Failed(Failure),
    /// `COMMIT` failed: it is committed or not.
    Unknown(rusqlite::Error),
}

impl Storage for Inner {
    /// A call is only ever dropped while nothing is recorded, so that nobody needs to be told of an earlier one.
    async fn record(&self, saves: &[&Append], _were_sent: bool) -> Vec<Outcome> {
        let deadline = deadline(self.config.lock_timeout);
        let (mut pause, longest) = PAUSES;
        loop {
            let failure = match aside(|| self.record_at_once(saves)) {
                Ok(outcomes) => return outcomes,
                Err(failure) => failure,
            };
            if !self.is_passing(&failure) || Instant::now() >= deadline {
                return self.refused(saves, failure);
            }
            sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    fn recorded(self: &Arc<Self>, last: u64) {
        self.watermark.raise(last);
    }

    /// A commit to a quick disk takes little longer than waking another thread for it.
    fn record_now(&self, saves: &[&Append]) -> Option<Vec<Outcome>> {
        if self.is_slow.load(Ordering::Relaxed) {
            return None;
        }
        match self.record_at_once(saves) {
            Ok(outcomes) => Some(outcomes),
            // for a lock somebody must wait
            Err(failure) if self.is_passing(&failure) => None,
            Err(failure) => Some(self.refused(saves, failure)),
        }
    }
}

/// Runs what blocks for the time of a commit where it keeps no other task from running, if there is such a place.
fn aside<T>(blocks: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        // only ever called in a task of the writer's own, where Tokio allows it
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(blocks),
        _ => blocks(),
    }
}

impl Inner {
    /// Records a batch without waiting for a lock. A failure is one of the whole batch, and nothing is recorded then.
    fn record_at_once(&self, saves: &[&Append]) -> Result<Vec<Outcome>, Failure> {
        let mut unknown: Option<Cause> = None;
        for _ in 0..=RESOLUTIONS {
            match (self.transact(saves, unknown.is_some()), &unknown) {
                (Ended::Committed(outcomes), None) => return Ok(outcomes),
                (Ended::Committed(outcomes), Some(source)) => {
                    return Ok(outcomes.into_iter().map(|outcome| certain(outcome, source)).collect());
                }
                (Ended::Failed(failure), None) => return Err(failure),
                (Ended::Failed(_), Some(_)) => break,
                // once more, on another connection: what was recorded is found to be its own
                (Ended::Unknown(error), _) => unknown = Some(error.into()),
            }
        }
        let source = unknown.unwrap_or_else(|| "the transaction did not end".into());
        let outcome = |_| Outcome::Failed(RecorderError::OutcomeUnknown { source: source.clone() });
        Ok(saves.iter().map(outcome).collect())
    }

    /// One transaction from `BEGIN` to `COMMIT` or `ROLLBACK`. `were_sent` says that an earlier one of these saves may be committed.
    fn transact(&self, saves: &[&Append], were_sent: bool) -> Ended {
        let begun = Instant::now();
        let ended = self.connections.write(|connection| {
            self.transact_on(connection, saves, &Terms { stamp: self.stamps.next(), were_sent, is_guarded: false })
        });
        self.is_slow.store(begun.elapsed() > QUICK, Ordering::Relaxed);
        ended.unwrap_or_else(Ended::Failed)
    }

    fn transact_on(&self, connection: &Connection, saves: &[&Append], terms: &Terms) -> Result<Ended, Failure> {
        execute(connection, BEGIN)?;
        self.connections.check_file()?;
        let outcomes = match self.write(connection, saves, terms) {
            Ok(outcomes) => outcomes,
            Err(Stop::Torn) => {
                execute(connection, ROLLBACK)?;
                return self.transact_on(connection, saves, &Terms { is_guarded: true, ..*terms });
            }
            Err(Stop::Failure(failure)) => return Err(failure),
        };
        Ok(match execute(connection, COMMIT) {
            Ok(()) => Ended::Committed(outcomes),
            Err(error) if is_definite(&error) => Ended::Failed(error.into()),
            Err(error) => Ended::Unknown(error),
        })
    }

    fn write(&self, connection: &Connection, saves: &[&Append], terms: &Terms) -> Result<Vec<Outcome>, Stop> {
        let wanted = saves.iter().map(|append| append.events.len()).sum();
        let mut next = self.next_id(connection, wanted)?;
        let mut outcomes = Vec::with_capacity(saves.len());
        for append in saves {
            outcomes.push(match self.save_or_find(connection, append, next, terms) {
                Ok((positions, new)) => {
                    next += new;
                    Outcome::Recorded(positions)
                }
                Err(Stop::Failure(Failure::Recorder(error))) => Outcome::Failed(error),
                // this save's own, and only that is undone
                Err(Stop::Failure(Failure::Sqlite(error))) if !connection.is_autocommit() && !is_everybodys(&error) => {
                    Outcome::Failed(self.failed("record events", error))
                }
                Err(failure) => return Err(failure),
            });
        }
        // also if all events turned out to be recorded: the commit of this change makes durable what an earlier one left in doubt
        connection.prepare_cached(self.sql.raise.as_str())?.execute([rows::to_bound(next - 1)])?;
        Ok(outcomes)
    }

    /// As `save`, unless it has no events, and its letters and its tracking are recorded already.
    fn save_or_find(
        &self,
        connection: &Connection,
        append: &Append,
        first: u64,
        terms: &Terms,
    ) -> Result<(Vec<LogPosition>, u64), Stop> {
        let saved = self.save(connection, append, first, terms);
        match (&saved, &append.letters) {
            (
                Err(Stop::Failure(Failure::Recorder(
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

    /// Records a save: the positions of its events, and how many of them are new. If it fails, nothing of it is recorded.
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
            let found = self.look_for(connection, &append.events)?;
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
        match resolve(append, &self.look_for(connection, events)?, &HashSet::new(), positions, false) {
            Resolution::Refused(error) => Err(error.into()),
            Resolution::Done(recorded) => Ok((recorded, 0)),
            Resolution::Free(known) => {
                let missing: Vec<usize> = (0..known.len()).filter(|place| known[*place].is_none()).collect();
                self.insert(connection, events, &missing, first, terms).map_err(|refusal| self.explain(refusal))?;
                Ok((complete(&known, events, first, terms.stamp), missing.len() as u64))
            }
        }
    }

    /// Looks for the versions of these events, and for those before them.
    fn look_for(&self, connection: &Connection, events: &[StoredEvent]) -> Result<Found, Failure> {
        let mut found = Found::default();
        let mut select = connection.prepare_cached(self.sql.common.taken.as_str())?;
        for (originator_id, version) in wanted(events) {
            let version = rows::to_bound(version);
            let row = select.query_row(params![originator_id.as_bytes().as_slice(), version], |row| {
                Ok((row.get(0)?, originator_id, version, super::select::uuid_if_any(row, 1)?, row.get(2)?))
            })?;
            found.add(row)?;
        }
        Ok(found)
    }

    /// The first id that is free; after it there are as many as are wanted. The write lock keeps them free.
    fn next_id(&self, connection: &Connection, wanted: usize) -> Result<u64, Failure> {
        let mut head = connection.prepare_cached(self.sql.head.as_str())?;
        let head = head.query_row([], |row| Ok((row.get(0)?, super::select::uuid(row, 1)?))).optional()?;
        let Some((last, log_id)): Option<(i64, Uuid)> = head else { return Err(self.no_head().into()) };
        // what was restored into the same file
        if *self.log_id.get_or_init(|| log_id) != log_id {
            return Err(self.location.replaced().into());
        }
        match last.checked_add(rows::to_count(wanted)) {
            Some(_) => Ok(rows::from_id(last)? + 1),
            None => Err(RecorderError::PositionExhausted { last: rows::from_id(last)?, wanted }.into()),
        }
    }

    pub(super) fn no_head(&self) -> RecorderError {
        RecorderError::Corrupt { found: format!("no row in the head table of {}", self.name.application()) }
    }

    /// A batch of which nothing is recorded, for a reason that lies in the database or in one of the saves.
    fn refused(&self, saves: &[&Append], failure: Failure) -> Vec<Outcome> {
        let suspicious = match &failure {
            Failure::Sqlite(error) => !is_everybodys(error),
            Failure::Recorder(error) => matches!(error, RecorderError::PositionExhausted { .. }),
        };
        let error = match failure {
            Failure::Sqlite(error) => self.failed("record events", error),
            Failure::Recorder(error) => error,
        };
        let outcome = |_| if suspicious { Outcome::Suspect(error.clone()) } else { Outcome::Failed(error.clone()) };
        saves.iter().map(outcome).collect()
    }
}

/// Why the saves of a transaction cannot go on.
pub(super) enum Stop {
    Failure(Failure),
    /// A save is half inserted, and nothing but the end of the transaction undoes it.
    Torn,
}

impl<E: Into<Failure>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

/// What the saves of a transaction have in common.
pub(super) struct Terms {
    pub(super) stamp: u32,
    /// An earlier transaction with them may be committed.
    pub(super) were_sent: bool,
    /// Each is undone by itself if it fails.
    pub(super) is_guarded: bool,
}

/// An outcome after a commit whose own is not known: what was found by looking is certain, nothing else is.
fn certain(outcome: Outcome, unknown: &Cause) -> Outcome {
    match outcome {
        Outcome::Recorded(_) | Outcome::Failed(RecorderError::Conflict { .. }) => outcome,
        _ => Outcome::Failed(RecorderError::OutcomeUnknown { source: unknown.clone() }),
    }
}

pub(super) fn execute(connection: &Connection, statement: &str) -> Result<(), rusqlite::Error> {
    connection.prepare_cached(statement)?.execute([]).map(drop)
}
