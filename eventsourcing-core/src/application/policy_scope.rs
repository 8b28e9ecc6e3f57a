//! The scope of policy handlers: while they run, their application saves only through their unit of work.
//!
//! A handler is retried after a conflict or a failure. What it saves through its unit of work is recorded once, together with the
//! position. What it saves on the application itself would be recorded on each attempt.

use tokio::task_local;

use super::application_clock::ApplicationClock;
use super::command_scope::without;
use super::handle::{Application, Shared};
use crate::recording::Cause;
use crate::{Error, Result};

task_local! {
    /// The application whose policy handles events on this task, by its address.
    static HANDLING: usize;
}

/// A mark of the task that runs the handlers of a policy, and the clock that they run by.
#[derive(Clone, Debug)]
pub struct PolicyScope {
    address: usize,
    clock: ApplicationClock,
}

impl PolicyScope {
    /// The scope of the handlers of this application's policy.
    pub(crate) fn of_application(application: &Application) -> Self {
        Self { address: address(&application.shared), clock: application.shared.clock.clone() }
    }

    /// Runs handlers in this scope.
    ///
    /// # Errors
    /// The errors of the handlers.
    pub async fn run(self, handlers: impl Future<Output = Result<(), Cause>> + Send) -> Result<(), Cause> {
        // what a handler saves elsewhere is not the one save of a command's scope around the runner
        HANDLING.scope(self.address, without(self.clock.scope(handlers))).await
    }
}

impl Application {
    /// Returns an error if a handler of the application's own policy calls this.
    pub(super) fn check_not_in_policy(&self) -> Result<()> {
        match HANDLING.try_with(|handling| *handling == address(&self.shared)) {
            Ok(true) => Err(Error::SavedInPolicy { application: self.name().to_owned() }),
            Ok(false) | Err(_) => Ok(()),
        }
    }
}

fn address(shared: &Shared) -> usize {
    std::ptr::from_ref(shared).addr()
}
