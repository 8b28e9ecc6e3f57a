//! Running a system for good: a task for each follower, started again whenever it fails.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::opened::Opened;
use super::pipe::{Edge, Supervision};
use super::{System, SystemError};
use crate::application::{Application, ApplicationStruct};
use crate::following::{Beginning, OnFailure, ProjectionRunner, RunnerError, Status, Subscribe, Views as _};
use crate::persistence::LogPosition;

/// Runs a system: each application that follows another does so on a task of its own.
///
/// A follower that fails is started again, after pauses that double up to thirty seconds as long as it does not come on; the others go on
/// meanwhile. One whose position does not fit the log that it follows, because that went back in a failover or a restore, stops for good:
/// its status says so, and [`accept_log`](SystemRunnerBuilder::accept_log) lets it go on. The same system may run in several processes, and each follower in a process of its own, with
/// [`only`](SystemRunnerBuilder::only).
///
/// Keep it as long as the system is to run. Dropped, it ends at once, which is logged as a warning, and what is under way is as if it had never
/// been; [`stop`](Self::stop) lets it finish.
///
/// # Examples
///
/// ```
/// use eventsourcing_core::system::{System, SystemRunner};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), eventsourcing_core::system::SystemError> {
/// let runner = SystemRunner::start(&System::new([])).await?;
/// assert!(runner.status().await?.is_empty());
/// runner.stop().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "the system runs only as long as its runner is kept: dropped here, it ends at once"]
pub struct SystemRunner {
    opened: Opened,
    followers: Vec<ProjectionRunner>,
}

impl SystemRunner {
    /// A runner of this system.
    pub fn of(system: &System) -> SystemRunnerBuilder<'_> {
        SystemRunnerBuilder {
            system,
            only: Vec::new(),
            on_failure: OnFailure::default(),
            poll_interval: Subscribe::DEFAULT_POLL_INTERVAL,
            accepted: Vec::new(),
            beginnings: Vec::new(),
        }
    }

    /// Starts as [`of`](Self::of) with the defaults.
    ///
    /// # Errors
    /// As [`SystemRunnerBuilder::start`].
    pub async fn start(system: &System) -> Result<Self, SystemError> {
        Self::of(system).start().await
    }

    /// An application of the system.
    ///
    /// # Errors
    /// [`SystemError::NoSuchApplication`] if the system has none of this type here.
    pub fn get<A: ApplicationStruct>(&self) -> Result<A, SystemError> {
        self.opened.get()
    }

    /// Waits until every follower has processed all there is, and nothing new came of it.
    ///
    /// # Errors
    /// [`RunnerError::NotThereYet`] if it takes longer than that, with the first follower that is not there;
    /// [`RunnerError::Upstream`] if a log cannot be looked at.
    pub async fn settled(&self, longest: Duration) -> Result<(), SystemError> {
        let begun = Instant::now();
        let mut before = None;
        loop {
            let mut ends = Vec::with_capacity(self.followers.len());
            for (runner, (_, upstream, _)) in self.followers.iter().zip(self.opened.pairs()) {
                let last = upstream.shared.last_id().await.map_err(|error| runner.upstream_error(error))?;
                let left = longest.saturating_sub(begun.elapsed());
                runner.wait_for(last, left).await.map_err(|error| waited(error, longest))?;
                ends.push(last);
            }
            // all were at the ends of their logs, and while that was found out nothing was recorded in any of them
            if before.as_ref() == Some(&ends) {
                return Ok(());
            }
            before = Some(ends);
        }
    }

    /// How far each follower is, and how it fares.
    ///
    /// # Errors
    /// [`RunnerError::Upstream`] if a log cannot be looked at.
    pub async fn status(&self) -> Result<Vec<FollowerStatus>, SystemError> {
        let mut all = Vec::with_capacity(self.followers.len());
        for (runner, Edge { names: (upstream, follower), .. }) in self.followers.iter().zip(&self.opened.edges) {
            all.push(FollowerStatus { upstream, follower, status: runner.status().await? });
        }
        Ok(all)
    }

    /// Lets all followers finish what is under way, and ends them.
    pub async fn stop(self) {
        // asked all at once, so that none works on what another still makes
        self.followers.iter().for_each(ProjectionRunner::ask_to_stop);
        for follower in self.followers {
            // it failed for others to see: it was said in its status and to whoever listens to tracing
            if let Err(error) = follower.stop().await {
                tracing::debug!(%error, "a follower had failed before it was stopped");
            }
        }
    }
}

impl fmt::Debug for SystemRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemRunner").field("followers", &self.followers).finish_non_exhaustive()
    }
}

/// The same error, with how long was waited for the whole system.
fn waited(error: RunnerError, longest: Duration) -> RunnerError {
    match error {
        RunnerError::NotThereYet { name, upstream, wanted, position, .. } => {
            RunnerError::NotThereYet { name, upstream, wanted, position, waited: longest }
        }
        error => error,
    }
}

/// How far a follower is, and how it fares.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FollowerStatus {
    /// The application that is followed.
    pub upstream: &'static str,
    /// The application that follows.
    pub follower: &'static str,
    /// How it fares.
    pub status: Status,
}

/// How a system is to be run.
#[derive(Clone, Debug)]
#[must_use = "nothing runs before `start`"]
pub struct SystemRunnerBuilder<'s> {
    system: &'s System,
    /// By type and name.
    only: Vec<(TypeId, &'static str)>,
    on_failure: OnFailure,
    poll_interval: Duration,
    /// By the types of the upstream and the consumer.
    accepted: Vec<(TypeId, TypeId, LogPosition)>,
    beginnings: Vec<(TypeId, TypeId, Beginning)>,
}

impl SystemRunnerBuilder<'_> {
    /// Runs this follower and no others but those named likewise: only what it follows is opened beside it.
    pub fn only<A: ApplicationStruct>(mut self) -> Self {
        self.only.push((TypeId::of::<A>(), A::NAME));
        self
    }

    /// What to do when a policy's handler fails, before the follower is started again.
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.on_failure = on_failure;
        self
    }

    /// Looks at each log after this time at the latest, as [`Subscribe::poll_interval`].
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// Lets `F` begin at the end of `L`'s log, if it has processed nothing of it yet:
    /// [`RunnerBuilder::from_now`](crate::following::RunnerBuilder::from_now).
    ///
    /// Where that is is stored before [`start`](Self::start) returns, which fails if it cannot be.
    pub fn from_now<L: ApplicationStruct, F: ApplicationStruct>(mut self) -> Self {
        self.beginnings.push((TypeId::of::<L>(), TypeId::of::<F>(), Beginning::Now));
        self
    }

    /// Lets `F` begin after this position of `L`'s log, if it has processed nothing of it yet:
    /// [`RunnerBuilder::from_position`](crate::following::RunnerBuilder::from_position).
    pub fn from_position<L: ApplicationStruct, F: ApplicationStruct>(
        mut self,
        position: impl Into<LogPosition>,
    ) -> Self {
        self.beginnings.push((TypeId::of::<L>(), TypeId::of::<F>(), Beginning::After(position.into())));
        self
    }

    /// Lets `F` go on after this position of `L`'s log if that is another log than the one that it followed:
    /// [`RunnerBuilder::accept_log`](crate::following::RunnerBuilder::accept_log).
    pub fn accept_log<L: ApplicationStruct, F: ApplicationStruct>(mut self, position: impl Into<LogPosition>) -> Self {
        self.accepted.push((TypeId::of::<L>(), TypeId::of::<F>(), position.into()));
        self
    }

    /// Opens the applications and lets them follow one another from where they are: one that is new, from the beginning.
    ///
    /// # Errors
    /// [`SystemError::FollowsNobody`] if [`only`](Self::only) names an application that no pipe lets follow;
    /// [`SystemError::Application`] if one cannot be opened, others if the system does not fit together;
    /// [`SystemError::Follower`] if where a follower begins that begins now cannot be stored, and with
    /// [`RunnerError::NoRuntime`] outside of a runtime.
    pub async fn start(self) -> Result<SystemRunner, SystemError> {
        let Self { system, only, on_failure, poll_interval, accepted, beginnings } = self;
        if let Some((_, name)) = only.iter().find(|(id, _)| !system.has_follower(*id)) {
            return Err(SystemError::FollowsNobody { name });
        }
        let is_wanted = |edge: &Edge| only.is_empty() || only.iter().any(|(id, _)| *id == edge.follower);
        let opened = system.open(is_wanted).await?;
        // before any of them runs: now is before this returns, whenever their tasks come to it
        for (edge, upstream, follower) in opened.pairs() {
            if let Some(Beginning::Now) = said_of(edge, &beginnings) {
                begin_now(edge, upstream, follower).await?;
            }
        }
        let mut followers = Vec::new();
        for (edge, upstream, follower) in opened.pairs() {
            let accepted = said_of(edge, &accepted);
            let beginning = said_of(edge, &beginnings).unwrap_or_default();
            let how = Supervision { on_failure, poll_interval, accepted, beginning };
            followers.push((edge.supervise)(upstream, follower, how)?);
        }
        Ok(SystemRunner { opened, followers })
    }
}

/// Stores that the follower begins at the end of the log, unless it has begun.
async fn begin_now(edge: &Edge, upstream: &Application, follower: &Application) -> Result<(), RunnerError> {
    let (log, name) = (upstream.name(), edge.names.1);
    let of_view = |source| RunnerError::View { name, source };
    if follower.position(name, log).await.map_err(of_view)?.id > 0 {
        return Ok(());
    }
    let last = upstream.recorder().last_position().await.map_err(|error| RunnerError::Upstream {
        name,
        upstream: Arc::from(log),
        source: Arc::new(error.into()),
    })?;
    follower.begin_at(name, log, last).await.map_err(of_view)?;
    Ok(())
}

/// What was last said of the follower at the point of this arrow.
fn said_of<T: Copy>(edge: &Edge, said: &[(TypeId, TypeId, T)]) -> Option<T> {
    let is_of = |(leader, follower, _): &&(TypeId, TypeId, T)| (*leader, *follower) == (edge.leader, edge.follower);
    said.iter().rfind(is_of).map(|(_, _, said)| *said)
}
