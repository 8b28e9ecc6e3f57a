//! Views in SQLite.

use std::error::Error as StdError;

use eventsourcing_core::following::{ProjectionKey, ViewTransaction, Views};
use eventsourcing_core::{DeadLetter, Tracking, ViewError};
use sqlx::{Sqlite, SqliteConnection, SqlitePool, Transaction};
use uuid::Uuid;

use super::error::{commit_error, view_error};
use super::letters::Owner;
use super::rebuild::in_sqlite::{claim, hold, serves};
use super::sqlite_guard::{guard, unguard};
use super::{sqlite_letters, uncut};
use crate::condition::sqlite as condition;
use crate::error::check_runtime;
use crate::rows;
use crate::sql::views::SQLITE;
use crate::sql::{letters, rebuilds};

/// Keeps the views of projections in a SQLite database: the file of the events or any other.
///
/// Handlers are given a connection that is in a transaction, and may do with it what they like except to end that. How far
/// each projection is, is kept in the table `eventsourcing_projections`, and what it put aside in `eventsourcing_dead_letters`.
///
/// # Examples
///
/// ```
/// use eventsourcing_sqlx::SqliteViews;
/// use sqlx::SqlitePool;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let url = format!("sqlite:{}?mode=rwc", folder.path().join("reports.db").display());
/// let pool = SqlitePool::connect(&url).await?;
/// sqlx::query("CREATE TABLE IF NOT EXISTS worlds (id BLOB PRIMARY KEY, name TEXT NOT NULL)").execute(&pool).await?;
/// let views = SqliteViews::open(pool).await?;
/// # drop(views);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SqliteViews {
    pub(super) pool: SqlitePool,
    /// The file; none if it is in memory.
    file: Option<String>,
}

impl SqliteViews {
    /// Keeps views where this pool connects to, and makes the tables of positions and of dead letters if they are not there.
    ///
    /// # Errors
    /// As the database fails; [`ViewError::Open`] outside of a Tokio runtime.
    pub async fn open(pool: SqlitePool) -> Result<Self, ViewError> {
        check_runtime(|| "the database of views".to_owned())?;
        let failed = |error| view_error(condition::of(&error), error, "make the tables of positions and dead letters");
        for statement in [SQLITE.create, letters::SQLITE.create, rebuilds::SQLITE.create] {
            sqlx::query(statement).execute(&pool).await.map_err(failed)?;
        }
        let file: String = sqlx::query_scalar(SQLITE.file).fetch_one(&pool).await.map_err(failed)?;
        Ok(Self { pool, file: Some(file).filter(|file| !file.is_empty()) })
    }
}

impl Views for SqliteViews {
    type View = SqliteConnection;
    type Transaction = SqliteTransaction;

    async fn position(&self, projection: &str, upstream: &str) -> Result<u64, ViewError> {
        let position = sqlx::query_scalar(SQLITE.position).bind(projection).bind(upstream);
        let position: Option<i64> = position
            .fetch_optional(&self.pool)
            .await
            .map_err(|error| view_error(condition::of(&error), error, "look up a position"))?;
        Ok(rows::from_position(position.unwrap_or_default())?)
    }

    async fn serve(&self, projection: &str, has_tables: bool) -> Result<Option<SqliteTransaction>, ViewError> {
        if serves(&self.pool, ProjectionKey::parse(projection)).await? || !has_tables {
            return Ok(None);
        }
        let (pool, projection) = (self.pool.clone(), projection.to_owned());
        uncut(tokio::spawn(async move { serve(&pool, &projection).await })).await
    }

    async fn begin(&self, projection: &str, tracking: &Tracking) -> Result<SqliteTransaction, ViewError> {
        tracking.check()?;
        let (pool, projection, tracking) = (self.pool.clone(), projection.to_owned(), tracking.clone());
        uncut(tokio::spawn(async move { begin(&pool, &projection, &tracking).await })).await
    }

    async fn begin_aside(&self, projection: &str, upstream: &str) -> Result<SqliteTransaction, ViewError> {
        let (pool, owner) = (self.pool.clone(), Owner::new(projection, upstream));
        uncut(tokio::spawn(async move { begin_aside(&pool, owner).await })).await
    }

    async fn dead_letters(
        &self,
        projection: &str,
        upstream: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, ViewError> {
        sqlite_letters::list(&self.pool, &Owner::new(projection, upstream), after, limit).await
    }

    async fn count_dead_letters(&self, projection: &str, upstream: &str) -> Result<u64, ViewError> {
        sqlite_letters::count(&self.pool, &Owner::new(projection, upstream)).await
    }

    fn database(&self) -> Option<String> {
        self.file.clone()
    }

    fn is_passing(&self, error: &(dyn StdError + 'static)) -> bool {
        error.downcast_ref().is_some_and(|error| condition::of(error).is_passing())
    }
}

async fn serve(pool: &SqlitePool, projection: &str) -> Result<Option<SqliteTransaction>, ViewError> {
    let failed = |error| view_error(condition::of(&error), error, "begin a projection");
    let mut transaction = pool.begin_with(SQLITE.begin).await.map_err(failed)?;
    if claim(&mut transaction, ProjectionKey::parse(projection)).await? {
        return Ok(Some(SqliteTransaction::beginning(transaction, ProjectionKey::parse(projection))));
    }
    transaction.commit().await.map_err(failed)?;
    Ok(None)
}

async fn begin(pool: &SqlitePool, projection: &str, tracking: &Tracking) -> Result<SqliteTransaction, ViewError> {
    let failed = |error| view_error(condition::of(&error), error, "begin a transaction on a view");
    let key = ProjectionKey::parse(projection);
    let mut transaction = pool.begin_with(SQLITE.begin).await.map_err(failed)?;
    // the write lock keeps it there
    let look = sqlx::query_as(SQLITE.look).bind(projection).bind(&tracking.upstream);
    let (recorded, has_letters): (i64, bool) = look.fetch_one(&mut *transaction).await.map_err(failed)?;
    let recorded = rows::from_position(recorded)?;
    // a row of positions is there only as long as its version may be changed; without one it has to be looked up
    if recorded == 0 {
        hold(&mut transaction, key).await?;
    }
    if recorded != tracking.after {
        transaction.rollback().await.map_err(failed)?;
        return Err(tracking.already_processed(recorded).into());
    }
    let moved = sqlx::query(SQLITE.insert).bind(projection).bind(&tracking.upstream);
    moved.bind(rows::to_bound(tracking.position)).execute(&mut *transaction).await.map_err(failed)?;
    if key.is_rebuilt {
        guard(&mut transaction, &key.prefix()).await?;
    }
    let owner = Owner::new(projection, &tracking.upstream);
    Ok(SqliteTransaction { transaction, owner, has_letters, is_guarded: key.is_rebuilt })
}

async fn begin_aside(pool: &SqlitePool, owner: Owner) -> Result<SqliteTransaction, ViewError> {
    // the write lock, which they all take, makes them take turns
    let begun = pool.begin_with(SQLITE.begin).await;
    let mut transaction =
        begun.map_err(|error| view_error(condition::of(&error), error, "begin a transaction on a view"))?;
    let key = ProjectionKey::parse(&owner.projection);
    hold(&mut transaction, key).await?;
    if key.is_rebuilt {
        guard(&mut transaction, &key.prefix()).await?;
    }
    let is_guarded = key.is_rebuilt;
    Ok(SqliteTransaction { transaction, owner, has_letters: true, is_guarded })
}

/// A transaction on views in SQLite.
#[derive(Debug)]
pub struct SqliteTransaction {
    pub(super) transaction: Transaction<'static, Sqlite>,
    owner: Owner,
    /// Whether there may be dead letters. Where there are none this spares a statement in each transaction.
    has_letters: bool,
    /// Whether what serves is guarded against it.
    pub(super) is_guarded: bool,
}

impl SqliteTransaction {
    /// One in which tables are made, whatever is followed.
    pub(super) fn beginning(transaction: Transaction<'static, Sqlite>, key: ProjectionKey<'_>) -> Self {
        let owner = Owner::new(&key.to_string(), "");
        Self { transaction, owner, has_letters: false, is_guarded: false }
    }
}

impl ViewTransaction for SqliteTransaction {
    type View = SqliteConnection;

    fn view(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }

    async fn parked(&mut self, originators: &[Uuid]) -> Result<Vec<Uuid>, ViewError> {
        if !self.has_letters || originators.is_empty() {
            return Ok(Vec::new());
        }
        sqlite_letters::parked(&mut self.transaction, &self.owner, originators).await
    }

    async fn park(&mut self, letters: &[DeadLetter]) -> Result<(), ViewError> {
        self.has_letters = true;
        sqlite_letters::park(&mut self.transaction, &self.owner, letters).await
    }

    async fn unpark(&mut self, originator_id: Uuid, limit: usize) -> Result<Vec<DeadLetter>, ViewError> {
        sqlite_letters::unpark(&mut self.transaction, &self.owner, originator_id, limit).await
    }

    async fn discard(&mut self, notification_id: u64) -> Result<Option<DeadLetter>, ViewError> {
        sqlite_letters::discard(&mut self.transaction, &self.owner, notification_id).await
    }

    async fn commit(mut self) -> Result<(), ViewError> {
        if self.is_guarded {
            unguard(&mut self.transaction).await?;
        }
        self.transaction.commit().await.map_err(|error| commit_error(condition::of(&error), error))
    }
}
