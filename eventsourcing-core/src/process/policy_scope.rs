//! The scope of a policy's handlers, from their unit of work.

use super::UnitOfWork;
use crate::application::policy_scope::PolicyScope;

impl PolicyScope {
    /// The scope of the application of this unit of work.
    pub fn of(work: &UnitOfWork) -> Self {
        Self::of_application(work.application())
    }
}
