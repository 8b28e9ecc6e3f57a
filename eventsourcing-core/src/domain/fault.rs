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
}

impl Fault {
    /// Returns the topic of the event that was triggered where none may be.
    pub(super) fn inner(self) -> &'static str {
        match self {
            Fault::Nested { inner, .. } => inner,
            Fault::NotCreated { topic } | Fault::Panicked { topic } => topic,
        }
    }

    pub(super) fn error<A: Aggregate>(self, id: Uuid) -> AggregateError {
        match self {
            Fault::NotCreated { .. } => AggregateError::not_created::<A>(),
            Fault::Panicked { topic } => AggregateError::BodyPanicked { originator_id: id, topic },
            Fault::Nested { outer, inner } => AggregateError::NestedEvent { originator_id: id, outer, inner },
        }
    }
}
