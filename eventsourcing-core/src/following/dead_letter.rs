//! A dead letter: an event that a projection put aside, and why.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::failure::story;
use crate::persistence::{Cause, Notification};

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
    pub reason: Option<String>,
    /// When it was put aside, to the microsecond, by the clock of whoever did.
    pub parked_at: Timestamp,
}

impl DeadLetter {
    /// Of an event that its handler refused for this cause or, without one, that has to wait for those before it.
    pub(super) fn of(event: &Notification, cause: Option<&Cause>) -> Self {
        let now = Timestamp::now();
        Self {
            notification_id: event.id,
            originator_id: event.originator_id,
            originator_version: event.originator_version,
            topic: event.topic.clone().into_owned(),
            reason: cause.map(reason),
            parked_at: Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now),
        }
    }

    /// The same, once it was refused again.
    pub(super) fn refused_for(self, cause: &Cause) -> Self {
        Self { reason: Some(reason(cause)), ..self }
    }
}

/// The cause as it is kept: all of its story, and nothing that a database does not take for text.
fn reason(cause: &Cause) -> String {
    story(cause).replace('\0', "\u{fffd}")
}
