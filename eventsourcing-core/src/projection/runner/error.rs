//! Errors of projection runners and process applications.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::Error;
use crate::error_chain::readable_debug;
use crate::projection::{Projection, ViewError};
use crate::recording::Cause;

/// An error of a projection runner or a process application.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RunnerError {
    /// A handler failed, its event could not be decoded, or its changes could not be committed. Nothing was committed.
    #[error(
        "`{name}` failed at `{topic}`, notification {notification_id} of `{upstream}`, \
         version {originator_version} of {originator_id}: {source}"
    )]
    Handler {
        /// The name of the projection or process application.
        name: &'static str,
        /// The upstream application.
        upstream: Arc<str>,
        /// The topic of the event.
        topic: String,
        /// The id of the event's notification.
        notification_id: u64,
        /// The id of the aggregate.
        originator_id: Uuid,
        /// The version of the event in its aggregate.
        originator_version: u64,
        /// The handler's error; the panic message if it panicked.
        source: Cause,
    },

    /// The upstream log cannot be consumed.
    #[error("`{name}` cannot consume the log of `{upstream}`: {source}")]
    Upstream {
        /// The name of the projection or process application.
        name: &'static str,
        /// The upstream application.
        upstream: Arc<str>,
        /// The error of the upstream application.
        source: Arc<Error>,
    },

    /// The application records none of the handled events.
    #[error(
        "`{upstream}` records none of the events that `{name}` handles: {topics:?}; use the application that records them, or register \
         the aggregate with this one: `#[application(aggregates(…))]`"
    )]
    EventsNotRecorded {
        /// The name of the projection or process application.
        name: &'static str,
        /// The upstream application.
        upstream: Arc<str>,
        /// The topics of the handled events.
        topics: &'static [&'static str],
    },

    /// Another projection runs under this name on the same database.
    #[error(
        "the name `{name}` is already used by `{by}`, which runs on the same database: with one name, it and `{wanted_by}` would each skip \
         events that the other has handled; name one of them differently in `#[projection(\"…\")]`"
    )]
    NameTaken {
        /// The name of the projection.
        name: &'static str,
        /// The type that already runs under this name.
        by: &'static str,
        /// The type that could not be started.
        wanted_by: &'static str,
    },

    /// The view cannot be read or changed.
    #[error("the view of `{name}` cannot be changed: {source}")]
    View {
        /// The name of the projection or process application.
        name: &'static str,
        /// The error of the view.
        source: ViewError,
    },

    /// The projection did not reach a position in time.
    #[error(
        "`{name}` did not process `{upstream}` up to {wanted} within {waited:?}; it is at {position}: wait longer, or check \
         its status for an error"
    )]
    NotCaughtUp {
        /// The name of the projection or process application.
        name: &'static str,
        /// The upstream application.
        upstream: Arc<str>,
        /// The notification id to reach.
        wanted: u64,
        /// The notification id up to which the log is processed.
        position: u64,
        /// The time waited.
        waited: Duration,
    },

    /// The runner or its runtime was stopped.
    #[error("the runner of `{name}` was stopped; start it again")]
    Stopped {
        /// The name of the projection or process application.
        name: &'static str,
    },

    /// A later version of the projection is live, and this version's changes would not be read any more.
    #[error(
        "version {version} of `{name}` is not live (live: {live}) and handles no more events; \
         run a program that has version {live}"
    )]
    Superseded {
        /// The name of the projection.
        name: &'static str,
        /// The version that was running.
        version: u32,
        /// The live version.
        live: u32,
    },

    /// The version is newer than the live one.
    #[error(
        "version {version} of `{name}` is not live yet (live: {live}); \
         build its view with `Rebuild::builder(&application, projection, views)` and switch to it first"
    )]
    NotRebuilt {
        /// The name of the projection.
        name: &'static str,
        /// The version that was to run.
        version: u32,
        /// The live version.
        live: u32,
    },

    /// The tables of a new projection cannot be created. None of them is.
    #[error("the tables of `{name}` cannot be created: {source}")]
    Tables {
        /// The name of the projection.
        name: &'static str,
        /// The error of the `#[tables]` method.
        source: Cause,
    },

    /// There is no Tokio runtime.
    #[error("`{name}` needs a Tokio runtime; start it inside of `#[tokio::main]`")]
    NoRuntime {
        /// The name of the projection or process application.
        name: &'static str,
    },

    /// The Tokio runtime has no timers.
    #[error("`{name}` needs a Tokio runtime with timers; build the runtime with `enable_all()`")]
    NoTimers {
        /// The name of the projection or process application.
        name: &'static str,
    },
}

readable_debug!(RunnerError);

impl RunnerError {
    /// The runner's error for a view's error.
    pub(crate) fn of_view<P: Projection>(source: ViewError) -> Self {
        match source {
            ViewError::VersionNotLive { live, .. } if live > P::VERSION => {
                Self::Superseded { name: P::NAME, version: P::VERSION, live }
            }
            ViewError::VersionNotLive { live, .. } => Self::NotRebuilt { name: P::NAME, version: P::VERSION, live },
            source => Self::View { name: P::NAME, source },
        }
    }

    /// Whether the position of the view does not belong to the log, so that restarting does not help: see [`Error::is_log_mismatch`].
    pub fn is_log_mismatch(&self) -> bool {
        matches!(self, Self::Upstream { source, .. } if source.is_log_mismatch())
    }

    /// Whether a rebuild ended or was switched to, which is not a failure.
    pub(crate) fn is_of_a_switch(&self) -> bool {
        matches!(self, Self::Superseded { .. } | Self::View { source: ViewError::RebuildEnded { .. }, .. })
    }
}
