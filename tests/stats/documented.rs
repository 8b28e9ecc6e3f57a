//! The documentation, the dashboard and the alerts name the metrics and the spans that there are.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use eventsourcing::observability::{METRICS, MetricKind};

use crate::bridges::in_prometheus;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The cells of the rows of a table whose first cell is code.
fn rows<'t>(text: &'t str, heading: &str) -> Vec<Vec<&'t str>> {
    let section = text.split(heading).nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

#[test]
fn the_guide_lists_all_metrics_as_they_are() {
    let text = read("docs/operations/monitoring.md");
    let documented: Vec<Vec<&str>> = rows(&text, "## Metrics");
    let expected: Vec<Vec<String>> = METRICS
        .iter()
        .map(|metric| {
            let kind = match metric.kind {
                MetricKind::Counter => "counter",
                MetricKind::Gauge => "gauge",
                _ => "histogram",
            };
            let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
            let unit = if metric.unit.is_empty() { String::new() } else { format!("`{}`", metric.unit) };
            vec![format!("`{}`", metric.name), kind.into(), unit, labels.join(", "), metric.description.into()]
        })
        .collect();
    let table: String = expected.iter().map(|row| format!("| {} |\n", row.join(" | "))).collect();
    assert!(documented == expected, "the table of metrics in docs/operations/monitoring.md is to be\n{table}");
}

/// What a text names that looks like a metric or a label of one.
fn named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|char: char| !(char.is_ascii_alphanumeric() || char == '_'));
    words.filter(|word| ["eventsourcing_", "messaging_", "db_"].iter().any(|start| word.starts_with(start))).collect()
}

fn check_names(path: &str, of: &str) -> usize {
    let metrics: Vec<String> = METRICS.iter().map(in_prometheus).collect();
    let labels: Vec<String> =
        METRICS.iter().flat_map(|metric| metric.labels).map(|label| label.replace('.', "_")).collect();
    let mut found = 0;
    for name in named(of) {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
        found += usize::from(metrics.iter().any(|metric| metric == base));
        let is_known = metrics.iter().any(|metric| metric == base) || labels.iter().any(|label| label == name);
        assert!(is_known, "{path} names `{name}`, which is no metric and no label");
    }
    found
}

#[test]
fn the_dashboard_shows_metrics_that_exist() {
    let path = "observability/dashboard.json";
    let text = read(path);
    let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let rows = panels.iter().filter(|panel| panel["type"] == "row").count();
    assert_eq!(rows, 6);
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let targets = panel["targets"].as_array().unwrap();
        for target in targets {
            let expression = target["expr"].as_str().unwrap();
            assert!(check_names(path, expression) > 0, "{} shows no metric: {expression}", panel["title"]);
        }
    }
    check_names(path, &text);
}

#[test]
fn alerts_ask_for_metrics_that_exist() {
    let path = "observability/alerts.yml";
    let text = read(path);
    let expressions: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).collect();
    assert!(expressions.len() >= 5, "{expressions:?}");
    for expression in expressions {
        assert!(check_names(path, expression) > 0, "{expression} asks for no metric");
    }
}

/// The twin: a name that does not exist is found.
#[test]
#[should_panic(expected = "is no metric and no label")]
fn a_name_that_does_not_exist_is_found() {
    check_names("a test", "rate(eventsourcing_saved_total[5m])");
}
