//! The state that a worker publishes to its runner.

use std::time::Instant;

use tokio::sync::watch;

use crate::projection::{Progress, RunnerError};

/// The state that a worker publishes to its runner.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) position: u64,
    pub(super) progress: Progress,
    pub(super) last_error: Option<RunnerError>,
    /// The start of the current transaction.
    pub(super) handling_since: Option<Instant>,
}

impl State {
    pub(super) fn running(publish: &watch::Sender<Self>, position: u64) {
        publish.send_modify(|state| {
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

    pub(super) fn retrying(publish: &watch::Sender<Self>, error: RunnerError) {
        publish.send_modify(|state| {
            state.progress = Progress::Retrying(error.clone());
            state.last_error = Some(error);
        });
    }

    /// Publishes that the worker has ended, and why.
    pub(super) fn ended(publish: &watch::Sender<Self>, outcome: Result<(), RunnerError>) {
        publish.send_modify(|state| match outcome {
            Ok(()) => state.progress = Progress::Stopped,
            Err(error) => {
                if error.is_of_a_switch() {
                    tracing::info!(%error, "a projection runner ended");
                } else {
                    tracing::error!(%error, "a projection runner stopped");
                }
                state.progress = Progress::Failed(error.clone());
                state.last_error = Some(error);
            }
        });
    }
}
