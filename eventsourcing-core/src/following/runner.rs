//! The runner: starts a worker for a projection, waits for it, and ends it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::de::IgnoredAny;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::Instrument as _;

use super::claims::Claim;
use super::handling::Handling;
use super::pages::Pages;
use super::state::State;
use super::version::looks_versioned;
use super::worker::Worker;
use super::{
    OnFailure, Progress, Projection, ProjectionKey, RunnerError, Status, Subscribe, ViewTransaction as _, Views,
};
use crate::application::{Application, Shared};
use crate::persistence::{Notification, NotificationQuery};
use crate::{Error, Result};

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
    count_letters: CountLetters,
    state: watch::Receiver<State>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    /// None where it is not known which database the view is in.
    _claim: Option<Claim>,
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
        Self::of_shared(Arc::clone(&upstream.shared), projection, views)
    }

    pub(super) fn of_shared<P, V>(shared: Arc<Shared>, projection: P, views: V) -> RunnerBuilder<P, V>
    where
        P: Projection,
        V: Views<View = P::View>,
    {
        const {
            assert!(
                !looks_versioned(P::NAME),
                "the name of a projection cannot have `_v` and a number in it; give `VERSION` instead"
            )
        };
        RunnerBuilder {
            shared,
            projection,
            views: Arc::new(views),
            key: Arc::from(ProjectionKey::new(P::NAME, P::VERSION).to_string()),
            prefix: None,
            on_failure: OnFailure::default(),
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
        let State { position, mut progress, last_error } = self.state.borrow().clone();
        let (last, next) = self.look(position).await.map_err(|error| self.upstream_error(error))?;
        let dead_letters = (self.count_letters)().await?;
        // a clock that went back, or is another's, is no reason to be ahead
        let behind_for =
            next.and_then(|next| Timestamp::now().duration_since(next).try_into().ok()).unwrap_or_default();
        if is_finished && !matches!(progress, Progress::Failed(_)) {
            progress = Progress::Stopped;
        }
        Ok(Status { position, last, behind_for, dead_letters, progress, last_error })
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
    views: Arc<V>,
    key: Arc<str>,
    prefix: Option<Arc<str>>,
    on_failure: OnFailure,
    batch_size: usize,
    poll_interval: Duration,
}

impl<P, V> RunnerBuilder<P, V>
where
    P: Projection,
    V: Views<View = P::View>,
{
    /// What to do when a handler fails: to stop unless said otherwise.
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.on_failure = on_failure;
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
    /// where the view is; [`RunnerError::NothingToFollow`] if the application says what it records, and no handler takes any of it;
    /// [`RunnerError::NameTaken`] if another projection of this process runs there under the name;
    /// [`RunnerError::Superseded`] and [`RunnerError::NotRebuilt`] if another version of the projection serves; [`RunnerError::Tables`]
    /// if the tables of one that begins cannot be made; [`RunnerError::NoRuntime`] outside of a runtime.
    pub async fn start(self) -> Result<ProjectionRunner, RunnerError> {
        runtime::<P>()?;
        // held until the other one is there, so that no tables are made for a name that is taken
        let _claim = self.claim()?;
        if let Some(mut beginning) =
            self.views.serve(&self.key, P::HAS_TABLES).await.map_err(RunnerError::of_view::<P>)?
        {
            let made = self.projection.tables("", beginning.view()).await;
            made.map_err(|source| RunnerError::Tables { name: P::NAME, source })?;
            beginning.commit().await.map_err(RunnerError::of_view::<P>)?;
        }
        self.follow().await
    }

    /// The same for the view that has this key, with this before the names of its tables.
    pub(super) fn under(mut self, key: ProjectionKey<'_>, prefix: Option<Arc<str>>) -> Self {
        self.key = Arc::from(key.to_string());
        self.prefix = prefix;
        self
    }

    /// Follows from where the view is.
    pub(super) async fn follow(self) -> Result<ProjectionRunner, RunnerError> {
        let runtime = runtime::<P>()?;
        let claim = self.claim()?;
        let (shared, count_letters) = (Arc::clone(&self.shared), self.count_letters());
        let (publish, state) = watch::channel(State::default());
        let (stop, stopping) = watch::channel(false);
        let (worker, pages) = self.worker(publish.clone(), stopping).await?;
        let running = async move { State::ended(&publish, worker.run(pages).await) };
        let mut runner = ProjectionRunner::spawn(&runtime, P::NAME, shared, count_letters, state, stop, running);
        runner._claim = claim;
        Ok(runner)
    }

    /// Makes sure that no other projection of this process runs under the name.
    fn claim(&self) -> Result<Option<Claim>, RunnerError> {
        self.views.database().map(|database| Claim::of::<P>(P::NAME, database, &self.key)).transpose()
    }

    /// What counts the dead letters that the projection has of this upstream.
    pub(super) fn count_letters(&self) -> CountLetters {
        let (views, key) = (Arc::clone(&self.views), Arc::clone(&self.key));
        let upstream: Arc<str> = Arc::from(self.shared.name.as_str());
        Box::new(move || {
            let (views, key, upstream) = (Arc::clone(&views), Arc::clone(&key), Arc::clone(&upstream));
            let counted = async move { views.count_dead_letters(&key, &upstream).await };
            counted.map(|counted| counted.map_err(|source| RunnerError::View { name: P::NAME, source })).boxed()
        })
    }

    /// A worker that goes on from where the view is.
    pub(super) async fn worker(
        self,
        publish: watch::Sender<State>,
        stopping: watch::Receiver<bool>,
    ) -> Result<(Worker<P, V>, Pages<Notification>), RunnerError> {
        let on_failure = self.on_failure;
        let (handling, pages) = self.begin().await?;
        State::following(&publish, handling.position);
        Ok((Worker { handling, on_failure, publish, stopping }, pages))
    }

    /// Finds out where the view is, and that the log reaches there.
    pub(super) async fn begin(self) -> Result<(Handling<P, V>, Pages<Notification>), RunnerError> {
        let Self { shared, projection, views, key, prefix, on_failure: _, batch_size, poll_interval } = self;
        let upstream: Arc<str> = Arc::from(shared.name.as_str());
        let is_unknown = |topic: &&str| shared.schema.records(topic) == Some(false);
        if !P::TOPICS.is_empty() && P::TOPICS.iter().all(is_unknown) {
            return Err(RunnerError::NothingToFollow { name: P::NAME, upstream, topics: P::TOPICS });
        }
        let position = views.position(&key, &upstream).await.map_err(RunnerError::of_view::<P>)?;
        let query = NotificationQuery::after(position, batch_size).topics(P::TOPICS.iter().copied());
        let mut pages = Pages::new(
            Arc::clone(&shared),
            query,
            poll_interval,
            |_| Ok(()),
            |_, notification| Ok(notification.to_owned()),
        );
        let upstream_error =
            |error| RunnerError::Upstream { name: P::NAME, upstream: Arc::clone(&upstream), source: Arc::new(error) };
        pages.check().await.map_err(upstream_error)?;
        Ok((Handling { upstream, shared, projection, views, key, prefix, position }, pages))
    }
}

pub(super) fn runtime<P: Projection>() -> Result<Handle, RunnerError> {
    Handle::try_current().map_err(|_| RunnerError::NoRuntime { name: P::NAME })
}

impl<P: Projection, V> fmt::Debug for RunnerBuilder<P, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunnerBuilder")
            .field("projection", &P::NAME)
            .field("upstream", &self.shared.name)
            .field("on_failure", &self.on_failure)
            .field("batch_size", &self.batch_size)
            .field("poll_interval", &self.poll_interval)
            .finish_non_exhaustive()
    }
}
