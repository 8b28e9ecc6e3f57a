//! The inserts of the plain recorder, and their faults.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};

use eventsourcing_core::{Notification, RecorderError, StoredEvent, Uuid};
use tokio::task::yield_now;

use super::{Fault, PlainRecorder, State};

impl PlainRecorder {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the ids of the events that are already recorded, or an error if another one cannot be recorded.
    pub(super) fn check(&self, state: &State, events: &[StoredEvent]) -> Result<Vec<Option<u64>>, RecorderError> {
        let mut new = HashSet::new();
        let mut ids = Vec::new();
        for event in events {
            let place = place(event);
            let taken = state.taken.get(&place);
            let own =
                taken.filter(|(_, append_id)| *append_id == event.append_id && self.fault != Fault::IgnoresTheAppendId);
            let (id, version) = place;
            let follows = version <= 1
                || own.is_some()
                || new.contains(&(id, version - 1))
                || state.taken.contains_key(&(id, version - 1))
                || self.fault == Fault::AcceptsGaps
                || (self.fault == Fault::AcceptsAnyOrder
                    && events.iter().any(|event| self::place(event) == (id, version - 1)));
            let is_second = !new.insert(place) && self.fault != Fault::RecognisesItsOwnEvents;
            if is_second || taken.is_some() != own.is_some() || !follows {
                let versions =
                    state.taken.keys().filter(|(id, _)| *id == event.originator_id).map(|(_, version)| *version);
                let recorded = versions.max().unwrap_or(0);
                let tried = event.originator_version;
                let recorded = if self.fault == Fault::TellsTheVersionTried { tried } else { recorded };
                return Err(RecorderError::Conflict { originator_id: event.originator_id, tried, recorded });
            }
            ids.push(own.map(|(id, _)| *id));
        }
        Ok(ids)
    }

    pub(super) fn check_range(&self, events: &[StoredEvent]) -> Result<(), RecorderError> {
        let max = i64::MAX.unsigned_abs();
        let is_refused = |version: &u64| match self.fault {
            Fault::TakesAnyVersion => false,
            Fault::RefusesVersionZero => *version == 0 || *version > max,
            _ => *version > max,
        };
        match events.iter().map(|event| event.originator_version).find(is_refused) {
            Some(value) => Err(RecorderError::OutOfRange { what: "originator version", value, max }),
            None => Ok(()),
        }
    }

    /// Gives ids to the events that have none, and takes their versions.
    pub(super) fn draw(&self, state: &mut State, events: &[StoredEvent], ids: Vec<Option<u64>>) -> Vec<u64> {
        state.inserts += 1;
        // the second insert has the other connection, whose part of the sequence is far behind
        let part = if self.fault == Fault::DrawsIdsInBlocks && state.inserts == 2 { 1_000 } else { 0 };
        let mut drawn = Vec::new();
        for (event, id) in events.iter().zip(ids) {
            let id = id.unwrap_or_else(|| {
                state.drawn += 1;
                state.drawn + part
            });
            state.taken.insert(place(event), (id, event.append_id));
            drawn.push(id);
        }
        drawn
    }

    pub(super) fn publish(&self, state: &mut State, events: Vec<StoredEvent>, ids: Vec<u64>) -> Vec<Notification> {
        let mut notifications = Vec::new();
        for (mut event, id) in events.into_iter().zip(ids) {
            if self.fault == Fault::CutsChecksums {
                event.checksum = event.checksum.map(|checksum| checksum & i32::MAX.unsigned_abs());
            }
            notifications.push(event.clone().into_notification(id));
            state.rows.insert(id, event);
            self.own_last.store(id, Ordering::Relaxed);
        }
        notifications
    }

    /// Checks, draws and publishes while it holds the lock, as it should be.
    pub(super) fn insert(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        let state = &mut *self.state();
        let ids = self.check(state, &events)?;
        let ids = self.draw(state, &events, ids);
        Ok(self.publish(state, events, ids))
    }

    pub(super) async fn insert_without_the_lock(
        &self,
        events: Vec<StoredEvent>,
    ) -> Result<Vec<Notification>, RecorderError> {
        let (ids, inserts) = {
            let state = &mut *self.state();
            let ids = self.check(state, &events)?;
            (self.draw(state, &events, ids), state.inserts)
        };
        // not the first, so that readers have begun, and not a late one, so that others follow
        if let Some(last) = ids.last().filter(|_| inserts == 2) {
            self.be_passed_by_a_reader(*last).await;
        }
        Ok(self.publish(&mut self.state(), events, ids))
    }

    pub(super) async fn insert_row_by_row(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        let mut notifications = Vec::new();
        for event in events {
            notifications.extend(self.insert(vec![event])?);
            self.be_interrupted().await;
        }
        Ok(notifications)
    }

    pub(super) async fn check_and_insert(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        let ids = self.check(&self.state(), &events)?;
        self.meet().await;
        let state = &mut *self.state();
        let ids = self.draw(state, &events, ids);
        Ok(self.publish(state, events, ids))
    }

    pub(super) async fn insert_and_unlock(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        if self.state().is_locked {
            let waited = "no time at all".to_owned();
            return Err(RecorderError::Busy { waited, setting: "PATIENCE", source: "somebody has the lock".into() });
        }
        let mut lock = Lock { recorder: self, is_released: false };
        yield_now().await;
        let outcome = self.insert(events);
        lock.is_released = true;
        outcome
    }
}

/// The lock of an insert. The others stand in the queue behind it, so it is in their way only once it is dropped unreleased.
struct Lock<'a> {
    recorder: &'a PlainRecorder,
    is_released: bool,
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        if !self.is_released {
            self.recorder.state().is_locked = true;
        }
    }
}

pub(super) fn place(event: &StoredEvent) -> (Uuid, u64) {
    (event.originator_id, event.originator_version)
}
