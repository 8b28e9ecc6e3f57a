//! Runs a system step by step, for tests.

use std::fmt;

use super::opened::Opened;
use super::step::Steps;
use super::{Step, System, SystemError};
use crate::application::ApplicationStruct;

/// A runner that runs a system step by step, in the calling task and in a fixed order.
///
/// A step is one event that one application's policy handles. The consuming applications take turns, in the order in which the pipes
/// name them, and each handles the events of an upstream log one by one. Nothing runs between steps, and no step reads a clock
/// or sleeps.
///
/// # Examples
///
/// See [`macro@policy`](https://docs.rs/eventsourcing/latest/eventsourcing/attr.policy.html) for process applications.
///
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::system::{SingleThreadedRunner, System};
///
/// # futures::executor::block_on(async {
/// let system = System::new([]).variables([("PERSISTENCE_MODULE", "memory")]);
/// let mut runner = SingleThreadedRunner::open(&system).await?;
/// assert_eq!(runner.settled().await?, 0);
/// # Ok::<(), eventsourcing::system::SystemError>(())
/// # }).unwrap();
/// ```
#[must_use = "a runner does nothing until steps are requested"]
pub struct SingleThreadedRunner {
    opened: Opened,
    consumers: Vec<Consumer>,
    /// The index of the application whose turn is next.
    next: usize,
}

struct Consumer {
    names: (&'static str, &'static str),
    steps: Box<dyn Steps>,
}

impl SingleThreadedRunner {
    /// The maximum number of steps after which a system counts as not settled.
    pub const MAX_STEPS: usize = 1_000_000;

    /// Opens the applications of a system.
    ///
    /// # Errors
    /// [`SystemError::Application`] if one cannot be opened; others if the applications of the system do not fit together.
    pub async fn open(system: &System) -> Result<Self, SystemError> {
        let opened = system.open(|_| true).await?;
        let mut consumers = Vec::new();
        for (edge, upstream, consumer) in opened.pairs() {
            consumers.push(Consumer { names: edge.names, steps: (edge.steps)(upstream, consumer).await? });
        }
        Ok(Self { opened, consumers, next: 0 })
    }

    /// Returns an application of the system.
    ///
    /// # Errors
    /// [`SystemError::NoSuchApplication`] if the system has no application of this type.
    pub fn get<A: ApplicationStruct>(&self) -> Result<A, SystemError> {
        self.opened.get()
    }

    /// Lets one application handle one event; none if there is no event to handle.
    ///
    /// # Errors
    /// [`SystemError::Runner`] if a policy or a database fails. The same event is handled by the next step.
    pub async fn step(&mut self) -> Result<Option<Step>, SystemError> {
        let count = self.consumers.len();
        for _ in 0..count {
            let Some(Consumer { names: (upstream, consumer), steps }) = self.consumers.get_mut(self.next) else {
                break;
            };
            let handled = steps.step().await?;
            self.next = (self.next + 1) % count;
            if let Some(notification) = handled {
                return Ok(Some(Step { upstream, consumer, notification }));
            }
        }
        Ok(None)
    }

    /// Runs steps until no event is left to handle, and returns their number.
    ///
    /// # Errors
    /// The errors of [`settled_within`](Self::settled_within) with [`MAX_STEPS`](Self::MAX_STEPS).
    pub async fn settled(&mut self) -> Result<usize, SystemError> {
        self.settled_within(Self::MAX_STEPS).await
    }

    /// Runs steps until no event is left to handle, and returns their number.
    ///
    /// If an event is left after `most` steps, it is handled in one more step, which shows that the system is not settled.
    ///
    /// # Errors
    /// The errors of [`step`](Self::step); [`SystemError::NotSettled`] if more than `most` steps are needed. All steps stay done.
    pub async fn settled_within(&mut self, most: usize) -> Result<usize, SystemError> {
        for steps in 0..most {
            if self.step().await?.is_none() {
                return Ok(steps);
            }
        }
        // only one more step shows whether an event is left
        if self.step().await?.is_none() { Ok(most) } else { Err(SystemError::NotSettled { steps: most }) }
    }
}

impl fmt::Debug for SingleThreadedRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleThreadedRunner").field("edges", &self.opened.edges).finish_non_exhaustive()
    }
}
