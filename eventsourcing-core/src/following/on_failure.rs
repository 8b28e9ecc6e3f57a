//! What to do when a handler fails.

use std::time::Duration;

/// What to do when a handler fails.
///
/// It is about failures that would be the same again: a connection that was lost, a lock that was not free, a conflict with somebody
/// else who saved are waited out in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnFailure {
    /// Stop, so that somebody looks at it. The position stays before the event.
    #[default]
    Stop,
    /// Let the handler try again, so many times with pauses that double from the first to five seconds, and then stop.
    Retry {
        /// How often it tries again.
        attempts: u32,
        /// The pause before the first time.
        pause: Duration,
    },
    /// Let the handler try again, as [`Retry`](Self::Retry) does, and then put the event aside and go on with those of other aggregates.
    ///
    /// What happens to the same aggregate later is put aside as well, until [`DeadLetters`](super::DeadLetters) are retried or
    /// discarded: no event of an aggregate is handled before another that comes before it. That holds for all who run the
    /// projection, whatever their own policy is.
    Park {
        /// How often it tries again.
        attempts: u32,
        /// The pause before the first time.
        pause: Duration,
    },
}
