//! Where the events of an aggregate are in the log.

use jiff::Timestamp;

/// Where an event of an aggregate is in the log, and when it was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EventPlace {
    /// The version of the event.
    pub originator_version: u64,
    /// The notification id of the event.
    pub notification_id: u64,
    /// When it was recorded, if that is known: see [`RecordedTime`](super::RecordedTime).
    pub recorded_at: Option<Timestamp>,
}

impl EventPlace {
    /// Creates the place of an event.
    #[inline]
    pub const fn new(originator_version: u64, notification_id: u64, recorded_at: Option<Timestamp>) -> Self {
        Self { originator_version, notification_id, recorded_at }
    }
}
