//! Events that an aggregate has gone through and does not hold, which must be recorded before any later one.
//!
//! `collect_events` took them, or `mutate` applied them.

use jiff::Timestamp;
use uuid::Uuid;

use crate::Error;
use crate::persistence::StoredEvent;

/// The events that were taken from an aggregate or applied to it, and of which it is not known whether they are recorded.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    aggregate: &'static str,
    pub(crate) originator_id: Uuid,
    /// The version of the first of them.
    pub(crate) first: u64,
    /// The version of the last of them.
    pub(crate) last: u64,
    /// When the last one happened. Another writer's event of the same version has another time.
    pub(crate) timestamp: Timestamp,
}

impl Taken {
    /// Takes note of events, after those that were noted before.
    pub(super) fn note(
        noted: &mut Option<Box<Self>>,
        aggregate: &'static str,
        originator_id: Uuid,
        (first, last): (u64, u64),
        timestamp: Timestamp,
    ) {
        match noted {
            Some(noted) => (noted.last, noted.timestamp) = (last, timestamp),
            None => *noted = Some(Box::new(Self { aggregate, originator_id, first, last, timestamp })),
        }
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
        Error::EventsMissing { aggregate, originator_id, first, last }
    }
}
