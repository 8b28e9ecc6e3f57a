//! After which errors of a recorder the same call may succeed, and whether something may have been recorded.

use super::RecorderError;

impl RecorderError {
    /// Returns whether the same call may succeed if it is repeated without changes.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::OutcomeUnknown { .. }
                | Self::Busy { .. }
                | Self::Cancelled { .. }
                | Self::PoolTimeout { .. }
                | Self::Disconnected { .. }
                | Self::StorageFull { .. }
                | Self::NotPrimary { .. }
                | Self::Superseded { .. }
                | Self::OutOfResources { .. }
        )
    }

    /// Returns whether it is certain that nothing was recorded.
    pub fn is_not_done(&self) -> bool {
        !matches!(self, Self::OutcomeUnknown { .. })
    }
}
