//! The errors of a view's database: [`Condition`] → [`ViewError`].

use eventsourcing_core::ViewError;

use crate::condition::Condition;
use crate::error::other;

/// The error of a statement of ours on a view's database that is in this condition.
pub(super) fn view_error(condition: Condition, error: sqlx::Error, operation: &'static str) -> ViewError {
    match condition {
        Condition::Lost | Condition::Misunderstood => ViewError::Disconnected { source: error.into() },
        Condition::PoolTimeout => ViewError::PoolTimeout {
            waited: "the pool's acquire_timeout".to_owned(),
            setting: "max_connections of the pool that the views were opened with",
        },
        Condition::PoolClosed => ViewError::Closed,
        Condition::LockTimeout => ViewError::Busy {
            waited: "the time that the connection waits for a lock".to_owned(),
            setting: "lock_timeout in PostgreSQL, busy_timeout in SQLite",
            source: error.into(),
        },
        Condition::Superseded | Condition::StalePlan => ViewError::Superseded { source: error.into() },
        Condition::TimedOut => ViewError::TimedOut {
            waited: "it may take".to_owned(),
            setting: "the answer_timeout of the views, or the server's statement_timeout",
            source: error.into(),
        },
        Condition::NotPrimary => ViewError::NotPrimary { source: error.into() },
        Condition::ReadOnly => ViewError::ReadOnly { source: error.into() },
        Condition::StorageFull => ViewError::StorageFull { source: error.into() },
        Condition::Damaged => ViewError::Corrupt { found: error.to_string() },
        Condition::ForeignStatement => ViewError::Open {
            cause: error.to_string(),
            cure: "open the views with `transaction_pooling` if a pooler such as PgBouncer stands before the server"
                .to_owned(),
            source: Some(error.into()),
        },
        Condition::Unusable => ViewError::Open {
            cause: error.to_string(),
            cure: "correct the options of the pool that the views are opened with".to_owned(),
            source: Some(error.into()),
        },
        Condition::OutOfMemory | Condition::OutOfConnections | Condition::DiskFailed | Condition::Statement => {
            match condition.lacks() {
                Some(lacks) => ViewError::OutOfResources { lacks, source: error.into() },
                None => failed(error, operation),
            }
        }
    }
}

/// The error of a commit: where the connection is lost, it may have been made.
pub(super) fn commit_error(condition: Condition, error: sqlx::Error) -> ViewError {
    match condition {
        Condition::Lost | Condition::Misunderstood => ViewError::OutcomeUnknown { source: error.into() },
        condition => view_error(condition, error, "commit the changes of a view"),
    }
}

fn failed(error: sqlx::Error, operation: &'static str) -> ViewError {
    let (message, source) = other(error);
    ViewError::Database { operation, message, source }
}
