//! The runner: starts a worker for a projection, waits for it, and ends it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::de::IgnoredAny;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::Instrument as _;

use super::state::State;
use super::{Progress, Projection, RunnerBuilder, RunnerError, Status, Views};
use crate::application::{Application, Shared};
use crate::claims::Claim;
use crate::persistence::{LogPosition, Notification, NotificationQuery};
use crate::{Error, Result};

/// Lets a projection follow an application's log, on a task of its own.
///
/// What is there already is handled in large batches and, once it has caught up, each event as it comes. A batch is one transaction on
/// the view. If it fails, its events are handled one by one, so that all before the culprit are committed and the culprit is named.
/// Several processes may run the same projection: each batch is done by one of them.
///
/// Keep it as long as the projection is to run. Dropped, it ends at once, which is logged as a warning, and what is under way is as if it had
/// never been; [`stop`](Self::stop) lets it finish.
///
/// A projection of several applications has a runner for each.
#[must_use = "it follows only as long as it is kept: dropped here, it ends at once"]
pub struct ProjectionRunner {
    name: &'static str,
    upstream: Arc<str>,
    shared: Arc<Shared>,
    count_letters: CountLetters,
    state: watch::Receiver<State>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    /// None where it is not known which database the view is in.
    pub(super) _claim: Option<Claim>,
}

/// Counts dead letters, wherever they are.
pub(super) type CountLetters = Box<dyn Fn() -> BoxFuture<'static, Result<u64, RunnerError>> + Send + Sync>;

impl ProjectionRunner {
    /// A runner for this projection, with its view there, of this application's log.
    pub fn of<P, V>(upstream: &Application, projection: P, views: V) -> RunnerBuilder<P, V>
    where
        P: Projection,
        V: Views<View = P::View>,
    {
        RunnerBuilder::new(Arc::clone(&upstream.shared), projection, views)
    }

    /// Starts as [`of`](Self::of) with the defaults.
    ///
    /// # Errors
    /// As [`RunnerBuilder::start`].
    pub async fn start<P, V>(upstream: &Application, projection: P, views: V) -> Result<Self, RunnerError>
    where
        P: Projection,
        V: Views<View = P::View>,
    {
        Self::of(upstream, projection, views).start().await
    }

    pub(super) fn spawn(
        runtime: &Handle,
        name: &'static str,
        shared: Arc<Shared>,
        count_letters: CountLetters,
        state: watch::Receiver<State>,
        stop: watch::Sender<bool>,
        running: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        let upstream: Arc<str> = Arc::from(shared.name.as_str());
        let span = tracing::info_span!("follow", follower = name, upstream = %upstream);
        let task = runtime.spawn(running.instrument(span));
        Self { name, upstream, shared, count_letters, state, stop, task, _claim: None }
    }

    /// Waits until the log is processed up to this notification id, so that whoever recorded it finds it in the view.
    ///
    /// # Errors
    /// [`RunnerError::NotThereYet`] if it takes longer than that; the runner's own error if it gave up; [`RunnerError::Stopped`]
    /// if it was stopped.
    pub async fn wait_for(&self, position: u64, longest: Duration) -> Result<(), RunnerError> {
        let mut state = self.state.clone();
        let is_over = |state: &State| {
            state.position >= position || matches!(state.progress, Progress::Stopped | Progress::Failed(_))
        };
        let stopped = || RunnerError::Stopped { name: self.name };
        match timeout(longest, state.wait_for(is_over)).await {
            Ok(Ok(state)) if state.position >= position => Ok(()),
            Ok(Ok(state)) => match &state.progress {
                Progress::Failed(error) => Err(error.clone()),
                _ => Err(stopped()),
            },
            // its task is gone, with its runtime
            Ok(Err(_)) => Err(stopped()),
            Err(_) => Err(RunnerError::NotThereYet {
                name: self.name,
                upstream: Arc::clone(&self.upstream),
                wanted: position,
                position: self.state.borrow().position,
                waited: longest,
            }),
        }
    }

    /// How far it is, and how it fares.
    ///
    /// # Errors
    /// [`RunnerError::Upstream`] if the log cannot be looked at; [`RunnerError::View`] if dead letters cannot be counted.
    pub async fn status(&self) -> Result<Status, RunnerError> {
        // first, so that what a task said in the end is not overlooked
        let is_finished = self.task.is_finished();
        let State { position, mut progress, last_error, handling_since } = self.state.borrow().clone();
        let (last, next) = self.look(position).await.map_err(|error| self.upstream_error(error))?;
        let dead_letters = (self.count_letters)().await?;
        // a clock that went back, or is another's, is no reason to be ahead
        let behind_for =
            next.and_then(|next| Timestamp::now().duration_since(next).try_into().ok()).unwrap_or_default();
        if is_finished && !matches!(progress, Progress::Failed(_)) {
            progress = Progress::Stopped;
        }
        let handling_for = handling_since.filter(|_| !is_finished).map(|since| since.elapsed());
        Ok(Status { position, last, behind_for, dead_letters, handling_for, progress, last_error })
    }

    /// The application whose log it follows.
    pub(super) fn upstream(&self) -> &str {
        &self.upstream
    }

    /// Up to where it knows the log to be processed.
    pub(super) fn position(&self) -> u64 {
        self.state.borrow().position
    }

    /// The last notification id, and when the first event happened that is not processed.
    async fn look(&self, position: u64) -> Result<(u64, Option<Timestamp>)> {
        let last = self.shared.last_id().await?;
        let next = self.shared.recorder.select_notifications(NotificationQuery::after(position, 1)).await?;
        let read = |next: &Notification| {
            let next = next.as_ref();
            let read = self.shared.mapper.read_struct::<IgnoredAny>(&next.place(), next.state, next.checksum);
            read.ok().map(|(_, timestamp)| timestamp)
        };
        Ok((last, next.first().and_then(read)))
    }

    /// The last id of its log, if that has no such position: it is another than the one that the position is of.
    pub(super) async fn end_without(&self, position: LogPosition) -> Result<Option<u64>, RunnerError> {
        let recorder = &self.shared.recorder;
        let look = async {
            let next = recorder.select_notifications(NotificationQuery::after(position, 1)).await.map_err(Error::from);
            let last = recorder.last_position().await?.id;
            match next {
                Ok(next) => Ok((next.is_empty() && last < position.id).then_some(last)),
                Err(error) if error.is_another_log() => Ok(Some(last)),
                Err(error) => Err(error),
            }
        };
        look.await.map_err(|error| self.upstream_error(error))
    }

    pub(crate) fn upstream_error(&self, error: Error) -> RunnerError {
        RunnerError::Upstream { name: self.name, upstream: Arc::clone(&self.upstream), source: Arc::new(error) }
    }

    pub(crate) fn ask_to_stop(&self) {
        self.stop.send_replace(true);
    }

    /// Lets it finish what is under way, and ends it.
    ///
    /// # Errors
    /// The error after which it had given up before.
    pub async fn stop(mut self) -> Result<(), RunnerError> {
        self.ask_to_stop();
        // a panic is none of a handler's: those are caught
        let ended = (&mut self.task).await;
        match &self.state.borrow().progress {
            Progress::Failed(error) => Err(error.clone()),
            _ if ended.is_err() => Err(RunnerError::Stopped { name: self.name }),
            _ => Ok(()),
        }
    }
}

impl Drop for ProjectionRunner {
    fn drop(&mut self) {
        let is_over = *self.stop.borrow() || self.task.is_finished();
        if !is_over && !std::thread::panicking() {
            let position = self.position();
            tracing::warn!(
                follower = self.name,
                upstream = %self.upstream,
                position,
                "a runner was dropped without `stop`, and follows no longer"
            );
        }
        self.task.abort();
    }
}

impl fmt::Debug for ProjectionRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, upstream, state, .. } = self;
        let state = state.borrow();
        f.debug_struct("ProjectionRunner")
            .field("projection", name)
            .field("upstream", upstream)
            .field("position", &state.position)
            .field("progress", &state.progress)
            .finish_non_exhaustive()
    }
}
