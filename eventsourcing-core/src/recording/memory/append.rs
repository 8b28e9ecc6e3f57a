//! Appends to the log in memory: all checks come before the first change.

use std::collections::HashSet;

use jiff::Timestamp;
use uuid::Uuid;

use super::Log;
use crate::recording::{Append, Notification, RecorderError, StoredEvent, Tracking, is_same_attempt};

impl Log {
    /// Checks all events before anything is changed.
    pub(super) fn append(&mut self, mut events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        if events.len() == 1
            && let Some(event) = events.pop()
        {
            let time = self.time();
            let place = self.append_one(&event, time)?;
            return Ok(vec![event.into_notification(place as u64 + 1)]);
        }
        let (repeats, time) = (self.check(&events)?, self.time());
        let mut notifications = Vec::with_capacity(events.len());
        for event in events {
            let recorded = if repeats { self.place_of(&event) } else { None };
            let place = recorded.unwrap_or_else(|| self.push(&event, time));
            notifications.push(event.into_notification(place as u64 + 1));
        }
        Ok(notifications)
    }

    /// Checks the command first, then the rest, and records it with the events.
    pub(super) fn append_all(&mut self, mut append: Append) -> Result<Vec<Notification>, RecorderError> {
        let Some(command) = append.command.take() else { return self.append_without_command(append) };
        // rows of its own attempt count first
        let is_done = !append.events.is_empty() && append.events.iter().all(|event| self.is_ours(event));
        if let Some(recorded) = self.commands.find(command.id).filter(|_| !is_done) {
            return Err(RecorderError::CommandRecorded { recorded: Box::new(recorded.clone()) });
        }
        let notifications = self.append_without_command(append)?;
        self.commands.add(command, notifications.iter().map(|notification| notification.id).collect());
        Ok(notifications)
    }

    /// Checks the tracking first, then the events as `append` does, then the dead letters.
    fn append_without_command(&mut self, append: Append) -> Result<Vec<Notification>, RecorderError> {
        let Append { events, tracking, letters, .. } = append;
        let is_done = !events.is_empty() && events.iter().all(|event| self.is_ours(event));
        // without events, the dead letters tell whether the append is recorded already
        if let (true, Some(letters)) = (events.is_empty(), &letters) {
            let is_processed = |tracking: &Tracking| self.position_in(&tracking.upstream) == tracking.log_position();
            if tracking.as_ref().is_none_or(is_processed) && self.letters.are_parked(letters) {
                return Ok(Vec::new());
            }
        }
        let tracking = match tracking {
            None => None,
            Some(tracking) => match self.position_in(&tracking.upstream).id {
                recorded if recorded == tracking.after => Some(tracking),
                // it was recorded by an earlier attempt, with its dead letters
                _ if is_done => return self.append(events),
                recorded => return Err(tracking.already_processed(recorded)),
            },
        };
        // without tracking, whose position would tell, recorded events mean that the whole append is recorded
        let letters = letters.filter(|_| tracking.is_some() || !is_done);
        if let Some(letters) = &letters {
            self.check(&events)?;
            self.letters.check(letters)?;
        }
        let notifications = self.append(events)?;
        if let Some(tracking) = tracking {
            let position = tracking.log_position();
            self.tracking.insert(tracking.upstream, position);
        }
        if let Some(letters) = letters {
            self.letters.change(letters);
        }
        Ok(notifications)
    }

    /// Appends a single event, with a single lookup of its aggregate.
    fn append_one(&mut self, event: &StoredEvent, time: Timestamp) -> Result<usize, RecorderError> {
        let places = self.aggregates.entry(event.originator_id).or_default();
        // usually it is the next version
        let found = match places.last() {
            Some((last, _)) if *last >= event.originator_version => {
                places.binary_search_by_key(&event.originator_version, |(version, _)| *version)
            }
            _ => Err(places.len()),
        };
        match found {
            Ok(found) if is_same_attempt(self.events[places[found].1].append_id, event.append_id) => {
                Ok(places[found].1)
            }
            Ok(_) => Err(self.conflict(event)),
            // the first version of an aggregate is 1 at most, and versions have no gaps
            Err(at)
                if event.originator_version > 1
                    && at.checked_sub(1).is_none_or(|at| places[at].0 + 1 != event.originator_version) =>
            {
                Err(self.conflict(event))
            }
            Err(at) => {
                let place = self.events.len();
                places.insert(at, (event.originator_version, place));
                self.push_row(event, time);
                Ok(place)
            }
        }
    }

    /// Returns whether an earlier attempt recorded some of the events.
    ///
    /// # Errors
    /// A conflict, if another attempt recorded one of them, if a version is missing before one, or if two have the same version.
    fn check(&self, events: &[StoredEvent]) -> Result<bool, RecorderError> {
        let mut new = HashSet::with_capacity(events.len());
        let mut repeats = false;
        for event in events {
            let taken = self.place_of(event);
            let is_ours = taken.is_some_and(|place| self.is_again(place, event));
            let again = !new.insert((event.originator_id, event.originator_version));
            let follows = |before| {
                new.contains(&(event.originator_id, before)) || self.find(event.originator_id, before).is_some()
            };
            let has_gap = event.originator_version > 1 && !is_ours && !follows(event.originator_version - 1);
            if (taken.is_some() && !is_ours) || again || has_gap {
                return Err(self.conflict(event));
            }
            repeats |= is_ours;
        }
        Ok(repeats)
    }

    fn place_of(&self, event: &StoredEvent) -> Option<usize> {
        self.find(event.originator_id, event.originator_version)
    }

    pub(super) fn find(&self, originator_id: Uuid, version: u64) -> Option<usize> {
        let places = self.aggregates.get(&originator_id)?;
        let found = places.binary_search_by_key(&version, |(version, _)| *version).ok()?;
        Some(places[found].1)
    }

    /// Returns whether the event is recorded by its own attempt.
    fn is_ours(&self, event: &StoredEvent) -> bool {
        self.place_of(event).is_some_and(|place| self.is_again(place, event))
    }

    /// Returns whether the event at this index belongs to the same attempt.
    fn is_again(&self, place: usize, event: &StoredEvent) -> bool {
        is_same_attempt(self.events[place].append_id, event.append_id)
    }

    fn push(&mut self, event: &StoredEvent, time: Timestamp) -> usize {
        let place = self.events.len();
        self.push_row(event, time);
        let places = self.aggregates.entry(event.originator_id).or_default();
        // at the end, unless versions come out of order
        let at = places.partition_point(|(version, _)| *version < event.originator_version);
        places.insert(at, (event.originator_version, place));
        place
    }

    /// Returns the time of an append. The clock may have been set back since the last one.
    fn time(&self) -> Timestamp {
        Timestamp::now().max(self.times.last().copied().unwrap_or(Timestamp::MIN))
    }

    fn push_row(&mut self, event: &StoredEvent, time: Timestamp) {
        self.events.push(event.clone());
        self.times.push(time);
    }

    fn conflict(&self, event: &StoredEvent) -> RecorderError {
        let last = self.aggregates.get(&event.originator_id).and_then(|places| places.last());
        RecorderError::Conflict {
            originator_id: event.originator_id,
            tried: event.originator_version,
            recorded: last.map_or(0, |(version, _)| *version),
        }
    }
}
