//! The metrics of an application: their names, and how they reach a library of metrics.
//!
//! The library counts by itself and depends on no library of metrics: see [`Application::stats`](crate::Application::stats). A bridge reads
//! these numbers and passes them on. There is one for the crate `metrics` (feature `metrics`) and one for OpenTelemetry (feature
//! `opentelemetry`). For any other library, [`ApplicationStats::measurements`](crate::application::ApplicationStats::measurements) returns the
//! same names, labels and values.
//!
//! [`METRICS`] lists all metrics. Their names follow the [semantic conventions](https://opentelemetry.io/docs/specs/semconv/) of OpenTelemetry
//! where these have one. No label contains an id.

mod measurement;
mod metric;
#[cfg(feature = "metrics")]
mod metrics_bridge;
#[cfg(feature = "opentelemetry")]
mod opentelemetry_bridge;
#[cfg(any(feature = "metrics", feature = "opentelemetry"))]
mod passed_on;

pub use measurement::{MeasuredValue, Measurement};
pub use metric::{METRICS, Metric, MetricKind};
#[cfg(feature = "metrics")]
pub use metrics_bridge::MetricsBridge;
#[cfg(feature = "opentelemetry")]
pub use opentelemetry_bridge::OpenTelemetryBridge;
