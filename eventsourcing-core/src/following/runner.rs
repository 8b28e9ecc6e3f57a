//! The runner: lets a projection follow a log, and keeps it going.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use jiff::Timestamp;
use serde::de::IgnoredAny;
use tokio::runtime::Handle;
use tokio::select;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tracing::Instrument as _;
use uuid::Uuid;

use super::pages::{Page, Pages};
use super::{Progress, Projection, Recorded, Status, Subscribe, ViewTransaction as _, Views};
use crate::application::{Application, Shared};
use crate::persistence::{Cause, MapperError, Notification, NotificationQuery, RecorderError, Tracking};
use crate::{Error, Result};

/// The first and the longest pause before another try at what fails for reasons that pass.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// What to do when a handler fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// Stop, so that somebody looks at it. The position stays before the event.
    #[default]
    Stop,
    /// Let the handler try again, so many times with pauses that double from the first to five seconds, and then stop.
    Retry {
        /// How often it tries again.
        attempts: u32,
        /// The pause before the first time.
        pause: Duration,
    },
}

/// Why a projection does not go on, or did not get there in time.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunnerError {
    /// A handler failed, or its event could not be decoded, or what it did could not be committed. Nothing of it was.
    #[error(
        "the projection `{projection}` failed at `{topic}`, notification {notification_id} of `{upstream}`, \
         version {originator_version} of {originator_id}: {source}"
    )]
    Handler {
        /// The projection.
        projection: &'static str,
        /// The application whose log it follows.
        upstream: Arc<str>,
        /// The topic of the event.
        topic: String,
        /// The place of the event in the log.
        notification_id: u64,
        /// The id of the aggregate.
        originator_id: Uuid,
        /// The number of the event in its aggregate.
        originator_version: u64,
        /// What the handler said; its message, if it panicked.
        source: Cause,
    },

    /// The log cannot be followed.
    #[error("the projection `{projection}` cannot follow `{upstream}`: {source}")]
    Upstream {
        /// The projection.
        projection: &'static str,
        /// The application whose log it follows.
        upstream: Arc<str>,
        /// What the application said.
        source: Arc<Error>,
    },

    /// The view cannot be changed.
    #[error("the view of the projection `{projection}` cannot be changed: {source}")]
    View {
        /// The projection.
        projection: &'static str,
        /// What the database said.
        source: RecorderError,
    },

    /// The projection did not get so far in time.
    #[error(
        "the projection `{projection}` did not process `{upstream}` up to {wanted} within {waited:?}; it is at {position}"
    )]
    NotThereYet {
        /// The projection.
        projection: &'static str,
        /// The application whose log it follows.
        upstream: Arc<str>,
        /// How far it should have got.
        wanted: u64,
        /// How far it is.
        position: u64,
        /// How long was waited.
        waited: Duration,
    },

    /// The runner was stopped, or the runtime that it ran on was.
    #[error("the runner of the projection `{projection}` was stopped; start it again")]
    Stopped {
        /// The projection.
        projection: &'static str,
    },

    /// There is no runtime to run on.
    #[error("the projection `{projection}` needs a Tokio runtime to run on; start it inside of `#[tokio::main]`")]
    NoRuntime {
        /// The projection.
        projection: &'static str,
    },
}

impl RunnerError {
    /// Whether it passes by itself, so that it is tried again whatever the policy.
    fn is_passing(&self) -> bool {
        match self {
            Self::View { source, .. } => source.is_retryable(),
            Self::Upstream { source, .. } => source.is_retryable(),
            _ => false,
        }
    }
}

/// Lets a projection follow an application's log, on a task of its own.
///
/// What is there already is handled in large batches and, once it has caught up, each event as it comes. A batch is one transaction on
/// the view. If it fails, its events are handled one by one, so that all before the culprit are committed and the culprit is named.
/// Several processes may run the same projection: each batch is done by one of them.
///
/// Dropped, it ends at once, and what is under way is as if it had never been; [`stop`](Self::stop) lets it finish.
///
/// A projection of several applications has a runner for each.
pub struct ProjectionRunner {
    name: &'static str,
    upstream: Arc<str>,
    shared: Arc<Shared>,
    state: watch::Receiver<State>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

#[derive(Clone, Debug)]
struct State {
    position: u64,
    progress: Progress,
    last_error: Option<RunnerError>,
}

impl ProjectionRunner {
    /// A runner for this projection, with its view there, of this application's log.
    pub fn of<P, V>(upstream: &Application, projection: P, views: V) -> RunnerBuilder<P, V>
    where
        P: Projection,
        V: Views<View = P::View>,
    {
        RunnerBuilder {
            shared: Arc::clone(&upstream.shared),
            projection,
            views,
            policy: Policy::default(),
            batch_size: Subscribe::DEFAULT_PAGE_SIZE,
            poll_interval: Subscribe::DEFAULT_POLL_INTERVAL,
        }
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
        let stopped = || RunnerError::Stopped { projection: self.name };
        match timeout(longest, state.wait_for(is_over)).await {
            Ok(Ok(state)) if state.position >= position => Ok(()),
            Ok(Ok(state)) => match &state.progress {
                Progress::Failed(error) => Err(error.clone()),
                _ => Err(stopped()),
            },
            // its task is gone, with its runtime
            Ok(Err(_)) => Err(stopped()),
            Err(_) => Err(RunnerError::NotThereYet {
                projection: self.name,
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
    /// [`RunnerError::Upstream`] if the log cannot be looked at.
    pub async fn status(&self) -> Result<Status, RunnerError> {
        let State { position, mut progress, last_error } = self.state.borrow().clone();
        let (last, next) = self.look(position).await.map_err(|error| RunnerError::Upstream {
            projection: self.name,
            upstream: Arc::clone(&self.upstream),
            source: Arc::new(error),
        })?;
        // a clock that went back, or is another's, is no reason to be ahead
        let behind_for =
            next.and_then(|next| Timestamp::now().duration_since(next).try_into().ok()).unwrap_or_default();
        if self.task.is_finished() && !matches!(progress, Progress::Failed(_)) {
            progress = Progress::Stopped;
        }
        Ok(Status { position, last, behind_for, progress, last_error })
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

    /// Lets it finish what is under way, and ends it.
    ///
    /// # Errors
    /// The error after which it had given up before.
    pub async fn stop(mut self) -> Result<(), RunnerError> {
        self.stop.send_replace(true);
        // a panic is none of a handler's: those are caught
        let ended = (&mut self.task).await;
        match &self.state.borrow().progress {
            Progress::Failed(error) => Err(error.clone()),
            _ if ended.is_err() => Err(RunnerError::Stopped { projection: self.name }),
            _ => Ok(()),
        }
    }
}

impl Drop for ProjectionRunner {
    fn drop(&mut self) {
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

/// How a projection is to be run.
#[must_use = "nothing runs before `start`"]
pub struct RunnerBuilder<P, V> {
    shared: Arc<Shared>,
    projection: P,
    views: V,
    policy: Policy,
    batch_size: usize,
    poll_interval: Duration,
}

impl<P, V> RunnerBuilder<P, V>
where
    P: Projection,
    V: Views<View = P::View>,
{
    /// What to do when a handler fails: to stop unless said otherwise.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Handles at most this many events in one transaction: 500 unless said otherwise.
    pub fn batch_size(mut self, events: usize) -> Self {
        self.batch_size = events.clamp(1, crate::NotificationLog::MAX_LIMIT);
        self
    }

    /// Looks at the log after this time at the latest, as [`Subscribe::poll_interval`].
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval.max(Subscribe::SHORTEST_POLL_INTERVAL);
        self
    }

    /// Starts to follow from where the view is.
    ///
    /// # Errors
    /// [`RunnerError::View`] if the view cannot be looked at; [`RunnerError::Upstream`] if the log cannot be, or does not reach to
    /// where the view is; [`RunnerError::NoRuntime`] outside of a runtime.
    pub async fn start(self) -> Result<ProjectionRunner, RunnerError> {
        let Self { shared, projection, views, policy, batch_size, poll_interval } = self;
        let upstream: Arc<str> = Arc::from(shared.name.as_str());
        let runtime = Handle::try_current().map_err(|_| RunnerError::NoRuntime { projection: P::NAME })?;
        let view_error = |source| RunnerError::View { projection: P::NAME, source };
        let position = views.position(P::NAME, &upstream).await.map_err(view_error)?;
        let query = NotificationQuery::after(position, batch_size).topics(P::TOPICS.iter().copied());
        let mut pages = Pages::new(
            Arc::clone(&shared),
            query,
            poll_interval,
            |_| Ok(()),
            |_, notification| Ok(notification.to_owned()),
        );
        pages.check().await.map_err(|error| RunnerError::Upstream {
            projection: P::NAME,
            upstream: Arc::clone(&upstream),
            source: Arc::new(error),
        })?;
        let state = State { position, progress: Progress::Following, last_error: None };
        let (publish, state) = watch::channel(state);
        let (stop, stopping) = watch::channel(false);
        let worker = Worker {
            upstream: Arc::clone(&upstream),
            shared: Arc::clone(&shared),
            projection,
            views,
            policy,
            position,
            publish,
            stopping,
        };
        let span = tracing::info_span!("projection", name = P::NAME, upstream = %upstream);
        let task = runtime.spawn(worker.run(pages).instrument(span));
        Ok(ProjectionRunner { name: P::NAME, upstream, shared, state, stop, task })
    }
}

impl<P: Projection, V> fmt::Debug for RunnerBuilder<P, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunnerBuilder")
            .field("projection", &P::NAME)
            .field("upstream", &self.shared.name)
            .field("policy", &self.policy)
            .field("batch_size", &self.batch_size)
            .field("poll_interval", &self.poll_interval)
            .finish_non_exhaustive()
    }
}

/// The task that handles events.
struct Worker<P, V> {
    upstream: Arc<str>,
    shared: Arc<Shared>,
    projection: P,
    views: V,
    policy: Policy,
    /// Up to where this one knows the log to be processed.
    position: u64,
    publish: watch::Sender<State>,
    stopping: watch::Receiver<bool>,
}

/// How a batch failed.
enum Failure {
    /// Others processed the log up to here meanwhile.
    Moved(u64),
    Error(RunnerError),
}

impl<P, V> Worker<P, V>
where
    P: Projection,
    V: Views<View = P::View>,
{
    async fn run(mut self, mut pages: Pages<Notification>) {
        let mut stopping = self.stopping.clone();
        let mut pause = PAUSES.0;
        let error = loop {
            let page = select! {
                biased;
                // the sender goes with the runner, which then ends this task anyway
                _ = stopping.wait_for(|stop| *stop) => break None,
                page = pages.next() => page,
            };
            let outcome = match page {
                Ok(page) => self.process(page).await,
                Err(error) => Err(Failure::Error(self.upstream_error(error))),
            };
            match outcome {
                Ok(()) => pause = PAUSES.0,
                Err(Failure::Moved(position)) => {
                    self.moved(position);
                    pages.go_to(position);
                }
                Err(Failure::Error(error)) if error.is_passing() => {
                    tracing::warn!(%error, "a projection is kept waiting");
                    self.retrying(error);
                    if self.is_stopped_within(pause).await {
                        break None;
                    }
                    pause = (pause * 2).min(PAUSES.1);
                    // whether the last transaction was committed is told by the position
                    match self.views.position(P::NAME, &self.upstream).await {
                        Ok(position) => self.moved(position),
                        Err(error) => tracing::debug!(%error, "the position of a projection cannot be looked up"),
                    }
                    pages.go_to(self.position);
                }
                Err(Failure::Error(error)) => break Some(error),
            }
        };
        let progress = match &error {
            Some(error) => {
                tracing::error!(%error, "a projection stops");
                Progress::Failed(error.clone())
            }
            None => Progress::Stopped,
        };
        self.publish.send_modify(|state| {
            state.progress = progress;
            state.last_error = error.or(state.last_error.take());
        });
    }

    /// Handles a page: in one transaction or, if that fails, one event at a time.
    async fn process(&mut self, page: Page<Notification>) -> Result<(), Failure> {
        let Page { items, up_to, .. } = page;
        match self.handle(&items, up_to).await {
            // what fails as a whole may succeed but for one
            Err(Failure::Error(error)) if items.len() > 1 && !error.is_passing() => {}
            Err(Failure::Error(error @ RunnerError::Handler { .. })) => {
                return self.handle_again(&items, up_to, error).await;
            }
            outcome => return outcome,
        }
        let last = items.len() - 1;
        for (place, item) in items.iter().enumerate() {
            let up_to = if place == last { up_to } else { item.0 };
            let alone = std::slice::from_ref(item);
            match self.handle(alone, up_to).await {
                Err(Failure::Error(error @ RunnerError::Handler { .. })) => {
                    self.handle_again(alone, up_to, error).await?;
                }
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// Does what the policy says about an event whose handler failed.
    async fn handle_again(
        &mut self,
        event: &[(u64, Notification)],
        up_to: u64,
        mut error: RunnerError,
    ) -> Result<(), Failure> {
        let Policy::Retry { attempts, mut pause } = self.policy else { return Err(Failure::Error(error)) };
        for attempt in 1..=attempts {
            tracing::warn!(%error, attempt, "a handler failed and is to try again");
            self.retrying(error.clone());
            if self.is_stopped_within(pause).await {
                break;
            }
            pause = (pause * 2).min(PAUSES.1.max(pause));
            match self.handle(event, up_to).await {
                Err(Failure::Error(again @ RunnerError::Handler { .. })) => error = again,
                outcome => return outcome,
            }
        }
        Err(Failure::Error(error))
    }

    /// Handles events in one transaction, which moves the position.
    async fn handle(&mut self, events: &[(u64, Notification)], up_to: u64) -> Result<(), Failure> {
        let tracking = Tracking::new(&*self.upstream, self.position, up_to);
        let mut transaction = self.views.begin(P::NAME, &tracking).await.map_err(|error| self.view_failure(error))?;
        for (_, notification) in events {
            self.handle_one(notification, transaction.view()).await?;
        }
        transaction.commit().await.map_err(|error| match events {
            // such as a constraint that is checked in the end: it is this event that breaks it
            [(_, notification)] if !error.is_retryable() => self.handler_failure(notification, error.into()),
            _ => self.view_failure(error),
        })?;
        tracing::debug!(events = events.len(), position = up_to, "events were handled");
        self.moved(up_to);
        Ok(())
    }

    async fn handle_one(&self, notification: &Notification, view: &mut P::View) -> Result<(), Failure> {
        let mut handled = self.call(notification, view).await;
        if let Err(cause) = &handled
            && cause.downcast_ref::<MapperError>().and_then(MapperError::unknown_dictionary).is_some()
        {
            // it was made after this application opened: once it is loaded, the same event can be read
            self.shared.load_dictionaries().await.map_err(|error| Failure::Error(self.upstream_error(error)))?;
            handled = self.call(notification, view).await;
        }
        handled.map_err(|source| self.handler_failure(notification, source))
    }

    async fn call(&self, notification: &Notification, view: &mut P::View) -> Result<(), Cause> {
        let event = Recorded::new(&self.upstream, &self.shared.mapper, notification);
        // what a handler that panicked did to the view goes with the transaction
        match AssertUnwindSafe(async { self.projection.handle(event, view).await }).catch_unwind().await {
            Ok(handled) => handled,
            Err(panic) => {
                let said = panic.downcast_ref::<&str>().map(|said| (*said).to_owned());
                let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
                Err(format!("it panicked: {}", said.as_deref().unwrap_or("it did not say why")).into())
            }
        }
    }

    fn moved(&mut self, position: u64) {
        self.position = position;
        self.publish.send_modify(|state| {
            state.position = position;
            state.progress = Progress::Following;
        });
    }

    fn retrying(&self, error: RunnerError) {
        self.publish.send_modify(|state| {
            state.progress = Progress::Retrying(error.clone());
            state.last_error = Some(error);
        });
    }

    /// Waits so long, or until it is to stop.
    async fn is_stopped_within(&self, pause: Duration) -> bool {
        let mut stopping = self.stopping.clone();
        select! {
            _ = stopping.wait_for(|stop| *stop) => true,
            () = sleep(pause) => false,
        }
    }

    fn handler_failure(&self, notification: &Notification, source: Cause) -> Failure {
        Failure::Error(RunnerError::Handler {
            projection: P::NAME,
            upstream: Arc::clone(&self.upstream),
            topic: notification.topic.clone().into_owned(),
            notification_id: notification.id,
            originator_id: notification.originator_id,
            originator_version: notification.originator_version,
            source,
        })
    }

    fn view_failure(&self, error: RecorderError) -> Failure {
        match error {
            RecorderError::AlreadyProcessed { recorded, .. } => Failure::Moved(recorded),
            source => Failure::Error(RunnerError::View { projection: P::NAME, source }),
        }
    }

    fn upstream_error(&self, error: Error) -> RunnerError {
        let (projection, upstream) = (P::NAME, Arc::clone(&self.upstream));
        RunnerError::Upstream { projection, upstream, source: Arc::new(error) }
    }
}
