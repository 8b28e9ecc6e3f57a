//! The messages of a recorder's errors that become variants of [`Error`](crate::Error), which says the same and adds a cure.

use uuid::Uuid;

use super::LogPosition;

/// Says why a version was not recorded: it is taken, or its predecessor is missing.
pub(crate) fn conflict(originator_id: Uuid, tried: u64, recorded: u64) -> String {
    let found = if recorded >= tried {
        format!("version {recorded} is already recorded")
    } else {
        format!("the last recorded version is {recorded}")
    };
    format!("version {tried} of {originator_id} was not recorded: {found}")
}

/// Says that the log of an upstream application is processed up to another position than a save continues from.
pub(crate) fn already_processed(upstream: &str, after: u64, recorded: u64) -> String {
    format!(
        "the save continues from position {after} of `{upstream}`, but the log is processed up to {recorded}; \
         nothing was recorded; continue after {recorded}"
    )
}

/// Says that a log is not the one that a position was taken from.
pub(crate) fn log_changed(position: LogPosition, found: Option<Uuid>) -> String {
    let found = found.map_or_else(
        || "no event is there now".to_owned(),
        |found| format!("the event there now has the append id {found}"),
    );
    format!(
        "the log is not the one that was read up to {position}: {found}; \
         the database was restored from a backup, or failed over to a replica that lagged, \
         or the log was in memory and ended with its process"
    )
}
