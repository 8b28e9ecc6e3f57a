//! A histogram of fixed size that many threads count in.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::{Durations, Sizes};

/// Each power of two is divided into eight buckets.
const STEPS: u32 = 3;

/// Values from this power of two on are in the last bucket.
const LARGEST: u32 = 42;

/// The number of buckets: eight of one value each, eight for each power of two from 8 on, and the last one.
const BUCKETS: usize = (40 << 3) + 1;

/// A histogram that many threads count in, without a lock and in 2.6 KB of memory.
///
/// The buckets are log-linear: values below 8 have a bucket each, and each power of two above is divided into eight. So a value is known up
/// to an eighth of it. Values from 2<sup>42</sup> on, as nanoseconds 73 minutes, are counted together in the last bucket.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use eventsourcing_core::stats::Histogram;
///
/// let transactions = Histogram::new();
/// for millis in [1, 2, 2, 90] {
///     transactions.record_duration(Duration::from_millis(millis));
/// }
/// let durations = transactions.durations();
/// assert_eq!((durations.count(), durations.sum()), (4, Duration::from_millis(95)));
///
/// // two milliseconds, and at most an eighth more
/// let half = durations.quantile(0.5).expect("it is not empty");
/// assert!(half >= Duration::from_millis(2) && half <= Duration::from_micros(2_250), "{half:?}");
/// ```
#[derive(Debug)]
pub struct Histogram {
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
}

impl Histogram {
    /// An empty histogram.
    pub fn new() -> Self {
        Self { buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(), sum: AtomicU64::new(0) }
    }

    /// Counts a value.
    pub fn record(&self, value: u64) {
        self.record_many(value, 1);
    }

    /// Counts a duration, in nanoseconds.
    pub fn record_duration(&self, duration: Duration) {
        self.record(nanoseconds(duration));
    }

    /// Counts a value several times.
    pub(crate) fn record_many(&self, value: u64, times: u64) {
        if let Some(bucket) = self.buckets.get(bucket_of(value)) {
            bucket.fetch_add(times, Relaxed);
        }
        self.sum.fetch_add(value.saturating_mul(times), Relaxed);
    }

    /// The values as sizes: what was counted until now.
    pub fn sizes(&self) -> Sizes {
        let (sum, buckets) = self.read();
        Sizes::new(sum, buckets)
    }

    /// The values as durations, of nanoseconds: what was counted until now.
    pub fn durations(&self) -> Durations {
        let (sum, buckets) = self.read();
        Durations::new(sum, buckets)
    }

    /// The sum, and the buckets that are not empty, each with its largest value.
    fn read(&self) -> (u64, Vec<(u64, u64)>) {
        let sum = self.sum.load(Relaxed);
        let counted = self.buckets.iter().enumerate().map(|(bucket, count)| (bucket, count.load(Relaxed)));
        let buckets = counted.filter(|(_, count)| *count > 0).map(|(bucket, count)| (largest_of(bucket), count));
        (sum, buckets.collect())
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

/// A duration in nanoseconds: 584 years at most.
pub(super) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The bucket of a value.
fn bucket_of(value: u64) -> usize {
    let power = value.checked_ilog2().unwrap_or_default();
    if power < STEPS {
        return usize::try_from(value).unwrap_or_default();
    }
    if power >= LARGEST {
        return BUCKETS - 1;
    }
    // the three bits after the first one say which eighth it is
    let eighth = (value >> (power - STEPS)) & ((1 << STEPS) - 1);
    let before = u64::from(power - STEPS + 1) << STEPS;
    usize::try_from(before + eighth).unwrap_or(BUCKETS - 1)
}

/// The largest value of a bucket.
fn largest_of(bucket: usize) -> u64 {
    let bucket = u64::try_from(bucket).unwrap_or(u64::MAX);
    if bucket >= u64::from(LARGEST - STEPS + 1) << STEPS {
        return u64::MAX;
    }
    if bucket < 1 << STEPS {
        return bucket;
    }
    let (power, eighth) = ((bucket >> STEPS) - 1, bucket & ((1 << STEPS) - 1));
    (((1 << STEPS) + eighth + 1) << power) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_is_known_up_to_an_eighth_of_it() {
        let mut value = 0_u64;
        while value < 1 << LARGEST {
            let largest = largest_of(bucket_of(value));
            assert!(largest >= value && largest - value <= value / 8, "{value} is counted as {largest}");
            value += 1 + value / 97;
        }
    }

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        for bucket in 1..BUCKETS - 1 {
            let (before, largest) = (largest_of(bucket - 1), largest_of(bucket));
            assert!(before < largest);
            assert_eq!((bucket_of(before + 1), bucket_of(largest)), (bucket, bucket));
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
        assert_eq!(largest_of(BUCKETS - 2), (1 << LARGEST) - 1);
    }
}
