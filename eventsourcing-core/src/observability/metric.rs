//! All metrics: their names, kinds, units and labels.

/// A metric of an application.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Metric {
    /// The name. Prometheus has underscores in place of the points, and a suffix for the unit and for counters.
    pub name: &'static str,
    /// The kind.
    pub kind: MetricKind,
    /// The unit, as OpenTelemetry writes it: `s` for seconds, words in braces for what is counted, empty for a part of one.
    pub unit: &'static str,
    /// What it says.
    pub description: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// The limits of the buckets that suit it, if it is a histogram.
    pub boundaries: &'static [f64],
}

/// The kind of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricKind {
    /// A number that only grows while the application is open.
    Counter,
    /// A number that grows and falls.
    Gauge,
    /// A distribution of sizes or of durations in seconds.
    Histogram,
}

pub(super) const APPLICATION: &str = "eventsourcing.application";
pub(super) const CAUSE: &str = "error.type";
pub(super) const CACHE_RESULT: &str = "eventsourcing.cache.result";
pub(super) const SNAPSHOT_RESULT: &str = "eventsourcing.snapshot.result";
pub(super) const COMMAND_RESULT: &str = "eventsourcing.command.result";
pub(super) const SYSTEM: &str = "db.system.name";
pub(super) const OPERATION: &str = "db.operation.name";
pub(super) const MESSAGING_SYSTEM: &str = "messaging.system";
pub(super) const MESSAGING_OPERATION: &str = "messaging.operation.name";
pub(super) const UPSTREAM: &str = "messaging.destination.name";
pub(super) const CONSUMER: &str = "messaging.consumer.group.name";

const OF_APPLICATION: &[&str] = &[APPLICATION];
const OF_CONSUMER: &[&str] = &[UPSTREAM, CONSUMER];
const OF_MESSAGES: &[&str] = &[MESSAGING_SYSTEM, MESSAGING_OPERATION, UPSTREAM, CONSUMER];

/// The limits that the semantic conventions recommend for databases, in seconds.
const OF_DATABASES: &[f64] = &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
/// The limits that the semantic conventions recommend for messages, in seconds.
const OF_MESSAGING: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
const OF_BATCHES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0];

const fn counter(
    name: &'static str,
    unit: &'static str,
    labels: &'static [&'static str],
    description: &'static str,
) -> Metric {
    Metric { name, kind: MetricKind::Counter, unit, description, labels, boundaries: &[] }
}

const fn gauge(
    name: &'static str,
    unit: &'static str,
    labels: &'static [&'static str],
    description: &'static str,
) -> Metric {
    Metric { name, kind: MetricKind::Gauge, unit, description, labels, boundaries: &[] }
}

const fn histogram(
    name: &'static str,
    unit: &'static str,
    labels: &'static [&'static str],
    boundaries: &'static [f64],
    description: &'static str,
) -> Metric {
    Metric { name, kind: MetricKind::Histogram, unit, description, labels, boundaries }
}

/// All metrics, in the order of the guide.
pub const METRICS: &[Metric] = &[
    LOG_POSITION,
    SAVES,
    EVENTS,
    REFUSED,
    CONFLICTS,
    OUTCOME_UNKNOWN,
    QUEUE,
    BATCHES,
    QUEUE_WAIT,
    LOCK_WAIT,
    TRANSACTIONS,
    OPERATIONS,
    CACHE,
    SNAPSHOTS,
    COMMANDS,
    SUBSCRIPTIONS,
    SUBSCRIPTION_ITEMS,
    CONSUMED,
    PROCESSED,
    LAG_EVENTS,
    LAG_TIME,
    STATE,
    RETRIES,
    PARKED,
    DEAD_LETTERS,
    REBUILD,
];

pub(super) const LOG_POSITION: Metric = gauge(
    "eventsourcing.log.position",
    "{event}",
    OF_APPLICATION,
    "The last notification id of the log that the process knows of",
);
pub(super) const SAVES: Metric = counter("eventsourcing.saves", "{save}", OF_APPLICATION, "Saves that were recorded");
pub(super) const EVENTS: Metric =
    counter("eventsourcing.events", "{event}", OF_APPLICATION, "Events that were recorded");
pub(super) const REFUSED: Metric =
    counter("eventsourcing.append.refused", "{save}", &[APPLICATION, CAUSE], "Saves that recorded nothing, by cause");
pub(super) const CONFLICTS: Metric = counter(
    "eventsourcing.append.conflicts",
    "{save}",
    OF_APPLICATION,
    "Saves that were refused because another writer recorded the version first",
);
pub(super) const OUTCOME_UNKNOWN: Metric = counter(
    "eventsourcing.append.outcome_unknown",
    "{save}",
    OF_APPLICATION,
    "Saves of which it is unknown whether they are recorded",
);
pub(super) const QUEUE: Metric =
    gauge("eventsourcing.append.queue.saves", "{save}", OF_APPLICATION, "Saves that wait for a transaction");
pub(super) const BATCHES: Metric =
    histogram("eventsourcing.append.batch.saves", "{save}", OF_APPLICATION, OF_BATCHES, "Saves of a transaction");
pub(super) const QUEUE_WAIT: Metric = histogram(
    "eventsourcing.append.queue.wait",
    "s",
    OF_APPLICATION,
    OF_DATABASES,
    "How long saves waited for their transaction to begin",
);
pub(super) const LOCK_WAIT: Metric = histogram(
    "eventsourcing.append.lock.wait",
    "s",
    OF_APPLICATION,
    OF_DATABASES,
    "How long transactions waited for the lock of the writer, in SQLite",
);
pub(super) const TRANSACTIONS: Metric = histogram(
    "eventsourcing.append.transaction.duration",
    "s",
    OF_APPLICATION,
    OF_DATABASES,
    "How long transactions that append took",
);
pub(super) const OPERATIONS: Metric = histogram(
    "db.client.operation.duration",
    "s",
    &[SYSTEM, OPERATION, APPLICATION],
    OF_DATABASES,
    "How long appends, loads of aggregates and reads of the log took",
);
pub(super) const CACHE: Metric = counter(
    "eventsourcing.cache.reads",
    "{read}",
    &[APPLICATION, CACHE_RESULT],
    "Reads of aggregates through the cache: hits and misses",
);
pub(super) const SNAPSHOTS: Metric = counter(
    "eventsourcing.snapshots",
    "{snapshot}",
    &[APPLICATION, SNAPSHOT_RESULT],
    "Snapshots that were taken, used, missed, skipped, or failed",
);
pub(super) const COMMANDS: Metric = counter(
    "eventsourcing.commands",
    "{command}",
    &[APPLICATION, COMMAND_RESULT],
    "Commands with an id that were recorded, repeated, or reused with other content",
);
pub(super) const SUBSCRIPTIONS: Metric =
    gauge("eventsourcing.subscriptions", "{subscription}", OF_APPLICATION, "Subscriptions that are open");
pub(super) const SUBSCRIPTION_ITEMS: Metric =
    counter("eventsourcing.subscription.items", "{event}", OF_APPLICATION, "Items that subscriptions have read");
pub(super) const CONSUMED: Metric = counter(
    "messaging.client.consumed.messages",
    "{message}",
    OF_MESSAGES,
    "Events that a consumer has handled or parked",
);
pub(super) const PROCESSED: Metric = histogram(
    "messaging.process.duration",
    "s",
    OF_MESSAGES,
    OF_MESSAGING,
    "How long a consumer's transactions took, with their handlers",
);
pub(super) const LAG_EVENTS: Metric = gauge(
    "eventsourcing.consumer.lag.events",
    "{event}",
    OF_CONSUMER,
    "Notifications that a consumer has still to process",
);
pub(super) const LAG_TIME: Metric = gauge(
    "eventsourcing.consumer.lag.time",
    "s",
    OF_CONSUMER,
    "The age of the first event that a consumer has not processed",
);
pub(super) const STATE: Metric = gauge(
    "eventsourcing.consumer.state",
    "",
    OF_CONSUMER,
    "Whether a consumer runs: 0 running, 1 retrying, 2 stopped, 3 failed",
);
pub(super) const RETRIES: Metric = counter(
    "eventsourcing.consumer.retries",
    "{attempt}",
    OF_CONSUMER,
    "Attempts of a consumer that failed and were followed by another one",
);
pub(super) const PARKED: Metric = counter(
    "eventsourcing.consumer.parked",
    "{event}",
    OF_CONSUMER,
    "Events that a consumer parked because their handler refused them",
);
pub(super) const DEAD_LETTERS: Metric =
    gauge("eventsourcing.dead_letters", "{letter}", OF_CONSUMER, "Dead letters of a consumer");
pub(super) const REBUILD: Metric = gauge(
    "eventsourcing.rebuild.progress",
    "",
    OF_CONSUMER,
    "How much of the log a rebuild has processed, from 0 to 1",
);
