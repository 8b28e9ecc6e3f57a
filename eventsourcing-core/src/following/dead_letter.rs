//! A dead letter: an event that a projection put aside, and why.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::reasons;
use crate::persistence::{Cause, Kind, Mapper, Notification, Place};

/// An event that a projection put aside, because its handler failed or because an event of the same aggregate was put aside before it.
///
/// The event itself stays where it is, in the upstream's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The place of the event in the log.
    pub notification_id: u64,
    /// The id of the aggregate.
    pub originator_id: Uuid,
    /// The number of the event in its aggregate.
    pub originator_version: u64,
    /// The topic of the event.
    pub topic: String,
    /// What the handler said; none if the event was not handled, but waits for those before it.
    ///
    /// It is cut off after 4 KiB. Where the upstream's log is encrypted the stored reason is too, and
    /// [`DeadLetters`](super::DeadLetters) decrypts it; [`Views::dead_letters`](super::Views::dead_letters) gives it as it is stored.
    pub reason: Option<String>,
    /// When it was put aside, to the microsecond, by the clock of whoever did.
    pub parked_at: Timestamp,
}

impl DeadLetter {
    /// Of an event that its handler refused for this cause or, without one, that has to wait for those before it.
    pub(super) fn of(event: &Notification, cause: Option<&Cause>, mapper: &Mapper) -> Self {
        let now = Timestamp::now();
        Self {
            notification_id: event.id,
            originator_id: event.originator_id,
            originator_version: event.originator_version,
            topic: event.topic.clone().into_owned(),
            reason: cause.map(|cause| reasons::stored(cause, reasons::place_of(event), mapper)),
            parked_at: Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now),
        }
    }

    /// The same, once it was refused again.
    pub(super) fn refused_for(self, cause: &Cause, mapper: &Mapper) -> Self {
        let (originator_id, originator_version) = (self.originator_id, self.originator_version);
        let place = Place { kind: Kind::DeadLetterReason, originator_id, originator_version, topic: &self.topic };
        let reason = Some(reasons::stored(cause, place, mapper));
        Self { reason, ..self }
    }
}
