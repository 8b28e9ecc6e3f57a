//! The events that `collect_events` took from an aggregate, which must be recorded before any later one.

use jiff::Timestamp;
use uuid::Uuid;

use super::DomainEvent;
use crate::Error;
use crate::persistence::StoredEvent;

/// The events that were taken from an aggregate and of which it is not known whether they are recorded.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    aggregate: &'static str,
    pub(crate) originator_id: Uuid,
    /// The version of the first event that was taken.
    pub(crate) first: u64,
    /// The version of the last event that was taken.
    pub(crate) last: u64,
    /// When the last one happened. Another writer's event of the same version has another time.
    pub(crate) timestamp: Timestamp,
}

impl Taken {
    /// Takes note of events that were taken, after those that were taken before; none if nothing was taken yet.
    pub(super) fn after<E>(
        before: Option<Box<Self>>,
        aggregate: &'static str,
        taken: &[DomainEvent<E>],
    ) -> Option<Box<Self>> {
        let (Some(first), Some(last)) = (taken.first(), taken.last()) else { return before };
        let first = before.map_or(first.originator_version, |before| before.first);
        let DomainEvent { originator_id, originator_version: last, timestamp, .. } = *last;
        Some(Box::new(Self { aggregate, originator_id, first, last, timestamp }))
    }

    /// Whether all of them are among these events, which are to be recorded.
    pub(crate) fn is_among(&self, events: &[StoredEvent]) -> bool {
        let is_taken = |event: &&StoredEvent| {
            event.originator_id == self.originator_id && (self.first..=self.last).contains(&event.originator_version)
        };
        events.iter().filter(is_taken).count() as u64 == self.last - self.first + 1
    }

    /// The error of a save that would leave them out.
    pub(crate) fn error(&self) -> Error {
        let Self { aggregate, originator_id, first, last, .. } = *self;
        Error::EventsTaken { aggregate, originator_id, first, last }
    }
}
