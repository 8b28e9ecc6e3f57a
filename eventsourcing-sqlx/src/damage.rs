//! Tables of which a part is missing. Opening leaves them alone: it cannot make what was lost, and new parts would hide the loss.
//!
//! Both tables and the head's row are made in one transaction, so a look by one statement sees all of them or none.

use eventsourcing_core::RecorderError;

use crate::table_name::TableName;

/// Which of an application's tables exist, as one statement saw them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tables {
    pub(crate) events: bool,
    pub(crate) head: bool,
}

impl From<(bool, bool)> for Tables {
    fn from((events, head): (bool, bool)) -> Self {
        Self { events, head }
    }
}

impl Tables {
    /// Whether there are tables at all.
    ///
    /// # Errors
    /// [`RecorderError::Corrupt`] if there is one without the other.
    pub(crate) fn are_there(self, name: &TableName) -> Result<bool, RecorderError> {
        let (events, head) = (name.events(), name.head());
        let (missing, other) = match self {
            Self { events: true, head: true } => return Ok(true),
            Self { events: false, head: false } => return Ok(false),
            Self { events: true, head: false } => (head, events),
            Self { events: false, head: true } => (events, head),
        };
        Err(RecorderError::Corrupt { found: format!("table {other}, and no table {missing} beside it") })
    }
}

/// The error of a head table without its row, beside a table of events.
pub(crate) fn no_row(name: &TableName) -> RecorderError {
    let (events, head) = (name.events(), name.head());
    RecorderError::Corrupt { found: format!("table {events}, and beside it table {head} without its row (id = 1)") }
}
