//! Which values of histograms were passed on: a library of metrics gets each value once.

use std::collections::HashMap;

use super::{MeasuredValue, Measurement};

/// The most values of a histogram that are passed on at once. A library of metrics takes them one by one.
const MOST: u64 = 10_000;

/// The histograms as they were when they were last passed on.
#[derive(Debug, Default)]
pub(super) struct PassedOn(HashMap<Key, MeasuredValue>);

/// The name of a metric, and its labels.
type Key = (&'static str, Vec<(&'static str, String)>);

impl PassedOn {
    /// What was added to a histogram since it was last passed on: values, and how often each is to be passed on.
    ///
    /// Of more than ten thousand values, each stands for several.
    pub(super) fn added(&mut self, measured: &Measurement) -> Vec<(f64, u64)> {
        let key: Key = (measured.metric.name, measured.labels.clone());
        let earlier = self.0.insert(key, measured.value.clone());
        let mut added: Vec<(f64, u64)> = match (&measured.value, earlier) {
            (MeasuredValue::Durations(now), Some(MeasuredValue::Durations(earlier))) => {
                in_seconds(&now.since(&earlier))
            }
            (MeasuredValue::Durations(now), _) => in_seconds(now),
            (MeasuredValue::Sizes(now), Some(MeasuredValue::Sizes(earlier))) => as_numbers(&now.since(&earlier)),
            (MeasuredValue::Sizes(now), _) => as_numbers(now),
            _ => Vec::new(),
        };
        let all: u64 = added.iter().map(|(_, times)| times).sum();
        if all > MOST {
            let each = all.div_ceil(MOST);
            added.iter_mut().for_each(|(_, times)| *times = times.div_ceil(each));
        }
        added
    }
}

fn in_seconds(durations: &crate::stats::Durations) -> Vec<(f64, u64)> {
    durations.buckets().map(|(longest, count)| (longest.as_secs_f64(), count)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a size needs no more digits")]
fn as_numbers(sizes: &crate::stats::Sizes) -> Vec<(f64, u64)> {
    sizes.buckets().map(|(largest, count)| (largest as f64, count)).collect()
}
