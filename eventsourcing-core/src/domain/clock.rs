//! The time and the ids of new events. A test may fix both for a scope (feature `testing`).

use jiff::Timestamp;
use uuid::Uuid;

/// Returns the current time in microseconds, as states store it: a live aggregate must equal the replayed one.
///
/// It is the time of new events. A command that passes the time to an event gets it here, so that a test can fix it: with the feature
/// `testing`, it is the time of the `testing::Clock` in whose scope it is called, and otherwise that of the system.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::domain;
///
/// assert!(domain::now() <= domain::now());
/// ```
#[inline]
pub fn now() -> Timestamp {
    #[cfg(feature = "testing")]
    if let Some(now) = super::fixed_clock::now() {
        return now;
    }
    to_microseconds(Timestamp::now())
}

/// Returns a new id: a random UUID.
///
/// It is the id of a new aggregate whose creation event has no `id = …`. With the feature `testing`, it is the next id of the
/// `testing::Clock` in whose scope it is called.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::domain;
///
/// assert_ne!(domain::new_id(), domain::new_id());
/// ```
#[inline]
pub fn new_id() -> Uuid {
    #[cfg(feature = "testing")]
    if let Some(id) = super::fixed_clock::next_id() {
        return id;
    }
    Uuid::new_v4()
}

#[inline]
pub(super) fn to_microseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}
