//! Connections to a view's database in PostgreSQL, in a transaction or not. Each statement of this library has a time limit.

use std::ops::{Deref, DerefMut};
use std::time::Duration;
use std::{fmt, io, mem};

use eventsourcing_core::projection::ProjectionKey;
use eventsourcing_core::{DeadLetter, Tracking, ViewError};
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Connection, Executor as _, PgConnection, PgPool, Postgres};
use uuid::Uuid;

use super::advance::{Moved, advance};
use super::letters;
use crate::config::PostgresViewsConfig;
use crate::errors::postgres::{is_missing_table, is_timeout, kind_of};
use crate::errors::{ErrorKind, seconds};
use crate::postgres::GuardedConnection;
use crate::sql::projections::audit::{self, AuditSql};
use crate::sql::projections::catalogue::{self, CatalogueSql};
use crate::sql::projections::dead_letters::{self, LettersSql};
use crate::sql::projections::positions::{self, POSTGRES_ONLY, PositionsSql};
use crate::sql::projections::versions::{self, VersionsSql};
use crate::time_limit::{clamped, milliseconds, timeout};
use crate::views::{FromColumns, PositionKey, Value, commit_error, failed, query, read_rows};

/// How many savepoints that a handler left are rolled back before the connection is closed instead.
const MOST_SAVEPOINTS: usize = 8;

/// A time limit for the server's answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit(Duration);

impl Limit {
    fn of(config: &PostgresViewsConfig) -> Self {
        Self(clamped(config.answer_timeout))
    }

    /// Waits for the server's answer. If it does not come in time, the connection counts as lost.
    pub(super) async fn on<T>(self, answer: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
        let Ok(answer) = timeout(self.0, answer).await else {
            let message = format!("the server did not answer within {}", seconds(self.0));
            return Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, message)));
        };
        answer
    }

    /// The server's own limit: a little less, so that its answer still comes in time.
    fn of_server(self) -> Duration {
        self.0 * 3 / 4
    }
}

/// A connection of the pool, in a transaction unless it reads outside of one.
///
/// Dropped before its end, the connection is closed, which rolls the transaction back in any state of the connection: it may be in
/// the middle of an answer, or lead to a server that has become a standby.
pub(crate) struct Session {
    connection: GuardedConnection,
    limit: Limit,
    is_pooled: bool,
    handed_over: Option<HandedOver>,
}

/// What is known of a transaction that handlers have.
#[derive(Clone, Debug)]
struct HandedOver {
    /// The id of the transaction, which tells whether the connection is still in it.
    id: i64,
    /// The prefix of its tables, if it is a transaction of a rebuild.
    prefix: Option<String>,
}

impl Session {
    /// A connection to read by, outside of a transaction unless a pooler shares sessions.
    pub(super) async fn reading(pool: &PgPool, config: &PostgresViewsConfig) -> sqlx::Result<Self> {
        if config.transaction_pooling {
            return Self::begin(pool, config).await;
        }
        let limit = Limit::of(config);
        let connection = GuardedConnection::new(pool.acquire().await?, limit.0);
        Ok(Self { connection, limit, is_pooled: false, handed_over: None })
    }

    /// A connection in a transaction, whose next statements have the server's time limit too.
    ///
    /// The isolation level is not left to the database's default: a transaction that waited for another must see where that one left
    /// the position.
    pub(super) async fn begin(pool: &PgPool, config: &PostgresViewsConfig) -> sqlx::Result<Self> {
        let connection: PoolConnection<Postgres> = pool.acquire().await?;
        let (limit, is_pooled) = (Limit::of(config), config.transaction_pooling);
        let connection = GuardedConnection::new(connection, limit.0);
        let mut session = Self { connection, limit, is_pooled, handed_over: None };
        let idle = milliseconds(config.idle_in_transaction_session_timeout);
        // statements that others left prepared in a session behind a pooler have the names that ours would get
        let forget = if is_pooled { "; DEALLOCATE ALL" } else { "" };
        let begin = format!(
            "{}{forget}; SET LOCAL idle_in_transaction_session_timeout = '{idle}'; {}; {}; SET LOCAL statement_timeout = '{}'",
            POSTGRES_ONLY.begin,
            POSTGRES_ONLY.keep_settings,
            POSTGRES_ONLY.by_index,
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

    fn handed_over(&mut self, key: ProjectionKey<'_>, id: i64) {
        self.handed_over = Some(HandedOver { id, prefix: key.is_rebuilt.then(|| key.prefix()) });
    }

    /// Checks that handlers left the transaction as it was.
    async fn check(&mut self, handed_over: HandedOver) -> Result<(), ViewError> {
        let failed = failed::<Self>("commit the changes of a view");
        let limit = self.limit;
        // after an error that a handler did not report, COMMIT would roll back everything without an error
        let probe = sqlx::query_as(POSTGRES_ONLY.probe).bind(milliseconds(limit.of_server()));
        let probe = limit.on(probe.fetch_one(&mut **self)).await;
        let (id, _): (Option<i64>, String) = probe.map_err(failed)?;
        if id != Some(handed_over.id) {
            return Err(ViewError::TransactionEnded);
        }
        if let Some(prefix) = handed_over.prefix {
            let used = sqlx::query_scalar(versions::POSTGRES_ONLY.live_table_in_use).bind(prefix);
            let used = limit.on(used.fetch_optional(&mut **self)).await;
            if let Some(table) = used.map_err(failed)? {
                return Err(ViewError::LiveTable { table });
            }
        }
        Ok(())
    }

    /// Commits, and returns the connection to the pool.
    ///
    /// sqlx has one way to end a transaction that it has lost sight of: it refuses to begin another in it by a custom statement, and
    /// rolls back the one that is there. So there has to be one: the next in the chain, which is empty.
    async fn end(mut self) -> sqlx::Result<()> {
        if self.is_pooled {
            self.limit.on(self.connection.clear_cached_statements()).await?;
            self.limit.on(self.connection.execute("DEALLOCATE ALL")).await?;
        }
        self.limit.on(self.connection.execute("COMMIT AND CHAIN")).await?;
        self.give_back();
        Ok(())
    }

    /// Rolls back and returns the connection to the pool, in the background. If that fails, the connection is closed.
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

impl crate::views::Session for Session {
    type Connection = PgConnection;

    const POSITIONS: PositionsSql = positions::POSTGRES;
    const LETTERS: LettersSql = dead_letters::POSTGRES;
    const VERSIONS: VersionsSql = versions::POSTGRES;
    const CATALOGUE: CatalogueSql = catalogue::POSTGRES;
    const AUDIT: AuditSql = audit::POSTGRES;

    fn connection(&mut self) -> &mut PgConnection {
        self
    }

    async fn fetch<T: FromColumns>(&mut self, statement: &'static str, values: &[Value<'_>]) -> sqlx::Result<Vec<T>> {
        let fetch = query::<Postgres>(statement, values).fetch_all(&mut *self.connection);
        read_rows(&self.limit.on(fetch).await?)
    }

    async fn execute(&mut self, statement: &'static str, values: &[Value<'_>]) -> sqlx::Result<u64> {
        let execute = query::<Postgres>(statement, values).execute(&mut *self.connection);
        Ok(self.limit.on(execute).await?.rows_affected())
    }

    async fn execute_script(&mut self, statements: String) -> sqlx::Result<()> {
        let execute = sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut *self.connection);
        self.limit.on(execute).await.map(drop)
    }

    async fn advance(
        &mut self,
        key: ProjectionKey<'_>,
        position: &PositionKey,
        tracking: &Tracking,
    ) -> Result<bool, ViewError> {
        let Moved { has_letters, id } = advance(self, key, position, tracking).await?;
        self.handed_over(key, id);
        Ok(has_letters)
    }

    async fn hand_over(&mut self, key: ProjectionKey<'_>) -> Result<(), ViewError> {
        let hand_over = sqlx::query_as(POSTGRES_ONLY.hand_over).fetch_one(&mut *self.connection);
        let handed_over: sqlx::Result<(i64, String)> = self.limit.on(hand_over).await;
        let (id, _) = handed_over.map_err(failed::<Self>("begin a transaction on a view"))?;
        self.handed_over(key, id);
        Ok(())
    }

    async fn parked(&mut self, position: &PositionKey, originators: &[Uuid]) -> sqlx::Result<Vec<Uuid>> {
        letters::parked(self, position, originators).await
    }

    async fn park(&mut self, position: &PositionKey, letters: &[DeadLetter]) -> sqlx::Result<()> {
        letters::park(self, position, letters).await
    }

    async fn check_commit(&mut self) -> Result<(), ViewError> {
        let immediate = sqlx::query(versions::POSTGRES_ONLY.check_constraints).execute(&mut *self.connection);
        self.limit.on(immediate).await.map_err(|error| commit_error(kind_of(&error), error))?;
        match self.handed_over.take() {
            Some(handed_over) => self.check(handed_over).await,
            None => Ok(()),
        }
    }

    async fn commit(mut self) -> Result<(), ViewError> {
        if let Some(handed_over) = self.handed_over.take() {
            self.check(handed_over).await?;
        }
        self.end().await.map_err(|error| commit_error(kind_of(&error), error))
    }

    fn rollback(self) {
        self.give_back();
    }

    async fn done(self) -> sqlx::Result<()> {
        if self.connection.is_in_transaction() {
            return self.end().await;
        }
        self.connection.mark_clean();
        Ok(())
    }

    fn kind_of(error: &sqlx::Error) -> ErrorKind {
        kind_of(error)
    }

    fn is_timeout(error: &sqlx::Error) -> bool {
        is_timeout(error)
    }

    fn is_missing_table(error: &sqlx::Error) -> bool {
        is_missing_table(error)
    }
}

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

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("limit", &self.limit).finish_non_exhaustive()
    }
}
