//! The builder of a projection runner: where the projection begins, and its options.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::batch_size::BatchSize;
use super::handling::Handling;
use super::progress::State;
use super::worker::Worker;
use crate::application::{Consumer, LookAtLetters, NotificationLog, Shared};
use crate::name_claims::{NameClaim, NameKind, NameTaken};
use crate::projection::key::looks_versioned;
use crate::projection::{
    AnyDeadLetters, DeadLetters, OnFailure, Projection, ProjectionKey, ProjectionRunner, RunnerError, ViewError,
    ViewTransaction as _, Views,
};
use crate::recording::{LogPosition, Notification, NotificationQuery, has_timers};
use crate::subscription::Subscribe;
use crate::subscription::pages::Pages;

/// A builder of a [`ProjectionRunner`].
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use std::time::Duration;
///
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
/// # agency.recorder().insert_events(vec![booked()]).await?;
/// let views = MemoryViews::new(0);
/// // handles only bookings that are recorded from now on
/// let builder = ProjectionRunner::builder(&agency, Bookings, views.clone()).batch_size(100).from_now();
/// let runner = builder.start().await?;
/// # agency.recorder().insert_events(vec![booked()]).await?;
/// runner.wait_for(2, Duration::from_secs(5)).await?;
/// assert_eq!(views.read(|bookings| *bookings), 1);
/// runner.stop().await?;
/// # Ok(())
/// # }
/// ```
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
    accepted: Option<LogPosition>,
    beginning: Beginning,
}

/// Where a projection begins that has not processed anything yet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Beginning {
    #[default]
    AtTheStart,
    After(LogPosition),
    Now,
}

impl<P, V> RunnerBuilder<P, V>
where
    P: Projection,
    V: Views<View = P::View>,
{
    pub(crate) fn new(shared: Arc<Shared>, projection: P, views: V) -> Self {
        const {
            assert!(
                !looks_versioned(P::NAME),
                "the name of a projection must not contain `_v` and a number; set `VERSION` instead"
            )
        };
        Self {
            shared,
            projection,
            views: Arc::new(views),
            key: Arc::from(ProjectionKey::new(P::NAME, P::VERSION).to_string()),
            prefix: None,
            on_failure: OnFailure::default(),
            batch_size: Subscribe::DEFAULT_PAGE_SIZE,
            poll_interval: Subscribe::DEFAULT_POLL_INTERVAL,
            accepted: None,
            beginning: Beginning::default(),
        }
    }

    /// Sets what to do when a handler fails: by default, the runner stops.
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.on_failure = on_failure;
        self
    }

    /// Sets the maximum number of events of one transaction; the default is 500.
    pub fn batch_size(mut self, events: usize) -> Self {
        self.batch_size = events.clamp(1, NotificationLog::MAX_LIMIT);
        self
    }

    /// Sets the interval at which the log is polled when no wake-up arrives, as [`Subscribe::poll_interval`].
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval.max(Subscribe::SHORTEST_POLL_INTERVAL);
        self
    }

    /// Begins at the end of the log if no position is stored: only events recorded from now on are handled.
    ///
    /// Use it for projections whose effects belong to the present, such as sending mail. The position where it begins is stored when
    /// the runner starts, so after a crash, even before the first event, it continues from there. If the log is empty, that position is
    /// the start of the log: events that are recorded while the runner is stopped are handled when it starts again.
    ///
    /// It has no effect once a position is stored, so it can stay in the code.
    pub fn from_now(self) -> Self {
        self.beginning(Beginning::Now)
    }

    /// Begins after this position if no position is stored, as [`from_now`](Self::from_now) does at the end.
    ///
    /// # Errors
    /// When started: [`RunnerError::Upstream`] if the log does not have this position.
    pub fn from_position(self, position: impl Into<LogPosition>) -> Self {
        self.beginning(Beginning::After(position.into()))
    }

    pub(crate) fn beginning(mut self, beginning: Beginning) -> Self {
        self.beginning = beginning;
        self
    }

    /// Continues after this position if the log is not the one that the view was built from.
    ///
    /// After a failover to a replica that lagged, or a restore from a backup, the view's position may not belong to the log, and
    /// [`start`](Self::start) fails with [`Error::LogChanged`](crate::Error::LogChanged) or
    /// [`Error::PositionAheadOfLog`](crate::Error::PositionAheadOfLog). If the view cannot be rebuilt, for example because its handlers
    /// send mail, repair it, and pass the position in the log up to which it is correct. Events after it are handled. If the view's
    /// position belongs to the log, this does nothing, so it can stay in the code for the duration of a deployment.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// # use eventsourcing::projection::{ProjectionRunner, RunnerBuilder, RunnerError};
    /// # use eventsourcing::{Projection, Views};
    /// # async fn example<P: Projection, V: Views<View = P::View>>(builder: RunnerBuilder<P, V>) -> Result<ProjectionRunner, RunnerError> {
    /// builder.accept_log(7_000).start().await
    /// # }
    /// ```
    pub fn accept_log(mut self, position: impl Into<LogPosition>) -> Self {
        self.accepted = Some(position.into());
        self
    }

    /// Starts the projection at the position of its view.
    ///
    /// # Errors
    /// [`RunnerError::View`] if the view cannot be read; [`RunnerError::Upstream`] if the log cannot be read, or is not
    /// the one that the view was built from ([`RunnerError::is_log_mismatch`]); [`RunnerError::EventsNotRecorded`] if the application has
    /// registered its aggregates, and records none of the handled events; [`RunnerError::NameTaken`] if another projection of this
    /// process runs under the same name on the same database; [`RunnerError::Superseded`] and [`RunnerError::NotRebuilt`] if another
    /// version of the projection is live; [`RunnerError::Tables`] if the tables of a new projection cannot be created;
    /// [`RunnerError::NoRuntime`] outside of a Tokio runtime, [`RunnerError::NoTimers`] in one without timers.
    pub async fn start(self) -> Result<ProjectionRunner, RunnerError> {
        runtime::<P>()?;
        // held until the runner has its own claim, so that no tables are created for a name that is in use
        let _claim = self.claim()?;
        if let Some(mut beginning) =
            self.views.ensure_live(&self.key, P::HAS_TABLES).await.map_err(RunnerError::of_view::<P>)?
        {
            let made = self.projection.tables("", beginning.view()).await;
            made.map_err(|source| RunnerError::Tables { name: P::NAME, source })?;
            beginning.commit().await.map_err(RunnerError::of_view::<P>)?;
        }
        self.follow().await
    }

    /// Uses this key for the view, and this prefix for the names of its tables.
    pub(crate) fn under(mut self, key: ProjectionKey<'_>, prefix: Option<Arc<str>>) -> Self {
        self.key = Arc::from(key.to_string());
        self.prefix = prefix;
        self
    }

    /// Starts at the position of the view.
    pub(crate) async fn follow(self) -> Result<ProjectionRunner, RunnerError> {
        let runtime = runtime::<P>()?;
        let claim = self.claim()?;
        let this = self.sharing();
        let (shared, letters) = (Arc::clone(&this.shared), this.dead_letters());
        let (publish, state) = watch::channel(State::new(this.consumer(&letters)));
        let (stop, stopping) = watch::channel(false);
        let (worker, pages) = this.worker(publish.clone(), stopping).await?;
        let running = async move { State::ended(&publish, worker.run(pages).await) };
        let mut runner = ProjectionRunner::spawn(&runtime, P::NAME, shared, letters, state, stop, running);
        runner._claim = claim;
        Ok(runner)
    }

    /// Checks that no other projection of this process runs under the name.
    fn claim(&self) -> Result<Option<NameClaim>, RunnerError> {
        let Some(database) = self.views.database() else { return Ok(None) };
        let claim = NameClaim::of::<P>(NameKind::Projection, database, &self.key);
        claim.map(Some).map_err(|NameTaken { by, wanted_by }| RunnerError::NameTaken { name: P::NAME, by, wanted_by })
    }

    /// The same with a projection that others can use too.
    pub(crate) fn sharing(self) -> RunnerBuilder<Arc<P>, V> {
        let Self { shared, projection, views, key, prefix, on_failure, batch_size, poll_interval, accepted, beginning } =
            self;
        RunnerBuilder {
            shared,
            projection: Arc::new(projection),
            views,
            key,
            prefix,
            on_failure,
            batch_size,
            poll_interval,
            accepted,
            beginning,
        }
    }

    /// What the runner counts. It looks at these dead letters.
    pub(super) fn consumer(&self, letters: &AnyDeadLetters) -> Arc<Consumer> {
        let letters = letters.clone();
        let look: LookAtLetters = Box::new(move || {
            let letters = letters.clone();
            async move { letters.count().await.ok() }.boxed()
        });
        let upstream = Arc::from(self.shared.name.as_str());
        Arc::new(Consumer::new(P::NAME, upstream, self.prefix.is_some(), look))
    }

    /// A worker that continues from the position of the view.
    pub(super) async fn worker(
        self,
        publish: watch::Sender<State>,
        stopping: watch::Receiver<bool>,
    ) -> Result<(Worker<P, V>, Pages<Notification>), RunnerError> {
        let on_failure = self.on_failure;
        let (handling, pages) = self.begin().await?;
        State::running(&publish, handling.position.id);
        let batch = if handling.prefix.is_some() { BatchSize::of_rebuild() } else { BatchSize::of_page() };
        Ok((Worker { handling, on_failure, publish, stopping, batch }, pages))
    }

    /// Looks up the position of the view, and checks that the log has it.
    pub(crate) async fn begin(self) -> Result<(Handling<P, V>, Pages<Notification>), RunnerError> {
        let Self {
            shared,
            projection,
            views,
            key,
            prefix,
            on_failure: _,
            batch_size,
            poll_interval,
            accepted,
            beginning,
        } = self;
        let upstream: Arc<str> = Arc::from(shared.name.as_str());
        let is_unknown = |topic: &&str| shared.aggregate_types.records(topic) == Some(false);
        if !P::TOPICS.is_empty() && P::TOPICS.iter().all(is_unknown) {
            return Err(RunnerError::EventsNotRecorded { name: P::NAME, upstream, topics: P::TOPICS });
        }
        let mut position = views.position(&key, &upstream).await.map_err(RunnerError::of_view::<P>)?;
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
        if position.id == 0 {
            let begins = match beginning {
                Beginning::AtTheStart => Ok(None),
                Beginning::Now => shared.recorder.last_position().await.map(Some).map_err(crate::Error::from),
                Beginning::After(position) => {
                    pages.go_to(position);
                    pages.check().await.map(|()| Some(pages.position()))
                }
            };
            if let Some(begins) = begins.map_err(upstream_error)? {
                // a position that another process, or this one earlier, has stored is not moved, even if it is the start of an empty log
                let begun = views.initialize_position(&key, &upstream, begins).await;
                position = begun.map_err(RunnerError::of_view::<P>)?;
            }
            pages.go_to(position);
        }
        match (pages.check().await, accepted) {
            (Err(error), Some(accepted)) if error.is_log_mismatch() => {
                pages.go_to(accepted);
                // the accepted position must be one of this log
                pages.check().await.map_err(upstream_error)?;
                let accepted = pages.position();
                tracing::warn!(projection = P::NAME, upstream = &*upstream, %position, %accepted, %error, "accepted another log");
                let moved = views.move_position(&key, &upstream, position, accepted).await;
                match moved {
                    // another process that accepts it was quicker, and may have continued
                    Ok(()) | Err(ViewError::AlreadyProcessed { .. }) => {}
                    Err(error) => return Err(RunnerError::of_view::<P>(error)),
                }
                position = views.position(&key, &upstream).await.map_err(RunnerError::of_view::<P>)?;
                pages.go_to(position);
                pages.check().await.map_err(upstream_error)?;
            }
            (outcome, _) => outcome.map_err(upstream_error)?,
        }
        Ok((Handling { upstream, shared, projection, views, key, prefix, position }, pages))
    }
}

impl<P, V> RunnerBuilder<Arc<P>, V>
where
    P: Projection,
    V: Views<View = P::View>,
{
    /// The dead letters of the projection from this upstream application, which its runner handles with the same projection.
    pub(crate) fn dead_letters(&self) -> AnyDeadLetters {
        let upstream = Arc::from(self.shared.name.as_str());
        let handling = Handling {
            upstream,
            shared: Arc::clone(&self.shared),
            projection: Arc::clone(&self.projection),
            views: Arc::clone(&self.views),
            key: Arc::clone(&self.key),
            prefix: self.prefix.clone(),
            position: LogPosition::START,
        };
        DeadLetters::of(handling).into()
    }
}

pub(crate) fn runtime<P: Projection>() -> Result<Handle, RunnerError> {
    let runtime = Handle::try_current().map_err(|_| RunnerError::NoRuntime { name: P::NAME })?;
    if has_timers() { Ok(runtime) } else { Err(RunnerError::NoTimers { name: P::NAME }) }
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
