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
}
