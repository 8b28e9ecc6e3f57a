//! A dead letter: an event that a projection parked, and the reason.

pub(crate) mod reason;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::codec::Mapper;
use crate::domain::now;
use crate::recording::{Cause, Notification, StateKind, StateLocation};

/// A dead letter: an event that a projection parked.
///
/// An event is parked because its handler failed, or because an earlier event of the same aggregate is parked. The event itself
/// remains in the upstream log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The id of the event's notification in the upstream log.
    pub notification_id: u64,
    /// The id of the aggregate.
    pub originator_id: Uuid,
    /// The version of the event in its aggregate.
    pub originator_version: u64,
    /// The topic of the event.
    pub topic: String,
    /// The handler's error; none if the event was not handled because it waits for earlier ones.
    ///
    /// It is truncated after 4 KiB. If the upstream log is encrypted, the stored reason is encrypted too:
    /// [`DeadLetters`](crate::projection::DeadLetters) decrypts it, and
    /// [`Views::dead_letters`](crate::projection::Views::dead_letters) returns it as stored.
    pub reason: Option<String>,
    /// The time when it was parked, in microseconds, by the clock of the process that parked it.
    pub parked_at: Timestamp,
}

impl DeadLetter {
    /// Creates the dead letter of an event that waits for earlier ones, for instance from a row of its store.
    #[inline]
    pub fn new(
        notification_id: u64,
        originator_id: Uuid,
        originator_version: u64,
        topic: impl Into<String>,
        parked_at: Timestamp,
    ) -> Self {
        Self { notification_id, originator_id, originator_version, topic: topic.into(), reason: None, parked_at }
    }

    /// Sets the handler's error, if it refused the event.
    #[inline]
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<Option<String>>) -> Self {
        self.reason = reason.into();
        self
    }

    /// The same letter with its reason in plain text, decrypted with the mapper of the upstream application.
    ///
    /// [`Views::dead_letters`](crate::projection::Views::dead_letters) lists letters without the type of the projection, with their reasons as
    /// they are stored. If a reason cannot be decrypted, the text says why. A plain reason stays as it is.
    #[must_use]
    pub fn opened(self, upstream: &Mapper) -> Self {
        reason::opened(self, upstream)
    }

    /// The letter of an event that its handler refused for this cause, or that waits for earlier ones if there is no cause.
    pub(crate) fn of(event: &Notification, cause: Option<&Cause>, mapper: &Mapper) -> Self {
        Self {
            notification_id: event.id,
            originator_id: event.originator_id,
            originator_version: event.originator_version,
            topic: event.topic.clone().into_owned(),
            reason: cause.map(|cause| reason::stored(cause, reason::location_of(event), mapper)),
            parked_at: now(),
        }
    }

    /// The same letter with the cause of a failed retry.
    pub(crate) fn refused_for(self, cause: &Cause, mapper: &Mapper) -> Self {
        let (originator_id, originator_version) = (self.originator_id, self.originator_version);
        let location =
            StateLocation { kind: StateKind::DeadLetterReason, originator_id, originator_version, topic: &self.topic };
        let reason = Some(reason::stored(cause, location, mapper));
        Self { reason, ..self }
    }
}
