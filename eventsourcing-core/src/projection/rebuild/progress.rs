//! The progress, speed and remaining time of a rebuild.

use std::time::Duration;

use crate::projection::RunnerError;

/// The state of a rebuild.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RebuildState {
    /// It handles the events that are already recorded.
    CatchingUp,
    /// It has handled all recorded events, and waits for new ones.
    CaughtUp,
    /// It retries after this error.
    Retrying(RunnerError),
    /// It gave up after this error. When started again, it continues from its position.
    Failed(RunnerError),
    /// It was switched to: the rebuilt version is live.
    Switched,
}

/// The progress, speed and remaining time of a rebuild.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RebuildProgress {
    /// The notification id up to which the log is processed; the sum over all upstream applications.
    pub position: u64,
    /// The last notification id of the log; the sum over all upstream applications.
    pub last: u64,
    /// The number of processed notifications per second since it was last started.
    pub per_second: f64,
    /// The remaining time at this speed: zero if nothing is left, none before any notification is processed.
    pub time_left: Option<Duration>,
    /// The state of the rebuild.
    pub state: RebuildState,
}

impl RebuildProgress {
    pub(super) fn new(handled: u64, position: u64, last: u64, took: Duration, state: RebuildState) -> Self {
        let per_second = match took.as_secs_f64() {
            seconds if seconds > 0.0 => as_f64(handled) / seconds,
            _ => 0.0,
        };
        let lag = last.saturating_sub(position);
        let time_left = match lag {
            0 => Some(Duration::ZERO),
            lag => Duration::try_from_secs_f64(as_f64(lag) / per_second).ok(),
        };
        Self { position, last, per_second, time_left, state }
    }

    /// The number of notifications that are still to be processed.
    pub fn lag(&self) -> u64 {
        self.last.saturating_sub(self.position)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a speed needs no more digits")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_what_is_left_at_the_speed_so_far() {
        let progress = |handled, position, last, seconds| {
            let took = Duration::from_secs(seconds);
            RebuildProgress::new(handled, position, last, took, RebuildState::CatchingUp)
        };
        let halfway = progress(100, 500, 700, 10);
        assert!((halfway.per_second - 10.0).abs() < 1e-9, "{halfway:?}");
        assert_eq!((halfway.lag(), halfway.time_left), (200, Some(Duration::from_secs(20))));
        assert_eq!(progress(0, 0, 700, 10).time_left, None);
        assert_eq!(progress(0, 0, 700, 0).time_left, None);
        assert_eq!(progress(0, 700, 700, 0).time_left, Some(Duration::ZERO));
        assert_eq!(progress(1, 1, u64::MAX, u64::MAX).time_left, None);
    }
}
