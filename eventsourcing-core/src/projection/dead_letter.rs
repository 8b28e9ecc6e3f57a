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
    /// The handler's error of the last try; none if the event was not handled because it waits for earlier ones.
    ///
    /// It is truncated after 4 KiB. If the upstream log is encrypted, the stored reason is encrypted too:
    /// [`DeadLetters`](crate::projection::DeadLetters) decrypts it, and
    /// [`Views::dead_letters`](crate::projection::Views::dead_letters) returns it as stored.
    pub reason: Option<String>,
    /// The time when it was parked, in microseconds, by the clock of the process that parked it.
    pub parked_at: Timestamp,
    /// How often the event was tried: by the runner before it parked the event, and by retries since. It is 0 for an event that waits, and
    /// dry runs do not count.
    #[serde(default)]
    pub attempts: u32,
    /// The time of the last try, in microseconds; none if the event was not tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried_at: Option<Timestamp>,
    /// The handler's error of the first try, if a retry has failed for another reason since. It is stored like [`reason`](Self::reason).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_reason: Option<String>,
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
        Self {
            notification_id,
            originator_id,
            originator_version,
            topic: topic.into(),
            reason: None,
            parked_at,
            attempts: 0,
            tried_at: None,
            first_reason: None,
        }
    }

    /// Sets the handler's error, if it refused the event.
    #[inline]
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<Option<String>>) -> Self {
        self.reason = reason.into();
        self
    }

    /// Sets how often the event was tried, and when last.
    #[inline]
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32, tried_at: impl Into<Option<Timestamp>>) -> Self {
        (self.attempts, self.tried_at) = (attempts, tried_at.into());
        self
    }

    /// Sets the handler's error of the first try, if it is another one than that of the last.
    #[inline]
    #[must_use]
    pub fn with_first_reason(mut self, reason: impl Into<Option<String>>) -> Self {
        self.first_reason = reason.into();
        self
    }

    /// The same letter with its reasons in plain text, decrypted with the mapper of the upstream application.
    ///
    /// [`Views::dead_letters`](crate::projection::Views::dead_letters) lists letters without the type of the projection, with their reasons as
    /// they are stored. If one cannot be decrypted, the text says why. A plain reason stays as it is.
    #[must_use]
    pub fn opened(mut self, upstream: &Mapper) -> Self {
        let [reason, first] = [self.reason.take(), self.first_reason.take()];
        let location = self.location();
        let open = |stored: Option<String>| stored.map(|stored| reason::opened(stored, location, upstream));
        let (reason, first_reason) = (open(reason), open(first));
        Self { reason, first_reason, ..self }
    }

    /// The letter of an event that its handler refused for this cause after so many attempts, or that waits for earlier ones.
    pub(crate) fn of(event: &Notification, refused: Option<(&Cause, u32)>, mapper: &Mapper) -> Self {
        let parked_at = now();
        let letter = Self::new(
            event.id,
            event.originator_id,
            event.originator_version,
            event.topic.clone().into_owned(),
            parked_at,
        );
        let Some((cause, attempts)) = refused else { return letter };
        let reason = reason::sealed(reason::text(cause), letter.location(), mapper);
        letter.with_reason(reason).with_attempts(attempts, parked_at)
    }

    /// The same letter with the cause of a failed retry.
    pub(crate) fn refused_for(mut self, cause: &Cause, mapper: &Mapper) -> Self {
        let text = reason::text(cause);
        let before = self.reason.take();
        let is_another = |before: &String| reason::opened(before.clone(), self.location(), mapper) != text;
        let another = before.filter(is_another);
        let reason = Some(reason::sealed(text, self.location(), mapper));
        let first_reason = self.first_reason.take().or(another);
        let attempts = self.attempts.saturating_add(1);
        Self { reason, first_reason, attempts, tried_at: Some(now()), ..self }
    }

    /// The location of a text about this event, to which it is bound if it is encrypted.
    pub(crate) fn location(&self) -> StateLocation<'_> {
        StateLocation {
            kind: StateKind::DeadLetterReason,
            originator_id: self.originator_id,
            originator_version: self.originator_version,
            topic: &self.topic,
        }
    }
}
