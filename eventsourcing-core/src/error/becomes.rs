//! What an error of the recorder becomes, and what a caller may do about an error.

use uuid::Uuid;

use super::Error;
use crate::recording::RecorderError;

/// Conflicts, already processed positions and changed logs become variants of their own, because the caller handles them.
impl From<RecorderError> for Error {
    fn from(error: RecorderError) -> Self {
        match error {
            RecorderError::Conflict { originator_id, tried, recorded } => {
                Self::Conflict { originator_id, tried, recorded }
            }
            RecorderError::AlreadyProcessed { upstream, after, recorded } => {
                Self::AlreadyProcessed { upstream, after, recorded }
            }
            RecorderError::LogChanged { position, found } => Self::LogChanged { position, found },
            error => Self::Recorder(error),
        }
    }
}

/// Says what the topic of an event may mean that is none of the requested type.
pub(super) fn wrong_aggregate(expected: &str, found: &str, originator_id: Uuid, version: u64) -> String {
    if version <= 1 {
        return format!(
            "{originator_id} is no {expected}: its first event is recorded as `{found}`; \
             get it as the type that records that topic, or deploy the newer code that does"
        );
    }
    format!(
        "version {version} of {originator_id} is recorded as `{found}`, which is no event of {expected} in this program; \
         newer code may have renamed the event or the aggregate: deploy that code here too; \
         if {originator_id} is no {expected}, get it as the type that records that topic"
    )
}

impl Error {
    /// The error of an aggregate whose type has no snapshots.
    pub(crate) fn no_snapshots_of_type(aggregate: &'static str) -> Self {
        let reason = "its type has none; write `#[aggregate(snapshots)]` on the impl block with its `#[event]` methods";
        Self::NoSnapshots { aggregate, reason }
    }

    /// Whether the same call may succeed when it is retried.
    ///
    /// After a conflict, retry the whole command: get the aggregate again first.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Conflict { .. } => true,
            Self::Recorder(error) => error.is_retryable(),
            _ => false,
        }
    }

    /// Whether a position does not belong to this log.
    ///
    /// Waiting or restarting does not help. Decide what to do about the effects of the events that this log does not contain.
    pub fn is_log_mismatch(&self) -> bool {
        matches!(self, Self::LogChanged { .. } | Self::PositionAheadOfLog { .. })
    }
}
