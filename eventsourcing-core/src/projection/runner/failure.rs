//! The outcomes of handling a batch of events, by what to do about them.

use std::error::Error as StdError;

use crate::Error;
use crate::codec::MapperError;
use crate::error_chain::chain;
use crate::projection::{RunnerError, ViewError};
use crate::recording::{Cause, RecorderError};

/// The outcome of a batch that the handlers received.
#[must_use]
pub(crate) enum Handled {
    /// The batch is committed.
    Done,
    /// A handler failed, or its changes cannot be committed. Nothing of the batch is committed.
    Refused(Cause),
}

/// The reason why a batch was not committed, other than a failing handler.
pub(crate) enum Failure {
    /// Another process moved the position: look it up to continue from there.
    Moved,
    /// A transient error, to be retried; the position shows whether the transaction was committed.
    Transient(RunnerError),
    /// A time limit was exceeded. It may be transient, or need fewer events in a transaction.
    TimedOut(RunnerError),
    /// The runner cannot continue.
    Fatal(RunnerError),
}

/// Whether a handler's error is transient.
pub(crate) fn is_transient(cause: &Cause, is_transient_for_views: impl Fn(&(dyn StdError + 'static)) -> bool) -> bool {
    chain(&**cause).any(|error| {
        let recorder = match error.downcast_ref::<Error>() {
            Some(Error::Recorder(error)) => Some(error),
            _ => error.downcast_ref::<RecorderError>(),
        };
        recorder.is_some_and(RecorderError::is_retryable)
            || error.downcast_ref::<ViewError>().is_some_and(ViewError::is_retryable)
            || is_transient_for_views(error)
    })
}

/// Whether an error, or one of its sources, is an exceeded time limit.
pub(crate) fn is_timeout(
    error: &(dyn StdError + 'static),
    is_timeout_for_views: impl Fn(&(dyn StdError + 'static)) -> bool,
) -> bool {
    chain(error).any(|error| {
        let recorder = match error.downcast_ref::<Error>() {
            Some(Error::Recorder(error)) => Some(error),
            _ => error.downcast_ref::<RecorderError>(),
        };
        matches!(recorder, Some(RecorderError::Cancelled { .. }))
            || matches!(
                error.downcast_ref(),
                Some(ViewError::TimedOut { .. } | ViewError::Recorder(RecorderError::Cancelled { .. }))
            )
            || is_timeout_for_views(error)
    })
}

/// The id of the missing dictionary because of which an event could not be decoded.
pub(crate) fn unknown_dictionary(cause: &Cause) -> Option<u32> {
    chain(&**cause).find_map(|error| error.downcast_ref::<MapperError>()?.unknown_dictionary())
}
