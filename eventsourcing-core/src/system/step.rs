//! A step of a system: one event, handled by one process application.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::process::{ProcessApplication, ProcessViews};
use crate::projection::{RunnerBuilder, RunnerError, Stepper};
use crate::recording::Notification;

/// An event that a process application handled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The name of the application that recorded the event.
    pub upstream: &'static str,
    /// The name of the application whose policy handled it.
    pub consumer: &'static str,
    /// The event's notification in the upstream log.
    pub notification: Notification,
}

/// Handles the events of an upstream log one by one.
pub(super) trait Steps: Send {
    fn step(&mut self) -> BoxFuture<'_, Result<Option<Notification>, RunnerError>>;
}

impl<P: ProcessApplication> Steps for Stepper<P, ProcessViews> {
    fn step(&mut self) -> BoxFuture<'_, Result<Option<Notification>, RunnerError>> {
        Self::step(self).boxed()
    }
}

/// Looks up the position in the upstream log.
pub(super) fn steps<P: ProcessApplication>(
    builder: RunnerBuilder<P, ProcessViews>,
) -> BoxFuture<'static, Result<Box<dyn Steps>, RunnerError>> {
    async { Ok(Box::new(Stepper::new(builder).await?) as Box<dyn Steps>) }.boxed()
}
