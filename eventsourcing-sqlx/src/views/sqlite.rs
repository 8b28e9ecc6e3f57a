//! Views in SQLite.

use std::error::Error as StdError;

use eventsourcing_core::following::{ViewTransaction, Views};
use eventsourcing_core::{RecorderError, Tracking};
use sqlx::{Sqlite, SqliteConnection, SqlitePool, Transaction};

use super::error::{is_passing, view_error};
use super::uncut;
use crate::error::check_runtime;
use crate::rows;
use crate::sql::views::SQLITE;

/// Keeps the views of projections in a SQLite database: the file of the events or any other.
///
/// Handlers are given a connection that is in a transaction, and may do with it what they like except to end that. How far
/// each projection is, is kept in the table `eventsourcing_projections`.
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
    /// Keeps views where this pool connects to, and makes the table of positions if it is not there.
    ///
    /// # Errors
    /// As the database fails; [`RecorderError::Open`] outside of a Tokio runtime.
    pub async fn open(pool: SqlitePool) -> Result<Self, RecorderError> {
        check_runtime(|| "the database of views".to_owned())?;
        let failed = |error| view_error(error, "make the table of positions");
        sqlx::query(SQLITE.create).execute(&pool).await.map_err(failed)?;
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

    fn is_passing(&self, error: &(dyn StdError + 'static)) -> bool {
        error.downcast_ref().is_some_and(is_passing)
    }
}

async fn begin(pool: &SqlitePool, projection: &str, tracking: &Tracking) -> Result<SqliteTransaction, RecorderError> {
    let failed = |error| view_error(error, "begin a transaction on a view");
    let mut transaction = pool.begin_with(SQLITE.begin).await.map_err(failed)?;
    // the write lock keeps it there
    let recorded = sqlx::query_scalar(SQLITE.position).bind(projection).bind(&tracking.upstream);
    let recorded: Option<i64> = recorded.fetch_optional(&mut *transaction).await.map_err(failed)?;
    let recorded = rows::from_position(recorded.unwrap_or_default())?;
    if recorded != tracking.after {
        transaction.rollback().await.map_err(failed)?;
        return Err(tracking.already_processed(recorded));
    }
    let moved = sqlx::query(SQLITE.insert).bind(projection).bind(&tracking.upstream);
    moved.bind(rows::to_bound(tracking.position)).execute(&mut *transaction).await.map_err(failed)?;
    Ok(SqliteTransaction { transaction })
}

/// A transaction on views in SQLite.
#[derive(Debug)]
pub struct SqliteTransaction {
    transaction: Transaction<'static, Sqlite>,
}

impl ViewTransaction for SqliteTransaction {
    type View = SqliteConnection;

    fn view(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }

    async fn commit(self) -> Result<(), RecorderError> {
        self.transaction.commit().await.map_err(|error| view_error(error, "commit the changes of a view"))
    }
}
