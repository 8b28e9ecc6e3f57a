//! The time limit for the server's answers: a connection that breaks silently must not block a caller forever.

use std::io;
use std::time::Duration;

use crate::config::PostgresConfig;
use crate::time_limit::timeout;

/// How long a statement may take: the time for an answer, and the time that it may wait for a lock.
pub(super) fn limit(config: &PostgresConfig) -> Duration {
    config.answer_timeout.saturating_add(config.lock_timeout.unwrap_or_default())
}

/// The server's own limit for a statement: shorter, so that a live server answers before the connection counts as lost.
pub(super) fn limit_of_server(config: &PostgresConfig) -> Duration {
    (config.answer_timeout / 4 * 3).saturating_add(config.lock_timeout.unwrap_or_default())
}

/// Waits for an answer. If it does not come in time, the connection counts as lost, and must be dropped.
pub(super) async fn within<T, E: From<sqlx::Error>>(
    limit: Duration,
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    timeout(limit, answer).await.unwrap_or_else(|_| Err(silent(limit).into()))
}

fn silent(limit: Duration) -> sqlx::Error {
    let message = format!("the server did not answer within {limit:?} (POSTGRES_ANSWER_TIMEOUT)");
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, message))
}
