//! What a histogram has counted, at one time: sizes or durations.

use std::time::Duration;

/// The values of a histogram, as counted until it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Distribution {
    sum: u64,
    /// The largest value of each bucket that is not empty, in ascending order, and how many values are in the bucket.
    buckets: Vec<(u64, u64)>,
}

impl Distribution {
    fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }

    /// The largest value of the bucket in which this part of all values ends; what is no number counts as all of them.
    fn quantile(&self, part: f64) -> Option<u64> {
        let wanted = as_f64(self.count()) * part.clamp(0.0, 1.0);
        let mut counted = 0;
        let is_reached = |(_, count): &&(u64, u64)| {
            counted += count;
            as_f64(counted) >= wanted
        };
        // rounding may leave the last bucket below the number that it contains
        self.buckets.iter().find(is_reached).or(self.buckets.last()).map(|(largest, _)| *largest)
    }

    fn since(&self, earlier: &Self) -> Self {
        let before = |largest: u64| {
            earlier
                .buckets
                .binary_search_by_key(&largest, |(largest, _)| *largest)
                .map_or(0, |at| earlier.buckets[at].1)
        };
        let added = self.buckets.iter().map(|&(largest, count)| (largest, count.saturating_sub(before(largest))));
        let buckets = added.filter(|(_, count)| *count > 0).collect();
        Self { sum: self.sum.saturating_sub(earlier.sum), buckets }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a part of a number needs no more digits")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

/// A distribution of sizes, such as the number of saves in a transaction.
///
/// Each number is exact up to an eighth of it, except [`sum`](Self::sum), which is exact: see [`Histogram`](super::Histogram).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sizes(Distribution);

impl Sizes {
    pub(super) fn new(sum: u64, buckets: Vec<(u64, u64)>) -> Self {
        Self(Distribution { sum, buckets })
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.0.count()
    }

    /// The sum of all values. It stops at the largest `u64` only if one value does.
    pub fn sum(&self) -> u64 {
        self.0.sum
    }

    /// The value that this part of all values does not exceed, such as 0.99 of them; none if there are no values.
    pub fn quantile(&self, part: f64) -> Option<u64> {
        self.0.quantile(part)
    }

    /// The buckets that are not empty, in ascending order: the largest value of each, and how many values are in it.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.0.buckets.iter().copied()
    }

    /// What was added since an earlier reading of the same histogram.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self(self.0.since(&earlier.0))
    }
}

/// A distribution of durations, such as those of transactions.
///
/// Each duration is known up to an eighth of it, except [`sum`](Self::sum): see [`Histogram`](super::Histogram).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations(Distribution);

impl Durations {
    pub(super) fn new(sum: u64, buckets: Vec<(u64, u64)>) -> Self {
        Self(Distribution { sum, buckets })
    }

    /// How many durations there are.
    pub fn count(&self) -> u64 {
        self.0.count()
    }

    /// The sum of all durations.
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.0.sum)
    }

    /// The duration that this part of all durations does not exceed, such as 0.99 of them; none if there are no durations.
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        self.0.quantile(part).map(Duration::from_nanos)
    }

    /// The buckets that are not empty, in ascending order: the longest duration of each, and how many durations are in it.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        self.0.buckets.iter().map(|&(longest, count)| (Duration::from_nanos(longest), count))
    }

    /// What was added since an earlier reading of the same histogram.
    ///
    /// So a program shows the last minute: it keeps the reading of a minute ago.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use eventsourcing_core::stats::Histogram;
    ///
    /// let loads = Histogram::new();
    /// loads.record_duration(Duration::from_secs(60));
    /// let earlier = loads.durations();
    /// loads.record_duration(Duration::from_millis(1));
    ///
    /// let added = loads.durations().since(&earlier);
    /// assert_eq!((added.count(), added.sum()), (1, Duration::from_millis(1)));
    /// ```
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self(self.0.since(&earlier.0))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Histogram;

    #[test]
    fn a_quantile_is_never_below_the_value_that_it_stands_for() {
        let histogram = Histogram::new();
        (1..=1_000).for_each(|value| histogram.record(value));
        let sizes = histogram.sizes();
        for (part, value) in [(0.0, 1), (0.5, 500), (0.99, 990), (1.0, 1_000), (7.0, 1_000), (f64::NAN, 1_000)] {
            let found = sizes.quantile(part).unwrap_or_default();
            assert!(found >= value && found <= value + value / 8, "{part}: {found} for {value}");
        }
        assert_eq!((sizes.count(), sizes.sum()), (1_000, 500_500));
        assert_eq!(Histogram::new().sizes().quantile(0.5), None);
    }
}
