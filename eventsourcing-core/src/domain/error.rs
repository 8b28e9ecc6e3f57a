//! The errors of an aggregate, or of an event that is applied to it.

use uuid::Uuid;

use super::{Aggregate, ApplyError};

/// The reason why an aggregate cannot be changed, replayed or saved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AggregateError {
    /// The event belongs to another aggregate.
    #[error("the event belongs to {found} and cannot be applied to the {aggregate} {expected}")]
    OriginatorIdMismatch {
        /// The name of the aggregate's type.
        aggregate: &'static str,
        /// The id of the aggregate.
        expected: Uuid,
        /// The aggregate id that the event has.
        found: Uuid,
    },

    /// The event does not have the aggregate's next version.
    #[error(
        "the event is version {found} of the {aggregate} {originator_id}, whose next version is {expected}; {}",
        mismatch(*expected, *found)
    )]
    OriginatorVersionMismatch {
        /// The name of the aggregate's type.
        aggregate: &'static str,
        /// The id of the aggregate.
        originator_id: Uuid,
        /// The next version of the aggregate.
        expected: u64,
        /// The version that the event has.
        found: u64,
    },

    /// The event does not apply to the aggregate.
    #[error("the event `{topic}` cannot be applied to the {aggregate} {originator_id}: {reason}")]
    Apply {
        /// The name of the aggregate's type.
        aggregate: &'static str,
        /// The topic of the event.
        topic: &'static str,
        /// The id of the aggregate.
        originator_id: Uuid,
        /// Why the event does not apply.
        reason: ApplyError,
    },

    /// A part of a split event does not apply to the aggregate.
    #[error(
        "the event `{topic}` cannot be applied to the {aggregate} {originator_id}, because its part `{part}` cannot: {reason}"
    )]
    ApplyPart {
        /// The name of the aggregate's type.
        aggregate: &'static str,
        /// The topic of the recorded event.
        topic: &'static str,
        /// The topic of the part.
        part: &'static str,
        /// The id of the aggregate.
        originator_id: Uuid,
        /// Why the part does not apply.
        reason: ApplyError,
    },

    /// The body of an event method triggered another event; nothing was recorded.
    #[error(
        "`{inner}` of {originator_id} was triggered inside the body of `{outer}`, where every replay would trigger it again; \
         call both from a plain method instead"
    )]
    NestedEvent {
        /// The id of the aggregate.
        originator_id: Uuid,
        /// The topic of the event whose body was running.
        outer: &'static str,
        /// The topic of the event that was triggered in it.
        inner: &'static str,
    },

    /// The aggregate is a copy that was made in the body of an event method; nothing was recorded.
    #[error(
        "this {aggregate} is a copy of {originator_id} that was made inside the body of an event method and lacks that event; \
         save the aggregate that the event method was called on"
    )]
    CopiedInBody {
        /// The name of the aggregate's type.
        aggregate: &'static str,
        /// The id of the aggregate.
        originator_id: Uuid,
    },

    /// The body of an event method panicked, and the panic was caught.
    #[error("the body of `{topic}` panicked and left {originator_id} in an unknown state; get the aggregate again")]
    BodyPanicked {
        /// The id of the aggregate.
        originator_id: Uuid,
        /// The topic of the event.
        topic: &'static str,
    },

    /// The aggregate holds events that are not recorded, because their command was recorded before.
    #[error(
        "this {aggregate} {originator_id} holds events that are not recorded, because their command was recorded before; \
         get the aggregate again"
    )]
    NotRecorded {
        /// The name of the aggregate's type.
        aggregate: &'static str,
        /// The id of the aggregate.
        originator_id: Uuid,
    },

    /// No creation event created the aggregate.
    #[error(
        "this {aggregate} cannot be saved: no creation event created it, so it has no id and no history; \
         create it with one of its `#[event]` functions that return `Self`"
    )]
    NotCreated {
        /// The name of the aggregate's type.
        aggregate: &'static str,
    },

    /// The aggregate is an event-sourced log, and its id is nil.
    #[error(
        "this {aggregate} cannot be saved: it is a log without an id; open it with `repository().log(id)`, where the id is not nil"
    )]
    LogWithoutId {
        /// The name of the log's type.
        aggregate: &'static str,
    },

    /// Events of the aggregate were taken from it or applied to it, and are not recorded; nothing was recorded.
    #[error(
        "the {aggregate} {originator_id} cannot be saved, because its versions {first} to {last} are not recorded: \
         they were taken with `collect_events` or applied with `mutate`; save these events first, or get the aggregate again; \
         to read pending events without taking them, use `pending_events`"
    )]
    EventsMissing {
        /// The name of the aggregate's type.
        aggregate: &'static str,
        /// The id of the aggregate.
        originator_id: Uuid,
        /// The first version that is not recorded.
        first: u64,
        /// The last version that is not recorded.
        last: u64,
    },
}

impl AggregateError {
    pub(super) fn not_created<A: Aggregate>() -> Self {
        match A::EMPTY_LOG {
            Some(_) => Self::LogWithoutId { aggregate: A::NAME },
            None => Self::NotCreated { aggregate: A::NAME },
        }
    }
}

/// What is wrong with the version of an event, and what to do.
fn mismatch(expected: u64, found: u64) -> String {
    match found.checked_sub(expected) {
        None | Some(0) => "it is applied already, so leave it out".to_owned(),
        Some(1) => format!("version {expected} is missing: restore its event, or apply it before this one"),
        Some(_) => {
            format!(
                "versions {expected} to {} are missing: restore their events, or apply them before this one",
                found - 1
            )
        }
    }
}
