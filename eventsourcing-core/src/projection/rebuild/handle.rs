//! A rebuild in progress, to observe, switch to or abort.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;
use tracing::Instrument as _;

use super::{RebuildBuilder, RebuildError, RebuildProgress, RebuildState, RebuildableViews, Switched, check_followed};
use crate::application::Application;
use crate::projection::{Progress, Projection, ProjectionKey, ProjectionRunner, RunnerError, ViewError};

/// The pause before a switch is retried after a transient error.
const PAUSE: Duration = Duration::from_millis(50);

/// A zero-downtime rebuild of a projection's view, at the next version.
///
/// The live version stays readable and keeps running during the rebuild. The rebuilt version has tables of its own, created by the
/// method with `#[tables]`, and handles the whole log at full speed in large batches. [`Rebuild::switch`] makes it live.
///
/// Keep it until it is switched to or aborted. Dropping it earlier stops the rebuild, which is logged as a warning: its tables and
/// positions stay, and the same rebuild continues from there when it is started again.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use std::time::Duration;
///
/// use eventsourcing::{Application, MemoryViews, ProjectionRunner, Rebuild};
/// # use eventsourcing::{Projection, projection::Recorded, recording::Cause};
///
/// # struct Count;
/// # impl Projection for Count {
/// #     type View = u64;
/// #     const NAME: &'static str = "count";
/// #     const TOPICS: &'static [&'static str] = &[];
/// #     async fn handle(&self, _: &str, _: &[Recorded<'_>], _: &mut u64) -> Result<(), Cause> { Ok(()) }
/// # }
/// # struct BetterCount;
/// # impl Projection for BetterCount {
/// #     type View = u64;
/// #     const NAME: &'static str = "count";
/// #     const VERSION: u32 = 2;
/// #     const TOPICS: &'static [&'static str] = &[];
/// #     async fn handle(&self, _: &str, _: &[Recorded<'_>], _: &mut u64) -> Result<(), Cause> { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let universe = Application::builder("Universe").open()?;
/// let views = MemoryViews::new(0);
/// let runner = ProjectionRunner::start(&universe, Count, views.clone()).await?;
///
/// let mut rebuild = Rebuild::builder(&universe, BetterCount, views.clone()).start().await?;
/// println!("{:?} to go", rebuild.progress().await?.time_left);
/// rebuild.switch(Duration::from_secs(60)).await?;
///
/// let runner = ProjectionRunner::start(&universe, BetterCount, views).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping it stops the rebuild: `switch` to it, or `abort` it"]
pub struct Rebuild<V> {
    name: &'static str,
    version: u32,
    views: V,
    runners: Vec<ProjectionRunner>,
    /// The time of the start, and the position at that time.
    started: (Instant, u64),
    /// The progress at the time of the switch.
    switched: Option<RebuildProgress>,
}

impl<V: RebuildableViews> Rebuild<V> {
    /// A rebuild of this projection with its view in `views`, from this application's log.
    pub fn builder<P>(upstream: &Application, projection: P, views: V) -> RebuildBuilder<P, V>
    where
        P: Projection<View = V::View>,
    {
        RebuildBuilder::new(Arc::clone(&upstream.shared), projection, views)
    }

    /// Aborts the rebuild of a projection, whatever its version is, and removes everything it created.
    ///
    /// Returns the version that was being rebuilt; none if there was no rebuild. Use it for a rebuild that no process continues. For
    /// a rebuild of your own, use [`Rebuild::abort`].
    ///
    /// # Errors
    /// [`RebuildError::View`] if the database fails; then nothing is removed.
    pub async fn abort_any(name: &str, views: &V) -> Result<Option<u32>, RebuildError> {
        views.abort_rebuild(name, None).await
    }

    pub(super) fn new(name: &'static str, version: u32, views: V, runners: Vec<ProjectionRunner>) -> Self {
        let position = runners.iter().map(ProjectionRunner::position).sum();
        Self { name, version, views, runners, started: (Instant::now(), position), switched: None }
    }

    /// The progress, speed and remaining time.
    ///
    /// # Errors
    /// [`RunnerError::Upstream`] if a log cannot be read.
    pub async fn progress(&self) -> Result<RebuildProgress, RunnerError> {
        if let Some(switched) = &self.switched {
            return Ok(switched.clone());
        }
        let (mut position, mut last) = (0_u64, 0_u64);
        let mut state = RebuildState::CaughtUp;
        for runner in &self.runners {
            let status = runner.status().await?;
            position = position.saturating_add(status.position);
            last = last.saturating_add(status.last);
            state = match (state, status.progress) {
                (state @ RebuildState::Failed(_), _) => state,
                (_, Progress::Failed(error)) => RebuildState::Failed(error),
                (_, Progress::Stopped) => RebuildState::Failed(RunnerError::Stopped { name: self.name }),
                (state @ RebuildState::Retrying(_), _) => state,
                (_, Progress::Retrying(error)) => RebuildState::Retrying(error),
                (RebuildState::CaughtUp, Progress::Running) if status.position < status.last => {
                    RebuildState::CatchingUp
                }
                (state, Progress::Running) => state,
            };
        }
        let (started, began) = self.started;
        Ok(RebuildProgress::new(position.saturating_sub(began), position, last, started.elapsed(), state))
    }

    /// Waits until the rebuild has reached the position of the live version, and makes it live in one transaction.
    ///
    /// Tables of the live version with the same names are dropped, and the rebuilt tables take over their names. From then on,
    /// runners of the previous version are refused, in all processes. Readers never see an older position: the live version does not
    /// move while the last events are handled, which takes a second at most. The switch is tried at least once, and gives up after
    /// `longest`. After that, and after other errors, the live version is unchanged, the rebuild continues, and the switch can be
    /// called again later.
    ///
    /// After a failover or a restore, a log may no longer have the position of the live version. The rebuild then has to reach the end of
    /// that log instead.
    ///
    /// If the future is dropped, the switch is either done or not, and can be called again in either case. After a switch no runner is
    /// active: start one for the new version with [`ProjectionRunner::start`].
    ///
    /// # Errors
    /// [`RebuildError::NotCaughtUp`] after `longest`; [`RebuildError::Runner`] if the rebuild gave up, or a log cannot be read;
    /// [`RebuildError::Ended`] if another process aborted it; [`RebuildError::View`] if the database fails.
    pub async fn switch(&mut self, longest: Duration) -> Result<(), RebuildError> {
        let span = tracing::info_span!("switch", name = self.name, version = self.version);
        self.switch_within(longest).instrument(span).await
    }

    async fn switch_within(&mut self, longest: Duration) -> Result<(), RebuildError> {
        if self.switched.is_some() {
            return Ok(());
        }
        let key = ProjectionKey::new(self.name, self.version).rebuilt();
        let begun = Instant::now();
        loop {
            match self.try_switch(key, longest.saturating_sub(begun.elapsed())).await {
                Ok(Switched::Done) => break,
                Ok(Switched::Behind) => tracing::debug!("the rebuild is behind the live version"),
                Err(error) if error.is_retryable() => {
                    tracing::warn!(%error, "retrying the switch to a rebuild");
                    sleep(PAUSE).await;
                }
                Err(error) => return Err(error),
            }
            if begun.elapsed() >= longest {
                return Err(RebuildError::NotCaughtUp { name: self.name, waited: longest });
            }
        }
        let position = self.runners.iter().map(ProjectionRunner::position).sum::<u64>();
        let (started, began) = self.started;
        let handled = position.saturating_sub(began);
        self.end_runners();
        self.switched =
            Some(RebuildProgress::new(handled, position, position, started.elapsed(), RebuildState::Switched));
        tracing::info!(position, "a rebuilt version is live");
        Ok(())
    }

    /// Waits until the rebuild is at the current position of the live version, and switches if that has not moved meanwhile.
    async fn try_switch(&self, key: ProjectionKey<'_>, longest: Duration) -> Result<Switched, RebuildError> {
        let upstreams = self.runners.iter().map(ProjectionRunner::upstream);
        let live = check_followed(&self.views, self.name, upstreams).await?;
        let begun = Instant::now();
        let mut lost = Vec::new();
        for (upstream, position) in live {
            let Some(runner) = self.runners.iter().find(|runner| runner.upstream() == upstream) else { continue };
            let target = match runner.end_without(position).await? {
                // the live version has processed a log that was rolled back, and that may never reach this position again
                Some(last) => {
                    lost.push((upstream, position));
                    last
                }
                None => position.id,
            };
            match runner.wait_for(target, longest.saturating_sub(begun.elapsed())).await {
                Ok(()) => {}
                Err(RunnerError::NotCaughtUp { .. }) => return Ok(Switched::Behind),
                // an earlier call whose future was dropped may have switched to this very version
                Err(RunnerError::View { source: ViewError::RebuildEnded { .. }, .. }) => break,
                Err(error) => return Err(error.into()),
            }
        }
        self.views.switch(key, &lost).await
    }

    /// Aborts the rebuild and removes everything it created.
    ///
    /// # Errors
    /// [`RebuildError::Ended`] if it was switched to, or another process aborted it; [`RebuildError::View`] if the database fails: then it
    /// can be started again, or aborted with [`Rebuild::abort_any`](crate::projection::rebuild::Rebuild::abort_any).
    pub async fn abort(mut self) -> Result<(), RebuildError> {
        self.end_runners();
        let is_over = || RebuildError::Ended { name: self.name.to_owned(), version: self.version };
        self.views.abort_rebuild(self.name, Some(self.version)).await?.ok_or_else(is_over)?;
        tracing::info!(name = self.name, version = self.version, "a rebuild was aborted");
        Ok(())
    }
}

impl<V> Rebuild<V> {
    fn end_runners(&mut self) {
        // after a stop request they end without a warning
        self.runners.drain(..).for_each(|runner| runner.ask_to_stop());
    }
}

impl<V> Drop for Rebuild<V> {
    fn drop(&mut self) {
        if !self.runners.is_empty() && !std::thread::panicking() {
            let (name, version) = (self.name, self.version);
            tracing::warn!(name, version, "a rebuild was dropped; it continues when it is started again");
        }
        self.end_runners();
    }
}

impl<V> fmt::Debug for Rebuild<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, version, runners, switched, .. } = self;
        f.debug_struct("Rebuild")
            .field("projection", name)
            .field("version", version)
            .field("runners", runners)
            .field("is_switched", &switched.is_some())
            .finish_non_exhaustive()
    }
}
