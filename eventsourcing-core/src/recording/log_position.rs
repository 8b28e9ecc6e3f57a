//! A position in a log: a notification id, and the append id of the event at that position.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// A position in the log of one application: a notification id with an optional anchor.
///
/// A notification id alone is only a number. After a failover to a server that lagged, or a restore from a backup, another event can
/// have the same id, and a consumer that continues from the number misses events. The anchor distinguishes the two logs: it is the
/// [`append_id`](crate::StoredEvent::append_id) of the event at the position. A read that starts from an anchored position
/// fails with [`LogChanged`](crate::RecorderError::LogChanged) if another event has that id, or no event has it.
///
/// A position without an anchor is not checked. The start of the log has no anchor, and neither has a position that is made from a
/// number.
///
/// As text, a position is `7` or `7@67e55044-10b1-426f-9247-bb680e5fe0c8`.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::Uuid;
/// use eventsourcing::recording::LogPosition;
///
/// let position = LogPosition::anchored(7, Uuid::from_u128(1));
/// assert_eq!(position, "7@00000000-0000-0000-0000-000000000001".parse::<LogPosition>()?);
/// assert_eq!(LogPosition::from(7).anchor, None);
/// assert_eq!(LogPosition::START.id, 0);
/// # Ok::<(), eventsourcing::recording::LogPositionError>(())
/// ```
// exhaustive: whoever stores a position in columns of their own has to store all of it, so another part must not go unnoticed
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LogPosition {
    /// The notification id; 0 is the start of the log, before the first event.
    pub id: u64,
    /// The `append_id` of the event with that id; `None` if it is unknown, and at the start.
    pub anchor: Option<Uuid>,
}

impl LogPosition {
    /// The start of a log, before its first event.
    pub const START: Self = Self { id: 0, anchor: None };

    /// Returns the position of the event with this id and this `append_id`.
    pub const fn anchored(id: u64, append_id: Uuid) -> Self {
        Self { id, anchor: Some(append_id) }
    }
}

impl From<u64> for LogPosition {
    fn from(id: u64) -> Self {
        Self { id, anchor: None }
    }
}

/// Compares only the notification id.
impl PartialEq<u64> for LogPosition {
    fn eq(&self, id: &u64) -> bool {
        self.id == *id
    }
}

impl fmt::Display for LogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.anchor {
            Some(anchor) => write!(f, "{}@{anchor}", self.id),
            None => write!(f, "{}", self.id),
        }
    }
}

/// The error of parsing a [`LogPosition`] from text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a position in a log; expected a notification id such as `7`, or an id and an anchor such as `7@67e55044-10b1-426f-9247-bb680e5fe0c8`"
)]
pub struct LogPositionError {
    text: String,
}

impl FromStr for LogPosition {
    type Err = LogPositionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || LogPositionError { text: text.to_owned() };
        let (id, anchor) = match text.split_once('@') {
            Some((id, anchor)) => (id, Some(anchor.parse().map_err(|_| error())?)),
            None => (text, None),
        };
        Ok(Self { id: id.parse().map_err(|_| error())?, anchor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_no_position_is_refused_with_what_was_expected() {
        for text in ["", "-1", "7@", "7@x", "@", "x"] {
            let error = text.parse::<LogPosition>().map_err(|error| error.to_string());
            assert!(error.is_err_and(|error| error.contains("expected a notification id")), "{text}");
        }
    }

    #[test]
    fn a_position_is_read_from_its_text() {
        for position in [LogPosition::START, LogPosition::from(7), LogPosition::anchored(u64::MAX, Uuid::from_u128(3))]
        {
            assert_eq!(position.to_string().parse(), Ok(position));
        }
    }
}
