//! Views in PostgreSQL.

use std::error::Error as StdError;

use eventsourcing_core::following::{ProjectionKey, ViewTransaction, Views};
use eventsourcing_core::{DeadLetter, Tracking, ViewError};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::error::{commit_error, view_error};
use super::letters::Owner;
use super::rebuild::in_postgres::{claim, hold, serves};
use super::{postgres_letters, uncut};
use crate::condition::postgres as condition;
use crate::error::check_runtime;
use crate::rows;
use crate::sql::letters;
use crate::sql::rebuilds::{self, POSTGRES_ONLY};
use crate::sql::views::{POSTGRES, PostgresViewsSql};

/// Keeps the views of projections in a PostgreSQL database: the one of the events or any other.
///
/// Handlers are given a connection that is in a transaction, and may do with it what they like except to end that. How far
/// each projection is, is kept in the table `eventsourcing_projections`, and what it put aside in `eventsourcing_dead_letters`, both in
/// the schema that the pool's connections create tables in.
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
    /// The server, the database, and the schema in it.
    database: String,
}

impl PostgresViews {
    /// Keeps views where this pool connects to, and makes the tables of positions and of dead letters if they are not there.
    ///
    /// # Errors
    /// As the database fails; [`ViewError::Open`] outside of a Tokio runtime.
    pub async fn open(pool: PgPool) -> Result<Self, ViewError> {
        check_runtime(|| "the database of views".to_owned())?;
        let PostgresViewsSql { lock, create, schema, .. } = POSTGRES;
        let options = pool.connect_options();
        let server = format!("{}:{}", options.get_host(), options.get_port());
        let making = async move {
            let failed =
                |error| view_error(condition::of(&error), error, "make the tables of positions and dead letters");
            let mut transaction = pool.begin().await.map_err(failed)?;
            sqlx::query(lock).execute(&mut *transaction).await.map_err(failed)?;
            for statement in [create, letters::POSTGRES.create, rebuilds::POSTGRES.create] {
                sqlx::query(statement).execute(&mut *transaction).await.map_err(failed)?;
            }
            let schema: String = sqlx::query_scalar(schema).fetch_one(&mut *transaction).await.map_err(failed)?;
            transaction.commit().await.map_err(failed)?;
            Ok(Self { pool, database: format!("{server}/{schema}") })
        };
        uncut(tokio::spawn(making)).await
    }
}

impl Views for PostgresViews {
    type View = PgConnection;
    type Transaction = PostgresTransaction;

    async fn position(&self, projection: &str, upstream: &str) -> Result<u64, ViewError> {
        let position = sqlx::query_scalar(POSTGRES.position).bind(projection).bind(upstream);
        let position: Option<i64> = position
            .fetch_optional(&self.pool)
            .await
            .map_err(|error| view_error(condition::of(&error), error, "look up a position"))?;
        Ok(rows::from_position(position.unwrap_or_default())?)
    }

    async fn serve(&self, projection: &str, has_tables: bool) -> Result<Option<PostgresTransaction>, ViewError> {
        if serves(&self.pool, ProjectionKey::parse(projection)).await? || !has_tables {
            return Ok(None);
        }
        let (pool, projection) = (self.pool.clone(), projection.to_owned());
        uncut(tokio::spawn(async move { serve(&pool, &projection).await })).await
    }

    async fn begin(&self, projection: &str, tracking: &Tracking) -> Result<PostgresTransaction, ViewError> {
        tracking.check()?;
        let (pool, projection, tracking) = (self.pool.clone(), projection.to_owned(), tracking.clone());
        uncut(tokio::spawn(async move { begin(&pool, &projection, &tracking).await })).await
    }

    async fn begin_aside(&self, projection: &str, upstream: &str) -> Result<PostgresTransaction, ViewError> {
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
        postgres_letters::list(&self.pool, &Owner::new(projection, upstream), after, limit).await
    }

    async fn count_dead_letters(&self, projection: &str, upstream: &str) -> Result<u64, ViewError> {
        postgres_letters::count(&self.pool, &Owner::new(projection, upstream)).await
    }

    fn database(&self) -> Option<String> {
        Some(self.database.clone())
    }

    fn is_passing(&self, error: &(dyn StdError + 'static)) -> bool {
        error.downcast_ref().is_some_and(|error| condition::of(error).is_passing())
    }
}

async fn serve(pool: &PgPool, projection: &str) -> Result<Option<PostgresTransaction>, ViewError> {
    let failed = |error| view_error(condition::of(&error), error, "begin a projection");
    let key = ProjectionKey::parse(projection);
    let mut transaction = pool.begin_with(POSTGRES.begin).await.map_err(failed)?;
    if claim(&mut transaction, key).await? {
        return Ok(Some(PostgresTransaction::beginning(transaction, key)));
    }
    transaction.commit().await.map_err(failed)?;
    Ok(None)
}

async fn begin(pool: &PgPool, projection: &str, tracking: &Tracking) -> Result<PostgresTransaction, ViewError> {
    let failed = |error| view_error(condition::of(&error), error, "begin a transaction on a view");
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
    let moved: Option<bool> = if tracking.after == 0 {
        let insert = sqlx::query_scalar(POSTGRES.insert).bind(projection).bind(&tracking.upstream).bind(position);
        insert.fetch_optional(&mut *transaction).await.map_err(failed)?
    } else {
        let update = sqlx::query_scalar(POSTGRES.update).bind(projection).bind(&tracking.upstream).bind(position);
        let update = update.bind(rows::to_bound(tracking.after));
        update.fetch_optional(&mut *transaction).await.map_err(failed)?
    };
    if let Some(has_letters) = moved {
        let owner = Owner::new(projection, &tracking.upstream);
        return Ok(PostgresTransaction::new(transaction, owner, has_letters));
    }
    hold(&mut transaction, key).await?;
    let recorded = sqlx::query_scalar(POSTGRES.position).bind(projection).bind(&tracking.upstream);
    let recorded: Option<i64> = recorded.fetch_optional(&mut *transaction).await.map_err(failed)?;
    transaction.rollback().await.map_err(failed)?;
    Err(tracking.already_processed(rows::from_position(recorded.unwrap_or_default())?).into())
}

async fn begin_aside(pool: &PgPool, owner: Owner) -> Result<PostgresTransaction, ViewError> {
    let failed = |error| view_error(condition::of(&error), error, "begin a transaction on a view");
    let mut transaction = pool.begin_with(POSTGRES.begin).await.map_err(failed)?;
    hold(&mut transaction, ProjectionKey::parse(&owner.projection)).await?;
    // where there is no row nothing was processed, so that nothing can have been put aside
    let lock = sqlx::query(POSTGRES.lock_position).bind(&owner.projection).bind(&owner.upstream);
    lock.execute(&mut *transaction).await.map_err(failed)?;
    Ok(PostgresTransaction::new(transaction, owner, true))
}

/// A transaction on views in PostgreSQL.
#[derive(Debug)]
pub struct PostgresTransaction {
    pub(super) transaction: Transaction<'static, Postgres>,
    owner: Owner,
    /// Whether there may be dead letters. Where there are none this spares a question in each transaction.
    has_letters: bool,
    /// What the names of its tables begin with, if it is one of a rebuild.
    pub(super) prefix: Option<String>,
}

impl PostgresTransaction {
    fn new(transaction: Transaction<'static, Postgres>, owner: Owner, has_letters: bool) -> Self {
        let key = ProjectionKey::parse(&owner.projection);
        let prefix = key.is_rebuilt.then(|| key.prefix());
        Self { transaction, owner, has_letters, prefix }
    }

    /// One in which tables are made, whatever is followed.
    pub(super) fn beginning(transaction: Transaction<'static, Postgres>, key: ProjectionKey<'_>) -> Self {
        Self::new(transaction, Owner::new(&key.to_string(), ""), false)
    }
}

impl ViewTransaction for PostgresTransaction {
    type View = PgConnection;

    fn view(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    async fn parked(&mut self, originators: &[Uuid]) -> Result<Vec<Uuid>, ViewError> {
        if !self.has_letters || originators.is_empty() {
            return Ok(Vec::new());
        }
        postgres_letters::parked(&mut self.transaction, &self.owner, originators).await
    }

    async fn park(&mut self, letters: &[DeadLetter]) -> Result<(), ViewError> {
        self.has_letters = true;
        postgres_letters::park(&mut self.transaction, &self.owner, letters).await
    }

    async fn unpark(&mut self, originator_id: Uuid, limit: usize) -> Result<Vec<DeadLetter>, ViewError> {
        postgres_letters::unpark(&mut self.transaction, &self.owner, originator_id, limit).await
    }

    async fn discard(&mut self, notification_id: u64) -> Result<Option<DeadLetter>, ViewError> {
        postgres_letters::discard(&mut self.transaction, &self.owner, notification_id).await
    }

    async fn commit(mut self) -> Result<(), ViewError> {
        let failed = |error| view_error(condition::of(&error), error, "commit the changes of a view");
        // after an error that a handler kept to itself COMMIT would undo everything, and say nothing
        sqlx::query(POSTGRES.probe).execute(&mut *self.transaction).await.map_err(failed)?;
        if let Some(prefix) = &self.prefix {
            let used = sqlx::query_scalar(POSTGRES_ONLY.serving_table_in_use).bind(prefix);
            if let Some(table) = used.fetch_optional(&mut *self.transaction).await.map_err(failed)? {
                return Err(ViewError::ServingTable { table });
            }
        }
        self.transaction.commit().await.map_err(|error| commit_error(condition::of(&error), error))
    }
}
