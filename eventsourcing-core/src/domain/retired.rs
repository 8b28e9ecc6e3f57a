//! Retired events: nothing happens when they are replayed, but each counts as a version of its aggregate.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Aggregate, AggregateError, ApplyError, Root};

impl<A: Aggregate> Root<A> {
    /// Counts a recorded event that is retired: the aggregate has its version and its time, and nothing else of it.
    pub(crate) fn skip(
        aggregate: &mut Option<A>,
        topic: &'static str,
        originator_id: Uuid,
        version: u64,
        timestamp: Timestamp,
    ) -> Result<(), AggregateError> {
        // any event may be the first one of a log, a retired one too
        if let (None, Some(empty)) = (&aggregate, A::EMPTY_LOG) {
            *aggregate = Some(empty(originator_id));
        }
        let Some(aggregate) = aggregate else {
            let reason = ApplyError::RetiredCreation;
            return Err(AggregateError::Apply { aggregate: A::NAME, topic, originator_id, reason });
        };
        let expected = aggregate.version() + 1;
        if version != expected {
            let found = version;
            return Err(AggregateError::OriginatorVersionMismatch {
                aggregate: A::NAME,
                originator_id,
                expected,
                found,
            });
        }
        aggregate.root_mut().count(version, timestamp);
        Ok(())
    }
}
