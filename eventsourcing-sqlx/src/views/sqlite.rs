//! Views in SQLite.

use std::error::Error as StdError;

use eventsourcing_core::following::{ViewTransaction, Views};
use eventsourcing_core::{DeadLetter, RecorderError, Tracking};
use sqlx::{Sqlite, SqliteConnection, SqlitePool, Transaction};
use uuid::Uuid;

use super::error::{is_passing, view_error};
use super::letters::Owner;
use super::{sqlite_letters, uncut};
use crate::error::check_runtime;
use crate::rows;
use crate::sql::letters;
use crate::sql::views::SQLITE;

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
    pool: SqlitePool,
}

impl SqliteViews {
    /// Keeps views where this pool connects to, and makes the tables of positions and of dead letters if they are not there.
    ///
    /// # Errors
    /// As the database fails; [`RecorderError::Open`] outside of a Tokio runtime.
    pub async fn open(pool: SqlitePool) -> Result<Self, RecorderError> {
        check_runtime(|| "the database of views".to_owned())?;
        let failed = |error| view_error(error, "make the tables of positions and dead letters");
        for statement in [SQLITE.create, letters::SQLITE.create] {
            sqlx::query(statement).execute(&pool).await.map_err(failed)?;
        }
        Ok(Self { pool })
    }
}

impl Views for SqliteViews {
    type View = SqliteConnection;
    type Transaction = SqliteTransaction;

    async fn position(&self, projection: &str, upstream: &str) -> Result<u64, RecorderError> {
        let position = sqlx::query_scalar(SQLITE.position).bind(projection).bind(upstream);
        let position: Option<i64> =
            position.fetch_optional(&self.pool).await.map_err(|error| view_error(error, "look up a position"))?;
        rows::from_position(position.unwrap_or_default())
    }

    async fn begin(&self, projection: &str, tracking: &Tracking) -> Result<SqliteTransaction, RecorderError> {
        tracking.check()?;
        let (pool, projection, tracking) = (self.pool.clone(), projection.to_owned(), tracking.clone());
        uncut(tokio::spawn(async move { begin(&pool, &projection, &tracking).await })).await
    }

    async fn begin_aside(&self, projection: &str, upstream: &str) -> Result<SqliteTransaction, RecorderError> {
        let (pool, owner) = (self.pool.clone(), Owner::new(projection, upstream));
        uncut(tokio::spawn(async move { begin_aside(&pool, owner).await })).await
    }

    async fn dead_letters(
        &self,
        projection: &str,
        upstream: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, RecorderError> {
        sqlite_letters::list(&self.pool, &Owner::new(projection, upstream), after, limit).await
    }

    async fn count_dead_letters(&self, projection: &str, upstream: &str) -> Result<u64, RecorderError> {
        sqlite_letters::count(&self.pool, &Owner::new(projection, upstream)).await
    }

    fn is_passing(&self, error: &(dyn StdError + 'static)) -> bool {
        error.downcast_ref().is_some_and(is_passing)
    }
}

async fn begin(pool: &SqlitePool, projection: &str, tracking: &Tracking) -> Result<SqliteTransaction, RecorderError> {
    let failed = |error| view_error(error, "begin a transaction on a view");
    let mut transaction = pool.begin_with(SQLITE.begin).await.map_err(failed)?;
    // the write lock keeps it there
    let look = sqlx::query_as(SQLITE.look).bind(projection).bind(&tracking.upstream);
    let (recorded, has_letters): (i64, bool) = look.fetch_one(&mut *transaction).await.map_err(failed)?;
    let recorded = rows::from_position(recorded)?;
    if recorded != tracking.after {
        transaction.rollback().await.map_err(failed)?;
        return Err(tracking.already_processed(recorded));
    }
    let moved = sqlx::query(SQLITE.insert).bind(projection).bind(&tracking.upstream);
    moved.bind(rows::to_bound(tracking.position)).execute(&mut *transaction).await.map_err(failed)?;
    Ok(SqliteTransaction { transaction, owner: Owner::new(projection, &tracking.upstream), has_letters })
}

async fn begin_aside(pool: &SqlitePool, owner: Owner) -> Result<SqliteTransaction, RecorderError> {
    // the write lock, which they all take, makes them take turns
    let begun = pool.begin_with(SQLITE.begin).await;
    let transaction = begun.map_err(|error| view_error(error, "begin a transaction on a view"))?;
    Ok(SqliteTransaction { transaction, owner, has_letters: true })
}

/// A transaction on views in SQLite.
#[derive(Debug)]
pub struct SqliteTransaction {
    transaction: Transaction<'static, Sqlite>,
    owner: Owner,
    /// Whether there may be dead letters. Where there are none this spares a statement in each transaction.
    has_letters: bool,
}

impl ViewTransaction for SqliteTransaction {
    type View = SqliteConnection;

    fn view(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }

    async fn parked(&mut self, originators: &[Uuid]) -> Result<Vec<Uuid>, RecorderError> {
        if !self.has_letters || originators.is_empty() {
            return Ok(Vec::new());
        }
        sqlite_letters::parked(&mut self.transaction, &self.owner, originators).await
    }

    async fn park(&mut self, letters: &[DeadLetter]) -> Result<(), RecorderError> {
        self.has_letters = true;
        sqlite_letters::park(&mut self.transaction, &self.owner, letters).await
    }

    async fn unpark(&mut self, originator_id: Uuid, limit: usize) -> Result<Vec<DeadLetter>, RecorderError> {
        sqlite_letters::unpark(&mut self.transaction, &self.owner, originator_id, limit).await
    }

    async fn discard(&mut self, notification_id: u64) -> Result<Option<DeadLetter>, RecorderError> {
        sqlite_letters::discard(&mut self.transaction, &self.owner, notification_id).await
    }

    async fn commit(self) -> Result<(), RecorderError> {
        self.transaction.commit().await.map_err(|error| view_error(error, "commit the changes of a view"))
    }
}
