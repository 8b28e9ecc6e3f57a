//! Errors of views.

use crate::error_chain::readable_debug;
use crate::recording::{Cause, RecorderError};

/// An error of a view and its database.
///
/// Unless a variant says otherwise, the failed transaction changed nothing.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// The view's position is not the one that the transaction continues from.
    #[error(
        "the transaction continues from position {after} of `{upstream}`, but the view is at {recorded}; \
         nothing was changed; continue after {recorded}"
    )]
    AlreadyProcessed {
        /// The upstream application whose log is processed.
        upstream: String,
        /// The position that the transaction continues from.
        after: u64,
        /// The position up to which the log is processed; 0 if no event of it is processed.
        recorded: u64,
    },

    /// Another version of the projection is live.
    #[error("version {version} of `{projection}` is not live (live: {live}); its view was not changed")]
    VersionNotLive {
        /// The name of the projection.
        projection: String,
        /// The version that was to change the view.
        version: u32,
        /// The live version.
        live: u32,
    },

    /// A version of a projection is not, or no longer, being rebuilt.
    #[error("version {version} of `{projection}` is not being rebuilt: the rebuild was switched to or aborted")]
    RebuildEnded {
        /// The name of the projection.
        projection: String,
        /// The version that was to be rebuilt.
        version: u32,
    },

    /// During a rebuild, a handler used a table of the live version.
    #[error(
        "a handler used the live table `{table}` while its view is rebuilt; \
         use the table's name for this version: `context.table(\"{table}\")`"
    )]
    LiveTable {
        /// The table of the live version.
        table: String,
    },

    /// A handler used a table that does not exist.
    #[error("{source}; {cure}")]
    TableMissing {
        /// How the table is created.
        cure: &'static str,
        /// The handler's error.
        source: Cause,
    },

    /// A handler ended the transaction that it was given. What it committed stays committed.
    #[error(
        "a handler ended the transaction that it was given; leave COMMIT and ROLLBACK to the projection, \
         and use a SAVEPOINT for statements that may fail"
    )]
    TransactionEnded,

    /// The views store no dead letters, so no event can be parked.
    #[error(
        "these views store no dead letters, so no event can be parked; use views that store them, or let the projection stop or \
         retry on failure"
    )]
    NoDeadLetters,

    /// The views do not store who resolved dead letters, and why.
    #[error(
        "these views do not record who retries or discards dead letters, so nothing was done; call `retry` or `discard` without a note"
    )]
    NoResolvedLetters,

    /// The views cannot list the projections that they contain.
    #[error(
        "these views do not list the projections that they contain; ask for the position of each by its name, or use views that list them"
    )]
    CannotListProjections,

    /// A lock on the view was not available in time.
    #[error(
        "a lock on the view was not available within {waited}; the changes are rolled back; retry, or raise {setting}"
    )]
    Busy {
        /// The time waited, with its unit.
        waited: String,
        /// The setting of the maximum wait.
        setting: &'static str,
        /// The database's error.
        source: Cause,
    },

    /// The database aborted this transaction in favor of another one, after a deadlock or a serialization conflict.
    #[error(
        "the database aborted this transaction on the view in favor of another one; its changes are rolled back; retry"
    )]
    Superseded {
        /// The database's error.
        source: Cause,
    },

    /// A statement exceeded its time limit.
    #[error(
        "a statement on the view took longer than {waited}; the changes are rolled back; retry, or raise {setting}"
    )]
    TimedOut {
        /// The time limit, with its unit.
        waited: String,
        /// The setting of the time limit.
        setting: &'static str,
        /// The database's error.
        source: Cause,
    },

    /// No connection of the pool was available in time. Nothing was sent.
    #[error("no connection to the view's database was available within {waited}; retry, or raise {setting}")]
    PoolTimeout {
        /// The time waited, with its unit.
        waited: String,
        /// The setting of the number of connections.
        setting: &'static str,
    },

    /// The connection broke, or the server did not answer in time.
    #[error("the connection to the view's database was lost; the changes of this transaction are rolled back; retry")]
    Disconnected {
        /// The error of the connection.
        source: Cause,
    },

    /// The connection broke at the commit, and it is unknown whether the changes are committed.
    #[error(
        "the connection to the view's database was lost at the commit; it is unknown whether the changes were committed; \
         the view's position shows it"
    )]
    OutcomeUnknown {
        /// The error of the connection.
        source: Cause,
    },

    /// The server accepts no writes: it is a standby, or has become one.
    #[error(
        "the server of the view's database accepts no writes now: it is a standby or read-only; nothing was changed; retry"
    )]
    NotPrimary {
        /// The database's error.
        source: Cause,
    },

    /// The database accepts no writes from this program.
    #[error("the view's database is read-only; make it writable, or open one that is")]
    ReadOnly {
        /// The database's error.
        source: Cause,
    },

    /// The database has no disk space left.
    #[error("the view's database has no space left; the changes are rolled back; free some space and retry")]
    StorageFull {
        /// The database's error.
        source: Cause,
    },

    /// The database lacks memory or connections, or its disk failed.
    #[error("the view's database lacks {lacks}; the changes are rolled back; retry")]
    OutOfResources {
        /// The missing resource.
        lacks: &'static str,
        /// The database's error.
        source: Cause,
    },

    /// The database cannot be used as it was opened.
    #[error("the view's database cannot be used: {cause}; {cure}")]
    Open {
        /// What is wrong.
        cause: String,
        /// What to do.
        cure: String,
        /// The driver's error, if there is one.
        #[source]
        source: Option<Cause>,
    },

    /// The tables of positions are missing or outdated, and this program may not create or change them.
    #[error("{problem}, and this program may not create or change them; run this SQL first:\n{sql}")]
    SchemaMissing {
        /// What is wrong with the tables.
        problem: String,
        /// The SQL that creates or changes the tables.
        sql: String,
    },

    /// The tables of positions have a schema version that this program does not know.
    #[error(
        "the tables of projections have schema version {found}, and this program knows versions up to {known}; \
         run a program that is built with a newer version of eventsourcing"
    )]
    SchemaTooNew {
        /// The schema version of the tables.
        found: i64,
        /// The latest schema version that this program knows.
        known: i64,
    },

    /// The database contains data that this library does not write.
    #[error("the view's database contains unexpected data: {found}; find out what wrote it, or rebuild the view")]
    Corrupt {
        /// The unexpected data.
        found: String,
    },

    /// The connection pool is closed.
    #[error("the connection pool of the view's database is closed; open it again")]
    Closed,

    /// The view is an application whose recorder failed, or a number or a name cannot be stored.
    #[error(transparent)]
    Recorder(RecorderError),

    /// Any other failure of the database.
    #[error("the view's database failed to {operation}: {message}")]
    Database {
        /// The operation that failed.
        operation: &'static str,
        /// The database's message.
        message: String,
        /// The driver's error.
        source: Cause,
    },
}

readable_debug!(ViewError);

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
    /// Whether the same call may succeed when it is retried unchanged.
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

    /// Whether another writer recorded meanwhile what this transaction builds on.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Self::Recorder(RecorderError::Conflict { .. } | RecorderError::LettersChanged { .. }))
    }
}
