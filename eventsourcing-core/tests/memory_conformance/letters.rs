//! The dead letters of the plain recorder, and their faults.

use std::collections::HashSet;
use std::sync::PoisonError;

use eventsourcing_core::recording::{Append, LetterChanges, LetterQuery, StoredLetter};
use eventsourcing_core::{Notification, RecorderError, StoredEvent, Uuid};

use super::{Fault, PlainRecorder, State};

/// The upstream of a dead letter, and the letter.
pub(super) type Letter = (String, StoredLetter);

impl PlainRecorder {
    pub(super) async fn append_all(&self, append: Append) -> Result<Vec<Notification>, RecorderError> {
        append.check()?;
        let Some(letters) = append.letters.clone() else {
            return match append.tracking {
                Some(tracking) => self.process(append.events, tracking).await,
                None => self.insert(append.events),
            };
        };
        match self.fault {
            Fault::ChangesLettersLater => {
                let recorded = self.append_at_once(append, None)?;
                self.change(&mut self.state(), &letters)?;
                Ok(recorded)
            }
            Fault::ChecksLettersWithoutTheLock => {
                self.check_letters(&self.state(), &letters)?;
                // an append that only parks letters relies on none
                if !letters.taken.is_empty() {
                    self.meet().await;
                }
                self.append_at_once(append, Some(&letters)).or_else(|error| match error {
                    RecorderError::LettersChanged { .. } => Ok(Vec::new()),
                    error => Err(error),
                })
            }
            _ => self.append_at_once(append, Some(&letters)),
        }
    }

    /// Checks, records and changes dead letters while it holds the lock, as it should be.
    fn append_at_once(
        &self,
        append: Append,
        letters: Option<&LetterChanges>,
    ) -> Result<Vec<Notification>, RecorderError> {
        let state = &mut *self.state();
        if letters.is_some_and(|letters| self.is_parked(state, &append, letters)) {
            return Ok(Vec::new());
        }
        let letters = letters.filter(|_| self.fault == Fault::RepeatsLetters || !self.is_done(state, &append));
        if let Some(letters) = letters.filter(|_| self.fault == Fault::ChecksLettersFirst) {
            self.check_letters(state, letters)?;
        }
        if let Some(tracking) = &append.tracking {
            self.check_tracking(state, &append.events, tracking)?;
        }
        let ids = self.check(state, &append.events)?;
        if let Some(letters) = letters {
            self.change(state, letters)?;
        }
        let ids = self.draw(state, &append.events, ids);
        let recorded = self.publish(state, append.events, ids);
        if let Some(tracking) = &append.tracking {
            self.track(state, tracking);
        }
        Ok(recorded)
    }

    fn is_done(&self, state: &State, append: &Append) -> bool {
        let is_recorded = |events: &[StoredEvent]| {
            !events.is_empty() && self.check(state, events).is_ok_and(|ids| ids.iter().all(Option::is_some))
        };
        let is_free = |upstream: &str, after| self.position_in(state, upstream) == after;
        is_recorded(&append.events)
            && append.tracking.as_ref().is_none_or(|tracking| !is_free(&tracking.upstream, tracking.after))
    }

    /// Whether an append without events is already recorded, judged by the letters that it parks and by its position.
    fn is_parked(&self, state: &State, append: &Append, changes: &LetterChanges) -> bool {
        if self.fault == Fault::RepeatsParking || changes.parked.is_empty() || !append.events.is_empty() {
            return false;
        }
        let upstream = self.letters_of(&changes.upstream);
        let (found, left) = self.with_letters(state, |letters| {
            let of_upstream = || letters.iter().filter(|(of, _)| *of == upstream).map(|(_, letter)| letter);
            let is_left = |letter: &&StoredLetter| {
                changes.taken.contains(&letter.notification_id) && !changes.parked.contains(letter)
            };
            let is_there = |letter: &StoredLetter| of_upstream().any(|other| other == letter);
            (changes.parked.iter().all(is_there), of_upstream().filter(is_left).count())
        });
        let tracking = append.tracking.as_ref();
        let is_processed =
            tracking.is_none_or(|tracking| self.position_in(state, &tracking.upstream) == tracking.log_position());
        found && left == 0 && (is_processed || self.fault == Fault::ForgetsWhereItParked)
    }

    fn check_letters(&self, state: &State, changes: &LetterChanges) -> Result<(), RecorderError> {
        self.with_letters(state, |letters| {
            let of_upstream = || letters.iter().filter(|(upstream, _)| *upstream == self.letters_of(&changes.upstream));
            let waits = |id: &Uuid| of_upstream().any(|(_, letter)| letter.originator_id == *id);
            let mut once = HashSet::new();
            let is_there =
                |id: &u64| once.insert(*id) && of_upstream().any(|(_, letter)| letter.notification_id == *id);
            let can_wait = self.fault == Fault::ForgetsWhoWaits || changes.behind.iter().all(waits);
            let can_take = self.fault == Fault::ForgetsWhatIsTaken || changes.taken.iter().all(is_there);
            if can_wait && can_take { Ok(()) } else { Err(changes.refused()) }
        })
    }

    fn change(&self, state: &mut State, changes: &LetterChanges) -> Result<(), RecorderError> {
        self.check_letters(state, changes)?;
        let upstream = self.letters_of(&changes.upstream);
        self.with_letters_mut(state, |letters| {
            letters.retain(|(of, letter)| *of != upstream || !changes.taken.contains(&letter.notification_id));
            for letter in &changes.parked {
                let is_same = |(of, other): &Letter| *of == upstream && other.notification_id == letter.notification_id;
                match self.fault {
                    Fault::ReplacesLetters => letters.retain(|letter| !is_same(letter)),
                    _ if letters.iter().any(is_same) => continue,
                    _ => {}
                }
                let mut letter = letter.clone();
                if self.fault == Fault::CutsLetters {
                    letter.state = letter.state.split(|byte| *byte == 0).next().unwrap_or_default().into();
                }
                letters.push((upstream.clone(), letter));
            }
        });
        Ok(())
    }

    pub(super) fn letters(&self, query: &LetterQuery) -> Vec<StoredLetter> {
        let mut found = self.all_letters(&query.upstream);
        found.retain(|letter| {
            query.originator_id.is_none_or(|id| letter.originator_id == id)
                && letter.notification_id > query.after
                && query.up_to.is_none_or(|up_to| letter.notification_id <= up_to)
        });
        if self.fault != Fault::SelectsLettersAsParked {
            found.sort_by_key(|letter| letter.notification_id);
        }
        found.truncate(query.limit);
        found
    }

    pub(super) fn all_letters(&self, upstream: &str) -> Vec<StoredLetter> {
        let upstream = self.letters_of(upstream);
        self.with_letters(&self.state(), |letters| {
            letters.iter().filter(|(of, _)| *of == upstream).map(|(_, letter)| letter.clone()).collect()
        })
    }

    fn letters_of(&self, upstream: &str) -> String {
        if self.fault == Fault::FoldsUpstreamsOfLetters { upstream.to_lowercase() } else { upstream.to_owned() }
    }

    fn with_letters<T>(&self, state: &State, with: impl FnOnce(&[Letter]) -> T) -> T {
        if self.fault == Fault::KeepsLettersToItself {
            return with(&self.own_letters.lock().unwrap_or_else(PoisonError::into_inner));
        }
        with(&state.letters)
    }

    fn with_letters_mut(&self, state: &mut State, with: impl FnOnce(&mut Vec<Letter>)) {
        if self.fault == Fault::KeepsLettersToItself {
            return with(&mut self.own_letters.lock().unwrap_or_else(PoisonError::into_inner));
        }
        with(&mut state.letters);
    }
}
