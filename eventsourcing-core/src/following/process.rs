//! Process applications: applications that act upon what happened in others.

use super::{DeadLetters, Projection, ProjectionRunner, RunnerBuilder, UnitOfWork};
use crate::application::{Application, ApplicationStruct};

/// How many events of the upstream one unit of work takes unless said otherwise: the more there are, the likelier it is that
/// somebody else saves one of their aggregates meanwhile.
const BATCH_SIZE: usize = 100;

/// An application with a policy: what it does when something happened in another.
///
/// `#[policy]` implements it for a struct that has `#[application]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not follow other applications",
    label = "an application without a policy",
    note = "write `#[policy]` on an impl block of it that holds `#[on]` methods, which take events and a `&mut UnitOfWork`"
)]
pub trait ProcessApplication: Projection<View = UnitOfWork> + ApplicationStruct {
    /// A runner that lets it follow the log of another application.
    ///
    /// What its policy saves is recorded together with how far the log is processed. Several processes may run the same: each event
    /// is processed by one of them.
    fn follow(&self, upstream: &Application) -> RunnerBuilder<Self, Application> {
        let application = Application::clone(self);
        ProjectionRunner::of(upstream, Self::from(application.clone()), application).batch_size(BATCH_SIZE)
    }

    /// What its policy put aside of the log of another application.
    ///
    /// The application's recorder keeps it, beside how far that log is processed. It is compressed and encrypted as events are.
    fn dead_letters(&self, upstream: &Application) -> DeadLetters<Self, Application> {
        let application = Application::clone(self);
        DeadLetters::of(upstream, Self::from(application.clone()), application)
    }
}
