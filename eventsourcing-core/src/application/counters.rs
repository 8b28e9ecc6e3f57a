//! What an application counts while it is open. Counting takes no lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::consumers::Consumers;
use super::handle::Shared;
use super::refused_saves::{Refusals, RefusedSaves};
use super::stats::SubscriptionStats;
use crate::Error;
use crate::recording::{Notification, StoredEvent};
use crate::stats::{Durations, Stopwatch, Tallied, Tallies, Timed};

/// The numbers of an application, as [`ApplicationStats`](super::ApplicationStats) shows them.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    tallies: Tallies,
    appends: Stopwatch,
    loads: Stopwatch,
    reads: Stopwatch,
    /// The pages that were read, or not.
    pages: AtomicU64,
    refusals: Refusals,
    outcome_unknown: AtomicU64,
    subscriptions: AtomicU64,
    items: AtomicU64,
    pub(crate) consumers: Consumers,
}

/// A subscription that is open.
pub(crate) struct OpenSubscription(Arc<Shared>);

impl Counters {
    /// Begins to time an append, if it is one to be timed. Append ids are random, so a part of them is a sample.
    pub(super) fn begin_append(&self, events: &[StoredEvent]) -> Option<Timed> {
        match events.first() {
            Some(event) => self.appends.begin(u64::from(event.append_id.as_bytes()[15])),
            None => Some(Timed::now()),
        }
    }

    pub(super) fn recorded_append(&self, timed: Option<Timed>, recorded: &[Notification]) {
        let last = recorded.last().map_or(0, |last| last.id);
        self.tallies.saved(u64::try_from(recorded.len()).unwrap_or(u64::MAX), last);
        self.appends.end(timed);
    }

    pub(super) fn refused_append(&self, timed: Option<Timed>, error: &Error) {
        self.refusals.count(error);
        self.appends.end(timed);
    }

    pub(super) fn unknown_append(&self) {
        self.outcome_unknown.fetch_add(1, Relaxed);
    }

    /// Counts what was refused before it was sent to the recorder.
    pub(super) fn refused_early(&self, error: &Error) {
        self.refusals.count(error);
    }

    pub(super) fn begin_load(&self) -> Option<Timed> {
        self.loads.begin(self.tallies.loads_here())
    }

    pub(super) fn loaded(&self, timed: Option<Timed>) {
        self.tallies.loaded();
        self.loads.end(timed);
    }

    pub(crate) fn begin_page(&self) -> Option<Timed> {
        self.reads.begin(self.pages.fetch_add(1, Relaxed))
    }

    pub(crate) fn end_page(&self, timed: Option<Timed>) {
        self.reads.end(timed);
    }

    /// Notes that the log reaches this notification id.
    pub(crate) fn seen(&self, last: u64) {
        self.tallies.seen(last);
    }

    /// The last notification id that this process knows of.
    pub(crate) fn last(&self) -> u64 {
        self.tallies.all().last
    }

    pub(super) fn tallied(&self) -> Tallied {
        self.tallies.all()
    }

    pub(super) fn durations(&self) -> [Durations; 3] {
        [&self.appends, &self.loads, &self.reads].map(Stopwatch::durations)
    }

    pub(super) fn refused(&self) -> RefusedSaves {
        self.refusals.all()
    }

    pub(super) fn outcome_unknown(&self) -> u64 {
        self.outcome_unknown.load(Relaxed)
    }

    pub(super) fn subscriptions(&self) -> SubscriptionStats {
        SubscriptionStats { open: self.subscriptions.load(Relaxed), items: self.items.load(Relaxed) }
    }
}

impl OpenSubscription {
    pub(crate) fn of(shared: Arc<Shared>) -> Self {
        shared.counters.subscriptions.fetch_add(1, Relaxed);
        Self(shared)
    }

    /// Counts the items of a page.
    pub(crate) fn read(&self, items: usize) {
        self.0.counters.items.fetch_add(u64::try_from(items).unwrap_or(u64::MAX), Relaxed);
    }
}

impl Drop for OpenSubscription {
    fn drop(&mut self) {
        self.0.counters.subscriptions.fetch_sub(1, Relaxed);
    }
}
