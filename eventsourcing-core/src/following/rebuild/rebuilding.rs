//! A rebuild that is under way: it is looked at, switched to, or aborted.

use std::fmt;
use std::time::{Duration, Instant};

use tokio::time::sleep;
use tracing::Instrument as _;

use super::super::{Progress, ProjectionKey, ProjectionRunner, RunnerError, ViewError};
use super::{RebuildError, RebuildProgress, RebuildState, RebuildableViews, Switched, check_followed};

/// Before a switch is tried again that failed for reasons that pass.
const PAUSE: Duration = Duration::from_millis(50);

/// A rebuild that is under way.
///
/// Keep it until it is switched to or aborted. Dropped before, it stops, which is logged as a warning: what was made stays, and the same rebuild goes on from there when it is started again.
#[must_use = "it goes on only as long as it is kept: `switch` to it, or `abort` it"]
pub struct Rebuilding<V> {
    name: &'static str,
    version: u32,
    views: V,
    runners: Vec<ProjectionRunner>,
    /// When it was started, and up to where the logs were processed then.
    started: (Instant, u64),
    /// How far it was when it was switched to.
    switched: Option<RebuildProgress>,
}

impl<V: RebuildableViews> Rebuilding<V> {
    pub(super) fn new(name: &'static str, version: u32, views: V, runners: Vec<ProjectionRunner>) -> Self {
        let position = runners.iter().map(ProjectionRunner::position).sum();
        Self { name, version, views, runners, started: (Instant::now(), position), switched: None }
    }

    /// How far it is, how fast, and how long it takes yet.
    ///
    /// # Errors
    /// [`RunnerError::Upstream`] if a log cannot be looked at.
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
                (RebuildState::CaughtUp, Progress::Following) if status.position < status.last => {
                    RebuildState::CatchingUp
                }
                (state, Progress::Following) => state,
            };
        }
        let (started, began) = self.started;
        Ok(RebuildProgress::new(position.saturating_sub(began), position, last, started.elapsed(), state))
    }

    /// Waits until it is as far as what serves, and lets it serve, in one transaction.
    ///
    /// The tables of what serves that have the same names go, and those that were rebuilt take their names. From that moment runners of
    /// the version before are refused, also those of other processes. What is read never goes back: while the last events
    /// are handled, for a second at most, the version that serves does not move. Tried once at least, it gives up after the
    /// longest time; then, and after other errors, what serves is as it was, the rebuild goes on, and may be switched to later.
    ///
    /// After a failover or a restore, a log may no longer have the position of the live version. The rebuild then has to reach the end of
    /// that log instead.
    ///
    /// Dropped, it is either done or not, and may be called again in either case. Afterwards nothing follows:
    /// [`ProjectionRunner::start`] with the new version does.
    ///
    /// # Errors
    /// [`RebuildError::NotThereYet`] after the longest time; [`RebuildError::Runner`] if the rebuild gave up, or a log cannot be looked at;
    /// [`RebuildError::IsOver`] if somebody else aborted it; [`RebuildError::View`] as the database fails.
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
                Ok(Switched::Behind) => tracing::debug!("what is rebuilt is behind what serves"),
                Err(error) if error.is_retryable() => {
                    tracing::warn!(%error, "a switch is tried again");
                    sleep(PAUSE).await;
                }
                Err(error) => return Err(error),
            }
            if begun.elapsed() >= longest {
                return Err(RebuildError::NotThereYet { name: self.name, waited: longest });
            }
        }
        let position = self.runners.iter().map(ProjectionRunner::position).sum::<u64>();
        let (started, began) = self.started;
        let handled = position.saturating_sub(began);
        self.end_runners();
        self.switched =
            Some(RebuildProgress::new(handled, position, position, started.elapsed(), RebuildState::Switched));
        tracing::info!(position, "a rebuild serves");
        Ok(())
    }

    /// Waits until it is where what serves is now, and switches, if that has not moved on since.
    async fn try_switch(&self, key: ProjectionKey<'_>, longest: Duration) -> Result<Switched, RebuildError> {
        let upstreams = self.runners.iter().map(ProjectionRunner::upstream);
        let serving = check_followed(&self.views, self.name, upstreams).await?;
        let begun = Instant::now();
        let mut lost = Vec::new();
        for (upstream, position) in serving {
            let Some(runner) = self.runners.iter().find(|runner| runner.upstream() == upstream) else { continue };
            let target = match runner.end_without(position).await? {
                // the live version is of a log that went back, which may never reach that position again
                Some(last) => {
                    lost.push((upstream, position));
                    last
                }
                None => position.id,
            };
            match runner.wait_for(target, longest.saturating_sub(begun.elapsed())).await {
                Ok(()) => {}
                Err(RunnerError::NotThereYet { .. }) => return Ok(Switched::Behind),
                // it may be this one that was switched to, by a call that was dropped
                Err(RunnerError::View { source: ViewError::RebuildIsOver { .. }, .. }) => break,
                Err(error) => return Err(error.into()),
            }
        }
        self.views.switch(key, &lost).await
    }

    /// Ends the rebuild and leaves no trace of it.
    ///
    /// # Errors
    /// [`RebuildError::IsOver`] if it was switched to, or aborted by somebody else; [`RebuildError::View`] as the database fails: then it can
    /// be started again, or ended with [`Rebuild::abort_any`](super::Rebuild::abort_any).
    pub async fn abort(mut self) -> Result<(), RebuildError> {
        self.end_runners();
        let is_over = || RebuildError::IsOver { name: self.name.to_owned(), version: self.version };
        self.views.abort_rebuild(self.name, Some(self.version)).await?.ok_or_else(is_over)?;
        tracing::info!(name = self.name, version = self.version, "a rebuild was aborted");
        Ok(())
    }
}

impl<V> Rebuilding<V> {
    fn end_runners(&mut self) {
        // asked to, they end without a warning
        self.runners.drain(..).for_each(|runner| runner.ask_to_stop());
    }
}

impl<V> Drop for Rebuilding<V> {
    fn drop(&mut self) {
        if !self.runners.is_empty() && !std::thread::panicking() {
            let (name, version) = (self.name, self.version);
            tracing::warn!(name, version, "a rebuild was dropped, and goes on only when it is started again");
        }
        self.end_runners();
    }
}

impl<V> fmt::Debug for Rebuilding<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, version, runners, switched, .. } = self;
        f.debug_struct("Rebuilding")
            .field("projection", name)
            .field("version", version)
            .field("runners", runners)
            .field("is_switched", &switched.is_some())
            .finish_non_exhaustive()
    }
}
