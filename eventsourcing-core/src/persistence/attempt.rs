//! The identity of an attempt to record events, and the stamp of each time it is sent.

use uuid::Uuid;

/// The bits of an append id that are stamped anew each time its events are sent to a storage.
const STAMP: u128 = u32::MAX as u128;

/// Whether two append ids are of the same attempt: whether they differ in their last four bytes at most.
///
/// A caller that repeats an attempt repeats its append id. A recorder whose storage can lose acknowledged events, such as a
/// database that fails over to a server that was behind, [stamps](stamped) it each time it sends the events. So events that were
/// lost and are recorded again are found to be those of the attempt, and still differ from the lost ones: a position that is
/// [anchored](super::LogPosition) at a lost event does not fit the event that took its place.
///
/// # Examples
///
/// ```
/// use eventsourcing_core::Uuid;
/// use eventsourcing_core::persistence::{is_same_attempt, stamped};
///
/// let attempt = Uuid::from_u128(0x67e5_5044_10b1_426f_9247_bb68_0e5f_e0c8);
/// assert!(is_same_attempt(attempt, stamped(attempt, 7)));
/// assert!(!is_same_attempt(attempt, Uuid::from_u128(1)));
/// ```
pub fn is_same_attempt(one: Uuid, other: Uuid) -> bool {
    one.as_u128() | STAMP == other.as_u128() | STAMP
}

/// The append id with this stamp in place of the one it has.
///
/// See [`is_same_attempt`].
#[must_use]
pub fn stamped(append_id: Uuid, stamp: u32) -> Uuid {
    Uuid::from_u128(append_id.as_u128() & !STAMP | u128::from(stamp))
}
