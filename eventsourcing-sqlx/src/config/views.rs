//! How views are opened.

#[cfg(feature = "postgres")]
use std::time::Duration;

use eventsourcing_core::{Environment, EnvironmentError};

/// How views in PostgreSQL are opened.
///
/// # Examples
///
/// ```
/// use eventsourcing_sqlx::PostgresViewsConfig;
///
/// let mut config = PostgresViewsConfig::default();
/// config.create_table = false;
/// assert_eq!(config.answer_timeout.as_secs(), 20);
/// ```
#[cfg(feature = "postgres")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PostgresViewsConfig {
    /// How long to wait for the server's answer to a statement of this library: 20 seconds unless `POSTGRES_ANSWER_TIMEOUT` says
    /// otherwise.
    ///
    /// A server that does not answer in this time counts as lost, and the connection is closed. The server itself gives up a little
    /// sooner, for instance while it waits for another process that runs the same projection. It is not a limit for the statements of
    /// handlers.
    pub answer_timeout: Duration,
    /// After how long without a statement the server ends a transaction on a view: 60 seconds unless
    /// `VIEWS_IDLE_IN_TRANSACTION_SESSION_TIMEOUT` says otherwise; never if zero.
    ///
    /// So a process that hangs, or its machine, keeps others from going on with the projection no longer than that. A handler that
    /// waits for something else for longer loses its transaction, and is called again.
    pub idle_in_transaction_session_timeout: Duration,
    /// Whether missing tables are created and old ones changed when opening, as they are unless `CREATE_TABLE` says no.
    pub create_table: bool,
    /// Whether the server is reached through a pooler such as PgBouncer that gives each transaction any session it has
    /// (`POSTGRES_TRANSACTION_POOLING`).
    ///
    /// Then each statement has a transaction around it, and whatever is prepared is forgotten at the end of each.
    pub transaction_pooling: bool,
}

#[cfg(feature = "postgres")]
impl Default for PostgresViewsConfig {
    fn default() -> Self {
        Self {
            answer_timeout: super::PostgresConfig::ANSWER_TIMEOUT,
            idle_in_transaction_session_timeout: Duration::from_secs(60),
            create_table: true,
            transaction_pooling: false,
        }
    }
}

#[cfg(feature = "postgres")]
impl PostgresViewsConfig {
    /// What the environment variables say.
    ///
    /// # Errors
    /// If a variable has a value that means nothing.
    pub fn from_environment(environment: &Environment) -> Result<Self, EnvironmentError> {
        let defaults = Self::default();
        let idle = environment.seconds("VIEWS_IDLE_IN_TRANSACTION_SESSION_TIMEOUT")?;
        Ok(Self {
            answer_timeout: super::postgres::answer_timeout(environment)?,
            idle_in_transaction_session_timeout: idle.unwrap_or(defaults.idle_in_transaction_session_timeout),
            create_table: environment.flag("CREATE_TABLE", defaults.create_table)?,
            transaction_pooling: environment.flag("POSTGRES_TRANSACTION_POOLING", defaults.transaction_pooling)?,
        })
    }
}

/// How views in SQLite are opened.
#[cfg(feature = "sqlite")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqliteViewsConfig {
    /// Whether missing tables are created and old ones changed when opening, as they are unless `CREATE_TABLE` says no.
    pub create_table: bool,
}

#[cfg(feature = "sqlite")]
impl Default for SqliteViewsConfig {
    fn default() -> Self {
        Self { create_table: true }
    }
}

#[cfg(feature = "sqlite")]
impl SqliteViewsConfig {
    /// What the environment variables say.
    ///
    /// # Errors
    /// If a variable has a value that means nothing.
    pub fn from_environment(environment: &Environment) -> Result<Self, EnvironmentError> {
        Ok(Self { create_table: environment.flag("CREATE_TABLE", Self::default().create_table)? })
    }
}
