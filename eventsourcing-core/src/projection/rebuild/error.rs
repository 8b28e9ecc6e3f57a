//! Errors of rebuilding a view and of switching to it.

use std::time::Duration;

use crate::error_chain::readable_debug;
use crate::projection::{RunnerError, ViewError};
use crate::recording::Cause;

/// An error of rebuilding a view or of switching to it. The live version is not affected.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RebuildError {
    /// The version is not greater than the live one.
    #[error(
        "version {version} of `{name}` cannot be rebuilt: version {live} is live; \
         set a greater version: `#[projection(\"{name}\", version = {})]`", live.saturating_add(1)
    )]
    NotNewer {
        /// The name of the projection.
        name: String,
        /// The version that was to be rebuilt.
        version: u32,
        /// The live version.
        live: u32,
    },

    /// No version is live, so there is none to replace.
    #[error("no version of `{name}` is live, so there is nothing to replace; start it with `ProjectionRunner::start`")]
    NoLiveVersion {
        /// The name of the projection.
        name: String,
    },

    /// Another version is being rebuilt.
    #[error(
        "version {version} of `{name}` cannot be rebuilt: version {under_way} is being rebuilt; \
         continue that rebuild, or abort it with `Rebuild::abort_any(\"{name}\", &views)`"
    )]
    RebuildUnderWay {
        /// The name of the projection.
        name: String,
        /// The version that was to be rebuilt.
        version: u32,
        /// The version that is being rebuilt.
        under_way: u32,
    },

    /// Another process switched to the rebuilt version or aborted the rebuild.
    #[error("another process switched to version {version} of `{name}` or aborted its rebuild")]
    Ended {
        /// The name of the projection.
        name: String,
        /// The version that was being rebuilt.
        version: u32,
    },

    /// The projection has no method that creates its tables.
    #[error(
        "`{name}` has no method that creates its tables, so they cannot be created beside the live ones; add \
         `#[tables] async fn tables(&self, prefix: &str, view: &mut PgConnection) -> sqlx::Result<()>` to its handlers, \
         with `CREATE TABLE {{prefix}}…`"
    )]
    NoTables {
        /// The name of the projection.
        name: &'static str,
    },

    /// The tables cannot be created.
    #[error("the tables of `{name}` cannot be created beside the live ones: {source}")]
    Tables {
        /// The name of the projection.
        name: &'static str,
        /// The error of the `#[tables]` method.
        source: Cause,
    },

    /// No table with the prefix was created.
    #[error(
        "`{name}` created no table whose name begins with `{prefix}`; put the `prefix` argument of its `#[tables]` method before each table name"
    )]
    NoPrefix {
        /// The name of the projection.
        name: String,
        /// The prefix.
        prefix: String,
    },

    /// The database truncates names of this length.
    #[error(
        "the name of the table `{table}` is or may be truncated: with its prefix it may have {longest} bytes; shorten the name of the table or of the projection"
    )]
    NameTooLong {
        /// The table, as the database names it.
        table: String,
        /// The maximum number of bytes of a name.
        longest: usize,
    },

    /// A table exists whose name the rebuild uses for its own tables.
    #[error("the table `{table}` already exists, and its prefix is reserved for the rebuild; rename it or drop it")]
    TableExists {
        /// The table.
        table: String,
    },

    /// Another projection changes the same state in memory, and its changes would be lost.
    #[error(
        "`{name}` cannot be rebuilt: `{other}` changes the same state in memory; give each projection a `MemoryViews` of its own"
    )]
    SharedState {
        /// The name of the projection.
        name: String,
        /// The key of the other projection.
        other: String,
    },

    /// The live version consumes an application that the rebuild does not.
    #[error(
        "the live version of `{name}` also consumes `{upstream}`, which its rebuild does not; add it with `also(&application)`"
    )]
    MissingUpstream {
        /// The name of the projection.
        name: String,
        /// The upstream application.
        upstream: String,
    },

    /// The rebuild did not reach the position of the live version in time.
    #[error("the rebuild of `{name}` did not reach the position of the live version within {waited:?}; switch again")]
    NotCaughtUp {
        /// The name of the projection.
        name: &'static str,
        /// The time waited.
        waited: Duration,
    },

    /// The rebuild's runner failed.
    #[error(transparent)]
    Runner(#[from] RunnerError),

    /// The view's database failed.
    #[error("the view of `{name}` cannot be rebuilt: {source}")]
    View {
        /// The name of the projection.
        name: String,
        /// The error of the view.
        source: ViewError,
    },
}

readable_debug!(RebuildError);

impl RebuildError {
    /// Whether the same call may succeed when it is retried unchanged.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::View { source, .. } => source.is_retryable(),
            Self::Runner(RunnerError::Upstream { source, .. }) => source.is_retryable(),
            _ => false,
        }
    }
}
