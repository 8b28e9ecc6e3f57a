//! Durations of calls that may be too short to be timed each.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::{Durations, Histogram};

/// Reading the clock twice takes about fifty nanoseconds: half a percent of this.
const QUICK: Duration = Duration::from_micros(10);

/// Of calls that are quicker than that, one of this many is timed, and counts as all of them.
const SAMPLED: u64 = 64;

/// Times calls: each that is slow, and a sample of those that are quick.
#[derive(Debug, Default)]
pub(crate) struct Stopwatch {
    durations: Histogram,
    /// Whether the last timed call was quick.
    is_quick: AtomicBool,
}

/// A call that is timed.
#[derive(Debug)]
pub(crate) struct Timed {
    begun: Instant,
    /// The number of calls that it stands for.
    times: u64,
}

impl Timed {
    /// Begins to time a call that stands for itself alone.
    pub(crate) fn now() -> Self {
        Self { begun: Instant::now(), times: 1 }
    }
}

impl Stopwatch {
    /// Begins to time a call, if it is one to be timed. `number` is that of the call among others, or random.
    pub(crate) fn begin(&self, number: u64) -> Option<Timed> {
        if !self.is_quick.load(Relaxed) {
            return Some(Timed::now());
        }
        number.is_multiple_of(SAMPLED).then(|| Timed { begun: Instant::now(), times: SAMPLED })
    }

    /// Ends a timed call.
    pub(crate) fn end(&self, timed: Option<Timed>) {
        if let Some(Timed { begun, times }) = timed {
            self.count(begun.elapsed(), times);
        }
    }

    pub(crate) fn durations(&self) -> Durations {
        self.durations.durations()
    }

    fn count(&self, took: Duration, times: u64) {
        self.durations.record_many(super::histogram::nanoseconds(took), times);
        // compared first, so that the cache line stays shared
        let is_quick = took < QUICK;
        if self.is_quick.load(Relaxed) != is_quick {
            self.is_quick.store(is_quick, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_many_quick_calls_counts_for_all_of_them() {
        let watch = Stopwatch::default();
        let timed = |earlier| watch.begin(earlier).map(|timed| timed.times);
        assert_eq!(timed(3), Some(1), "before anything is known, each call is timed");

        watch.count(Duration::from_nanos(700), 1);
        assert_eq!((0..2 * SAMPLED).filter_map(timed).collect::<Vec<_>>(), [SAMPLED, SAMPLED]);

        watch.count(Duration::from_millis(1), SAMPLED);
        assert_eq!(timed(3), Some(1), "slow calls are timed each");
        assert_eq!(watch.durations().count(), 1 + SAMPLED);
    }
}
