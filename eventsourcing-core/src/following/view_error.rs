//! How the views of projections fail.

use crate::persistence::{Cause, RecorderError};

/// How a view fails: what its database refused, and what became of the transaction.
///
/// Unless a variant says otherwise, the transaction that failed changed nothing.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// The position of the view is not where the transaction goes on from.
    #[error(
        "events of `{upstream}` after {after} were to be handled, while the view is at {recorded}; \
         nothing was changed, go on after {recorded}"
    )]
    AlreadyProcessed {
        /// The application whose log is processed.
        upstream: String,
        /// Up to where it was said to be processed before.
        after: u64,
        /// Up to where it is processed; 0 if nothing of it is.
        recorded: u64,
    },

    /// Another version of the projection serves.
    #[error("version {version} of `{projection}` does not serve, but version {serving}; nothing was done to its view")]
    AnotherVersion {
        /// The name of the projection.
        projection: String,
        /// The version that was to change the view.
        version: u32,
        /// The version that serves.
        serving: u32,
    },

    /// A version of a projection is not being rebuilt, or no longer.
    #[error("version {version} of `{projection}` is not being rebuilt: the rebuild was switched to or aborted")]
    RebuildIsOver {
        /// The name of the projection.
        projection: String,
        /// The version that was to be rebuilt.
        version: u32,
    },

    /// While a view was rebuilt, a handler used a table of the one that serves.
    #[error(
        "a handler used the table `{table}`, which serves, while its view is rebuilt; \
         let it ask for the table's name: `about.table(\"{table}\")`"
    )]
    ServingTable {
        /// The table.
        table: String,
    },

    /// A handler ended the transaction that it was given. Whatever it committed stays committed.
    #[error(
        "a handler ended the transaction that it was given; leave COMMIT and ROLLBACK to the projection, \
         and use a SAVEPOINT for what may fail"
    )]
    TransactionEnded,

    /// A lock on the view was not free in time.
    #[error("a lock on the view was not free within {waited}; the changes are undone, try again or raise {setting}")]
    Busy {
        /// How long was waited, with its unit.
        waited: String,
        /// The setting that says how long to wait.
        setting: &'static str,
        /// What the database said.
        source: Cause,
    },

    /// The database gave this transaction up in favour of another, after a deadlock or a conflict.
    #[error(
        "the database gave up this transaction on the view in favour of another; its changes are undone, try again"
    )]
    Superseded {
        /// What the database said.
        source: Cause,
    },

    /// A statement took longer than it may.
    #[error("a statement on the view took longer than {waited}; the changes are undone, try again or raise {setting}")]
    TimedOut {
        /// How long it may take, with its unit.
        waited: String,
        /// The setting that says so.
        setting: &'static str,
        /// What the database said.
        source: Cause,
    },

    /// No connection was free in time; nothing was sent.
    #[error("no connection to the view's database was free within {waited}; try again, or raise {setting}")]
    PoolTimeout {
        /// How long was waited, with its unit.
        waited: String,
        /// The setting that says how many connections there are.
        setting: &'static str,
    },

    /// The connection broke, or the server did not answer in time.
    #[error("the connection to the view's database was lost; the changes of this transaction are undone, try again")]
    Disconnected {
        /// What broke.
        source: Cause,
    },

    /// The connection broke at the commit, and it is not known whether the changes are committed.
    #[error(
        "the connection to the view's database was lost at the commit, and it is not known whether the changes were made; \
         the position tells"
    )]
    OutcomeUnknown {
        /// What broke.
        source: Cause,
    },

    /// The server accepts no writes: it is a standby, or has become one.
    #[error(
        "the server of the view accepts no writes now, because it is a standby or read-only; nothing was changed, try again"
    )]
    NotPrimary {
        /// What the database said.
        source: Cause,
    },

    /// The database accepts no writes by this program.
    #[error("the view's database is read-only; make it writable, or open the one that is")]
    ReadOnly {
        /// What the database said.
        source: Cause,
    },

    /// There is no space left.
    #[error("the view's database has no space left; the changes are undone, free some and try again")]
    StorageFull {
        /// What the database said.
        source: Cause,
    },

    /// The database lacks memory or connections, or its disk failed.
    #[error("the view's database lacks {lacks}; the changes are undone, try again")]
    OutOfResources {
        /// What it lacks.
        lacks: &'static str,
        /// What the database said.
        source: Cause,
    },

    /// The database cannot be used as it was opened.
    #[error("the view's database cannot be used: {cause}; {cure}")]
    Open {
        /// What happened.
        cause: String,
        /// What to do.
        cure: String,
        /// What the driver said, if it was the driver.
        #[source]
        source: Option<Cause>,
    },

    /// The tables of positions are missing or old, and may not be made.
    #[error("{problem}, and they may not be made or changed here; run this SQL first:\n{sql}")]
    SchemaMissing {
        /// What is wrong with the tables.
        problem: String,
        /// What makes them right.
        sql: String,
    },

    /// The tables of positions are of a later version of this library.
    #[error(
        "the tables of projections have schema version {found}, and this program knows versions up to {known}; \
         run a program built with a newer version of eventsourcing"
    )]
    SchemaTooNew {
        /// The version of the tables.
        found: i64,
        /// The last version that this program knows.
        known: i64,
    },

    /// The database holds something that this library does not write.
    #[error("the view's database holds what it should not: {found}; find out who wrote to it, or rebuild the view")]
    Corrupt {
        /// What is there.
        found: String,
    },

    /// The pool of connections was closed.
    #[error("the closed pool of the view's database gives no connection; open it again")]
    Closed,

    /// The view is an application, and its recorder failed; or a number or name is none that can be kept.
    #[error(transparent)]
    Recorder(RecorderError),

    /// Any other failure.
    #[error("the view's database failed while it was to {operation}: {message}")]
    Database {
        /// What was to be done.
        operation: &'static str,
        /// What the database said.
        message: String,
        /// The driver's error.
        source: Cause,
    },
}

impl From<RecorderError> for ViewError {
    fn from(error: RecorderError) -> Self {
        match error {
            RecorderError::AlreadyProcessed { upstream, after, recorded } => {
                Self::AlreadyProcessed { upstream, after, recorded }
            }
            RecorderError::Corrupt { found } => Self::Corrupt { found },
            error => Self::Recorder(error),
        }
    }
}

impl ViewError {
    /// Whether the same may succeed a little later, as it is.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Busy { .. }
            | Self::Superseded { .. }
            | Self::TimedOut { .. }
            | Self::PoolTimeout { .. }
            | Self::Disconnected { .. }
            | Self::OutcomeUnknown { .. }
            | Self::NotPrimary { .. }
            | Self::StorageFull { .. }
            | Self::OutOfResources { .. } => true,
            Self::Recorder(error) => error.is_retryable(),
            _ => false,
        }
    }

    /// Whether somebody else recorded meanwhile what this transaction goes on from.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Self::Recorder(RecorderError::Conflict { .. } | RecorderError::LettersChanged { .. }))
    }
}
