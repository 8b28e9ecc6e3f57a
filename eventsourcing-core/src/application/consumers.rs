//! The consumers of an application's log that run in this process, and what they count.

use std::fmt;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;

use super::handle::Shared;

use crate::stats::{ConsumerState, ConsumerStats, Histogram};

/// Counts dead letters, wherever they are stored; none if they cannot be counted now.
pub(crate) type LookAtLetters = Box<dyn Fn() -> BoxFuture<'static, Option<u64>> + Send + Sync>;

/// The runners of an application's log.
#[derive(Debug, Default)]
pub(crate) struct Consumers(Mutex<Vec<Arc<Consumer>>>);

/// A runner that is among the consumers of its upstream application until this is dropped.
pub(crate) struct Listed {
    upstream: Arc<Shared>,
    consumer: Arc<Consumer>,
}

/// A runner of a log: what it has done.
pub(crate) struct Consumer {
    name: &'static str,
    upstream: Arc<str>,
    is_rebuild: bool,
    letters: LookAtLetters,
    position: AtomicU64,
    state: AtomicU8,
    events: AtomicU64,
    batches: Histogram,
    retries: AtomicU64,
    parked: AtomicU64,
    looked: Mutex<Looked>,
}

/// What was found in the databases when the readiness was last asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Looked {
    pub(super) behind_for: Option<Duration>,
    pub(super) dead_letters: Option<u64>,
}

impl Consumers {
    /// In the order in which they were started.
    pub(super) fn all(&self) -> Vec<Arc<Consumer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Listed {
    pub(crate) fn new(upstream: Arc<Shared>, consumer: Arc<Consumer>) -> Self {
        upstream.counters.consumers.0.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&consumer));
        Self { upstream, consumer }
    }

    /// What the runner has done, with the log as far as this process knows it.
    pub(crate) fn stats(&self) -> ConsumerStats {
        self.consumer.stats(self.upstream.counters.last())
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        let mut consumers = self.upstream.counters.consumers.0.lock().unwrap_or_else(PoisonError::into_inner);
        consumers.retain(|consumer| !Arc::ptr_eq(consumer, &self.consumer));
    }
}

impl Consumer {
    pub(crate) fn new(name: &'static str, upstream: Arc<str>, is_rebuild: bool, letters: LookAtLetters) -> Self {
        Self {
            name,
            upstream,
            is_rebuild,
            letters,
            position: AtomicU64::new(0),
            state: AtomicU8::new(ConsumerState::Running.number()),
            events: AtomicU64::new(0),
            batches: Histogram::new(),
            retries: AtomicU64::new(0),
            parked: AtomicU64::new(0),
            looked: Mutex::default(),
        }
    }

    pub(crate) fn moved_to(&self, position: u64) {
        self.position.store(position, Relaxed);
    }

    pub(crate) fn is_now(&self, state: ConsumerState) {
        self.state.store(state.number(), Relaxed);
    }

    /// Notes that the task ended, unless it said why.
    pub(crate) fn has_ended(&self) {
        if !matches!(self.state(), ConsumerState::Failed) {
            self.is_now(ConsumerState::Stopped);
        }
    }

    pub(crate) fn handled(&self, events: usize, took: Duration) {
        self.events.fetch_add(u64::try_from(events).unwrap_or(u64::MAX), Relaxed);
        self.batches.record_duration(took);
    }

    pub(crate) fn retries(&self) {
        self.retries.fetch_add(1, Relaxed);
    }

    pub(crate) fn parked(&self) {
        self.events.fetch_add(1, Relaxed);
        self.parked.fetch_add(1, Relaxed);
    }

    pub(super) fn position(&self) -> u64 {
        self.position.load(Relaxed)
    }

    pub(super) async fn count_letters(&self) -> Option<u64> {
        (self.letters)().await
    }

    /// Keeps what was found, and what was found earlier of the rest.
    pub(super) fn note(&self, found: Looked) {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        looked.behind_for = found.behind_for.or(looked.behind_for);
        looked.dead_letters = found.dead_letters.or(looked.dead_letters);
    }

    /// What it has done, with a log that reaches this notification id.
    pub(crate) fn stats(&self, last: u64) -> ConsumerStats {
        let looked = *self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let position = self.position();
        let last = last.max(position);
        ConsumerStats {
            name: self.name,
            upstream: Arc::clone(&self.upstream),
            is_rebuild: self.is_rebuild,
            state: self.state(),
            position,
            last,
            behind_for: if position == last { Some(Duration::ZERO) } else { looked.behind_for },
            events: self.events.load(Relaxed),
            batches: self.batches.durations(),
            retries: self.retries.load(Relaxed),
            parked: self.parked.load(Relaxed),
            dead_letters: looked.dead_letters,
        }
    }

    fn state(&self) -> ConsumerState {
        let number = self.state.load(Relaxed);
        ConsumerState::ALL.into_iter().find(|state| state.number() == number).unwrap_or_default()
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("name", &self.name).field("upstream", &self.upstream).finish_non_exhaustive()
    }
}
