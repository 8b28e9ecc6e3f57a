//! The bridges: a library of metrics gets what the application counts, and each value of a histogram once.

use std::collections::BTreeMap;

use eventsourcing::observability::{METRICS, MeasuredValue, Metric, MetricKind, MetricsBridge, OpenTelemetryBridge};
use eventsourcing::prelude::*;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};

use crate::common::PATIENCE;
use crate::{Account, Bank, Total, bank};

/// A recorder for Prometheus, set up as the guide says.
pub(crate) fn prometheus() -> PrometheusRecorder {
    let mut builder = PrometheusBuilder::new().with_recommended_naming(true);
    for metric in METRICS.iter().filter(|metric| metric.kind == MetricKind::Histogram) {
        let name = Matcher::Full(metric.name.to_owned());
        builder = builder.set_buckets_for_metric(name, metric.boundaries).unwrap();
    }
    builder.build_recorder()
}

/// What Prometheus calls a metric.
pub(crate) fn in_prometheus(metric: &Metric) -> String {
    let unit = if metric.unit == "s" { "_seconds" } else { "" };
    let total = if metric.kind == MetricKind::Counter { "_total" } else { "" };
    format!("{}{unit}{total}", metric.name.replace('.', "_"))
}

/// A bank with some of everything, a consumer and a rebuild.
pub(crate) async fn busy(bank: &Bank) -> (ProjectionRunner, Rebuild<MemoryViews<i64>>) {
    struct Next;

    #[projection("total", version = 2)]
    impl Next {
        #[on]
        async fn opened(&self, _: &crate::AccountOpened, _: &mut i64) -> Result<(), Error> {
            Ok(())
        }
    }

    bank.save(&mut vec![Account::open(1), Account::open(2)]).await.unwrap();
    let views = MemoryViews::new(0);
    let runner = ProjectionRunner::start(bank, Total, views.clone()).await.unwrap();
    runner.wait_for(2, PATIENCE).await.unwrap();
    let rebuild = Rebuild::builder(bank, Next, views).start().await.unwrap();
    bank.readiness().within(PATIENCE).await;
    (runner, rebuild)
}

/// The names and the values of all lines of a text for Prometheus that contain this.
fn lines(text: &str, part: &str) -> BTreeMap<String, String> {
    let of = text.lines().filter(|line| !line.starts_with('#') && line.contains(part));
    of.filter_map(|line| line.rsplit_once(' ')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[tokio::test]
async fn prometheus_gets_the_numbers_of_the_application() {
    let bank = bank().await;
    let (runner, rebuild) = busy(&bank).await;
    let (recorder, bridge) = (prometheus(), MetricsBridge::of(&bank));
    metrics::with_local_recorder(&recorder, || bridge.publish());
    let text = recorder.handle().render();

    let expected = [
        ("eventsourcing_saves_total", "{eventsourcing_application=\"Bank\"} 1"),
        ("eventsourcing_events_total", "{eventsourcing_application=\"Bank\"} 2"),
        (
            "eventsourcing_consumer_state",
            "{messaging_destination_name=\"Bank\",messaging_consumer_group_name=\"total\"} 0",
        ),
        (
            "eventsourcing_dead_letters",
            "{messaging_destination_name=\"Bank\",messaging_consumer_group_name=\"total\"} 0",
        ),
    ];
    for (name, rest) in expected {
        assert!(text.contains(&format!("\n{name}{rest}\n")), "{name}{rest} is not in\n{text}");
    }
    // each name that is shown is that of a metric
    let names: Vec<String> = METRICS.iter().map(in_prometheus).collect();
    let shown = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    for name in shown {
        assert!(names.iter().any(|known| known == name), "{name} is no metric");
    }
    drop(rebuild);
    runner.stop().await.unwrap();
}

#[tokio::test]
async fn a_value_of_a_histogram_is_passed_on_once() {
    let bank = bank().await;
    let (recorder, bridge) = (prometheus(), MetricsBridge::of(&bank));
    for _ in 0..3 {
        bank.save(&mut Account::open(1)).await.unwrap();
        metrics::with_local_recorder(&recorder, || bridge.publish());
    }
    let counts = lines(&recorder.handle().render(), "db_client_operation_duration_seconds_count");
    let append = counts.iter().find(|(name, _)| name.contains("\"append\"")).unwrap();
    assert_eq!(*append.1, bank.stats().append.count().to_string(), "{counts:?}");
}

#[tokio::test]
async fn a_bridge_does_not_keep_the_application_open_and_ends_with_it() {
    let bank = bank().await;
    let bridge = MetricsBridge::of(&bank);
    let running = tokio::spawn(MetricsBridge::of(&bank).run(std::time::Duration::ZERO));
    drop(bank);
    tokio::time::timeout(PATIENCE, running).await.unwrap().unwrap();
    bridge.publish();
}

/// The names of all metrics that OpenTelemetry exported, and the sums of those that are sums of whole numbers.
fn exported(exporter: &InMemoryMetricExporter) -> BTreeMap<String, Option<u64>> {
    let mut all = BTreeMap::new();
    for resource in exporter.get_finished_metrics().unwrap() {
        for metric in resource.scope_metrics().flat_map(|scope| scope.metrics()) {
            let sum = match metric.data() {
                AggregatedMetrics::U64(MetricData::Sum(sum)) => {
                    Some(sum.data_points().map(|point| point.value()).sum())
                }
                AggregatedMetrics::F64(MetricData::Histogram(histogram)) => {
                    Some(histogram.data_points().map(|point| point.count()).sum())
                }
                _ => None,
            };
            all.insert(metric.name().to_owned(), sum);
        }
    }
    all
}

#[tokio::test]
async fn opentelemetry_observes_the_numbers_of_each_application() {
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder().with_reader(PeriodicReader::builder(exporter.clone()).build()).build();
    let meter = provider.meter("eventsourcing");
    let (bank, other) = (bank().await, Application::builder("Other").open().unwrap());
    let bridges = [&bank, &other].map(|application| OpenTelemetryBridge::of(application, &meter));
    let (runner, rebuild) = busy(&bank).await;
    other.save(&mut Account::open(1)).await.unwrap();
    bridges.iter().for_each(OpenTelemetryBridge::record);
    provider.force_flush().unwrap();

    let exported = exported(&exporter);
    assert_eq!(exported.get("eventsourcing.saves"), Some(&Some(2)), "one of each: {exported:?}");
    assert_eq!(exported.get("messaging.client.consumed.messages"), Some(&Some(2)));
    assert!(exported.get("db.client.operation.duration").is_some_and(|count| *count >= Some(2)), "{exported:?}");
    for name in exported.keys() {
        assert!(METRICS.iter().any(|metric| metric.name == name), "{name} is no metric");
    }
    drop((rebuild, bank, other));
    runner.stop().await.unwrap();
    provider.shutdown().unwrap();
}

#[tokio::test]
async fn no_label_contains_an_id_and_each_metric_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::open_with(crate::common::sqlite_file(&folder)).await.unwrap();
    let (runner, rebuild) = busy(&bank).await;
    let measured = bank.stats().measurements();
    for metric in METRICS {
        assert!(measured.iter().any(|measured| measured.metric == metric), "{} is not measured", metric.name);
    }
    for measured in &measured {
        let names: Vec<_> = measured.labels.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, measured.metric.labels, "{}", measured.metric.name);
        assert!(measured.labels.iter().all(|(_, value)| !value.is_empty() && value.len() < 24), "{measured:?}");
        let fits = match measured.value {
            MeasuredValue::Count(_) => measured.metric.kind == MetricKind::Counter,
            MeasuredValue::Level(_) => measured.metric.kind == MetricKind::Gauge,
            _ => measured.metric.kind == MetricKind::Histogram,
        };
        assert!(fits, "{measured:?}");
    }
    drop(rebuild);
    runner.stop().await.unwrap();
}
