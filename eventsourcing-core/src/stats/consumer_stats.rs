//! What a consumer of a log has done in this process.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Durations;

/// What the runner of a projection or a policy has done in this process, since it was started.
///
/// See [`ProjectionRunner::stats`](crate::ProjectionRunner::stats), which asks no database. What others changed is known as of the last
/// [`readiness`](crate::Application::readiness) of the upstream application.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsumerStats {
    /// The name of the projection, or of the application with the policy.
    pub name: &'static str,
    /// The name of the upstream application.
    pub upstream: Arc<str>,
    /// Whether it rebuilds a view beside the live version.
    pub is_rebuild: bool,
    /// Whether it runs.
    pub state: ConsumerState,
    /// The notification id up to which it has processed the log.
    pub position: u64,
    /// The last notification id of the log, as far as this process knows. It is never below the position.
    pub last: u64,
    /// The age of the first event that was not processed, when the application's readiness was last asked for; none if it never was.
    ///
    /// It is zero if the consumer has processed all events that this process knows of.
    pub behind_for: Option<Duration>,
    /// The events that it has handled or parked.
    pub events: u64,
    /// The transactions that were committed, and how long each took, with its handlers.
    pub batches: Durations,
    /// The attempts that failed and were followed by another one, for any reason.
    pub retries: u64,
    /// The events that were parked because their handler refused them. Those that wait behind them are not counted.
    pub parked: u64,
    /// The dead letters that there were when the application's readiness was last asked for; none if it never was, or they were not counted.
    pub dead_letters: Option<u64>,
}

impl ConsumerStats {
    /// The number of notifications that are still to be processed, as far as this process knows.
    pub fn lag(&self) -> u64 {
        self.last.saturating_sub(self.position)
    }

    /// How much of the log is processed, from 0 to 1; 1 for an empty log.
    #[expect(clippy::cast_precision_loss, reason = "a part of a log needs no more digits")]
    pub fn part_done(&self) -> f64 {
        if self.last == 0 { 1.0 } else { self.position as f64 / self.last as f64 }
    }
}

/// Whether a consumer runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConsumerState {
    /// It processes the log, or waits for new events.
    #[default]
    Running,
    /// It retries after an error.
    Retrying,
    /// It was stopped, or its task ended with its runtime.
    Stopped,
    /// It gave up after an error.
    Failed,
}

impl ConsumerState {
    /// The states, in the order of the numbers that stand for them in metrics.
    pub(crate) const ALL: [Self; 4] = [Self::Running, Self::Retrying, Self::Stopped, Self::Failed];

    /// The number that stands for it in metrics: 0 is running, 1 retrying, 2 stopped and 3 failed.
    pub fn number(self) -> u8 {
        match self {
            Self::Running => 0,
            Self::Retrying => 1,
            Self::Stopped => 2,
            Self::Failed => 3,
        }
    }
}

impl fmt::Display for ConsumerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        })
    }
}
