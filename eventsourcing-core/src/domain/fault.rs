//! The misuse after which the history of an aggregate cannot be continued.

use uuid::Uuid;

use super::{Aggregate, AggregateError};

/// The reason why an aggregate's history cannot be continued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A command was called on an aggregate that no creation event created.
    NotCreated {
        /// The topic of the command's event.
        topic: &'static str,
    },
    /// The body of an event method panicked, and the panic was caught: the state is undefined.
    Panicked {
        /// The topic of the event.
        topic: &'static str,
    },
    /// The body of an event method triggered another event.
    Nested {
        /// The topic of the event whose body was running.
        outer: &'static str,
        /// The topic of the event that was triggered inside that body.
        inner: &'static str,
    },
    /// The command whose events the aggregate holds was recorded before: these events never will be.
    NotRecorded,
}

impl Fault {
    /// Returns the fault of the body of an event in which this one was found.
    pub(super) fn found_in(self, outer: &'static str) -> Self {
        match self {
            Fault::Nested { inner, .. } => Fault::Nested { outer, inner },
            Fault::NotCreated { topic } | Fault::Panicked { topic } => Fault::Nested { outer, inner: topic },
            // it was there before the body ran
            Fault::NotRecorded => self,
        }
    }

    pub(super) fn error<A: Aggregate>(self, id: Uuid) -> AggregateError {
        match self {
            Fault::NotCreated { .. } => AggregateError::not_created::<A>(),
            Fault::Panicked { topic } => AggregateError::BodyPanicked { originator_id: id, topic },
            Fault::Nested { outer, inner } => AggregateError::NestedEvent { originator_id: id, outer, inner },
            Fault::NotRecorded => AggregateError::NotRecorded { aggregate: A::NAME, originator_id: id },
        }
    }
}
