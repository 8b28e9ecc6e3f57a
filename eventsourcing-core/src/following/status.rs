//! How far a projection is, and how it fares.

use std::time::Duration;

use super::RunnerError;

/// What a runner is doing.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Progress {
    /// It follows the log.
    #[default]
    Following,
    /// It tries again after this error.
    Retrying(RunnerError),
    /// It was stopped.
    Stopped,
    /// It gave up after this error.
    Failed(RunnerError),
}

/// How far a projection is, and how it fares.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// Up to which notification id the log is processed.
    pub position: u64,
    /// The last notification id of the log.
    pub last: u64,
    /// How long ago the first event happened that is not processed; zero if all are.
    pub behind_for: Duration,
    /// How many events are put aside: see [`DeadLetters`](super::DeadLetters).
    pub dead_letters: u64,
    /// How long the transaction has been under way in which events are handled now, if one is.
    ///
    /// It holds locks: in SQLite nobody else writes to the file of the view meanwhile.
    pub handling_for: Option<Duration>,
    /// What the runner is doing.
    pub progress: Progress,
    /// The last error, if there was one, also if it was overcome.
    pub last_error: Option<RunnerError>,
}

impl Status {
    /// How many notifications are still to be processed.
    pub fn lag(&self) -> u64 {
        self.last.saturating_sub(self.position)
    }
}
