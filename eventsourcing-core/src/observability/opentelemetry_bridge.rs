//! The bridge to OpenTelemetry.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};
use tokio::time::sleep;

use super::passed_on::PassedOn;
use super::{METRICS, MeasuredValue, Measurement, Metric, MetricKind};
use crate::application::{Application, Shared};

/// The shortest interval at which histograms are passed on.
const SHORTEST: Duration = Duration::from_millis(100);

/// Passes the numbers of an application to a meter of OpenTelemetry.
///
/// Counters and gauges are observable: the SDK reads them when it collects. Histograms cannot be observed in OpenTelemetry, so their values are
/// passed on at an interval with [`run`](Self::run), or with [`record`](Self::record). A save costs what it costs without the bridge. Make one
/// bridge for an application: two of them would count twice.
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
/// use eventsourcing::observability::OpenTelemetryBridge;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), eventsourcing::Error> {
/// let orders = Application::builder("Orders").open()?;
/// let meter = opentelemetry::global::meter("eventsourcing");
/// // it ends with the last handle to the application
/// tokio::spawn(OpenTelemetryBridge::of(&orders, &meter).run(Duration::from_secs(10)));
/// # Ok(()) }
/// ```
pub struct OpenTelemetryBridge {
    application: Weak<Shared>,
    histograms: HashMap<&'static str, Histogram<f64>>,
    passed_on: Mutex<PassedOn>,
}

impl OpenTelemetryBridge {
    /// Creates the instruments of an application. They do not keep the application open.
    pub fn of(application: &Application, meter: &Meter) -> Self {
        let application = Arc::downgrade(&application.shared);
        let mut histograms = HashMap::new();
        for metric in METRICS {
            let Metric { name, kind, unit, description, boundaries, .. } = *metric;
            let source = Source { application: Weak::clone(&application), name };
            match kind {
                MetricKind::Counter => {
                    let instrument = meter.u64_observable_counter(name).with_unit(unit).with_description(description);
                    let observed = instrument.with_callback(move |observer| {
                        for measured in source.read() {
                            if let MeasuredValue::Count(count) = measured.value {
                                observer.observe(count, &attributes(measured.labels));
                            }
                        }
                    });
                    let _ = observed.build();
                }
                MetricKind::Gauge => {
                    let instrument = meter.f64_observable_gauge(name).with_unit(unit).with_description(description);
                    let observed = instrument.with_callback(move |observer| {
                        for measured in source.read() {
                            if let MeasuredValue::Level(level) = measured.value {
                                observer.observe(level, &attributes(measured.labels));
                            }
                        }
                    });
                    let _ = observed.build();
                }
                MetricKind::Histogram => {
                    let instrument = meter.f64_histogram(name).with_unit(unit).with_description(description);
                    histograms.insert(name, instrument.with_boundaries(boundaries.to_vec()).build());
                }
            }
        }
        Self { application, histograms, passed_on: Mutex::default() }
    }

    /// Passes on what was added to the histograms since the last time. It asks no database.
    pub fn record(&self) {
        let Some(shared) = self.application.upgrade() else { return };
        let mut passed_on = self.passed_on.lock().unwrap_or_else(PoisonError::into_inner);
        for measured in (Application { shared }).stats().measurements() {
            let Some(histogram) = self.histograms.get(measured.metric.name) else { continue };
            let added = passed_on.added(&measured);
            let attributes = attributes(measured.labels);
            for (value, times) in added {
                (0..times).for_each(|_| histogram.record(value, &attributes));
            }
        }
    }

    /// Asks for the [readiness](Application::readiness) of the application and passes histograms on, at an interval of at least 100 ms.
    ///
    /// It ends when the last handle to the application is dropped, after the interval that runs then.
    pub async fn run(self, interval: Duration) {
        while let Some(shared) = self.application.upgrade() {
            let application = Application { shared };
            drop(application.readiness().await);
            drop(application);
            self.record();
            sleep(interval.max(SHORTEST)).await;
        }
    }
}

impl fmt::Debug for OpenTelemetryBridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenTelemetryBridge").finish_non_exhaustive()
    }
}

/// What an instrument reads.
struct Source {
    application: Weak<Shared>,
    name: &'static str,
}

impl Source {
    fn read(&self) -> Vec<Measurement> {
        let Some(shared) = self.application.upgrade() else { return Vec::new() };
        let mut measured = Application { shared }.stats().measurements();
        measured.retain(|measured| measured.metric.name == self.name);
        measured
    }
}

fn attributes(labels: Vec<(&'static str, String)>) -> Vec<KeyValue> {
    labels.into_iter().map(|(name, value)| KeyValue::new(name, value)).collect()
}
