//! What an append does to the aggregate cache: before it, after it, and if its outcome is unknown.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use super::aggregate_cache::{AggregateCache, Anchor, CachedState};
use super::cache_marks::End;
use super::handle::Shared;
use super::saveable::Saveable;
use crate::domain::Aggregate;
use crate::recording::{Append, Notification, RecorderError, StoredEvent};
use crate::stats::Timed;
use crate::{Error, Result};

/// Saved aggregates, of which the application's cache keeps copies.
///
/// [`Saveable::cache_in`] gets it.
pub struct SavedStates<'a> {
    cache: &'a AggregateCache,
    /// The last event that was recorded of each aggregate.
    last: HashMap<Uuid, Anchor>,
    states: Vec<(Uuid, CachedState)>,
}

impl SavedStates<'_> {
    /// Copies an aggregate to the cache, if it can be cloned and its last event was recorded by this save.
    pub fn add<A: Aggregate>(&mut self, aggregate: &A) {
        let (Some(clone), Some(last)) = (A::CLONE, self.last.get(&aggregate.id())) else { return };
        if A::EMPTY_LOG.is_some() {
            return;
        }
        if aggregate.version() == last.version && aggregate.pending_events().is_empty() {
            let state = self.cache.state_of(Arc::new(clone(aggregate)), last.append_id);
            self.states.push((aggregate.id(), state));
        }
    }
}

impl fmt::Debug for SavedStates<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SavedStates").field("states", &self.states.len()).finish_non_exhaustive()
    }
}

/// An append from before it begins until its outcome is known. If this is dropped earlier, the outcome is unknown.
pub(crate) struct Appending<'a> {
    shared: &'a Shared,
    /// The aggregates of the events; none if each read asks the database.
    touched: Vec<Touched>,
    timed: Option<Timed>,
    /// Whether its outcome is counted. If it never is, the outcome is unknown.
    is_counted: bool,
}

/// An aggregate of which an append records events.
struct Touched {
    id: Uuid,
    first: u64,
    last: u64,
}

impl<'a> Appending<'a> {
    /// Marks the aggregates of the events: no state of them is given out without a query until the outcome is known.
    pub(crate) fn of(shared: &'a Shared, events: &[StoredEvent]) -> Self {
        let timed = shared.counters.begin_append(events);
        let mut appending = Self { shared, touched: Vec::new(), timed, is_counted: false };
        if let Some(cache) = shared.cache.as_ref().filter(|cache| !cache.forwards()) {
            appending.touched = touched_by(events);
            appending.touched.iter().for_each(|touched| cache.begin_append(touched.id));
        }
        appending
    }

    /// Notes the error of an append that has one.
    pub(crate) fn ended<T>(&mut self, outcome: Result<T>) -> Result<T> {
        if let Err(error) = &outcome {
            self.refused(error);
        }
        outcome
    }

    /// Notes that nothing was recorded, unless that is unknown.
    pub(super) fn refused(&mut self, error: &Error) {
        let is_unknown = matches!(error, Error::Recorder(RecorderError::OutcomeUnknown { .. }));
        if !is_unknown && !self.is_counted {
            self.is_counted = true;
            self.shared.counters.refused_append(self.timed.take(), error);
        }
        let conflict = match error {
            Error::Recorder(RecorderError::OutcomeUnknown { .. }) => return,
            Error::Conflict { originator_id, tried, .. } => Some((*originator_id, *tried)),
            _ => None,
        };
        for Touched { id, .. } in std::mem::take(&mut self.touched) {
            let conflict = conflict.filter(|(conflicting, _)| *conflicting == id).map(|(_, version)| version);
            self.end(id, &End::Refused { conflict }, None);
        }
    }

    /// Counts what was saved and caches its states, once it is recorded.
    pub(crate) fn keep(&mut self, what: &(impl Saveable + ?Sized), recorded: &[Notification]) {
        self.is_counted = true;
        self.shared.counters.recorded_append(self.timed.take(), recorded);
        let Some(cache) = self.shared.cache.as_ref() else { return };
        let last = recorded.iter().map(|event| {
            let Notification { originator_id, originator_version: version, append_id, .. } = *event;
            (originator_id, Anchor { version, append_id })
        });
        let mut saved = SavedStates { cache, last: last.collect(), states: Vec::new() };
        what.cache_in(&mut saved);
        if cache.forwards() {
            saved.states.into_iter().for_each(|(id, state)| cache.put_saved(id, state));
            return;
        }
        let mut states: HashMap<Uuid, CachedState> = saved.states.into_iter().collect();
        for Touched { id, last, .. } in std::mem::take(&mut self.touched) {
            self.end(id, &End::Recorded { last }, states.remove(&id));
        }
    }

    fn end(&self, id: Uuid, end: &End, state: Option<CachedState>) {
        if let Some(cache) = &self.shared.cache {
            cache.end_append(id, end, state);
        }
    }
}

impl Drop for Appending<'_> {
    fn drop(&mut self) {
        if !self.is_counted {
            self.shared.counters.unknown_append();
        }
        for Touched { id, first, .. } in std::mem::take(&mut self.touched) {
            self.end(id, &End::Unknown { first }, None);
        }
    }
}

/// The aggregates of these events, each once.
fn touched_by(events: &[StoredEvent]) -> Vec<Touched> {
    let mut touched: Vec<Touched> = Vec::new();
    for StoredEvent { originator_id: id, originator_version: version, .. } in events {
        match touched.last_mut().filter(|last| last.id == *id) {
            Some(last) => (last.first, last.last) = (last.first.min(*version), last.last.max(*version)),
            None => touched.push(Touched { id: *id, first: *version, last: *version }),
        }
    }
    // events of one aggregate may be apart
    touched.sort_by_key(|touched| touched.id);
    touched.dedup_by(|next, kept| {
        let is_same = next.id == kept.id;
        if is_same {
            (kept.first, kept.last) = (kept.first.min(next.first), kept.last.max(next.last));
        }
        is_same
    });
    touched
}

impl Shared {
    /// Records an append of which no aggregate is left to be cached.
    pub(crate) async fn append(&self, append: Append) -> Result<Vec<Notification>, RecorderError> {
        let mut appending = Appending::of(self, &append.events);
        let recorded = self.recorder.append(append).await;
        match &recorded {
            Ok(recorded) => appending.keep(&(), recorded),
            Err(error) => appending.refused(&error.clone().into()),
        }
        recorded
    }
}
