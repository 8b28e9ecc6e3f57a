//! Connections to a view's database in PostgreSQL, in a transaction or not: each statement of ours has a time limit.

use std::io;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use eventsourcing_core::ViewError;
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Connection, Executor as _, PgConnection, PgPool, Postgres};

use super::error::commit_error;
use crate::clock::timeout;
use crate::condition::postgres as condition;
use crate::config::PostgresViewsConfig;
use crate::connection::ConnGuard;
use crate::deadline::tellable;
use crate::error::seconds;
use crate::postgres::milliseconds;
use crate::sql::views::POSTGRES;

/// A time limit for the server's answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit(Duration);

impl Limit {
    pub(super) fn of(config: &PostgresViewsConfig) -> Self {
        Self(tellable(config.answer_timeout))
    }

    /// What the server answers, or the error of a connection that is lost.
    pub(super) async fn on<T>(self, answer: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
        let Ok(answer) = timeout(self.0, answer).await else {
            let said = format!("the server did not answer within {}", seconds(self.0));
            return Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, said)));
        };
        answer
    }

    /// A little less, after which the server itself gives up: so its answer still comes in time.
    pub(super) fn of_server(self) -> Duration {
        self.0 * 3 / 4
    }
}

/// A connection of the pool, in a transaction unless it is to read outside of one.
///
/// Dropped before it is ended it is closed, and with it the transaction undone, whatever state the connection is in: it may be in
/// the middle of an answer, or lead to a server that is a standby by now.
pub(super) struct Session {
    connection: ConnGuard<Postgres>,
    limit: Limit,
    is_pooled: bool,
}

impl Session {
    /// A connection to read by, outside of a transaction where the session is ours.
    pub(super) async fn reading(pool: &PgPool, config: &PostgresViewsConfig) -> sqlx::Result<Self> {
        if config.transaction_pooling {
            return Self::begin(pool, config).await;
        }
        let limit = Limit::of(config);
        let connection = ConnGuard::new(pool.acquire().await?, limit.0);
        Ok(Self { connection, limit, is_pooled: false })
    }

    /// A connection in a transaction, in which the statements of ours that come now have the server's time limit too.
    ///
    /// The database's own default of the isolation level does not count: who waited for another must see where that one left the
    /// position.
    pub(super) async fn begin(pool: &PgPool, config: &PostgresViewsConfig) -> sqlx::Result<Self> {
        let connection: PoolConnection<Postgres> = pool.acquire().await?;
        let (limit, is_pooled) = (Limit::of(config), config.transaction_pooling);
        let mut session = Self { connection: ConnGuard::new(connection, limit.0), limit, is_pooled };
        let idle = milliseconds(config.idle_in_transaction_session_timeout);
        // what others left prepared in a session behind a pooler has the names that ours would have
        let forget = if is_pooled { "; DEALLOCATE ALL" } else { "" };
        let begin = format!(
            "{}{forget}; SET LOCAL idle_in_transaction_session_timeout = '{idle}'; {}; {}; SET LOCAL statement_timeout = '{}'",
            POSTGRES.begin,
            POSTGRES.keep_settings,
            POSTGRES.by_index,
            milliseconds(limit.of_server())
        );
        let transaction = limit.on(session.connection.begin_with(AssertSqlSafe(begin))).await?;
        // the connection is in it until `end`, without borrowing from itself
        mem::forget(transaction);
        if is_pooled {
            limit.on(session.connection.clear_cached_statements()).await?;
        }
        Ok(session)
    }

    pub(super) fn limit(&self) -> Limit {
        self.limit
    }

    /// Ends what was read.
    pub(super) async fn done(self) -> sqlx::Result<()> {
        if self.connection.is_in_transaction() {
            return self.end().await;
        }
        self.connection.mark_clean();
        Ok(())
    }

    /// Makes the changes last.
    pub(super) async fn commit(self) -> Result<(), ViewError> {
        self.end().await.map_err(|error| commit_error(condition::of(&error), error))
    }

    /// Undoes the changes and keeps the connection.
    pub(super) fn rollback(self) {
        self.give_back();
    }

    /// Commits, and gives the connection back.
    ///
    /// sqlx shows no way to end a transaction that it has lost sight of, but one: it refuses to begin another in it by a statement of
    /// one's own, and rolls back the one that is there. So there has to be one: the next in the chain, which is empty.
    async fn end(mut self) -> sqlx::Result<()> {
        if self.is_pooled {
            self.limit.on(self.connection.clear_cached_statements()).await?;
            self.limit.on(self.connection.execute("DEALLOCATE ALL")).await?;
        }
        self.limit.on(self.connection.execute("COMMIT AND CHAIN")).await?;
        self.give_back();
        Ok(())
    }

    /// Rolls back, and gives the connection to the pool, on nobody's time. If that fails it is closed.
    fn give_back(mut self) {
        tokio::spawn(async move {
            // as deep as handlers left it
            for _ in 0..MOST_SAVEPOINTS {
                if !self.connection.is_in_transaction() {
                    if self.limit.on(self.connection.ping()).await.is_ok() {
                        self.connection.mark_clean();
                    }
                    return;
                }
                drop(self.connection.begin_with("").await);
            }
        });
    }
}

/// How many savepoints that a handler left are taken back before the connection is closed instead.
const MOST_SAVEPOINTS: usize = 8;

impl Deref for Session {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("limit", &self.limit).finish_non_exhaustive()
    }
}
