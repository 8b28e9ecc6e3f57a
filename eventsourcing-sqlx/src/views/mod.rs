//! Views in databases: what a projection makes of events, and how far it is, changed in one transaction.

mod error;
#[cfg(feature = "postgres")]
mod postgres;
mod rebuild;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
mod sqlite_guard;
mod versions;

#[cfg(feature = "postgres")]
pub use postgres::{PostgresTransaction, PostgresViews};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteTransaction, SqliteViews};

use eventsourcing_core::RecorderError;
use tokio::task::JoinHandle;

/// What a task of its own came to. It is not cut in half if whoever waits for it goes away: sqlx 0.9 would lose sight of a transaction
/// that is just being begun, and give its connection to the next who asks (<https://github.com/launchbadge/sqlx/issues/4393>).
async fn uncut<T>(task: JoinHandle<Result<T, RecorderError>>) -> Result<T, RecorderError> {
    task.await.unwrap_or_else(|ended| Err(RecorderError::Disconnected { source: ended.into() }))
}
