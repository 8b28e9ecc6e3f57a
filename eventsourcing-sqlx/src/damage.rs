//! Tables of which a part is missing. Opening leaves them alone: it cannot make what was lost, and new parts would hide the loss.
//!
//! All tables of a version and the head's row are made in one transaction, so a look by one statement sees all of them or none.
//! Which tables there should be depends on the version that the head's row tells: what came with version 2 is no loss in version 1.

use eventsourcing_core::RecorderError;

use crate::table_name::TableName;

/// Which of an application's tables exist, as one statement saw them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tables {
    pub(crate) events: bool,
    pub(crate) head: bool,
    /// Since version 2.
    pub(crate) dictionaries: bool,
    /// Since version 2.
    pub(crate) tracking: bool,
    /// Since version 3.
    pub(crate) letters: bool,
}

impl From<(bool, bool, bool, bool, bool)> for Tables {
    fn from((events, head, dictionaries, tracking, letters): (bool, bool, bool, bool, bool)) -> Self {
        Self { events, head, dictionaries, tracking, letters }
    }
}

impl Tables {
    /// Whether there are tables at all, of whatever version.
    ///
    /// # Errors
    /// [`RecorderError::Corrupt`] if there are some without those that every version has.
    pub(crate) fn are_there(self, name: &TableName) -> Result<bool, RecorderError> {
        let (events, head) = (name.events(), name.head());
        match self {
            Self { events: true, head: true, .. } => Ok(true),
            Self { events: true, head: false, .. } => Err(missing(&head, &events)),
            Self { events: false, head: true, .. } => Err(missing(&events, &head)),
            Self { dictionaries: true, .. } => Err(missing(&events, &name.dictionaries())),
            Self { tracking: true, .. } => Err(missing(&events, &name.tracking())),
            Self { letters: true, .. } => Err(missing(&events, &name.letters())),
            Self { dictionaries: false, tracking: false, letters: false, .. } => Ok(false),
        }
    }

    /// Checks that all tables are there that came with this version or an earlier one.
    ///
    /// # Errors
    /// [`RecorderError::Corrupt`] if one is not.
    pub(crate) fn check(self, version: i64, name: &TableName) -> Result<(), RecorderError> {
        let since = [
            (2, self.dictionaries, name.dictionaries()),
            (2, self.tracking, name.tracking()),
            (3, self.letters, name.letters()),
        ];
        match since.into_iter().find(|(since, is_there, _)| version >= *since && !is_there) {
            Some((_, _, table)) => Err(missing(&table, &name.events())),
            None => Ok(()),
        }
    }
}

fn missing(table: &str, other: &str) -> RecorderError {
    RecorderError::Corrupt { found: format!("table {other}, and no table {table} beside it") }
}

/// The error of a head table without its row, beside a table of events.
pub(crate) fn no_row(name: &TableName) -> RecorderError {
    let (events, head) = (name.events(), name.head());
    RecorderError::Corrupt { found: format!("table {events}, and beside it table {head} without its row (id = 1)") }
}
