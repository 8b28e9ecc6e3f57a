//! Runs a system: a supervised task for each connection.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::opened::Opened;
use super::pipe::{Edge, Supervision};
use super::{System, SystemError};
use crate::application::{Application, ApplicationStruct};
use crate::process::ProcessViews;
use crate::projection::{Beginning, OnFailure, ProjectionRunner, RunnerError, RunnerObserver, Status, Views as _};
use crate::recording::LogPosition;
use crate::stats::ConsumerStats;
use crate::subscription::Subscribe;

/// A runner of a system: each pipe's consuming application processes the upstream log in a task of its own.
///
/// A failed task is restarted, after pauses that double up to thirty seconds while it makes no progress; the other tasks keep
/// running. If a position does not belong to the upstream log, because the log was rolled back by a failover or a restore, that
/// task stops for good: its status says so, and [`accept_log`](SystemRunnerBuilder::accept_log) lets it continue. The same system
/// may run in several processes, and each consuming application in a process of its own, with
/// [`only`](SystemRunnerBuilder::only).
///
/// Keep the runner for as long as the system should run. Dropping it ends all tasks at once and rolls back their current
/// transactions, which is logged as a warning; [`stop`](Self::stop) lets them finish.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::system::{System, SystemRunner};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), eventsourcing::system::SystemError> {
/// let runner = SystemRunner::start(&System::new([])).await?;
/// assert!(runner.status().await?.is_empty());
/// runner.stop().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping the runner stops the system; keep it for as long as the system should run"]
pub struct SystemRunner {
    opened: Opened,
    consumers: Vec<ProjectionRunner>,
}

impl SystemRunner {
    /// A builder of a runner for this system.
    pub fn builder(system: &System) -> SystemRunnerBuilder<'_> {
        SystemRunnerBuilder {
            system,
            only: Vec::new(),
            on_failure: OnFailure::default(),
            poll_interval: Subscribe::DEFAULT_POLL_INTERVAL,
            accepted: Vec::new(),
            beginnings: Vec::new(),
        }
    }

    /// Starts a runner with the default options of [`builder`](Self::builder).
    ///
    /// # Errors
    /// The errors of [`SystemRunnerBuilder::start`].
    pub async fn start(system: &System) -> Result<Self, SystemError> {
        Self::builder(system).start().await
    }

    /// Returns an application of the system.
    ///
    /// # Errors
    /// [`SystemError::NoSuchApplication`] if the system has no application of this type, or this runner does not open it.
    pub fn get<A: ApplicationStruct>(&self) -> Result<A, SystemError> {
        self.opened.get()
    }

    /// Waits until each upstream log is processed to its end, and no new events were recorded by that.
    ///
    /// # Errors
    /// [`RunnerError::NotCaughtUp`] if it takes longer than `longest`, with the first position that is not reached;
    /// [`RunnerError::Upstream`] if a log cannot be read.
    pub async fn settled(&self, longest: Duration) -> Result<(), SystemError> {
        let begun = Instant::now();
        let mut before = None;
        loop {
            let mut ends = Vec::with_capacity(self.consumers.len());
            for (runner, (_, upstream, _)) in self.consumers.iter().zip(self.opened.pairs()) {
                let last = upstream.shared.last_id().await.map_err(|error| runner.upstream_error(error))?;
                let left = longest.saturating_sub(begun.elapsed());
                runner.wait_for(last, left).await.map_err(|error| waited(error, longest))?;
                ends.push(last);
            }
            // all positions were at the ends of the logs, and no log has grown while that was checked
            if before.as_ref() == Some(&ends) {
                return Ok(());
            }
            before = Some(ends);
        }
    }

    /// The status of each connection.
    ///
    /// # Errors
    /// [`RunnerError::Upstream`] if a log cannot be read; [`RunnerError::View`] if dead letters cannot be counted.
    pub async fn status(&self) -> Result<Vec<ConsumerStatus>, SystemError> {
        let mut all = Vec::with_capacity(self.consumers.len());
        for (runner, Edge { names: (upstream, consumer), .. }) in self.consumers.iter().zip(&self.opened.edges) {
            all.push(ConsumerStatus { upstream, consumer, status: runner.status().await? });
        }
        Ok(all)
    }

    /// An observer of each connection, for tools that show their status and dead letters.
    pub fn observers(&self) -> Vec<RunnerObserver> {
        self.consumers.iter().map(ProjectionRunner::observer).collect()
    }

    /// Returns what each connection has done in this process since it was started. It asks no database.
    pub fn stats(&self) -> Vec<ConsumerStats> {
        self.consumers.iter().map(ProjectionRunner::stats).collect()
    }

    /// Lets all tasks finish their current transactions, and stops them.
    pub async fn stop(self) {
        // all are asked first, so that none starts on events that another still records
        self.consumers.iter().for_each(ProjectionRunner::ask_to_stop);
        for consumer in self.consumers {
            // its error was reported by its status and logged when it failed
            if let Err(error) = consumer.stop().await {
                tracing::debug!(%error, "a runner had failed before it was stopped");
            }
        }
    }
}

impl fmt::Debug for SystemRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemRunner").field("consumers", &self.consumers).finish_non_exhaustive()
    }
}

/// The same error, with the time waited for the whole system.
fn waited(error: RunnerError, longest: Duration) -> RunnerError {
    match error {
        RunnerError::NotCaughtUp { name, upstream, wanted, position, .. } => {
            RunnerError::NotCaughtUp { name, upstream, wanted, position, waited: longest }
        }
        error => error,
    }
}

/// The status of a connection of two applications.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConsumerStatus {
    /// The name of the upstream application.
    pub upstream: &'static str,
    /// The name of the application that processes the log.
    pub consumer: &'static str,
    /// The status of its runner.
    pub status: Status,
}

/// A builder of a [`SystemRunner`].
#[derive(Clone, Debug)]
#[must_use = "nothing runs before `start`"]
pub struct SystemRunnerBuilder<'s> {
    system: &'s System,
    /// The types and names of the selected applications.
    only: Vec<(TypeId, &'static str)>,
    on_failure: OnFailure,
    poll_interval: Duration,
    /// The accepted positions, by the types of the upstream and the consuming application.
    accepted: Vec<(TypeId, TypeId, LogPosition)>,
    beginnings: Vec<(TypeId, TypeId, Beginning)>,
}

impl SystemRunnerBuilder<'_> {
    /// Runs only this application's policy, and those of other applications selected likewise.
    ///
    /// Only the selected applications and their upstream applications are opened.
    pub fn only<A: ApplicationStruct>(mut self) -> Self {
        self.only.push((TypeId::of::<A>(), A::NAME));
        self
    }

    /// Sets what to do when a policy's handler fails, before the task is restarted.
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.on_failure = on_failure;
        self
    }

    /// Sets the interval at which logs are polled when no wake-up arrives, as [`Subscribe::poll_interval`].
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// Lets `F` begin at the end of `L`'s log if it has no position there yet:
    /// [`RunnerBuilder::from_now`](crate::projection::RunnerBuilder::from_now).
    ///
    /// The position is stored before [`start`](Self::start) returns, which fails if it cannot be stored.
    pub fn from_now<L: ApplicationStruct, F: ApplicationStruct>(mut self) -> Self {
        self.beginnings.push((TypeId::of::<L>(), TypeId::of::<F>(), Beginning::Now));
        self
    }

    /// Lets `F` begin after this position of `L`'s log if it has no position there yet:
    /// [`RunnerBuilder::from_position`](crate::projection::RunnerBuilder::from_position).
    pub fn from_position<L: ApplicationStruct, F: ApplicationStruct>(
        mut self,
        position: impl Into<LogPosition>,
    ) -> Self {
        self.beginnings.push((TypeId::of::<L>(), TypeId::of::<F>(), Beginning::After(position.into())));
        self
    }

    /// Lets `F` continue after this position of `L`'s log if that is not the log that it has processed:
    /// [`RunnerBuilder::accept_log`](crate::projection::RunnerBuilder::accept_log).
    pub fn accept_log<L: ApplicationStruct, F: ApplicationStruct>(mut self, position: impl Into<LogPosition>) -> Self {
        self.accepted.push((TypeId::of::<L>(), TypeId::of::<F>(), position.into()));
        self
    }

    /// Opens the applications and starts their runners at the stored positions; a new one starts at the beginning of the log.
    ///
    /// # Errors
    /// [`SystemError::NoUpstreams`] if [`only`](Self::only) names an application that no pipe leads to;
    /// [`SystemError::Application`] if one cannot be opened; others if the applications do not fit together;
    /// [`SystemError::Runner`] if a position for [`from_now`](Self::from_now) cannot be stored, and with
    /// [`RunnerError::NoRuntime`] outside of a Tokio runtime, [`RunnerError::NoTimers`] in one without timers.
    pub async fn start(self) -> Result<SystemRunner, SystemError> {
        let Self { system, only, on_failure, poll_interval, accepted, beginnings } = self;
        if let Some((_, name)) = only.iter().find(|(id, _)| !system.has_consumer(*id)) {
            return Err(SystemError::NoUpstreams { name });
        }
        let is_wanted = |edge: &Edge| only.is_empty() || only.iter().any(|(id, _)| *id == edge.consumer);
        let opened = system.open(is_wanted).await?;
        // before any task runs: "now" is before this function returns, whenever the tasks begin
        for (edge, upstream, consumer) in opened.pairs() {
            if let Some(Beginning::Now) = said_of(edge, &beginnings) {
                begin_now(edge, upstream, consumer).await?;
            }
        }
        let mut consumers = Vec::new();
        for (edge, upstream, consumer) in opened.pairs() {
            let accepted = said_of(edge, &accepted);
            let beginning = said_of(edge, &beginnings).unwrap_or_default();
            let how = Supervision { on_failure, poll_interval, accepted, beginning };
            consumers.push((edge.supervise)(upstream, consumer, how)?);
        }
        Ok(SystemRunner { opened, consumers })
    }
}

/// Stores that the application begins at the end of the log, unless it has a position there.
async fn begin_now(edge: &Edge, upstream: &Application, consumer: &Application) -> Result<(), RunnerError> {
    let (log, name) = (upstream.name(), edge.names.1);
    let of_view = |source| RunnerError::View { name, source };
    let views = ProcessViews::new(consumer.clone());
    if views.position(name, log).await.map_err(of_view)?.id > 0 {
        return Ok(());
    }
    let last = upstream.recorder().last_position().await.map_err(|error| RunnerError::Upstream {
        name,
        upstream: Arc::from(log),
        source: Arc::new(error.into()),
    })?;
    views.initialize_position(name, log, last).await.map_err(of_view)?;
    Ok(())
}

/// The last option that was set for this connection.
fn said_of<T: Copy>(edge: &Edge, said: &[(TypeId, TypeId, T)]) -> Option<T> {
    let is_of = |(leader, consumer, _): &&(TypeId, TypeId, T)| (*leader, *consumer) == (edge.leader, edge.consumer);
    said.iter().rfind(is_of).map(|(_, _, said)| *said)
}
