//! Dead letters of a process application: stored by its recorder, encoded by its mapper.

mod old;
mod resolved;

use std::collections::{BTreeSet, HashSet};
use std::sync::{MutexGuard, PoisonError};

use uuid::Uuid;

use self::old::{CARRIED_OVER, OldLetters};
use crate::Error;
use crate::application::{ATTEMPTS, Application, pause_after};
use crate::codec::{MapperError, SharedMetadata};
use crate::projection::DeadLetter;
use crate::projection::MemoryLetters;
use crate::recording::{Append, EventQuery, LetterChanges, LetterQuery, RecorderError, StateLocation, StoredLetter};

/// The topic of a letter's serialized state.
const TOPIC: &str = "eventsourcing.DeadLetters.Letter";

/// The dead-letter changes of a unit of work. Nothing is recorded before it commits.
#[derive(Debug, Default)]
pub(crate) struct WorkLetters {
    /// The aggregates that had letters when they were looked up.
    behind: Vec<Uuid>,
    taken: BTreeSet<u64>,
    parked: MemoryLetters,
}

impl WorkLetters {
    /// Those of these aggregates that have letters.
    pub(crate) async fn parked(
        &mut self,
        application: &Application,
        upstream: &str,
        originators: &[Uuid],
    ) -> Result<Vec<Uuid>, RecorderError> {
        let mut found = application.shared.recorder.originators_with_letters(upstream, originators).await?;
        // an event that is parked behind these letters is recorded only if they still exist at the commit
        self.behind.extend(&found);
        let new = originators.iter().copied().filter(|id| self.parked.has(*id) && !found.contains(id));
        let new: Vec<Uuid> = new.collect();
        found.extend(new);
        Ok(found)
    }

    pub(crate) fn park(&mut self, letters: &[DeadLetter]) {
        letters.iter().for_each(|letter| self.parked.insert(letter));
    }

    /// Removes the first letters of an aggregate.
    pub(crate) async fn unpark(
        &mut self,
        application: &Application,
        upstream: &str,
        originator_id: Uuid,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, RecorderError> {
        // letters that this unit of work has removed are still stored, and are returned by the query
        let query = LetterQuery::of(upstream).originator(originator_id).limit(limit.saturating_add(self.taken.len()));
        let mut letters = application.letters(query).await?;
        letters.retain(|letter| !self.taken.contains(&letter.notification_id));
        letters.extend(self.parked.first(originator_id, limit));
        letters.sort_by_key(|letter| letter.notification_id);
        // the stored letter wins over one of the same event that is parked again
        letters.dedup_by_key(|letter| letter.notification_id);
        letters.truncate(limit);
        letters.iter().for_each(|letter| self.take(letter));
        Ok(letters)
    }

    /// Removes the letter of one event.
    pub(crate) async fn discard(
        &mut self,
        application: &Application,
        upstream: &str,
        notification_id: u64,
    ) -> Result<Option<DeadLetter>, RecorderError> {
        let Some(after) = notification_id.checked_sub(1) else { return Ok(None) };
        let query = LetterQuery::of(upstream).after(after).up_to(notification_id).limit(1);
        let stored = application.letters(query).await?.into_iter().next();
        let letter =
            stored.filter(|_| !self.taken.contains(&notification_id)).or_else(|| self.parked.find(notification_id));
        if let Some(letter) = &letter {
            self.take(letter);
        }
        Ok(letter)
    }

    fn take(&mut self, letter: &DeadLetter) {
        if self.parked.take(letter.notification_id).is_none() {
            self.taken.insert(letter.notification_id);
        }
    }

    /// The changes to record.
    pub(crate) fn into_changes(
        self,
        application: &Application,
        upstream: &str,
    ) -> Result<LetterChanges, RecorderError> {
        let Self { behind, taken, parked } = self;
        let parked = parked.list(0, usize::MAX);
        let parked = parked.iter().map(|letter| application.seal(upstream, letter)).collect::<Result<_, _>>()?;
        let taken = taken.into_iter().collect();
        Ok(LetterChanges { behind, taken, parked, ..LetterChanges::of(upstream) })
    }
}

impl Application {
    /// The dead letters that a query selects.
    pub(crate) async fn letters(&self, query: LetterQuery) -> Result<Vec<DeadLetter>, RecorderError> {
        let upstream = query.upstream.clone();
        let stored = self.shared.recorder.select_letters(query).await?;
        let mut letters = Vec::with_capacity(stored.len());
        let mut loaded = None;
        while let Some(letter) = stored.get(letters.len()) {
            match self.open_letter(&upstream, letter) {
                Ok(letter) => letters.push(letter),
                // another process stored the dictionary after this application opened: load it, then read the same letter again
                Err(Error::Mapper(error)) if error.unknown_dictionary().is_some_and(|id| loaded != Some(id)) => {
                    loaded = error.unknown_dictionary();
                    self.shared.load_dictionaries().await.map_err(letters_error)?;
                }
                Err(error) => return Err(letters_error(error)),
            }
        }
        Ok(letters)
    }

    /// Compresses and encrypts a letter like an event, because it contains the handler's error about one.
    fn seal(&self, upstream: &str, letter: &DeadLetter) -> Result<StoredLetter, RecorderError> {
        let failed =
            |error: serde_json::Error| letters_error(RecorderError::Corrupt { found: error.to_string() }.into());
        let json = serde_json::to_vec(letter).map_err(failed)?;
        let location = location_of(upstream, letter.notification_id);
        let sealed = self.shared.mapper.seal(&location, json);
        let (state, checksum) = sealed.map_err(|error: MapperError| letters_error(error.into()))?;
        let DeadLetter { notification_id, originator_id, .. } = *letter;
        Ok(StoredLetter { notification_id, originator_id, state: state.into(), checksum })
    }

    fn open_letter(&self, upstream: &str, stored: &StoredLetter) -> Result<DeadLetter, Error> {
        let StoredLetter { notification_id, originator_id, ref state, checksum } = *stored;
        let json = self.shared.mapper.open(&location_of(upstream, notification_id), state, checksum)?;
        let corrupt = |what: &str| {
            let found = format!("a dead letter of notification {notification_id} of `{upstream}` {what}");
            Error::from(RecorderError::Corrupt { found })
        };
        let letter: DeadLetter =
            serde_json::from_slice(&json).map_err(|error| corrupt(&format!("that cannot be read ({error})")))?;
        // the columns are not authenticated, but the state that they select is
        if (letter.notification_id, letter.originator_id) == (notification_id, originator_id) {
            Ok(letter)
        } else {
            Err(corrupt("that is stored under another id"))
        }
    }

    /// Moves dead letters from the earlier storage format, an aggregate, to the table of letters.
    ///
    /// It is one append: the letters are inserted, and an event of the aggregate marks it as empty. Of several processes that do so
    /// concurrently, one succeeds, and the others find it done. Letters are not read before.
    pub(crate) async fn carry_letters_over(&self, upstream: &str) -> Result<(), RecorderError> {
        // letters in the earlier format stay unread where nothing may be changed
        if self.is_read_only() || self.carried_over().contains(upstream) {
            return Ok(());
        }
        let mut attempt = 1;
        while let Err(error) = self.try_to_carry_over(upstream).await {
            if attempt >= ATTEMPTS || !matches!(error, RecorderError::Conflict { .. }) {
                return Err(error);
            }
            pause_after(attempt).await;
            attempt += 1;
        }
        self.carried_over().insert(upstream.to_owned());
        Ok(())
    }

    async fn try_to_carry_over(&self, upstream: &str) -> Result<(), RecorderError> {
        let id = OldLetters::id_for(upstream);
        let last = self.shared.recorder.select_events(EventQuery::of(id).descending().limit(1)).await?;
        // the whole aggregate is not read again each time the application opens
        if last.first().is_none_or(|last| last.topic == CARRIED_OVER) {
            return Ok(());
        }
        let mut old: OldLetters = self.repository().get(id).await.map_err(letters_error)?;
        if old.is_carried_over() {
            return Ok(());
        }
        let letters = old.letters();
        let parked = letters.iter().map(|letter| self.seal(upstream, letter)).collect::<Result<_, _>>()?;
        let changes = LetterChanges { parked, ..LetterChanges::of(upstream) };
        old.carry_over().map_err(|error| letters_error(error.into()))?;
        let events = self.batch_of(&mut &mut old, SharedMetadata::default()).map_err(letters_error)?.events;
        self.shared.append(Append::new(events).changing(changes)).await?;
        tracing::info!(application = self.name(), %upstream, letters = letters.len(), "dead letters were moved to a table of their own");
        Ok(())
    }

    fn carried_over(&self) -> MutexGuard<'_, HashSet<String>> {
        // the set is consistent between two calls, even after a panic
        self.shared.carried_over.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The location of a letter's state: it does not decrypt as another letter, or for another upstream application.
fn location_of(upstream: &str, notification_id: u64) -> StateLocation<'static> {
    let originator_id = OldLetters::id_for(upstream);
    StateLocation::event(originator_id, notification_id, TOPIC)
}

/// The recorder error for dead letters that cannot be read or stored.
fn letters_error(error: Error) -> RecorderError {
    match error {
        Error::Recorder(error) => error,
        error => RecorderError::Database {
            operation: "read or store dead letters",
            message: error.to_string(),
            source: error.into(),
        },
    }
}
