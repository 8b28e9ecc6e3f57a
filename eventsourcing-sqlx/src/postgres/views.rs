//! Views in PostgreSQL.

mod advance;
mod letters;
mod open;
mod pool;
mod session;

use std::time::Duration;

use eventsourcing_core::{Environment, EnvironmentError, ViewError};
use sqlx::{PgConnection, PgPool};

use self::session::Session;
use crate::config::{PostgresConfig, PostgresViewsConfig};
use crate::views::{Transaction, ViewsDatabase, check_runtime, forward_views, uninterrupted};

/// Views of projections in a PostgreSQL database: the database of the events or any other.
///
/// Handlers are given a connection in a transaction, and may do anything with it except end the transaction. A handler that does is
/// detected before the commit, and stops the projection with [`ViewError::TransactionEnded`]. The table
/// `eventsourcing_projections` stores how far each projection is, and `eventsourcing_dead_letters` stores its dead letters, both in
/// the schema in which the pool's connections create tables.
///
/// Each statement of this library has a time limit, and so has an idle transaction: see [`PostgresViewsConfig`]. A
/// transaction that fails closes its connection, so that no connection returns to the pool in an unknown state.
///
/// # Examples
///
/// ```no_run
/// # mod eventsourcing { pub use eventsourcing_sqlx as database; pub use sqlx; }
/// use eventsourcing::database::PostgresViews;
/// use eventsourcing::sqlx::{self, PgPool};
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

/// A transaction on views in PostgreSQL.
#[derive(Debug)]
pub struct PostgresTransaction(Transaction<Session>);

forward_views!(PostgresViews, PostgresTransaction, PgConnection);

impl PostgresViews {
    /// Opens views in the database of this pool, and creates the tables of positions and dead letters if they are missing.
    ///
    /// # Errors
    /// If the database fails; [`ViewError::SchemaMissing`] with the SQL to run if the role may not create the tables;
    /// [`ViewError::Open`] outside of a Tokio runtime or in one without timers.
    pub async fn open(pool: PgPool) -> Result<Self, ViewError> {
        Self::open_with(pool, PostgresViewsConfig::default()).await
    }

    /// Opens views in the database that environment variables name for an application: the variables of its events, so that events and
    /// views are in one database and schema.
    ///
    /// The pool has as many connections as `POSTGRES_POOL_SIZE` and `POSTGRES_MAX_OVERFLOW` say, and creates tables in
    /// `POSTGRES_SCHEMA`. [`pool`](Self::pool) is for queries of the views.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # mod eventsourcing { pub use eventsourcing_sqlx as database; pub use sqlx; }
    /// use eventsourcing::database::PostgresViews;
    /// use eventsourcing::sqlx;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let views = PostgresViews::from_env("Universe").await?;
    /// sqlx::query("CREATE TABLE IF NOT EXISTS worlds (id uuid PRIMARY KEY, name text NOT NULL)").execute(views.pool()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`from_environment`](Self::from_environment).
    pub async fn from_env(application: &str) -> Result<Self, ViewError> {
        Self::from_environment(&Environment::from_process(application)).await
    }

    /// Opens as [`from_env`](Self::from_env) does, with these variables.
    ///
    /// # Errors
    /// [`ViewError::Open`] if a variable is missing or invalid, or if `POSTGRES_SCHEMA` is set for a transaction pooler, in which no search
    /// path can be set; otherwise as [`open_with`](Self::open_with).
    pub async fn from_environment(environment: &Environment) -> Result<Self, ViewError> {
        let invalid = |error: EnvironmentError| ViewError::Open {
            cause: error.to_string(),
            cure: "set the variables that the application's events are stored with".to_owned(),
            source: None,
        };
        let config = PostgresConfig::from_environment(environment).map_err(invalid)?;
        let views = PostgresViewsConfig::from_environment(environment).map_err(invalid)?;
        Self::open_with(pool::open(&config)?, views).await
    }

    /// Opens as [`open`](Self::open) does, with other settings than the defaults.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`ViewError::SchemaMissing`] also if `create_table` is off and the tables are missing or old,
    /// [`ViewError::SchemaTooNew`] if a later version of this library made them.
    pub async fn open_with(pool: PgPool, config: PostgresViewsConfig) -> Result<Self, ViewError> {
        check_runtime()?;
        let options = pool.connect_options();
        let server = format!("{}:{}", options.get_host(), options.get_port());
        let opening = async move {
            let schema = open::prepare(&pool, &config).await?;
            Ok(Self { pool, config, database: format!("{server}/{schema}") })
        };
        uninterrupted(opening).await
    }
}

impl PostgresViews {
    /// The pool of the views' database, for queries.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }
}

impl ViewsDatabase for PostgresViews {
    type Session = Session;

    async fn reading_session(&self) -> sqlx::Result<Session> {
        Session::reading(&self.pool, &self.config).await
    }

    async fn writing_session(&self) -> sqlx::Result<Session> {
        Session::begin(&self.pool, &self.config).await
    }

    fn name(&self) -> Option<String> {
        Some(self.database.clone())
    }

    fn longest_step(&self) -> Option<Duration> {
        Some(self.config.answer_timeout.saturating_mul(2))
    }
}
