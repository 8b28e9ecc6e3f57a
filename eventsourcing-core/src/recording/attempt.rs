//! The identity of an attempt to record events, and its stamp, which differs each time the events are sent.

use uuid::Uuid;

/// The bits of an append id that are replaced each time its events are sent to a storage.
const STAMP: u128 = u32::MAX as u128;

/// Returns whether two append ids belong to the same attempt: whether they are equal except for their last four bytes.
///
/// A caller that repeats an attempt uses the same append id again. A recorder whose storage can lose acknowledged events, such as a
/// database that fails over to a server that lagged, [stamps](stamped) the append id each time it sends the events. So events that
/// were lost and are recorded again are recognized as those of the attempt, and still differ from the lost ones: a position that is
/// [anchored](crate::recording::LogPosition) at a lost event does not match the event that replaced it.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::Uuid;
/// use eventsourcing::recording::{is_same_attempt, stamped};
///
/// let attempt = Uuid::from_u128(0x67e5_5044_10b1_426f_9247_bb68_0e5f_e0c8);
/// assert!(is_same_attempt(attempt, stamped(attempt, 7)));
/// assert!(!is_same_attempt(attempt, Uuid::from_u128(1)));
/// ```
pub fn is_same_attempt(one: Uuid, other: Uuid) -> bool {
    one.as_u128() | STAMP == other.as_u128() | STAMP
}

/// Returns the append id with another stamp.
///
/// See [`is_same_attempt`].
#[must_use]
pub fn stamped(append_id: Uuid, stamp: u32) -> Uuid {
    Uuid::from_u128(append_id.as_u128() & !STAMP | u128::from(stamp))
}
