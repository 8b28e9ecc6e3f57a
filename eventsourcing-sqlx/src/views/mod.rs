//! Views in databases: what a projection makes of events, how far it is and what it put aside, changed in one transaction.

mod error;
mod letters;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_letters;
#[cfg(feature = "postgres")]
mod postgres_position;
#[cfg(feature = "postgres")]
mod postgres_schema;
#[cfg(feature = "postgres")]
mod postgres_session;
mod rebuild;
mod schema;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
mod sqlite_guard;
#[cfg(feature = "sqlite")]
mod sqlite_letters;
#[cfg(feature = "sqlite")]
mod sqlite_schema;
#[cfg(feature = "sqlite")]
mod sqlite_session;
mod versions;

#[cfg(feature = "postgres")]
pub use postgres::{PostgresTransaction, PostgresViews};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteTransaction, SqliteViews};

use eventsourcing_core::{RecorderError, ViewError};
use tokio::task::JoinHandle;

/// Refuses to open views where there is no Tokio runtime: the driver would panic.
fn check_runtime() -> Result<(), ViewError> {
    crate::error::check_runtime(|| "the database of views".to_owned()).map_err(|error| match error {
        RecorderError::Open { cause, cure, source, .. } => ViewError::Open { cause, cure, source },
        error => error.into(),
    })
}

/// What a task of its own came to. It is not cut in half if whoever waits for it goes away: sqlx 0.9 would lose sight of a transaction
/// that is just being begun, and give its connection to the next who asks (<https://github.com/launchbadge/sqlx/issues/4393>).
async fn uncut<T>(task: JoinHandle<Result<T, ViewError>>) -> Result<T, ViewError> {
    task.await.unwrap_or_else(|ended| Err(ViewError::Disconnected { source: ended.into() }))
}
