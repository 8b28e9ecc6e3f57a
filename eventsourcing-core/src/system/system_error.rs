//! Why a system cannot be opened, or does not go on.

use crate::Error;
use crate::following::RunnerError;

/// Why a system cannot be opened, or does not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SystemError {
    /// An application cannot be opened.
    #[error("the application `{name}` of the system cannot be opened: {source}")]
    Application {
        /// The name of the application.
        name: &'static str,
        /// What is wrong.
        source: Box<Error>,
    },

    /// Two types of application have one name, so that they would be confused where it is kept who followed whom how far.
    #[error(
        "two applications of the system are named `{name}`; give one of them another name with `#[application(name = \"…\")]`"
    )]
    SameName {
        /// The name.
        name: &'static str,
    },

    /// Nobody whom the application follows records events that its policy takes.
    #[error(
        "the policy of `{follower}` takes `{topic}`, which none of the applications it follows records: {upstreams}; \
         let it follow the one that does, or name the aggregate in that one's `#[application(aggregates(…))]`"
    )]
    NobodyRecords {
        /// The application that follows.
        follower: &'static str,
        /// The topic of the events.
        topic: &'static str,
        /// The names of the applications that it follows.
        upstreams: String,
    },

    /// The application is to run alone, and follows nobody in this system.
    #[error(
        "`{name}` follows nobody in this system, so there is nothing to run; name an application at the point of an arrow"
    )]
    FollowsNobody {
        /// The name of the application.
        name: &'static str,
    },

    /// The system does not have this application.
    #[error("the system has no application `{name}` here, but {there}")]
    NoSuchApplication {
        /// The name of the application that was asked for.
        name: &'static str,
        /// The names of those that it has.
        there: String,
    },

    /// After very many steps there is still more to do.
    #[error(
        "after {steps} steps there is still more to do; do two applications of the system answer each other for ever?"
    )]
    NotSettled {
        /// How many events were handled.
        steps: usize,
    },

    /// A follower does not go on, or did not get there in time.
    #[error(transparent)]
    Follower(#[from] RunnerError),
}
