//! Which of an application's tables exist. Opening refuses incomplete tables and does not change them: it cannot restore lost rows, and new
//! tables would hide the loss.
//!
//! All tables of a version and the head's row are created in one transaction, so one statement sees all of them or none.
//! Which tables must exist depends on the version in the head's row: a table of version 2 is not missing in version 1.

use eventsourcing_core::RecorderError;

use super::table_name::TableName;

/// Which of an application's tables exist, as seen by one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ApplicationTables {
    pub(crate) events: bool,
    pub(crate) head: bool,
    /// Since version 2.
    pub(crate) dictionaries: bool,
    /// Since version 2.
    pub(crate) tracking: bool,
    /// Since version 3.
    pub(crate) letters: bool,
    /// Since version 4.
    pub(crate) snapshots: bool,
    /// Since version 4.
    pub(crate) commands: bool,
}

/// Whether each table exists, as the statements return it.
pub(crate) type TablesRow = (bool, bool, bool, bool, bool, bool, bool);

impl From<TablesRow> for ApplicationTables {
    fn from((events, head, dictionaries, tracking, letters, snapshots, commands): TablesRow) -> Self {
        Self { events, head, dictionaries, tracking, letters, snapshots, commands }
    }
}

impl ApplicationTables {
    /// Whether the tables exist, of any version.
    ///
    /// # Errors
    /// [`RecorderError::Corrupt`] if only some of those exist that every version has.
    pub(crate) fn exist(self, name: &TableName) -> Result<bool, RecorderError> {
        let (events, head) = (name.events(), name.head());
        match self {
            Self { events: true, head: true, .. } => Ok(true),
            Self { events: true, head: false, .. } => Err(missing(&head, &events)),
            Self { events: false, head: true, .. } => Err(missing(&events, &head)),
            Self { dictionaries: true, .. } => Err(missing(&events, &name.dictionaries())),
            Self { tracking: true, .. } => Err(missing(&events, &name.tracking())),
            Self { letters: true, .. } => Err(missing(&events, &name.letters())),
            Self { snapshots: true, .. } => Err(missing(&events, &name.snapshots())),
            Self { commands: true, .. } => Err(missing(&events, &name.commands())),
            Self {
                dictionaries: false, tracking: false, letters: false, snapshots: false, commands: false, ..
            } => Ok(false),
        }
    }

    /// Checks that all tables of this version exist.
    ///
    /// # Errors
    /// [`RecorderError::SnapshotsMissing`] if only the table of snapshots is missing, which this SQL creates; [`RecorderError::Corrupt`] if
    /// another one is.
    pub(crate) fn check(
        self,
        version: i64,
        name: &TableName,
        create_snapshots: impl FnOnce() -> String,
    ) -> Result<(), RecorderError> {
        let since = [
            (2, self.dictionaries, name.dictionaries()),
            (2, self.tracking, name.tracking()),
            (3, self.letters, name.letters()),
            (4, self.commands, name.commands()),
        ];
        match since.into_iter().find(|(since, exists, _)| version >= *since && !exists) {
            Some((_, _, table)) => Err(missing(&table, &name.events())),
            None if version >= 4 && !self.snapshots => {
                Err(RecorderError::SnapshotsMissing { table: name.snapshots(), sql: create_snapshots() })
            }
            None => Ok(()),
        }
    }
}

fn missing(table: &str, other: &str) -> RecorderError {
    RecorderError::Corrupt { found: format!("table {other} without table {table}") }
}

/// The error of a head table without its row.
pub(crate) fn no_head_row(name: &TableName) -> RecorderError {
    let (events, head) = (name.events(), name.head());
    RecorderError::Corrupt { found: format!("table {events} beside table {head} without its row (id = 1)") }
}
