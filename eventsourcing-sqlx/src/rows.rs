//! Numbers and rows of the database: the only place where `u64` and `i64` meet.

use eventsourcing_core::{RecorderError, StoredEvent};
use uuid::Uuid;

/// The largest number that both databases can keep.
const MAX: u64 = i64::MAX.unsigned_abs();

/// A version that is taken: notification id, originator id, version, the attempt that recorded it, and the last version.
pub(crate) type TakenRow = (i64, Uuid, i64, Uuid, i64);

/// Where a version is recorded, and by which attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) notification_id: u64,
    pub(crate) append_id: Uuid,
    /// The last version of the aggregate that is recorded.
    pub(crate) last_version: u64,
}

/// Refuses versions that no database can keep, before anything is sent.
pub(crate) fn check_versions(events: &[StoredEvent]) -> Result<(), RecorderError> {
    match events.iter().map(|event| event.originator_version).find(|version| *version > MAX) {
        Some(value) => Err(RecorderError::OutOfRange { what: "originator version", value, max: MAX }),
        None => Ok(()),
    }
}

/// The number as it is bound; one that is too large becomes the largest, which as a limit means the same.
pub(crate) fn to_bound(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// As [`to_bound`], for counts.
pub(crate) fn to_count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A lower bound that is excluded; none of them is below all numbers, so that impossible ones are found.
pub(crate) fn to_after(number: Option<u64>) -> i64 {
    number.map_or(i64::MIN, to_bound)
}

/// An upper bound that is included.
pub(crate) fn to_up_to(number: Option<u64>) -> i64 {
    number.map_or(i64::MAX, to_bound)
}

/// The checksum's column.
pub(crate) fn to_checksum(checksum: Option<u32>) -> Option<i64> {
    checksum.map(i64::from)
}

/// A notification id of the database; 0 is none.
pub(crate) fn from_id(id: i64) -> Result<u64, RecorderError> {
    u64::try_from(id).map_err(|_| impossible("notification id", id))
}

/// A version of the database.
pub(crate) fn from_version(version: i64) -> Result<u64, RecorderError> {
    u64::try_from(version).map_err(|_| impossible("originator version", version))
}

pub(crate) fn from_checksum(checksum: Option<i64>) -> Result<Option<u32>, RecorderError> {
    checksum.map(|sum| u32::try_from(sum).map_err(|_| impossible("checksum", sum))).transpose()
}

/// The id of a dictionary.
pub(crate) fn from_dictionary_id(id: i64) -> Result<u32, RecorderError> {
    u32::try_from(id).map_err(|_| impossible("dictionary id", id))
}

/// A tracking position of the database.
pub(crate) fn from_position(position: i64) -> Result<u64, RecorderError> {
    u64::try_from(position).map_err(|_| impossible("tracking position", position))
}

/// A version of a projection.
pub(crate) fn from_projection_version(version: i64) -> Result<u32, RecorderError> {
    u32::try_from(version).map_err(|_| impossible("projection version", version))
}

fn impossible(what: &str, number: i64) -> RecorderError {
    RecorderError::Corrupt { found: format!("{what} {number}") }
}

/// The taken version of a row, and where it is.
pub(crate) fn taken(row: TakenRow) -> Result<((Uuid, u64), Taken), RecorderError> {
    let (id, originator_id, version, append_id, last_version) = row;
    let taken = Taken { notification_id: from_id(id)?, append_id, last_version: from_version(last_version)? };
    Ok(((originator_id, from_version(version)?), taken))
}
