//! What the errors of a view's database mean to whoever runs a projection: whether they pass.

use eventsourcing_core::RecorderError;

use crate::error::other;

/// Why a statement failed that may succeed a little later.
enum Passing {
    /// The connection is gone.
    Disconnected,
    /// No connection was free in time.
    PoolTimeout,
    /// A lock was not free in the time that this setting allows, or the transaction was given up in favour of another.
    Busy { setting: &'static str },
}

fn passing(error: &sqlx::Error) -> Option<Passing> {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => {
            Some(Passing::Disconnected)
        }
        sqlx::Error::PoolTimedOut => Some(Passing::PoolTimeout),
        sqlx::Error::Database(database) => match database.code().unwrap_or_default().as_ref() {
            // PostgreSQL
            "55P03" | "40001" | "40P01" => Some(Passing::Busy { setting: "lock_timeout" }),
            code if code.starts_with("08") || code.starts_with("57P") => Some(Passing::Disconnected),
            // SQLite: others write, in this process or in another
            "5" | "6" | "261" | "262" | "517" | "773" => Some(Passing::Busy { setting: "busy_timeout" }),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a statement, also one of a handler, may succeed a little later.
pub(super) fn is_passing(error: &sqlx::Error) -> bool {
    passing(error).is_some()
}

/// The error of a statement of ours on a view's database.
pub(super) fn view_error(error: sqlx::Error, operation: &'static str) -> RecorderError {
    match passing(&error) {
        Some(Passing::Disconnected) => RecorderError::Disconnected { source: error.into() },
        Some(Passing::PoolTimeout) => RecorderError::PoolTimeout {
            waited: "the pool's acquire_timeout".to_owned(),
            setting: "max_connections of the pool that the views were opened with",
        },
        Some(Passing::Busy { setting }) => {
            RecorderError::Busy { waited: format!("the {setting} of the connection"), setting, source: error.into() }
        }
        None => other(operation, error),
    }
}
