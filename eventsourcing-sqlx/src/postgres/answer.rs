//! How long an answer of the server is waited for: a peer that falls silent without a word must not be waited for without end.

use std::io;
use std::time::Duration;

use crate::clock::timeout;
use crate::config::PostgresConfig;

/// How long a statement may take: the server's part of it, and the time that it may wait for a lock.
pub(super) fn limit(config: &PostgresConfig) -> Duration {
    config.answer_timeout.saturating_add(config.lock_timeout.unwrap_or_default())
}

/// How long the server gives a statement, so that one that lives answers before its silence counts.
pub(super) fn limit_of_server(config: &PostgresConfig) -> Duration {
    (config.answer_timeout / 4 * 3).saturating_add(config.lock_timeout.unwrap_or_default())
}

/// Waits for an answer. One that does not come in time is that of a connection that was lost, and the connection has to be dropped.
pub(super) async fn within<T, E: From<sqlx::Error>>(
    limit: Duration,
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    timeout(limit, answer).await.unwrap_or_else(|_| Err(silent(limit).into()))
}

fn silent(limit: Duration) -> sqlx::Error {
    let said = format!("the server did not answer within {limit:?} (POSTGRES_ANSWER_TIMEOUT)");
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, said))
}
