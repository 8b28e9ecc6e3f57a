//! The projection runner's handle: waits for a position, reports the status, and stops the worker.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::Instrument as _;

use super::observer::RunnerObserver;
use super::progress::State;
use crate::application::{Application, Consumer, Listed, Shared};
use crate::name_claims::NameClaim;
use crate::projection::{AnyDeadLetters, Progress, Projection, RunnerBuilder, RunnerError, Status, Views};
use crate::recording::{LogPosition, NotificationQuery};
use crate::stats::ConsumerStats;
use crate::{Error, Result};

/// Runs a projection on an application's log, in a task of its own.
///
/// Events that are already recorded are handled in large batches, and new events as they are recorded. A batch is one transaction on
/// the view. If it fails, its events are handled one by one, so that the events before the failing one are committed and the error
/// names the failing one. Several processes may run the same projection: each batch is handled by one of them.
///
/// Keep the runner for as long as the projection should run. Dropping it ends the task at once and rolls back its current
/// transaction, which is logged as a warning; [`stop`](Self::stop) lets the task finish it.
///
/// A projection of several applications needs one runner for each.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use std::time::Duration;
///
/// use eventsourcing::projection::Recorded;
/// use eventsourcing::recording::Cause;
/// use eventsourcing::{Application, MemoryViews, Projection, ProjectionRunner};
/// # use eventsourcing::{StoredEvent, Uuid};
///
/// // `#[projection]` writes this from handlers that take events
/// struct Bookings;
///
/// impl Projection for Bookings {
///     type View = u64;
///     const NAME: &'static str = "bookings";
///     const TOPICS: &'static [&'static str] = &["Trip.Booked"];
///
///     async fn handle(&self, _topic: &str, events: &[Recorded<'_>], view: &mut u64) -> Result<(), Cause> {
///         *view += events.len() as u64;
///         Ok(())
///     }
/// }
///
/// # fn booked() -> StoredEvent {
/// #     let state = br#"{"timestamp":"2026-01-01T00:00:00.000000Z"}"#.to_vec();
/// #     StoredEvent::new(Uuid::new_v4(), 1, "Trip.Booked", state, Uuid::new_v4()).checksummed()
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let agency = Application::builder("Agency").open()?;
/// # agency.recorder().insert_events(vec![booked(), booked()]).await?;
/// let views = MemoryViews::new(0);
/// let runner = ProjectionRunner::start(&agency, Bookings, views.clone()).await?;
/// runner.wait_for(2, Duration::from_secs(5)).await?;
/// assert_eq!(views.read(|bookings| *bookings), 2);
/// runner.stop().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping the runner stops it; keep it for as long as the projection should run"]
pub struct ProjectionRunner {
    observer: RunnerObserver,
    listed: Listed,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    /// None if the views do not identify their database.
    pub(crate) _claim: Option<NameClaim>,
}

/// Notes that the task of a runner has ended, however it ends.
struct EndsWithTask(Arc<Consumer>);

impl Drop for EndsWithTask {
    fn drop(&mut self) {
        self.0.has_ended();
    }
}

impl ProjectionRunner {
    /// A builder of a runner for this projection, with its view in `views`, on this application's log.
    pub fn builder<P, V>(upstream: &Application, projection: P, views: V) -> RunnerBuilder<P, V>
    where
        P: Projection,
        V: Views<View = P::View>,
    {
        RunnerBuilder::new(Arc::clone(&upstream.shared), projection, views)
    }

    /// Starts a runner with the default options of [`builder`](Self::builder).
    ///
    /// # Errors
    /// The errors of [`RunnerBuilder::start`].
    // no `async fn`: the compiler would report a view or a projection of the wrong type three times
    pub fn start<P, V>(upstream: &Application, projection: P, views: V) -> BoxFuture<'static, Result<Self, RunnerError>>
    where
        P: Projection,
        V: Views<View = P::View>,
    {
        Box::pin(Self::builder(upstream, projection, views).start())
    }

    pub(super) fn spawn(
        runtime: &Handle,
        name: &'static str,
        shared: Arc<Shared>,
        letters: AnyDeadLetters,
        state: watch::Receiver<State>,
        stop: watch::Sender<bool>,
        running: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        let upstream: Arc<str> = Arc::from(shared.name.as_str());
        let span = tracing::info_span!("projection", projection = name, upstream = %upstream);
        let consumer = Arc::clone(&state.borrow().consumer);
        let listed = Listed::new(Arc::clone(&shared), Arc::clone(&consumer));
        let ended = EndsWithTask(consumer);
        let running = async move {
            running.await;
            drop(ended);
        };
        let task = runtime.spawn(running.instrument(span));
        let observer = RunnerObserver { name, upstream, shared, letters, state, task: task.abort_handle() };
        Self { observer, listed, stop, task, _claim: None }
    }

    /// Waits until the log is processed up to this notification id, so that the caller reads its own writes in the view.
    ///
    /// # Errors
    /// [`RunnerError::NotCaughtUp`] if it takes longer than `longest`; the runner's own error if it gave up;
    /// [`RunnerError::Stopped`] if it was stopped.
    pub async fn wait_for(&self, position: u64, longest: Duration) -> Result<(), RunnerError> {
        let mut state = self.observer.state.clone();
        let is_over = |state: &State| {
            state.position >= position || matches!(state.progress, Progress::Stopped | Progress::Failed(_))
        };
        let stopped = || RunnerError::Stopped { name: self.observer.name };
        match timeout(longest, state.wait_for(is_over)).await {
            Ok(Ok(state)) if state.position >= position => Ok(()),
            Ok(Ok(state)) => match &state.progress {
                Progress::Failed(error) => Err(error.clone()),
                _ => Err(stopped()),
            },
            // the task ended with its runtime
            Ok(Err(_)) => Err(stopped()),
            Err(_) => Err(RunnerError::NotCaughtUp {
                name: self.observer.name,
                upstream: Arc::clone(&self.observer.upstream),
                wanted: position,
                position: self.observer.state.borrow().position,
                waited: longest,
            }),
        }
    }

    /// The position, lag and errors of the runner.
    ///
    /// # Errors
    /// [`RunnerError::Upstream`] if the log cannot be read; [`RunnerError::View`] if dead letters cannot be counted.
    pub async fn status(&self) -> Result<Status, RunnerError> {
        self.observer.status().await
    }

    /// Another view of this runner, for tools that show its status. It does not keep the runner alive.
    pub fn observer(&self) -> RunnerObserver {
        self.observer.clone()
    }

    /// The dead letters of the projection from the upstream application, handled by the runner's own projection.
    pub fn dead_letters(&self) -> AnyDeadLetters {
        self.observer.dead_letters()
    }

    /// Returns what the runner has done in this process since it was started. It asks no database.
    ///
    /// How far the log reaches is known as far as this process has seen it. [`status`](Self::status) asks the databases, and so does
    /// [`readiness`](Application::readiness) of the upstream application, whose [`stats`](Application::stats) have those of all of its runners.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// use std::time::Duration;
    ///
    /// use eventsourcing::stats::ConsumerState;
    /// use eventsourcing::{Application, MemoryViews, ProjectionRunner};
    /// # use eventsourcing::projection::Recorded;
    /// # use eventsourcing::recording::Cause;
    /// # use eventsourcing::{Projection, StoredEvent, Uuid};
    /// # struct Bookings;
    /// # impl Projection for Bookings {
    /// #     type View = u64;
    /// #     const NAME: &'static str = "bookings";
    /// #     const TOPICS: &'static [&'static str] = &["Trip.Booked"];
    /// #     async fn handle(&self, _: &str, events: &[Recorded<'_>], view: &mut u64) -> Result<(), Cause> {
    /// #         *view += events.len() as u64;
    /// #         Ok(())
    /// #     }
    /// # }
    /// # fn booked() -> StoredEvent {
    /// #     let state = br#"{"timestamp":"2026-01-01T00:00:00.000000Z"}"#.to_vec();
    /// #     StoredEvent::new(Uuid::new_v4(), 1, "Trip.Booked", state, Uuid::new_v4()).checksummed()
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let agency = Application::builder("Agency").open()?;
    /// # agency.recorder().insert_events(vec![booked(), booked()]).await?;
    /// let runner = ProjectionRunner::start(&agency, Bookings, MemoryViews::new(0)).await?;
    /// runner.wait_for(2, Duration::from_secs(5)).await?;
    ///
    /// let stats = runner.stats();
    /// assert_eq!((stats.events, stats.lag(), stats.state), (2, 0, ConsumerState::Running));
    /// assert_eq!(agency.stats().consumers, [stats]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn stats(&self) -> ConsumerStats {
        self.listed.stats()
    }

    /// The upstream application.
    pub(crate) fn upstream(&self) -> &str {
        &self.observer.upstream
    }

    /// The position up to which this runner has processed the log.
    pub(crate) fn position(&self) -> u64 {
        self.observer.state.borrow().position
    }

    /// The last id of the log, if the log does not have this position because it is not the one that the position was taken from.
    pub(crate) async fn end_without(&self, position: LogPosition) -> Result<Option<u64>, RunnerError> {
        let recorder = &self.observer.shared.recorder;
        let look = async {
            let next = recorder.select_notifications(NotificationQuery::after(position, 1)).await.map_err(Error::from);
            let last = recorder.last_position().await?.id;
            match next {
                Ok(next) => Ok((next.is_empty() && last < position.id).then_some(last)),
                Err(error) if error.is_log_mismatch() => Ok(Some(last)),
                Err(error) => Err(error),
            }
        };
        look.await.map_err(|error| self.upstream_error(error))
    }

    pub(crate) fn upstream_error(&self, error: Error) -> RunnerError {
        RunnerError::Upstream {
            name: self.observer.name,
            upstream: Arc::clone(&self.observer.upstream),
            source: Arc::new(error),
        }
    }

    pub(crate) fn ask_to_stop(&self) {
        self.stop.send_replace(true);
    }

    /// Lets the current transaction finish, and stops the runner.
    ///
    /// # Errors
    /// The error after which the runner had already given up.
    pub async fn stop(mut self) -> Result<(), RunnerError> {
        self.ask_to_stop();
        // a panic of the task is not a handler's: those are caught
        let ended = (&mut self.task).await;
        match &self.observer.state.borrow().progress {
            Progress::Failed(error) => Err(error.clone()),
            _ if ended.is_err() => Err(RunnerError::Stopped { name: self.observer.name }),
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
                projection = self.observer.name,
                upstream = %self.observer.upstream,
                position,
                "a projection runner was dropped without `stop` and no longer runs"
            );
        }
        self.task.abort();
    }
}

impl fmt::Debug for ProjectionRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RunnerObserver { name, upstream, state, .. } = &self.observer;
        let state = state.borrow();
        f.debug_struct("ProjectionRunner")
            .field("projection", name)
            .field("upstream", upstream)
            .field("position", &state.position)
            .field("progress", &state.progress)
            .finish_non_exhaustive()
    }
}
