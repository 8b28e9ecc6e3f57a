//! When events were recorded.

use jiff::Timestamp;

/// The time at which an event was recorded.
///
/// It is the time of the append, by the clock of the database or, if the database has none, of the process. The recorder takes it under the
/// lock of the append, so times never decrease from one notification id to the next. It is stored beside the state and not in it: it can be
/// read without the key of an encrypted log. The timestamp of a domain event is another time, taken when the event was triggered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RecordedTime {
    /// The notification id of the event.
    pub notification_id: u64,
    /// When it was recorded.
    pub time: Timestamp,
}

impl RecordedTime {
    /// Creates the time of an event.
    #[inline]
    pub const fn new(notification_id: u64, time: Timestamp) -> Self {
        Self { notification_id, time }
    }
}
