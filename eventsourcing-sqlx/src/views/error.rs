//! What the errors of a view's database mean to whoever runs a projection: whether they pass.

use eventsourcing_core::RecorderError;

use crate::error::other;

/// The error of a statement of ours on a view's database.
pub(super) fn view_error(error: sqlx::Error, operation: &'static str) -> RecorderError {
    match &error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => {
            RecorderError::Disconnected { source: error.into() }
        }
        sqlx::Error::PoolTimedOut => RecorderError::PoolTimeout {
            waited: "the pool's acquire_timeout".to_owned(),
            setting: "max_connections of the pool that the views were opened with",
        },
        sqlx::Error::Database(database) => match database.code().unwrap_or_default().as_ref() {
            // PostgreSQL: a lock that was not free, a transaction given up in favour of another
            "55P03" | "40001" | "40P01" => busy(error, "lock_timeout"),
            code if code.starts_with("08") || code.starts_with("57P") => {
                RecorderError::Disconnected { source: error.into() }
            }
            // SQLite: others write, in this process or in another
            "5" | "6" | "261" | "262" | "517" | "773" => busy(error, "busy_timeout"),
            _ => other(operation, error),
        },
        _ => other(operation, error),
    }
}

fn busy(error: sqlx::Error, setting: &'static str) -> RecorderError {
    RecorderError::Busy { waited: format!("the {setting} of the connection"), setting, source: error.into() }
}
