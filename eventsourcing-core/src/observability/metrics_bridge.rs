//! The bridge to the crate `metrics`.

use std::fmt;
use std::sync::{Mutex, PoisonError, Weak};
use std::time::Duration;

use metrics::{Label, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use tokio::time::sleep;

use super::passed_on::PassedOn;
use super::{METRICS, MeasuredValue, Metric, MetricKind};
use crate::application::{Application, Shared};

/// The shortest interval at which numbers are passed on.
const SHORTEST: Duration = Duration::from_millis(100);

/// Passes the numbers of an application to the recorder of the crate [`metrics`](https://docs.rs/metrics).
///
/// Nothing is passed on unless it is asked for: at an interval with [`run`](Self::run), or when metrics are scraped with
/// [`publish`](Self::publish). So a save costs what it costs without it. Make one bridge for an application: two of them would pass each value of
/// a histogram on twice.
///
/// A value of a histogram is passed on as the limit of its bucket, at most an eighth above it. Of more than ten thousand values since the last
/// time, each one that is passed on stands for several.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use std::time::Duration;
///
/// use eventsourcing::Application;
/// use eventsourcing::observability::MetricsBridge;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), eventsourcing::Error> {
/// let orders = Application::builder("Orders").open()?;
/// // it ends with the last handle to the application
/// tokio::spawn(MetricsBridge::of(&orders).run(Duration::from_secs(10)));
/// # Ok(()) }
/// ```
pub struct MetricsBridge {
    application: Weak<Shared>,
    passed_on: Mutex<PassedOn>,
}

impl MetricsBridge {
    /// Creates a bridge for an application. It does not keep the application open.
    pub fn of(application: &Application) -> Self {
        Self { application: std::sync::Arc::downgrade(&application.shared), passed_on: Mutex::default() }
    }

    /// Passes the numbers on, once. It asks no database.
    ///
    /// The age of what is not processed, and the number of dead letters, are those of the last [`readiness`](Application::readiness).
    pub fn publish(&self) {
        let Some(shared) = self.application.upgrade() else { return };
        describe();
        let mut passed_on = self.passed_on.lock().unwrap_or_else(PoisonError::into_inner);
        for measured in (Application { shared }).stats().measurements() {
            let name = measured.metric.name;
            let labels: Vec<Label> =
                measured.labels.iter().map(|(name, value)| Label::new(*name, value.clone())).collect();
            match &measured.value {
                MeasuredValue::Count(count) => counter!(name, labels).absolute(*count),
                MeasuredValue::Level(level) => gauge!(name, labels).set(*level),
                MeasuredValue::Sizes(_) | MeasuredValue::Durations(_) => {
                    let histogram = histogram!(name, labels);
                    for (value, times) in passed_on.added(&measured) {
                        (0..times).for_each(|_| histogram.record(value));
                    }
                }
            }
        }
    }

    /// Asks for the [readiness](Application::readiness) of the application and passes the numbers on, at an interval of at least 100 ms.
    ///
    /// It ends when the last handle to the application is dropped, after the interval that runs then.
    pub async fn run(self, interval: Duration) {
        while let Some(shared) = self.application.upgrade() {
            let application = Application { shared };
            drop(application.readiness().await);
            drop(application);
            self.publish();
            sleep(interval.max(SHORTEST)).await;
        }
    }
}

impl fmt::Debug for MetricsBridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsBridge").finish_non_exhaustive()
    }
}

/// Describes all metrics to the recorder, which may have been installed meanwhile.
fn describe() {
    for Metric { name, kind, unit, description, .. } in METRICS {
        let unit = if *unit == "s" { Unit::Seconds } else { Unit::Count };
        match kind {
            MetricKind::Counter => describe_counter!(*name, unit, *description),
            MetricKind::Gauge => describe_gauge!(*name, unit, *description),
            MetricKind::Histogram => describe_histogram!(*name, unit, *description),
        }
    }
}
