//! A step of a system: one event, handled by one application that follows.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::application::Application;
use crate::following::{ProcessApplication, RunnerBuilder, RunnerError, Stepper};
use crate::persistence::Notification;

/// An event that a follower handled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The application that recorded the event.
    pub upstream: &'static str,
    /// The application whose policy handled it.
    pub follower: &'static str,
    /// The event as it is in the upstream's log.
    pub notification: Notification,
}

/// Handles the events of one application's log for another, one by one.
pub(super) trait Steps: Send {
    fn step(&mut self) -> BoxFuture<'_, Result<Option<Notification>, RunnerError>>;
}

impl<P: ProcessApplication> Steps for Stepper<P, Application> {
    fn step(&mut self) -> BoxFuture<'_, Result<Option<Notification>, RunnerError>> {
        Self::step(self).boxed()
    }
}

/// Finds out where the follower is.
pub(super) fn steps<P: ProcessApplication>(
    builder: RunnerBuilder<P, Application>,
) -> BoxFuture<'static, Result<Box<dyn Steps>, RunnerError>> {
    async { Ok(Box::new(Stepper::new(builder).await?) as Box<dyn Steps>) }.boxed()
}
