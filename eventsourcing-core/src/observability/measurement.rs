//! The values of all metrics of an application, from its numbers.

use super::metric::{
    APPLICATION, BATCHES, CACHE, CACHE_RESULT, CAUSE, COMMAND_RESULT, COMMANDS, CONFLICTS, CONSUMED, CONSUMER,
    DEAD_LETTERS, EVENTS, LAG_EVENTS, LAG_TIME, LOCK_WAIT, LOG_POSITION, MESSAGING_OPERATION, MESSAGING_SYSTEM, Metric,
    OPERATION, OPERATIONS, OUTCOME_UNKNOWN, PARKED, PROCESSED, QUEUE, QUEUE_WAIT, REBUILD, REFUSED, RETRIES, SAVES,
    SNAPSHOT_RESULT, SNAPSHOTS, STATE, SUBSCRIPTION_ITEMS, SUBSCRIPTIONS, SYSTEM, TRANSACTIONS, UPSTREAM,
};
use crate::application::ApplicationStats;
use crate::stats::{ConsumerStats, Durations, Sizes};

/// A value of a metric, with its labels.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Measurement {
    /// The metric.
    pub metric: &'static Metric,
    /// The labels, in the order of [`Metric::labels`].
    pub labels: Vec<(&'static str, String)>,
    /// The value.
    pub value: MeasuredValue,
}

/// The value of a metric.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum MeasuredValue {
    /// The number of a counter, since the application was opened.
    Count(u64),
    /// The level of a gauge.
    Level(f64),
    /// A histogram of sizes.
    Sizes(Sizes),
    /// A histogram of durations, whose metric is in seconds.
    Durations(Durations),
}

impl ApplicationStats {
    /// Returns the values of all [metrics](crate::observability::METRICS), for a library of metrics that has no bridge.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// use eventsourcing::Application;
    /// use eventsourcing::observability::MeasuredValue;
    ///
    /// let orders = Application::builder("Orders").open()?;
    /// for measured in orders.stats().measurements() {
    ///     match measured.value {
    ///         MeasuredValue::Count(count) => println!("{} {:?} {count}", measured.metric.name, measured.labels),
    ///         MeasuredValue::Level(level) => println!("{} {:?} {level}", measured.metric.name, measured.labels),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok::<(), eventsourcing::Error>(())
    /// ```
    pub fn measurements(&self) -> Vec<Measurement> {
        let mut all = Measured { stats: self, all: Vec::with_capacity(40) };
        all.of_saves();
        all.of_recorder();
        all.of_reads();
        self.consumers.iter().for_each(|consumer| all.of_consumer(consumer));
        all.all
    }
}

/// The measurements while they are gathered.
struct Measured<'a> {
    stats: &'a ApplicationStats,
    all: Vec<Measurement>,
}

impl Measured<'_> {
    fn of_saves(&mut self) {
        let stats = self.stats;
        self.count(&SAVES, &[], stats.saves);
        self.count(&EVENTS, &[], stats.events);
        for (cause, saves) in stats.refused.by_cause() {
            self.count(&REFUSED, &[(CAUSE, cause)], saves);
        }
        self.count(&CONFLICTS, &[], stats.refused.conflicts);
        self.count(&OUTCOME_UNKNOWN, &[], stats.outcome_unknown);
        let commands = &stats.commands;
        for (result, number) in
            [("recorded", commands.recorded), ("repeated", commands.repeated), ("reused", commands.reused)]
        {
            self.count(&COMMANDS, &[(COMMAND_RESULT, result)], number);
        }
    }

    fn of_recorder(&mut self) {
        let stats = self.stats;
        let recorder = &stats.recorder;
        self.level(&LOG_POSITION, number(stats.last_id));
        self.level(&QUEUE, number(recorder.queued_saves));
        self.add(&BATCHES, &[], MeasuredValue::Sizes(recorder.batch_sizes.clone()));
        self.add(&QUEUE_WAIT, &[], MeasuredValue::Durations(recorder.queue_wait.clone()));
        if let Some(lock_wait) = &recorder.lock_wait {
            self.add(&LOCK_WAIT, &[], MeasuredValue::Durations(lock_wait.clone()));
        }
        self.add(&TRANSACTIONS, &[], MeasuredValue::Durations(recorder.transactions.clone()));
        for (operation, durations) in [("append", &stats.append), ("load", &stats.load), ("read", &stats.read)] {
            let system = if recorder.system.is_empty() { "other_sql" } else { recorder.system };
            let labels = [(SYSTEM, system), (OPERATION, operation)];
            self.add(&OPERATIONS, &labels, MeasuredValue::Durations(durations.clone()));
        }
    }

    fn of_reads(&mut self) {
        let ApplicationStats { cache, snapshots, subscriptions, .. } = self.stats;
        for (result, reads) in [("hit", cache.hits), ("miss", cache.misses)] {
            self.count(&CACHE, &[(CACHE_RESULT, result)], reads);
        }
        for (result, number) in [
            ("taken", snapshots.taken),
            ("used", snapshots.used),
            ("missed", snapshots.missed),
            ("skipped", snapshots.skipped),
            ("failed", snapshots.failed),
        ] {
            self.count(&SNAPSHOTS, &[(SNAPSHOT_RESULT, result)], number);
        }
        self.level(&SUBSCRIPTIONS, number(subscriptions.open));
        self.count(&SUBSCRIPTION_ITEMS, &[], subscriptions.items);
    }

    /// A rebuild has the name of the live version beside it, so it has a metric of its own and none of the others.
    fn of_consumer(&mut self, consumer: &ConsumerStats) {
        if consumer.is_rebuild {
            return self.of(consumer, &REBUILD, MeasuredValue::Level(consumer.part_done()));
        }
        self.of(consumer, &CONSUMED, MeasuredValue::Count(consumer.events));
        self.of(consumer, &PROCESSED, MeasuredValue::Durations(consumer.batches.clone()));
        self.of(consumer, &LAG_EVENTS, MeasuredValue::Level(number(consumer.lag())));
        if let Some(behind_for) = consumer.behind_for {
            self.of(consumer, &LAG_TIME, MeasuredValue::Level(behind_for.as_secs_f64()));
        }
        self.of(consumer, &STATE, MeasuredValue::Level(f64::from(consumer.state.number())));
        self.of(consumer, &RETRIES, MeasuredValue::Count(consumer.retries));
        self.of(consumer, &PARKED, MeasuredValue::Count(consumer.parked));
        if let Some(letters) = consumer.dead_letters {
            self.of(consumer, &DEAD_LETTERS, MeasuredValue::Level(number(letters)));
        }
    }

    fn count(&mut self, metric: &'static Metric, labels: &[(&'static str, &str)], count: u64) {
        self.add(metric, labels, MeasuredValue::Count(count));
    }

    fn level(&mut self, metric: &'static Metric, level: f64) {
        self.add(metric, &[], MeasuredValue::Level(level));
    }

    /// Adds a value of the application with these labels beside its name.
    fn add(&mut self, metric: &'static Metric, labels: &[(&'static str, &str)], value: MeasuredValue) {
        self.push(metric, value, |label| match label {
            APPLICATION => Some(&self.stats.application),
            label => labels.iter().find(|(name, _)| *name == label).map(|(_, value)| *value),
        });
    }

    fn of(&mut self, consumer: &ConsumerStats, metric: &'static Metric, value: MeasuredValue) {
        self.push(metric, value, |label| match label {
            UPSTREAM => Some(&consumer.upstream),
            CONSUMER => Some(consumer.name),
            MESSAGING_SYSTEM => Some("eventsourcing"),
            MESSAGING_OPERATION => Some("process"),
            _ => None,
        });
    }

    fn push<'v>(
        &mut self,
        metric: &'static Metric,
        value: MeasuredValue,
        label: impl Fn(&'static str) -> Option<&'v str>,
    ) {
        let labels = metric.labels.iter().filter_map(|name| Some((*name, label(name)?.to_owned()))).collect();
        self.all.push(Measurement { metric, labels, value });
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge needs no more digits")]
fn number(number: u64) -> f64 {
    number as f64
}
