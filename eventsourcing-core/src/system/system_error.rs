//! Errors of opening and running a system.

use crate::Error;
use crate::error_chain::readable_debug;
use crate::projection::RunnerError;

/// An error of opening or running a system.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SystemError {
    /// An application cannot be opened.
    #[error("the application `{name}` of the system cannot be opened: {source}")]
    Application {
        /// The name of the application.
        name: &'static str,
        /// The error of opening it.
        source: Box<Error>,
    },

    /// Two types of application have the same name, under which positions are stored.
    #[error(
        "two applications of the system are named `{name}`; name one of them differently with `#[application(name = \"…\")]`"
    )]
    SameName {
        /// The name.
        name: &'static str,
    },

    /// No upstream application of a policy records a topic that it handles.
    #[error(
        "the policy of `{consumer}` handles `{topic}`, which none of its upstream applications records: {upstreams}; \
         add a pipe from the application that does, or register the aggregate with that one: `#[application(aggregates(…))]`"
    )]
    EventsNotRecorded {
        /// The application with the policy.
        consumer: &'static str,
        /// The topic of the events.
        topic: &'static str,
        /// The names of the upstream applications.
        upstreams: String,
    },

    /// The application is to run alone, and no pipe leads to it.
    #[error(
        "no pipe of this system leads to `{name}`, so there is nothing to run; name an application to the right of an arrow"
    )]
    NoUpstreams {
        /// The name of the application.
        name: &'static str,
    },

    /// The system does not have this application.
    #[error("no application `{name}` in this system; available: {there}")]
    NoSuchApplication {
        /// The name of the requested application.
        name: &'static str,
        /// The names of the available applications.
        there: String,
    },

    /// The system is not settled after the maximum number of steps.
    #[error("not settled after {steps} steps; applications may be reacting to each other in a loop")]
    NotSettled {
        /// The number of steps.
        steps: usize,
    },

    /// A process application failed, or did not reach a position in time.
    #[error(transparent)]
    Runner(#[from] RunnerError),
}

readable_debug!(SystemError);
