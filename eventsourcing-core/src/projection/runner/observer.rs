//! The status of a runner for tools, which neither own the runner nor know its types.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::progress::State;
use crate::Result;
use crate::application::Shared;
use crate::projection::{AnyDeadLetters, DeadLetterError, Progress, ProjectionKey, RunnerError, Status};
use crate::recording::{Notification, NotificationQuery};

/// Shows the status of a [`ProjectionRunner`](crate::ProjectionRunner) to tools, without its types and without keeping it alive.
///
/// [`ProjectionRunner::observer`](crate::ProjectionRunner::observer) and
/// [`SystemRunner::observers`](crate::system::SystemRunner::observers) return it. After the runner was stopped or dropped, the status says so.
#[derive(Clone)]
pub struct RunnerObserver {
    pub(super) name: &'static str,
    pub(super) upstream: Arc<str>,
    pub(super) shared: Arc<Shared>,
    pub(super) letters: AnyDeadLetters,
    pub(super) state: watch::Receiver<State>,
    pub(super) task: AbortHandle,
}

impl RunnerObserver {
    /// The name of the projection or the policy.
    pub fn name(&self) -> &str {
        self.name
    }

    /// The version of the projection.
    pub fn version(&self) -> u32 {
        ProjectionKey::parse(self.letters.key()).version
    }

    /// The name of the application whose log is processed.
    pub fn upstream(&self) -> &str {
        &self.upstream
    }

    /// The dead letters of the projection from the upstream application, handled by the runner's own projection.
    pub fn dead_letters(&self) -> AnyDeadLetters {
        self.letters.clone()
    }

    /// The position, lag and errors of the runner.
    ///
    /// # Errors
    /// [`RunnerError::Upstream`] if the log cannot be read; [`RunnerError::View`] if dead letters cannot be counted.
    pub async fn status(&self) -> Result<Status, RunnerError> {
        // read first, so that the last state that the task published is not missed
        let is_finished = self.task.is_finished();
        let State { position, mut progress, last_error, handling_since, .. } = self.state.borrow().clone();
        let (last, next) = self.look(position).await.map_err(|error| RunnerError::Upstream {
            name: self.name,
            upstream: Arc::clone(&self.upstream),
            source: Arc::new(error),
        })?;
        let dead_letters = self.letters.count().await.map_err(|error| match error {
            DeadLetterError::Runner(error) => error,
            // no other error concerns all letters
            _ => RunnerError::Stopped { name: self.name },
        })?;
        // with a clock that was set back, or that of another machine, an event may seem to be in the future
        let behind_for =
            next.and_then(|next| Timestamp::now().duration_since(next).try_into().ok()).unwrap_or_default();
        if is_finished && !matches!(progress, Progress::Failed(_)) {
            progress = Progress::Stopped;
        }
        let handling_for = handling_since.filter(|_| !is_finished).map(|since| since.elapsed());
        Ok(Status { position, last, behind_for, dead_letters, handling_for, progress, last_error })
    }

    /// The last notification id, and the timestamp of the first unprocessed event.
    async fn look(&self, position: u64) -> Result<(u64, Option<Timestamp>)> {
        let last = self.shared.last_id().await?;
        let next = self.shared.recorder.select_notifications(NotificationQuery::after(position, 1)).await?;
        let read = |next: &Notification| {
            let next = next.as_ref();
            self.shared.mapper.read_timestamp(&next.location(), next.state, next.checksum).ok()
        };
        Ok((last, next.first().and_then(read)))
    }
}

impl fmt::Debug for RunnerObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunnerObserver")
            .field("projection", &self.name)
            .field("upstream", &self.upstream)
            .finish_non_exhaustive()
    }
}
