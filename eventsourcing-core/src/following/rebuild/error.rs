//! Why a view cannot be rebuilt, or not be switched to.

use std::time::Duration;

use super::super::{RunnerError, ViewError};
use crate::persistence::Cause;

/// Why a view cannot be rebuilt, or not be switched to. What serves goes on as if nothing had been tried.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RebuildError {
    /// The version is not greater than the one that serves.
    #[error(
        "version {version} of `{name}` cannot be rebuilt, because version {serving} serves; \
         give it a greater one: `#[projection(\"{name}\", version = {})]`", serving.saturating_add(1)
    )]
    NotNewer {
        /// The name of the projection.
        name: String,
        /// The version that was to be rebuilt.
        version: u32,
        /// The version that serves.
        serving: u32,
    },

    /// No version has begun, so that there is nothing that serves until the rebuild is done.
    #[error(
        "no version of `{name}` has begun, so that there is nothing to be replaced; start it with `ProjectionRunner::start`"
    )]
    NothingServes {
        /// The name of the projection.
        name: String,
    },

    /// Another version is being rebuilt.
    #[error(
        "version {version} of `{name}` cannot be rebuilt, because the rebuild of version {under_way} is not over; \
         go on with that one, or end it with `Rebuild::abort_any(\"{name}\", &views)`"
    )]
    AnotherUnderWay {
        /// The name of the projection.
        name: String,
        /// The version that was to be rebuilt.
        version: u32,
        /// The version that is being rebuilt.
        under_way: u32,
    },

    /// The rebuild was switched to or aborted by somebody else.
    #[error("the rebuild of version {version} of `{name}` was switched to or aborted by somebody else")]
    IsOver {
        /// The name of the projection.
        name: String,
        /// The version that was to be rebuilt.
        version: u32,
    },

    /// The projection does not say how its tables are made.
    #[error(
        "`{name}` does not say how its tables are made, so that they cannot be made beside those that serve; put \
         `#[tables] async fn tables(&self, prefix: &str, view: &mut PgConnection) -> sqlx::Result<()>` among its handlers, \
         with `CREATE TABLE {{prefix}}…`"
    )]
    NoTables {
        /// The name of the projection.
        name: &'static str,
    },

    /// The tables cannot be made.
    #[error("the tables of `{name}` cannot be made beside those that serve: {source}")]
    Tables {
        /// The name of the projection.
        name: &'static str,
        /// What the method with `#[tables]` said.
        source: Cause,
    },

    /// No table was made that has the prefix.
    #[error(
        "`{name}` made no table whose name begins with `{prefix}`; put the `prefix` that its `#[tables]` method is given before each name"
    )]
    NoPrefix {
        /// The name of the projection.
        name: String,
        /// The prefix.
        prefix: String,
    },

    /// The database cuts names that are so long.
    #[error(
        "the name of the table `{table}` is cut or may be: with its prefix it may have {longest} bytes; shorten the name of the table, or of the projection"
    )]
    NameTooLong {
        /// The table, as the database calls it.
        table: String,
        /// How many bytes a name may have.
        longest: usize,
    },

    /// There is a table already where the rebuild is to make its own.
    #[error("there is a table `{table}` already, and what begins so is to be the rebuild's; rename it or drop it")]
    TableExists {
        /// The table.
        table: String,
    },

    /// Other projections change the same state in memory, and would be undone.
    #[error(
        "`{name}` cannot be rebuilt, because `{other}` changes the same state in memory; give each a `MemoryViews` of its own"
    )]
    SharedState {
        /// The name of the projection.
        name: String,
        /// The key of the other.
        other: String,
    },

    /// The version that serves follows an application that the rebuild does not.
    #[error("`{name}` follows `{upstream}` too, which its rebuild does not; add it with `also(&application)`")]
    NotFollowed {
        /// The name of the projection.
        name: String,
        /// The application.
        upstream: String,
    },

    /// It was not where the serving version is within that time.
    #[error("the rebuild of `{name}` was not where the serving version is within {waited:?}; switch again")]
    NotThereYet {
        /// The name of the projection.
        name: &'static str,
        /// How long was waited.
        waited: Duration,
    },

    /// It does not go on.
    #[error(transparent)]
    Runner(#[from] RunnerError),

    /// The view's database failed.
    #[error("the view of `{name}` cannot be rebuilt: {source}")]
    View {
        /// The name of the projection.
        name: String,
        /// What the database said.
        source: ViewError,
    },
}

impl RebuildError {
    /// Whether the same call may succeed when it is made again, as it is.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::View { source, .. } => source.is_retryable(),
            Self::Runner(RunnerError::Upstream { source, .. }) => source.is_retryable(),
            _ => false,
        }
    }
}
