//! Views in PostgreSQL.

use std::error::Error as StdError;

use eventsourcing_core::following::{ProjectionKey, ViewTransaction, Views};
use eventsourcing_core::{DeadLetter, LogPosition, Tracking, ViewError};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::error::view_error;
use super::letters::Owner;
use super::postgres_position::Moved;
use super::postgres_session::{Limit, Session};
use super::rebuild::in_postgres::{claim, hold, serves};
use super::{check_runtime, postgres_letters, postgres_position, postgres_schema, uncut};
use crate::condition::postgres as condition;
use crate::config::PostgresViewsConfig;
use crate::postgres::milliseconds;
use crate::rows;
use crate::sql::rebuilds::POSTGRES_ONLY;
use crate::sql::views::POSTGRES;

/// Keeps the views of projections in a PostgreSQL database: the one of the events or any other.
///
/// Handlers are given a connection that is in a transaction, and may do with it what they like except to end that: one that does is
/// found out before the commit, and stops the projection with [`ViewError::TransactionEnded`]. How far
/// each projection is, is kept in the table `eventsourcing_projections`, and what it put aside in `eventsourcing_dead_letters`, both in
/// the schema that the pool's connections create tables in.
///
/// Each statement of this library has a time limit, and so has a transaction in which nothing happens: see [`PostgresViewsConfig`]. A
/// transaction that fails takes its connection with it, so that none goes back to the pool in a state that nobody knows.
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
    pool: PgPool,
    config: PostgresViewsConfig,
    /// The server, the database, and the schema in it.
    database: String,
}

impl PostgresViews {
    /// Keeps views where this pool connects to, and makes the tables of positions and of dead letters if they are not there.
    ///
    /// # Errors
    /// As the database fails; [`ViewError::SchemaMissing`] with the SQL to run if the role may not make the tables;
    /// [`ViewError::Open`] outside of a Tokio runtime.
    pub async fn open(pool: PgPool) -> Result<Self, ViewError> {
        Self::open_with(pool, PostgresViewsConfig::default()).await
    }

    /// Opens as [`open`](Self::open), with settings of one's own.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`ViewError::SchemaMissing`] also if `create_table` is off and the tables are missing or old,
    /// [`ViewError::SchemaTooNew`] if they are of a later version of this library.
    pub async fn open_with(pool: PgPool, config: PostgresViewsConfig) -> Result<Self, ViewError> {
        check_runtime()?;
        let options = pool.connect_options();
        let server = format!("{}:{}", options.get_host(), options.get_port());
        let opening = async move {
            let schema = postgres_schema::prepare(&pool, &config).await?;
            Ok(Self { pool, config, database: format!("{server}/{schema}") })
        };
        uncut(tokio::spawn(opening)).await
    }

    /// A connection to read by.
    pub(super) async fn reading(&self, operation: &'static str) -> Result<Session, ViewError> {
        let session = Session::reading(&self.pool, &self.config).await;
        session.map_err(|error| view_error(condition::of(&error), error, operation))
    }

    /// A connection in a transaction.
    pub(super) async fn transaction(&self, operation: &'static str) -> Result<Session, ViewError> {
        let session = Session::begin(&self.pool, &self.config).await;
        session.map_err(|error| view_error(condition::of(&error), error, operation))
    }

    /// How long something may take that is done for a rebuild, whatever the server does.
    pub(super) fn longest(&self) -> Option<std::time::Duration> {
        Some(self.config.answer_timeout.saturating_mul(2))
    }
}

impl Views for PostgresViews {
    type View = PgConnection;
    type Transaction = PostgresTransaction;

    async fn position(&self, projection: &str, upstream: &str) -> Result<LogPosition, ViewError> {
        let owner = Owner::new(projection, upstream);
        let mut session = self.reading("look up a position").await?;
        let position = postgres_position::recorded(&mut session, &owner).await?;
        let ended = session.done().await;
        ended.map_err(|error| view_error(condition::of(&error), error, "look up a position"))?;
        Ok(position)
    }

    async fn serve(&self, projection: &str, has_tables: bool) -> Result<Option<PostgresTransaction>, ViewError> {
        if serves(self, ProjectionKey::parse(projection)).await? || !has_tables {
            return Ok(None);
        }
        let (views, projection) = (self.clone(), projection.to_owned());
        uncut(tokio::spawn(async move { views.serve_uncut(&projection).await })).await
    }

    async fn begin(&self, projection: &str, tracking: &Tracking) -> Result<PostgresTransaction, ViewError> {
        tracking.check()?;
        let (views, projection, tracking) = (self.clone(), projection.to_owned(), tracking.clone());
        uncut(tokio::spawn(async move { views.begin_uncut(&projection, &tracking).await })).await
    }

    async fn begin_at(
        &self,
        projection: &str,
        upstream: &str,
        position: LogPosition,
    ) -> Result<LogPosition, ViewError> {
        let (views, owner) = (self.clone(), Owner::new(projection, upstream));
        uncut(tokio::spawn(async move { views.begin_at_uncut(owner, position).await })).await
    }

    async fn move_position(
        &self,
        projection: &str,
        upstream: &str,
        from: LogPosition,
        to: LogPosition,
    ) -> Result<(), ViewError> {
        let (views, owner) = (self.clone(), Owner::new(projection, upstream));
        uncut(tokio::spawn(async move { views.move_uncut(owner, from, to).await })).await
    }

    async fn begin_aside(&self, projection: &str, upstream: &str) -> Result<PostgresTransaction, ViewError> {
        let (views, owner) = (self.clone(), Owner::new(projection, upstream));
        uncut(tokio::spawn(async move { views.begin_aside_uncut(owner).await })).await
    }

    async fn dead_letters(
        &self,
        projection: &str,
        upstream: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, ViewError> {
        postgres_letters::list(self, &Owner::new(projection, upstream), after, limit).await
    }

    async fn count_dead_letters(&self, projection: &str, upstream: &str) -> Result<u64, ViewError> {
        postgres_letters::count(self, &Owner::new(projection, upstream)).await
    }

    fn database(&self) -> Option<String> {
        Some(self.database.clone())
    }

    fn is_passing(&self, error: &(dyn StdError + 'static)) -> bool {
        error.downcast_ref().is_some_and(|error| condition::of(error).is_passing())
    }

    fn is_timeout(&self, error: &(dyn StdError + 'static)) -> bool {
        error.downcast_ref().is_some_and(condition::is_timeout)
    }
}

impl PostgresViews {
    async fn serve_uncut(&self, projection: &str) -> Result<Option<PostgresTransaction>, ViewError> {
        let key = ProjectionKey::parse(projection);
        let mut session = self.transaction("begin a projection").await?;
        if claim(&mut session, key).await? {
            return Ok(Some(self.beginning(session, key).await?));
        }
        session.commit().await?;
        Ok(None)
    }

    async fn begin_uncut(&self, projection: &str, tracking: &Tracking) -> Result<PostgresTransaction, ViewError> {
        let operation = "begin a transaction on a view";
        let failed = |error| view_error(condition::of(&error), error, operation);
        let key = ProjectionKey::parse(projection);
        let mut session = self.transaction(operation).await?;
        let limit = session.limit();
        if key.is_rebuilt {
            let asynchronous = sqlx::query(POSTGRES_ONLY.asynchronous);
            limit.on(asynchronous.execute(&mut *session)).await.map_err(failed)?;
        }
        // a row of positions is there only as long as its version may be changed; without one it has to be looked up
        if tracking.after == 0 {
            hold(&mut session, key).await?;
        }
        let owner = Owner::new(projection, &tracking.upstream);
        match postgres_position::advance(&mut session, key, &owner, tracking).await {
            Ok(Moved { has_letters, id }) => Ok(self.handed_over(session, owner, has_letters, id)),
            Err(error @ ViewError::AlreadyProcessed { .. }) => {
                session.rollback();
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    async fn begin_at_uncut(&self, owner: Owner, position: LogPosition) -> Result<LogPosition, ViewError> {
        let mut session = self.transaction("store where a projection begins").await?;
        hold(&mut session, ProjectionKey::parse(&owner.projection)).await?;
        let stored = postgres_position::begin_at(&mut session, &owner, position).await?;
        session.commit().await?;
        Ok(stored)
    }

    async fn move_uncut(&self, owner: Owner, from: LogPosition, to: LogPosition) -> Result<(), ViewError> {
        let mut session = self.transaction("move a position").await?;
        hold(&mut session, ProjectionKey::parse(&owner.projection)).await?;
        let recorded = postgres_position::locked(&mut session, &owner).await?;
        if recorded != from {
            session.rollback();
            return Ok(rows::moved(&owner.upstream, from, to, recorded)?);
        }
        postgres_position::put(&mut session, &owner, to).await?;
        session.commit().await
    }

    async fn begin_aside_uncut(&self, owner: Owner) -> Result<PostgresTransaction, ViewError> {
        let mut session = self.transaction("begin a transaction on a view").await?;
        hold(&mut session, ProjectionKey::parse(&owner.projection)).await?;
        // at the start nothing was processed, so that nothing can have been put aside
        postgres_position::locked(&mut session, &owner).await?;
        self.hand_over(session, owner, true).await
    }

    /// A transaction in which tables are made, whatever is followed.
    pub(super) async fn beginning(
        &self,
        session: Session,
        key: ProjectionKey<'_>,
    ) -> Result<PostgresTransaction, ViewError> {
        self.hand_over(session, Owner::new(&key.to_string(), ""), false).await
    }

    async fn hand_over(
        &self,
        mut session: Session,
        owner: Owner,
        has_letters: bool,
    ) -> Result<PostgresTransaction, ViewError> {
        let hand_over = sqlx::query_as(POSTGRES.hand_over).fetch_one(&mut *session);
        let handed_over: sqlx::Result<(i64, String)> = Limit::of(&self.config).on(hand_over).await;
        let (id, _) =
            handed_over.map_err(|error| view_error(condition::of(&error), error, "begin a transaction on a view"))?;
        Ok(self.handed_over(session, owner, has_letters, id))
    }

    fn handed_over(&self, session: Session, owner: Owner, has_letters: bool, id: i64) -> PostgresTransaction {
        let key = ProjectionKey::parse(&owner.projection);
        let prefix = key.is_rebuilt.then(|| key.prefix());
        let timeout = milliseconds(session.limit().of_server());
        PostgresTransaction { transaction: session, id, timeout, owner, has_letters, prefix }
    }
}

/// A transaction on views in PostgreSQL.
#[derive(Debug)]
pub struct PostgresTransaction {
    pub(super) transaction: Session,
    /// By which it is known whether the connection is still in it.
    id: i64,
    /// The time limit of statements of ours, in milliseconds.
    timeout: String,
    owner: Owner,
    /// Whether there may be dead letters. Where there are none this spares a question in each transaction.
    has_letters: bool,
    /// What the names of its tables begin with, if it is one of a rebuild.
    prefix: Option<String>,
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
        let limit = self.transaction.limit();
        // after an error that a handler kept to itself COMMIT would undo everything, and say nothing
        let probe = sqlx::query_as(POSTGRES.probe).bind(&self.timeout).fetch_one(&mut *self.transaction);
        let (id, _): (Option<i64>, String) = limit.on(probe).await.map_err(failed)?;
        if id != Some(self.id) {
            return Err(ViewError::TransactionEnded);
        }
        if let Some(prefix) = &self.prefix {
            let used = sqlx::query_scalar(POSTGRES_ONLY.serving_table_in_use).bind(prefix);
            let used = limit.on(used.fetch_optional(&mut *self.transaction)).await;
            if let Some(table) = used.map_err(failed)? {
                return Err(ViewError::ServingTable { table });
            }
        }
        self.transaction.commit().await
    }
}
