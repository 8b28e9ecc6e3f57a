//! Why a follower does not go on.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::Error;
use crate::persistence::{Cause, RecorderError};

/// Why a projection, or an application that follows another, does not go on, or did not get there in time.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunnerError {
    /// A handler failed, or its event could not be decoded, or what it did could not be committed. Nothing of it was.
    #[error(
        "`{name}` failed at `{topic}`, notification {notification_id} of `{upstream}`, \
         version {originator_version} of {originator_id}: {source}"
    )]
    Handler {
        /// The name of the projection or the application that follows.
        name: &'static str,
        /// The application whose log it follows.
        upstream: Arc<str>,
        /// The topic of the event.
        topic: String,
        /// The place of the event in the log.
        notification_id: u64,
        /// The id of the aggregate.
        originator_id: Uuid,
        /// The number of the event in its aggregate.
        originator_version: u64,
        /// What the handler said; its message, if it panicked.
        source: Cause,
    },

    /// The log cannot be followed.
    #[error("`{name}` cannot follow `{upstream}`: {source}")]
    Upstream {
        /// The name of the projection or the application that follows.
        name: &'static str,
        /// The application whose log it follows.
        upstream: Arc<str>,
        /// What the application said.
        source: Arc<Error>,
    },

    /// No handler takes anything that the application records.
    #[error(
        "`{name}` takes {topics:?}, and nothing else, of which `{upstream}` records nothing; let it follow the application that \
         does, or name the aggregate in this one's `#[application(aggregates(…))]`"
    )]
    NothingToFollow {
        /// The name of the projection or the application that follows.
        name: &'static str,
        /// The application whose log it was to follow.
        upstream: Arc<str>,
        /// The topics of the events that it handles.
        topics: &'static [&'static str],
    },

    /// The view cannot be changed.
    #[error("the view of `{name}` cannot be changed: {source}")]
    View {
        /// The name of the projection or the application that follows.
        name: &'static str,
        /// What the database said.
        source: RecorderError,
    },

    /// It did not get so far in time.
    #[error("`{name}` did not process `{upstream}` up to {wanted} within {waited:?}; it is at {position}")]
    NotThereYet {
        /// The name of the projection or the application that follows.
        name: &'static str,
        /// The application whose log it follows.
        upstream: Arc<str>,
        /// How far it should have got.
        wanted: u64,
        /// How far it is.
        position: u64,
        /// How long was waited.
        waited: Duration,
    },

    /// The runner was stopped, or the runtime that it ran on was.
    #[error("the runner of `{name}` was stopped; start it again")]
    Stopped {
        /// The name of the projection or the application that follows.
        name: &'static str,
    },

    /// There is no runtime to run on.
    #[error("`{name}` needs a Tokio runtime to run on; start it inside of `#[tokio::main]`")]
    NoRuntime {
        /// The name of the projection or the application that follows.
        name: &'static str,
    },
}
