//! Views in PostgreSQL.

use std::error::Error as StdError;

use eventsourcing_core::following::{ProjectionKey, ViewTransaction, Views};
use eventsourcing_core::{RecorderError, Tracking};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

use super::error::{is_passing, view_error};
use super::rebuild::in_postgres::{claim, hold, serves};
use super::uncut;
use crate::error::check_runtime;
use crate::rows;
use crate::sql::rebuilds::{self, POSTGRES_ONLY};
use crate::sql::views::{POSTGRES, PostgresViewsSql};

/// Keeps the views of projections in a PostgreSQL database: the one of the events or any other.
///
/// Handlers are given a connection that is in a transaction, and may do with it what they like except to end that. How far
/// each projection is, is kept in the table `eventsourcing_projections`, in the schema that the pool's connections create tables in.
///
/// # Examples
///
/// ```no_run
/// use eventsourcing_sqlx::PostgresViews;
/// use sqlx::PgPool;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = PgPool::connect("postgres://ada@localhost/reports").await?;
/// sqlx::query("CREATE TABLE IF NOT EXISTS worlds (id uuid PRIMARY KEY, name text NOT NULL)").execute(&pool).await?;
/// let views = PostgresViews::open(pool).await?;
/// # drop(views);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PostgresViews {
    pub(super) pool: PgPool,
}

impl PostgresViews {
    /// Keeps views where this pool connects to, and makes the table of positions if it is not there.
    ///
    /// # Errors
    /// As the database fails; [`RecorderError::Open`] outside of a Tokio runtime.
    pub async fn open(pool: PgPool) -> Result<Self, RecorderError> {
        check_runtime(|| "the database of views".to_owned())?;
        let PostgresViewsSql { lock, create, .. } = POSTGRES;
        let views = Self { pool };
        let making = views.clone();
        let made = async move {
            let failed = |error| view_error(error, "make the table of positions");
            let mut transaction = making.pool.begin().await.map_err(failed)?;
            sqlx::query(lock).execute(&mut *transaction).await.map_err(failed)?;
            sqlx::query(create).execute(&mut *transaction).await.map_err(failed)?;
            sqlx::query(rebuilds::POSTGRES.create).execute(&mut *transaction).await.map_err(failed)?;
            transaction.commit().await.map_err(failed)
        };
        uncut(tokio::spawn(made)).await?;
        Ok(views)
    }
}

impl Views for PostgresViews {
    type View = PgConnection;
    type Transaction = PostgresTransaction;

    async fn position(&self, projection: &str, upstream: &str) -> Result<u64, RecorderError> {
        let position = sqlx::query_scalar(POSTGRES.position).bind(projection).bind(upstream);
        let position: Option<i64> =
            position.fetch_optional(&self.pool).await.map_err(|error| view_error(error, "look up a position"))?;
        rows::from_position(position.unwrap_or_default())
    }

    async fn serve(&self, projection: &str, has_tables: bool) -> Result<Option<PostgresTransaction>, RecorderError> {
        if serves(&self.pool, ProjectionKey::parse(projection)).await? || !has_tables {
            return Ok(None);
        }
        let (pool, projection) = (self.pool.clone(), projection.to_owned());
        uncut(tokio::spawn(async move { serve(&pool, &projection).await })).await
    }

    async fn begin(&self, projection: &str, tracking: &Tracking) -> Result<PostgresTransaction, RecorderError> {
        tracking.check()?;
        let (pool, projection, tracking) = (self.pool.clone(), projection.to_owned(), tracking.clone());
        uncut(tokio::spawn(async move { begin(&pool, &projection, &tracking).await })).await
    }

    fn is_passing(&self, error: &(dyn StdError + 'static)) -> bool {
        error.downcast_ref().is_some_and(is_passing)
    }
}

async fn serve(pool: &PgPool, projection: &str) -> Result<Option<PostgresTransaction>, RecorderError> {
    let failed = |error| view_error(error, "begin a projection");
    let key = ProjectionKey::parse(projection);
    let mut transaction = pool.begin_with(POSTGRES.begin).await.map_err(failed)?;
    if claim(&mut transaction, key).await? {
        return Ok(Some(PostgresTransaction::new(transaction, key)));
    }
    transaction.commit().await.map_err(failed)?;
    Ok(None)
}

async fn begin(pool: &PgPool, projection: &str, tracking: &Tracking) -> Result<PostgresTransaction, RecorderError> {
    let failed = |error| view_error(error, "begin a transaction on a view");
    let key = ProjectionKey::parse(projection);
    let mut transaction = pool.begin_with(POSTGRES.begin).await.map_err(failed)?;
    if key.is_rebuilt {
        sqlx::query(POSTGRES_ONLY.asynchronous).execute(&mut *transaction).await.map_err(failed)?;
    }
    // a row of positions is there only as long as its version may be changed; without one it has to be looked up
    if tracking.after == 0 {
        hold(&mut transaction, key).await?;
    }
    let position = rows::to_bound(tracking.position);
    let moved = if tracking.after == 0 {
        let insert = sqlx::query(POSTGRES.insert).bind(projection).bind(&tracking.upstream).bind(position);
        insert.execute(&mut *transaction).await.map_err(failed)?.rows_affected()
    } else {
        let update = sqlx::query(POSTGRES.update).bind(projection).bind(&tracking.upstream).bind(position);
        let update = update.bind(rows::to_bound(tracking.after));
        update.execute(&mut *transaction).await.map_err(failed)?.rows_affected()
    };
    if moved == 1 {
        return Ok(PostgresTransaction::new(transaction, key));
    }
    hold(&mut transaction, key).await?;
    let recorded = sqlx::query_scalar(POSTGRES.position).bind(projection).bind(&tracking.upstream);
    let recorded: Option<i64> = recorded.fetch_optional(&mut *transaction).await.map_err(failed)?;
    transaction.rollback().await.map_err(failed)?;
    Err(tracking.already_processed(rows::from_position(recorded.unwrap_or_default())?))
}

/// A transaction on views in PostgreSQL.
#[derive(Debug)]
pub struct PostgresTransaction {
    pub(super) transaction: Transaction<'static, Postgres>,
    /// What the names of its tables begin with, if it is one of a rebuild.
    pub(super) prefix: Option<String>,
}

impl PostgresTransaction {
    pub(super) fn new(transaction: Transaction<'static, Postgres>, key: ProjectionKey<'_>) -> Self {
        Self { transaction, prefix: key.is_rebuilt.then(|| key.prefix()) }
    }
}

impl ViewTransaction for PostgresTransaction {
    type View = PgConnection;

    fn view(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    async fn commit(mut self) -> Result<(), RecorderError> {
        let failed = |error| view_error(error, "commit the changes of a view");
        // after an error that a handler kept to itself COMMIT would undo everything, and say nothing
        sqlx::query(POSTGRES.probe).execute(&mut *self.transaction).await.map_err(failed)?;
        if let Some(prefix) = &self.prefix {
            let used = sqlx::query_scalar(POSTGRES_ONLY.serving_table_in_use).bind(prefix);
            if let Some(table) = used.fetch_optional(&mut *self.transaction).await.map_err(failed)? {
                return Err(RecorderError::ServingTable { table });
            }
        }
        self.transaction.commit().await.map_err(failed)
    }
}
