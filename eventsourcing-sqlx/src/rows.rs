//! Numbers and rows of the database: the only place where `u64` and `i64` meet.

use eventsourcing_core::recording::{EventPlace, RecordedTime, TrackedPosition};
use eventsourcing_core::{LogPosition, RecorderError, Timestamp};
use uuid::Uuid;

/// The result of looking up a version: its notification id, the originator id and version that were looked up, the append id of
/// its event, and the last version of the aggregate.
pub(crate) type LookRow = (Option<i64>, Uuid, i64, Option<Uuid>, Option<i64>);

/// A number as a bound value. One that is too large becomes the largest, which means the same as a limit.
pub(crate) fn to_bound(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// As [`to_bound`], for counts.
pub(crate) fn to_count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// An excluded lower bound. No bound is below all numbers, so that invalid negative ones are found.
pub(crate) fn to_after(number: Option<u64>) -> i64 {
    number.map_or(i64::MIN, to_bound)
}

/// An included upper bound.
pub(crate) fn to_up_to(number: Option<u64>) -> i64 {
    number.map_or(i64::MAX, to_bound)
}

/// The checksum's column.
pub(crate) fn to_checksum(checksum: Option<u32>) -> Option<i64> {
    checksum.map(i64::from)
}

/// A stored notification id; 0 means none.
pub(crate) fn from_id(id: i64) -> Result<u64, RecorderError> {
    u64::try_from(id).map_err(|_| impossible("notification id", id))
}

/// A stored originator version.
pub(crate) fn from_version(version: i64) -> Result<u64, RecorderError> {
    u64::try_from(version).map_err(|_| impossible("originator version", version))
}

pub(crate) fn from_checksum(checksum: Option<i64>) -> Result<Option<u32>, RecorderError> {
    checksum.map(|sum| u32::try_from(sum).map_err(|_| impossible("checksum", sum))).transpose()
}

/// The time at which an event was recorded, stored in microseconds since 1970.
pub(crate) fn to_recorded_time(id: u64, microseconds: i64) -> Result<RecordedTime, RecorderError> {
    let time = Timestamp::from_microsecond(microseconds).map_err(|_| impossible("time of recording", microseconds));
    Ok(RecordedTime::new(id, of_notification(time, id)?))
}

/// The place of an event: its notification id, and its time in microseconds since 1970.
pub(crate) fn to_event_place(version: u64, id: i64, microseconds: Option<i64>) -> Result<EventPlace, RecorderError> {
    let id = from_id(id)?;
    let time = microseconds.map(|time| to_recorded_time(id, time)).transpose()?;
    Ok(EventPlace::new(version, id, time.map(|recorded| recorded.time)))
}

/// Adds the notification to the error of a number that no recorder wrote.
pub(crate) fn of_notification<T>(number: Result<T, RecorderError>, id: u64) -> Result<T, RecorderError> {
    number.map_err(|error| named(error, || format!("notification {id}")))
}

/// Adds the aggregate to the error of a number that no recorder wrote.
pub(crate) fn of_aggregate<T>(number: Result<T, RecorderError>, originator_id: Uuid) -> Result<T, RecorderError> {
    number.map_err(|error| named(error, || originator_id.to_string()))
}

fn named(error: RecorderError, owner: impl FnOnce() -> String) -> RecorderError {
    match error {
        RecorderError::Corrupt { found } => RecorderError::Corrupt { found: format!("{found} of {}", owner()) },
        error => error,
    }
}

/// The column of a fingerprint, which has no order and so needs no sign.
pub(crate) fn to_fingerprint(fingerprint: u64) -> i64 {
    fingerprint.cast_signed()
}

#[cfg(feature = "sqlite")]
pub(crate) fn from_fingerprint(fingerprint: i64) -> u64 {
    fingerprint.cast_unsigned()
}

/// A stored dictionary id.
pub(crate) fn from_dictionary_id(id: i64) -> Result<u32, RecorderError> {
    u32::try_from(id).map_err(|_| impossible("dictionary id", id))
}

/// A stored tracking position.
pub(crate) fn from_position(position: i64) -> Result<u64, RecorderError> {
    u64::try_from(position).map_err(|_| impossible("tracking position", position))
}

/// The error of a position that was not moved. No error if it has arrived all the same, moved by an earlier attempt or another process.
pub(crate) fn moved(
    upstream: &str,
    from: LogPosition,
    to: LogPosition,
    recorded: LogPosition,
) -> Result<(), RecorderError> {
    if recorded == to {
        return Ok(());
    }
    Err(RecorderError::AlreadyProcessed { upstream: upstream.to_owned(), after: from.id, recorded: recorded.id })
}

/// A stored version of a projection.
pub(crate) fn from_projection_version(version: i64) -> Result<u32, RecorderError> {
    u32::try_from(version).map_err(|_| impossible("projection version", version))
}

fn impossible(what: &str, number: i64) -> RecorderError {
    RecorderError::Corrupt { found: format!("{what} {number}") }
}

/// A stored position: a notification id, and the append id of its event as an anchor.
pub(crate) fn log_position(id: i64, anchor: Option<Uuid>) -> Result<LogPosition, RecorderError> {
    Ok(LogPosition { id: from_position(id)?, anchor })
}

/// Tracking positions by the names of the upstreams, whatever order the database's collation gives.
pub(crate) fn by_upstream(mut tracked: Vec<TrackedPosition>) -> Vec<TrackedPosition> {
    tracked.sort_unstable_by(|one, other| one.upstream.cmp(&other.upstream));
    tracked
}
