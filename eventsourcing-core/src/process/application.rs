//! Process applications: applications that react to events of other applications.

use super::{ProcessViews, UnitOfWork};
use crate::application::{Application, ApplicationStruct};
use crate::projection::{DeadLetters, Projection, ProjectionRunner, RunnerBuilder};

/// The default number of upstream events in one unit of work: the more events, the more likely is a conflict with another writer of
/// one of their aggregates.
const BATCH_SIZE: usize = 100;

/// A process application (process manager): an application whose policy reacts to events of other applications.
///
/// `#[policy]` implements it for a struct with `#[application]`. A later version of this library may add methods, each with a default.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no policy for the events of other applications",
    label = "an application without a policy",
    note = "write `#[policy]` on an impl block of it that contains `#[on]` methods, which take events and a `&mut UnitOfWork`"
)]
pub trait ProcessApplication: Projection<View = UnitOfWork> + ApplicationStruct {
    /// A builder of a runner that processes the log of an upstream application.
    ///
    /// What the policy saves is recorded together with the position in the log. Several processes may run the same policy: each event
    /// is processed by one of them.
    fn follow(&self, upstream: &Application) -> RunnerBuilder<Self, ProcessViews> {
        let application = Application::clone(self);
        ProjectionRunner::builder(upstream, Self::from(application.clone()), ProcessViews::new(application))
            .batch_size(BATCH_SIZE)
    }

    /// The dead letters of its policy from an upstream application.
    ///
    /// The application's recorder stores them, beside the position in that log. They are compressed and encrypted like events.
    fn dead_letters(&self, upstream: &Application) -> DeadLetters<Self, ProcessViews> {
        let application = Application::clone(self);
        DeadLetters::new(upstream, Self::from(application.clone()), ProcessViews::new(application))
    }
}
