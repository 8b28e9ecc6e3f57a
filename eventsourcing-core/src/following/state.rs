//! What a worker tells its runner.

use std::time::Instant;

use tokio::sync::watch;

use super::{Progress, RunnerError};

/// What a worker tells its runner.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) position: u64,
    pub(super) progress: Progress,
    pub(super) last_error: Option<RunnerError>,
    /// When the transaction began that is under way.
    pub(super) handling_since: Option<Instant>,
}

impl State {
    pub(super) fn following(publish: &watch::Sender<Self>, position: u64) {
        publish.send_modify(|state| {
            state.position = position;
            state.progress = Progress::Following;
        });
    }

    /// A transaction begins or is over, which nobody waits for.
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

    /// Says that it is over, and why.
    pub(super) fn ended(publish: &watch::Sender<Self>, outcome: Result<(), RunnerError>) {
        publish.send_modify(|state| match outcome {
            Ok(()) => state.progress = Progress::Stopped,
            Err(error) => {
                if error.is_of_a_switch() {
                    tracing::info!(%error, "a follower ends");
                } else {
                    tracing::error!(%error, "a follower stops");
                }
                state.progress = Progress::Failed(error.clone());
                state.last_error = Some(error);
            }
        });
    }
}
