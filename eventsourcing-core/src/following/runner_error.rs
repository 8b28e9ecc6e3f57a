//! Why a follower does not go on.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::{Projection, ViewError};
use crate::Error;
use crate::persistence::Cause;

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

    /// Another projection runs under this name in the same database.
    #[error(
        "the name `{name}` is taken by `{by}`, which runs in the same database: under one name it and `{wanted_by}` would each pass \
         over what the other has handled; give one of them another name, in `#[projection(\"…\")]`"
    )]
    NameTaken {
        /// The name of the projection.
        name: &'static str,
        /// The type that runs under it.
        by: &'static str,
        /// The type that was to be started.
        wanted_by: &'static str,
    },

    /// The view cannot be changed.
    #[error("the view of `{name}` cannot be changed: {source}")]
    View {
        /// The name of the projection or the application that follows.
        name: &'static str,
        /// What the database said.
        source: ViewError,
    },

    /// It did not get so far in time.
    #[error(
        "`{name}` did not process `{upstream}` up to {wanted} within {waited:?}; it is at {position}: wait longer, or see \
         in its status what keeps it"
    )]
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

    /// Another version of the projection has taken over: what this one would write nobody reads any more.
    #[error(
        "version {version} of `{name}` has been replaced by version {serving}, and what it would do now is not done; \
         run a program that has version {serving}"
    )]
    Superseded {
        /// The name of the projection.
        name: &'static str,
        /// The version that was run.
        version: u32,
        /// The version that serves.
        serving: u32,
    },

    /// The version is newer than the one that serves.
    #[error(
        "version {version} of `{name}` cannot run yet, because version {serving} serves; \
         let `Rebuild::of(&application, projection, views)` make its view and switch to it first"
    )]
    NotRebuilt {
        /// The name of the projection.
        name: &'static str,
        /// The version that was to be run.
        version: u32,
        /// The version that serves.
        serving: u32,
    },

    /// The tables of a projection that begins cannot be made. None of them is.
    #[error("the tables of `{name}` cannot be made: {source}")]
    Tables {
        /// The name of the projection.
        name: &'static str,
        /// What the method with `#[tables]` said.
        source: Cause,
    },

    /// There is no runtime to run on.
    #[error("`{name}` needs a Tokio runtime to run on; start it inside of `#[tokio::main]`")]
    NoRuntime {
        /// The name of the projection or the application that follows.
        name: &'static str,
    },
}

impl RunnerError {
    /// What a view's error means to a projection.
    pub(super) fn of_view<P: Projection>(source: ViewError) -> Self {
        match source {
            ViewError::AnotherVersion { serving, .. } if serving > P::VERSION => {
                Self::Superseded { name: P::NAME, version: P::VERSION, serving }
            }
            ViewError::AnotherVersion { serving, .. } => {
                Self::NotRebuilt { name: P::NAME, version: P::VERSION, serving }
            }
            source => Self::View { name: P::NAME, source },
        }
    }

    /// Whether the position of the view does not fit the log, which no restart helps: see [`Error::is_another_log`].
    pub fn is_another_log(&self) -> bool {
        matches!(self, Self::Upstream { source, .. } if source.is_another_log())
    }

    /// Whether a rebuild came to its end, or its projection was rebuilt: nothing is broken.
    pub(super) fn is_of_a_switch(&self) -> bool {
        matches!(self, Self::Superseded { .. } | Self::View { source: ViewError::RebuildIsOver { .. }, .. })
    }
}
