//! Replays a split event: its parts are applied in order, and together they are one version.

use super::root::Identity;
use super::split::is_split;
use super::{Aggregate, AggregateError, AggregateEvent, ApplyError, Root};

impl<A: Aggregate> Root<A> {
    /// Creates an aggregate from its first event.
    pub(super) fn made(event: A::Event, identity: Identity) -> Result<A, AggregateError> {
        if !is_split(&event) {
            return Self::made_by_one(event, identity);
        }
        let topic = event.topic();
        let mut parts = event.into_parts().into_iter();
        let Some(first) = parts.next() else {
            return Err(identity.apply_error::<A>(topic, ApplyError::NoParts));
        };
        let mut aggregate = Self::made_by_one(first, identity).map_err(|error| of_part(error, topic))?;
        for part in parts {
            Self::apply_one(&mut aggregate, part).map_err(|error| of_part(error, topic))?;
        }
        Ok(aggregate)
    }

    /// Applies a recorded event to the state alone.
    pub(super) fn apply_recorded(aggregate: &mut A, event: A::Event) -> Result<(), AggregateError> {
        if !is_split(&event) {
            return Self::apply_one(aggregate, event);
        }
        let topic = event.topic();
        for part in event.into_parts() {
            Self::apply_one(aggregate, part).map_err(|error| of_part(error, topic))?;
        }
        Ok(())
    }
}

/// The error of a part, which names the recorded event too.
fn of_part(error: AggregateError, topic: &'static str) -> AggregateError {
    match error {
        AggregateError::Apply { aggregate, topic: part, originator_id, reason } => {
            AggregateError::ApplyPart { aggregate, topic, part, originator_id, reason }
        }
        other => other,
    }
}
