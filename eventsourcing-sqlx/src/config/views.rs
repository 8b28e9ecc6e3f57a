//! The configurations of views.

#[cfg(feature = "postgres")]
use std::time::Duration;

use eventsourcing_core::{Environment, EnvironmentError};

/// The configuration of views in PostgreSQL.
///
/// # Examples
///
/// ```
/// # mod eventsourcing { pub use eventsourcing_sqlx as database; }
/// use eventsourcing::database::PostgresViewsConfig;
///
/// let mut config = PostgresViewsConfig::default();
/// config.create_table = false;
/// assert_eq!(config.answer_timeout.as_secs(), 20);
/// ```
#[cfg(feature = "postgres")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PostgresViewsConfig {
    /// How long to wait for the server's answer to a statement of this library (`POSTGRES_ANSWER_TIMEOUT`). Default: 20 seconds.
    ///
    /// After that the connection counts as lost and is closed. The server's own limit is a little shorter, for instance for a
    /// statement that waits for another process that runs the same projection. Statements of handlers are not limited.
    pub answer_timeout: Duration,
    /// After how long the server ends an idle transaction on a view (`VIEWS_IDLE_IN_TRANSACTION_SESSION_TIMEOUT`). Default:
    /// 60 seconds. Zero means never.
    ///
    /// A process or machine that hangs blocks other runners of the projection no longer than this. A handler that waits longer
    /// for something else loses its transaction, and is called again.
    pub idle_in_transaction_session_timeout: Duration,
    /// Whether opening creates missing tables and migrates old ones (`CREATE_TABLE`). Default: yes.
    pub create_table: bool,
    /// Whether the server is reached through a pooler such as PgBouncer in transaction pooling mode
    /// (`POSTGRES_TRANSACTION_POOLING`). Default: no.
    ///
    /// Then each statement runs in a transaction, and its prepared statements are discarded at the end.
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
    /// The configuration from environment variables.
    ///
    /// # Errors
    /// If a variable has an invalid value.
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

/// The configuration of views in SQLite.
#[cfg(feature = "sqlite")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqliteViewsConfig {
    /// Whether opening creates missing tables and migrates old ones (`CREATE_TABLE`). Default: yes.
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
    /// The configuration from environment variables.
    ///
    /// # Errors
    /// If a variable has an invalid value.
    pub fn from_environment(environment: &Environment) -> Result<Self, EnvironmentError> {
        Ok(Self { create_table: environment.flag("CREATE_TABLE", Self::default().create_table)? })
    }
}
