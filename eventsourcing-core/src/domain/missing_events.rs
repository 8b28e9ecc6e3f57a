//! Events that have left an aggregate's pending events, and must be recorded before any later event.
//!
//! They were taken by `collect_events` or applied by `mutate`.

use jiff::Timestamp;
use uuid::Uuid;

use super::AggregateError;

/// Events that were taken from an aggregate or applied to it, and may not be recorded.
#[derive(Clone, Debug)]
pub(crate) struct MissingEvents {
    aggregate: &'static str,
    pub(crate) originator_id: Uuid,
    /// The first of their versions.
    pub(crate) first: u64,
    /// The last of their versions.
    pub(crate) last: u64,
    /// The time of the last event. Another writer's event of the same version has another time.
    pub(crate) timestamp: Timestamp,
}

impl MissingEvents {
    /// Notes events, in addition to those noted before.
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

    /// Returns the error of a save that would leave them out.
    pub(crate) fn error(&self) -> AggregateError {
        let Self { aggregate, originator_id, first, last, .. } = *self;
        AggregateError::EventsMissing { aggregate, originator_id, first, last }
    }
}
