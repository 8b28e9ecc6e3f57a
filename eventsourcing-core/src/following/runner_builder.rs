//! How a projection is to be run: where it begins, and with what.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::batch_size::BatchSize;
use super::handling::Handling;
use super::pages::Pages;
use super::runner::CountLetters;
use super::state::State;
use super::version::looks_versioned;
use super::worker::Worker;
use super::{
    OnFailure, Projection, ProjectionKey, ProjectionRunner, RunnerError, Subscribe, ViewError, ViewTransaction as _,
    Views,
};
use crate::application::Shared;
use crate::claims::{Claim, Kind, Taken};
use crate::persistence::{LogPosition, Notification, NotificationQuery};

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
    accepted: Option<LogPosition>,
    beginning: Beginning,
}

/// Where a follower begins that has not processed anything yet.
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
    pub(super) fn new(shared: Arc<Shared>, projection: P, views: V) -> Self {
        const {
            assert!(
                !looks_versioned(P::NAME),
                "the name of a projection cannot have `_v` and a number in it; give `VERSION` instead"
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

    /// Begins at the end of the log, if nothing of the log is processed yet: what is recorded from now on is handled, and what is
    /// there already is not.
    ///
    /// It is for followers whose effects belong to the present, such as one that sends mail. Where it begins is stored when it
    /// starts, so that after a crash, before the first event or later, it goes on from there. For an empty log that is the start of the
    /// log: events that are recorded while it is stopped are handled when it starts again.
    ///
    /// It has no effect where a position is stored, so that it stays in the code.
    pub fn from_now(self) -> Self {
        self.beginning(Beginning::Now)
    }

    /// Begins after this position, if nothing of the log is processed yet, as [`from_now`](Self::from_now).
    ///
    /// # Errors
    /// When started: [`RunnerError::Upstream`] if it is no position in the log.
    pub fn from_position(self, position: impl Into<LogPosition>) -> Self {
        self.beginning(Beginning::After(position.into()))
    }

    pub(crate) fn beginning(mut self, beginning: Beginning) -> Self {
        self.beginning = beginning;
        self
    }

    /// Goes on after this position if the log is another than the one that the view was made of.
    ///
    /// After a failover to a server that was behind, or a restored backup, the view's position does not fit the log, and
    /// [`start`](Self::start) fails with [`Error::LogChanged`](crate::Error::LogChanged) or
    /// [`Error::PositionAheadOfLog`](crate::Error::PositionAheadOfLog). Where the view cannot be rebuilt, such as where its handlers send
    /// mail, repair it, and say here up to which event of the log it is right now. Events after it are handled. Where the view's position
    /// fits the log this does nothing, so that it can stay in the code for as long as a deployment takes.
    ///
    /// ```
    /// # use eventsourcing_core::following::{ProjectionRunner, RunnerBuilder, RunnerError};
    /// # use eventsourcing_core::{Projection, Views};
    /// # async fn example<P: Projection, V: Views<View = P::View>>(builder: RunnerBuilder<P, V>) -> Result<ProjectionRunner, RunnerError> {
    /// builder.accept_log(7_000).start().await
    /// # }
    /// ```
    pub fn accept_log(mut self, position: impl Into<LogPosition>) -> Self {
        self.accepted = Some(position.into());
        self
    }

    /// Starts to follow from where the view is.
    ///
    /// # Errors
    /// [`RunnerError::View`] if the view cannot be looked at; [`RunnerError::Upstream`] if the log cannot be, or is not
    /// the one that the view was made of ([`RunnerError::is_another_log`]); [`RunnerError::NothingToFollow`] if the application says what it records, and no handler takes any of it;
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
        let Some(database) = self.views.database() else { return Ok(None) };
        let claim = Claim::of::<P>(Kind::Projection, database, &self.key);
        claim.map(Some).map_err(|Taken { by, wanted_by }| RunnerError::NameTaken { name: P::NAME, by, wanted_by })
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
        State::following(&publish, handling.position.id);
        let batch = if handling.prefix.is_some() { BatchSize::of_rebuild() } else { BatchSize::of_page() };
        Ok((Worker { handling, on_failure, publish, stopping, batch }, pages))
    }

    /// Finds out where the view is, and that the log reaches there.
    pub(super) async fn begin(self) -> Result<(Handling<P, V>, Pages<Notification>), RunnerError> {
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
        let is_unknown = |topic: &&str| shared.schema.records(topic) == Some(false);
        if !P::TOPICS.is_empty() && P::TOPICS.iter().all(is_unknown) {
            return Err(RunnerError::NothingToFollow { name: P::NAME, upstream, topics: P::TOPICS });
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
                // where others began who were quicker, or this one before, is not moved, be it the start of a log that was empty
                let begun = views.begin_at(&key, &upstream, begins).await;
                position = begun.map_err(RunnerError::of_view::<P>)?;
            }
            pages.go_to(position);
        }
        match (pages.check().await, accepted) {
            (Err(error), Some(accepted)) if error.is_another_log() => {
                pages.go_to(accepted);
                // it has to be a place in this log
                pages.check().await.map_err(upstream_error)?;
                let accepted = pages.position();
                tracing::warn!(follower = P::NAME, upstream = &*upstream, %position, %accepted, %error, "another log is accepted");
                let moved = views.move_position(&key, &upstream, position, accepted).await;
                match moved {
                    // others who accept it were quicker, and may have gone on
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
