//! The handlers of a policy: while they run, their application saves nothing but through their unit of work.
//!
//! A handler is called again after a conflict or a failure. What it saves through its unit of work is recorded once, together with the
//! position; what it saved on the application itself would be recorded each time.

use tokio::task_local;

use super::core::{Application, Shared};
use crate::following::UnitOfWork;
use crate::persistence::Cause;
use crate::{Error, Result};

task_local! {
    /// The application whose policy is handling events on this task, by its address.
    static HANDLING: usize;
}

/// Marks the task in which the handlers of a policy run.
#[derive(Clone, Copy, Debug)]
pub struct PolicyScope(usize);

impl PolicyScope {
    /// The scope of the application whose unit of work this is.
    pub fn of(work: &UnitOfWork) -> Self {
        Self(address(&work.application().shared))
    }

    /// Runs handlers in the scope.
    ///
    /// # Errors
    /// Those of the handlers.
    pub async fn run(self, handlers: impl Future<Output = Result<(), Cause>> + Send) -> Result<(), Cause> {
        HANDLING.scope(self.0, handlers).await
    }
}

impl Application {
    /// Makes sure that this is not called by a handler of the application's own policy.
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
