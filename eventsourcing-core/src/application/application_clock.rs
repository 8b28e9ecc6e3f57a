//! The clock by which an application calls the code of its user: policies and retried commands. Only tests give it one.

use std::fmt;

#[cfg(feature = "testing")]
use crate::domain::fixed_clock::Clock;

/// The clock of an application, if it has one. Without the feature `testing` it is empty, and calls pass through it.
#[derive(Clone, Default)]
pub(crate) struct ApplicationClock {
    #[cfg(feature = "testing")]
    clock: Option<Clock>,
}

#[cfg(feature = "testing")]
impl From<Clock> for ApplicationClock {
    fn from(clock: Clock) -> Self {
        Self { clock: Some(clock) }
    }
}

impl ApplicationClock {
    /// Runs a function in the scope of the clock.
    pub(crate) fn run<R>(&self, run: impl FnOnce() -> R) -> R {
        #[cfg(feature = "testing")]
        let _scope = self.clock.as_ref().map(Clock::enter);
        run()
    }

    /// Returns the future in the scope of the clock.
    #[cfg(feature = "testing")]
    pub(crate) async fn scope<F: Future>(self, future: F) -> F::Output {
        match self.clock {
            Some(clock) => clock.scope(future).await,
            None => future.await,
        }
    }

    /// Returns the future as it is.
    #[cfg(not(feature = "testing"))]
    pub(crate) fn scope<F: Future>(self, future: F) -> F {
        future
    }
}

impl fmt::Debug for ApplicationClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ApplicationClock");
        #[cfg(feature = "testing")]
        shown.field("clock", &self.clock);
        shown.finish()
    }
}
