//! A guard around a pooled connection, which returns to the pool only if it is marked clean.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};
use tokio::runtime::Handle;

use crate::runtime;
use crate::time_limit::timeout;

/// A connection of a pool, closed when it is dropped without [`mark_clean`](Self::mark_clean).
///
/// A future that is dropped between two statements, or an error inside a transaction, can leave a connection in a
/// transaction that sqlx 0.9.0 does not know of. The next borrower would record events in it, get a success,
/// and lose them. (The pool only checks whether the connection answers. See <https://github.com/launchbadge/sqlx/issues/4393>.)
///
/// sqlx pings a connection that returns to the pool, without a time limit. A connection whose peer has become silent would occupy the
/// pool forever, so the ping has a limit here, after which the connection is closed.
pub(crate) struct GuardedConnection {
    /// None only while it is dropped.
    connection: Option<PoolConnection<Postgres>>,
    clean: bool,
    limit: Duration,
}

impl GuardedConnection {
    /// Guards a connection. When it returns to the pool, its server must answer within the limit.
    pub(crate) fn new(connection: PoolConnection<Postgres>, limit: Duration) -> Self {
        Self { connection: Some(connection), clean: false, limit }
    }

    /// Returns the connection to the pool. It must be in no transaction, and no answer may be outstanding.
    pub(crate) fn mark_clean(self) {
        drop(self.set_aside());
    }

    /// Marks a connection that is kept as clean: it returns to the pool when it is dropped.
    pub(crate) fn set_aside(mut self) -> Self {
        self.clean = true;
        self
    }

    /// Guards a connection again that was set aside.
    pub(crate) fn use_again(mut self) -> Self {
        self.clean = false;
        self
    }
}

impl Deref for GuardedConnection {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match &self.connection {
            Some(connection) => connection,
            None => unreachable!("a guard has its connection until it is dropped"),
        }
    }
}

impl DerefMut for GuardedConnection {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match &mut self.connection {
            Some(connection) => connection,
            None => unreachable!("a guard has its connection until it is dropped"),
        }
    }
}

impl Drop for GuardedConnection {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        // outside of a runtime the pool would panic, so the runtime of this library is used
        let Some(runtime) = Handle::try_current().ok().or_else(runtime::background) else {
            // the system has no thread left: the connection ends with the process
            std::mem::forget(connection);
            return;
        };
        let entered = runtime.enter();
        if self.clean {
            // this is what sqlx does when a connection is dropped; there is no other way to limit the wait
            let (limit, returning) = (self.limit, connection.return_to_pool());
            runtime.spawn(async move {
                if timeout(limit, returning).await.is_err() {
                    tracing::debug!("a connection that returned to its pool did not answer in time and is closed");
                }
            });
        } else {
            // sqlx has a time limit for this
            connection.close_on_drop();
        }
        drop(connection);
        drop(entered);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;
    use std::time::Duration;

    use eventsourcing_core::{Environment, Uuid};
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
    use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool, Postgres};

    use super::GuardedConnection;
    use crate::config::PostgresConfig;

    /// A pool of one connection and a table, which the test drops.
    async fn pool_and_table() -> (PgPool, PgConnectOptions, String) {
        let is_there = std::env::var_os("EVENTSOURCING_TEST_POSTGRES").is_some();
        assert!(is_there, "no PostgreSQL: run `cargo xtask test`");
        let config = PostgresConfig::from_environment(&Environment::from_process("Test")).unwrap();
        let options = PgConnectOptions::new_without_pgpass()
            .host(&config.host)
            .port(config.port)
            .username(&config.user)
            .password(config.password.as_deref().unwrap_or_default())
            .database(&config.dbname);
        let pool = PgPoolOptions::new().max_connections(1).connect_with(options.clone()).await.unwrap();
        let table = format!("test_{}", Uuid::new_v4().simple());
        run(&mut options.connect().await.unwrap(), format!("CREATE TABLE {table} (id int)")).await;
        (pool, options, table)
    }

    async fn run(connection: &mut PgConnection, sql: String) {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.unwrap();
    }

    /// Sends `BEGIN` and drops the future that waits for the answer, which the server takes its time to give.
    async fn begin_and_drop(connection: &mut PgConnection) {
        let mut begin = pin!(connection.begin_with("BEGIN; SELECT pg_sleep(0.1)"));
        poll_fn(|context| {
            assert!(begin.as_mut().poll(context).is_pending(), "the answer came too soon");
            Poll::Ready(())
        })
        .await;
    }

    /// Inserts by the pool's next connection, and counts what others see of it.
    async fn insert_and_count(pool: &PgPool, options: &PgConnectOptions, table: &str) -> i64 {
        let insert = format!("INSERT INTO {table} VALUES (1)");
        // reported as done
        sqlx::query::<Postgres>(AssertSqlSafe(insert)).execute(pool).await.unwrap();
        let mut outsider = options.connect().await.unwrap();
        let count = format!("SELECT count(*) FROM {table}");
        let seen = sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(&mut outsider).await.unwrap();
        pool.close().await;
        run(&mut outsider, format!("DROP TABLE {table}")).await;
        seen
    }

    #[tokio::test]
    async fn a_transaction_begun_and_dropped_swallows_no_later_insert() {
        let (pool, options, table) = pool_and_table().await;
        let mut guard = GuardedConnection::new(pool.acquire().await.unwrap(), Duration::from_secs(60));
        begin_and_drop(&mut guard).await;
        drop(guard);
        assert_eq!(insert_and_count(&pool, &options, &table).await, 1);
    }

    /// The twin without the guard. When it fails, the guard is no longer needed.
    #[tokio::test]
    async fn without_the_guard_the_later_insert_is_lost() {
        let (pool, options, table) = pool_and_table().await;
        let mut connection = pool.acquire().await.unwrap();
        begin_and_drop(&mut connection).await;
        drop(connection);
        assert_eq!(insert_and_count(&pool, &options, &table).await, 0);
    }
}
