//! Running a system step by step: for tests.

use std::fmt;

use super::opened::Opened;
use super::step::Steps;
use super::{Step, System, SystemError};
use crate::application::ApplicationStruct;

/// Runs a system step by step, on the task that asks for it, always in the same order.
///
/// A step is one event that one application's policy handles. Followers take turns, in the order in which the pipes name them, and each takes
/// the events of the log it follows one by one. Nothing happens between steps, no clock is asked and nobody sleeps.
///
/// # Examples
///
/// See [`macro@policy`](https://docs.rs/eventsourcing/latest/eventsourcing/attr.policy.html) for applications that follow others.
///
/// ```
/// use eventsourcing_core::system::{SingleThreadedRunner, System};
///
/// # futures::executor::block_on(async {
/// let system = System::new([]).variables([("PERSISTENCE_MODULE", "memory")]);
/// let mut runner = SingleThreadedRunner::open(&system).await?;
/// assert_eq!(runner.settled().await?, 0);
/// # Ok::<(), eventsourcing_core::system::SystemError>(())
/// # }).unwrap();
/// ```
#[must_use = "nothing happens unless it makes steps"]
pub struct SingleThreadedRunner {
    opened: Opened,
    followers: Vec<Follower>,
    /// Whose turn it is.
    next: usize,
}

struct Follower {
    names: (&'static str, &'static str),
    steps: Box<dyn Steps>,
}

impl SingleThreadedRunner {
    /// How many steps are made before a system is taken to go on for ever.
    pub const MOST_STEPS: usize = 1_000_000;

    /// Opens the applications of a system.
    ///
    /// # Errors
    /// [`SystemError::Application`] if one cannot be opened, and others if the system does not fit together.
    pub async fn open(system: &System) -> Result<Self, SystemError> {
        let opened = system.open(|_| true).await?;
        let mut followers = Vec::new();
        for (edge, upstream, follower) in opened.pairs() {
            followers.push(Follower { names: edge.names, steps: (edge.steps)(upstream, follower).await? });
        }
        Ok(Self { opened, followers, next: 0 })
    }

    /// An application of the system.
    ///
    /// # Errors
    /// [`SystemError::NoSuchApplication`] if the system has none of this type.
    pub fn get<A: ApplicationStruct>(&self) -> Result<A, SystemError> {
        self.opened.get()
    }

    /// Lets one follower handle one event; none if there is nothing to handle.
    ///
    /// # Errors
    /// [`SystemError::Follower`] if a policy fails, or a database. The event is the next one again.
    pub async fn step(&mut self) -> Result<Option<Step>, SystemError> {
        let count = self.followers.len();
        for _ in 0..count {
            let Some(Follower { names: (upstream, follower), steps }) = self.followers.get_mut(self.next) else {
                break;
            };
            let handled = steps.step().await?;
            self.next = (self.next + 1) % count;
            if let Some(notification) = handled {
                return Ok(Some(Step { upstream, follower, notification }));
            }
        }
        Ok(None)
    }

    /// Makes steps until nobody has anything to handle; how many.
    ///
    /// # Errors
    /// As [`settled_within`](Self::settled_within) [`MOST_STEPS`](Self::MOST_STEPS).
    pub async fn settled(&mut self) -> Result<usize, SystemError> {
        self.settled_within(Self::MOST_STEPS).await
    }

    /// Makes steps until nobody has anything to handle; how many. One step more than so many tells that there is more to do, and ends it.
    ///
    /// # Errors
    /// As [`step`](Self::step); [`SystemError::NotSettled`] if there is. What was done stays done.
    pub async fn settled_within(&mut self, most: usize) -> Result<usize, SystemError> {
        for steps in 0..most {
            if self.step().await?.is_none() {
                return Ok(steps);
            }
        }
        // whether there is more only a step more can tell
        if self.step().await?.is_none() { Ok(most) } else { Err(SystemError::NotSettled { steps: most }) }
    }
}

impl fmt::Debug for SingleThreadedRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleThreadedRunner").field("edges", &self.opened.edges).finish_non_exhaustive()
    }
}
