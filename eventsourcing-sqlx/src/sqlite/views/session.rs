//! Connections to a view's database in SQLite, in a transaction or not. Handlers cannot end the transaction that they are given.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use eventsourcing_core::projection::ProjectionKey;
use eventsourcing_core::{DeadLetter, Tracking, ViewError};
use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Executor as _, Sqlite, SqliteConnection, SqlitePool, Transaction};
use tokio::runtime::Handle;
use uuid::Uuid;

use super::advance::advance;
use super::guard::{guard, unguard};
use super::letters;
use crate::errors::ErrorKind;
use crate::errors::sqlite::{is_missing_table, kind_of};
use crate::sql::projections::audit::{self, AuditSql};
use crate::sql::projections::catalogue::{self, CatalogueSql};
use crate::sql::projections::dead_letters::{self, LettersSql};
use crate::sql::projections::positions::{self, PositionsSql, SQLITE_ONLY};
use crate::sql::projections::versions::{self, VersionsSql};
use crate::sqlite::view_locks::ViewLock;
use crate::views::{FromColumns, PositionKey, Value, commit_error, query, read_rows};

/// A connection of the pool, in a transaction unless it reads outside of one. Dropped before its end, it is rolled back.
#[derive(Debug)]
pub(crate) struct Session {
    /// None only while it is dropped.
    connection: Option<SessionConnection>,
    ending: Ending,
    /// Whether the live tables are guarded against this transaction.
    is_guarded: bool,
    /// The mark that the calling task holds the file's write lock, until the session is dropped.
    _lock: Option<ViewLock>,
}

#[derive(Debug)]
enum SessionConnection {
    Reading(PoolConnection<Sqlite>),
    Begun(Transaction<'static, Sqlite>),
}

impl Session {
    /// A connection to read by.
    pub(super) async fn reading(pool: &SqlitePool) -> sqlx::Result<Self> {
        let connection = Some(SessionConnection::Reading(pool.acquire().await?));
        Ok(Self { connection, ending: Ending::default(), is_guarded: false, _lock: None })
    }

    /// A connection in a transaction that has the write lock, and that handlers cannot end.
    pub(super) async fn begin(pool: &SqlitePool) -> sqlx::Result<Self> {
        let mut transaction = pool.begin_with(SQLITE_ONLY.begin).await?;
        let ending = Ending::default();
        let (commits, rolls_back) = (Arc::clone(&ending.0), Arc::clone(&ending.0));
        let mut handle = transaction.lock_handle().await?;
        // a commit that is refused is a rollback
        handle.set_commit_hook(move || commits.load(Ordering::SeqCst) != Ending::OPEN);
        handle.set_rollback_hook(move || {
            let _ = rolls_back.compare_exchange(Ending::OPEN, Ending::ENDED, Ordering::SeqCst, Ordering::SeqCst);
        });
        drop(handle);
        Ok(Self { connection: Some(SessionConnection::Begun(transaction)), ending, is_guarded: false, _lock: None })
    }

    /// Marks the file as locked by the calling task.
    pub(super) fn mark_locked(&mut self, file: Option<&Path>) {
        self._lock = file.map(ViewLock::new);
    }

    /// Guards the live tables, if this is a transaction of a rebuild.
    async fn guard(&mut self, key: ProjectionKey<'_>) -> Result<(), ViewError> {
        if key.is_rebuilt {
            guard(self, &key.prefix()).await?;
            self.is_guarded = true;
        }
        Ok(())
    }
}

impl crate::views::Session for Session {
    type Connection = SqliteConnection;

    const POSITIONS: PositionsSql = positions::SQLITE;
    const LETTERS: LettersSql = dead_letters::SQLITE;
    const VERSIONS: VersionsSql = versions::SQLITE;
    const CATALOGUE: CatalogueSql = catalogue::SQLITE;
    const AUDIT: AuditSql = audit::SQLITE;

    fn connection(&mut self) -> &mut SqliteConnection {
        self
    }

    async fn fetch<T: FromColumns>(&mut self, statement: &'static str, values: &[Value<'_>]) -> sqlx::Result<Vec<T>> {
        read_rows(&query::<Sqlite>(statement, values).fetch_all(&mut **self).await?)
    }

    async fn execute(&mut self, statement: &'static str, values: &[Value<'_>]) -> sqlx::Result<u64> {
        Ok(query::<Sqlite>(statement, values).execute(&mut **self).await?.rows_affected())
    }

    async fn execute_script(&mut self, statements: String) -> sqlx::Result<()> {
        sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut **self).await.map(drop)
    }

    async fn advance(
        &mut self,
        key: ProjectionKey<'_>,
        position: &PositionKey,
        tracking: &Tracking,
    ) -> Result<bool, ViewError> {
        let has_letters = advance(self, key, position, tracking).await?;
        self.guard(key).await?;
        Ok(has_letters)
    }

    async fn hand_over(&mut self, key: ProjectionKey<'_>) -> Result<(), ViewError> {
        self.guard(key).await
    }

    async fn parked(&mut self, position: &PositionKey, originators: &[Uuid]) -> sqlx::Result<Vec<Uuid>> {
        letters::parked(self, position, originators).await
    }

    async fn park(&mut self, position: &PositionKey, letters: &[DeadLetter]) -> sqlx::Result<()> {
        letters::park(self, position, letters).await
    }

    fn is_ended(&self) -> bool {
        self.ending.is_ended()
    }

    async fn check_commit(&mut self) -> Result<(), ViewError> {
        if self.ending.is_ended() {
            return Err(ViewError::TransactionEnded);
        }
        // the hook refuses it, after SQLite has checked what it checks before a commit
        match (&mut **self).execute("COMMIT").await {
            Err(error) if is_refused_commit(&error) => Ok(()),
            Err(error) => Err(commit_error(kind_of(&error), error)),
            Ok(_) => Err(ViewError::TransactionEnded),
        }
    }

    async fn commit(mut self) -> Result<(), ViewError> {
        if self.is_guarded {
            unguard(&mut self).await?;
        }
        if self.ending.is_ended() || !self.ending.free() {
            return Err(ViewError::TransactionEnded);
        }
        match self.connection.take() {
            Some(SessionConnection::Reading(_)) | None => Ok(()),
            Some(SessionConnection::Begun(transaction)) => {
                transaction.commit().await.map_err(|error| commit_error(kind_of(&error), error))
            }
        }
    }

    fn rollback(self) {
        drop(self);
    }

    async fn done(self) -> sqlx::Result<()> {
        Ok(())
    }

    fn kind_of(error: &sqlx::Error) -> ErrorKind {
        kind_of(error)
    }

    fn is_missing_table(error: &sqlx::Error) -> bool {
        is_missing_table(error)
    }
}

/// Whether a commit failed only because the hook refused it.
fn is_refused_commit(error: &sqlx::Error) -> bool {
    const SQLITE_CONSTRAINT_COMMITHOOK: &str = "531";
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == SQLITE_CONSTRAINT_COMMITHOOK)
}

/// Gives sqlx a transaction to roll back. It still counts the one that SQLite or a handler rolled back, and would begin no other on the
/// connection.
async fn mend(mut transaction: Transaction<'static, Sqlite>) {
    // it fails if a handler began another, which does as well
    drop(transaction.execute("BEGIN").await);
    drop(transaction.rollback().await);
}

impl Drop for Session {
    fn drop(&mut self) {
        let (true, Ok(runtime)) = (self.ending.is_ended(), Handle::try_current()) else { return };
        if let Some(SessionConnection::Begun(transaction)) = self.connection.take() {
            runtime.spawn(mend(transaction));
        }
    }
}

#[expect(clippy::expect_used, reason = "only the owner of the session takes it")]
impl Deref for Session {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match self.connection.as_ref().expect("a session has a connection") {
            SessionConnection::Reading(connection) => connection,
            SessionConnection::Begun(transaction) => transaction,
        }
    }
}

#[expect(clippy::expect_used, reason = "only the owner of the session takes it")]
impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match self.connection.as_mut().expect("a session has a connection") {
            SessionConnection::Reading(connection) => connection,
            SessionConnection::Begun(transaction) => transaction,
        }
    }
}

/// Whether the transaction may be ended, and whether a handler ended it.
#[derive(Debug, Default)]
struct Ending(Arc<AtomicU8>);

impl Ending {
    /// It may not be ended: handlers have it.
    const OPEN: u8 = 0;
    /// A handler ended it.
    const ENDED: u8 = 1;
    /// This library may end it, or it is over.
    const FREE: u8 = 2;

    /// Allows the end. Returns whether the transaction was not ended before.
    fn free(&self) -> bool {
        self.0.swap(Self::FREE, Ordering::SeqCst) != Self::ENDED
    }

    fn is_ended(&self) -> bool {
        self.0.load(Ordering::SeqCst) == Self::ENDED
    }
}

/// Allows later transactions on the connection to be committed.
impl Drop for Ending {
    fn drop(&mut self) {
        self.free();
    }
}
