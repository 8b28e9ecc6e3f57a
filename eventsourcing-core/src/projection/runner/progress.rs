//! The state that a worker publishes to its runner.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::application::Consumer;
use crate::projection::{Progress, RunnerError};
use crate::stats::ConsumerState;

/// The state that a worker publishes to its runner.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// What the runner counts.
    pub(super) consumer: Arc<Consumer>,
    pub(super) position: u64,
    pub(super) progress: Progress,
    pub(super) last_error: Option<RunnerError>,
    /// The start of the current transaction.
    pub(super) handling_since: Option<Instant>,
}

impl State {
    pub(super) fn new(consumer: Arc<Consumer>) -> Self {
        Self { consumer, position: 0, progress: Progress::default(), last_error: None, handling_since: None }
    }

    pub(super) fn running(publish: &watch::Sender<Self>, position: u64) {
        publish.send_modify(|state| {
            state.consumer.moved_to(position);
            state.consumer.is_now(ConsumerState::Running);
            state.position = position;
            state.progress = Progress::Running;
        });
    }

    /// Records the start or the end of a transaction, without waking waiters.
    pub(super) fn handling(publish: &watch::Sender<Self>, since: Option<Instant>) {
        publish.send_if_modified(|state| {
            state.handling_since = since;
            false
        });
    }

    /// Records that events were handled in a transaction that took this time, without waking waiters.
    pub(super) fn handled(publish: &watch::Sender<Self>, events: usize, took: Duration) {
        publish.borrow().consumer.handled(events, took);
    }

    /// Publishes the error after which an event was parked.
    pub(super) fn parked(publish: &watch::Sender<Self>, error: RunnerError) {
        publish.send_modify(|state| {
            state.consumer.parked();
            state.last_error = Some(error);
        });
    }

    pub(super) fn retrying(publish: &watch::Sender<Self>, error: RunnerError) {
        publish.send_modify(|state| {
            state.consumer.retries();
            state.consumer.is_now(ConsumerState::Retrying);
            state.progress = Progress::Retrying(error.clone());
            state.last_error = Some(error);
        });
    }

    /// Publishes that the worker has ended, and why.
    pub(super) fn ended(publish: &watch::Sender<Self>, outcome: Result<(), RunnerError>) {
        publish.send_modify(|state| match outcome {
            Ok(()) => {
                state.consumer.is_now(ConsumerState::Stopped);
                state.progress = Progress::Stopped;
            }
            Err(error) => {
                if error.is_of_a_switch() {
                    tracing::info!(%error, "a projection runner ended");
                } else {
                    tracing::error!(%error, "a projection runner stopped");
                }
                state.consumer.is_now(ConsumerState::Failed);
                state.progress = Progress::Failed(error.clone());
                state.last_error = Some(error);
            }
        });
    }
}
