//! How a batch of events fared: what is to be done about it follows from that.

use std::error::Error as StdError;

use super::{RunnerError, ViewError};
use crate::Error;
use crate::persistence::{Cause, MapperError, RecorderError};

/// What handlers made of a batch.
#[must_use]
pub(super) enum Handled {
    /// It is committed.
    Done,
    /// A handler failed, or what handlers did cannot be committed. Nothing of it is.
    Refused(Cause),
}

/// Why a batch was not committed that may well be handled.
pub(super) enum Failure {
    /// Others processed the log meanwhile: where it goes on must be looked up.
    Moved,
    /// It passes by itself; whether the transaction was committed is told by the position.
    Passing(RunnerError),
    /// It took longer than it may. That may pass by itself, or with fewer events at once.
    TimedOut(RunnerError),
    /// There is no going on.
    Fatal(RunnerError),
}

/// An error and all that it came of.
pub(super) fn chain<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// What an error says, and what those say that it came of, unless it says that itself.
pub(super) fn story(cause: &Cause) -> String {
    chain(&**cause).map(ToString::to_string).fold(String::new(), |story, said| match story.is_empty() {
        true => said,
        false if story.contains(&said) => story,
        false => format!("{story}: {said}"),
    })
}

/// Whether what a handler could not do may be done a little later.
pub(super) fn is_passing(cause: &Cause, is_passing_for_views: impl Fn(&(dyn StdError + 'static)) -> bool) -> bool {
    chain(&**cause).any(|error| {
        let recorder = match error.downcast_ref::<Error>() {
            Some(Error::Recorder(error)) => Some(error),
            _ => error.downcast_ref::<RecorderError>(),
        };
        recorder.is_some_and(RecorderError::is_retryable)
            || error.downcast_ref::<ViewError>().is_some_and(ViewError::is_retryable)
            || is_passing_for_views(error)
    })
}

/// Whether an error, or one that it came of, says that something took longer than it may.
pub(super) fn is_timeout(
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

/// The id of the dictionary for want of which an event could not be decoded.
pub(super) fn unknown_dictionary(cause: &Cause) -> Option<u32> {
    chain(&**cause).find_map(|error| error.downcast_ref::<MapperError>()?.unknown_dictionary())
}
