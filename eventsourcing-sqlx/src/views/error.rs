//! The errors of a view's database: [`ErrorKind`] → [`ViewError`].

use eventsourcing_core::ViewError;

use crate::errors::{ErrorKind, other};

/// The error of an operation on views, by the kind of the driver's error.
pub(crate) fn view_error(kind: ErrorKind, error: sqlx::Error, operation: &'static str) -> ViewError {
    match kind {
        ErrorKind::Lost | ErrorKind::Misunderstood => ViewError::Disconnected { source: error.into() },
        ErrorKind::PoolTimeout => ViewError::PoolTimeout {
            waited: "the pool's acquire_timeout".to_owned(),
            setting: "max_connections of the pool that the views were opened with",
        },
        ErrorKind::PoolClosed => ViewError::Closed,
        ErrorKind::LockTimeout => ViewError::Busy {
            waited: "the lock timeout of the connection".to_owned(),
            setting: "lock_timeout in PostgreSQL, busy_timeout in SQLite",
            source: error.into(),
        },
        ErrorKind::Superseded | ErrorKind::StalePlan => ViewError::Superseded { source: error.into() },
        ErrorKind::TimedOut => ViewError::TimedOut {
            waited: "its time limit".to_owned(),
            setting: "the answer_timeout of the views, or the server's statement_timeout",
            source: error.into(),
        },
        ErrorKind::NotPrimary => ViewError::NotPrimary { source: error.into() },
        ErrorKind::ReadOnly => ViewError::ReadOnly { source: error.into() },
        ErrorKind::StorageFull => ViewError::StorageFull { source: error.into() },
        ErrorKind::Damaged => ViewError::Corrupt { found: error.to_string() },
        ErrorKind::ForeignStatement => ViewError::Open {
            cause: error.to_string(),
            cure: "open the views with `transaction_pooling` if a pooler such as PgBouncer stands before the server"
                .to_owned(),
            source: Some(error.into()),
        },
        ErrorKind::Unusable => ViewError::Open {
            cause: error.to_string(),
            cure: "correct the options of the pool that the views are opened with".to_owned(),
            source: Some(error.into()),
        },
        ErrorKind::OutOfMemory | ErrorKind::OutOfConnections | ErrorKind::DiskFailed | ErrorKind::Statement => {
            match kind.lacks() {
                Some(lacks) => ViewError::OutOfResources { lacks, source: error.into() },
                None => failed(error, operation),
            }
        }
    }
}

/// The error of a commit: if the connection was lost, it may have been made.
pub(crate) fn commit_error(kind: ErrorKind, error: sqlx::Error) -> ViewError {
    match kind {
        ErrorKind::Lost | ErrorKind::Misunderstood => ViewError::OutcomeUnknown { source: error.into() },
        kind => view_error(kind, error, "commit the changes of a view"),
    }
}

fn failed(error: sqlx::Error, operation: &'static str) -> ViewError {
    let (message, source) = other(error);
    ViewError::Database { operation, message, source }
}
