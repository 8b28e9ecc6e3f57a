//! Rebuilding: a projection's next version is made beside the one that serves, and then takes its place.

mod error;
mod memory;
mod progress;
mod rebuilding;
mod views;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tracing::Instrument as _;

pub use self::error::RebuildError;
pub use self::progress::{RebuildProgress, RebuildState};
pub use self::rebuilding::Rebuilding;
pub use self::views::{LONGEST_HOLD, RebuildableViews, Switched};
use super::{OnFailure, Projection, ProjectionKey, RunnerBuilder, RunnerError, Subscribe, ViewTransaction as _};
use crate::application::{Application, Shared};
use crate::persistence::LogPosition;

/// Makes the view of a projection's next version beside the one that serves.
///
/// The version that serves goes on as long as the rebuild is under way: it is read and moves on as ever. What is rebuilt
/// has tables of its own, made by the method with `#[tables]`, and handles the whole log at full speed in large batches.
/// [`Rebuilding::switch`] lets it serve.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use eventsourcing_core::{Application, MemoryViews, ProjectionRunner, Rebuild};
/// # use eventsourcing_core::{Projection, persistence::Cause, following::Recorded};
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
/// let mut rebuilding = Rebuild::of(&universe, BetterCount, views.clone()).start().await?;
/// println!("{:?} to go", rebuilding.progress().await?.time_left);
/// rebuilding.switch(Duration::from_secs(60)).await?;
///
/// let runner = ProjectionRunner::start(&universe, BetterCount, views).await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is rebuilt before `start`"]
pub struct Rebuild<P, V> {
    upstreams: Vec<Arc<Shared>>,
    projection: P,
    views: V,
    on_failure: OnFailure,
    batch_size: usize,
    poll_interval: Duration,
}

impl Rebuild<(), ()> {
    /// Ends the rebuild of a projection, whatever its version is, and leaves no trace of it; which version it was, if there was one.
    ///
    /// It is for a rebuild that nobody goes on with: of one's own, [`Rebuilding::abort`] is the end.
    ///
    /// # Errors
    /// [`RebuildError::View`] as the database fails; then nothing is undone.
    pub async fn abort_any<V: RebuildableViews>(name: &str, views: &V) -> Result<Option<u32>, RebuildError> {
        views.abort_rebuild(name, None).await
    }

    /// A rebuild of this projection, whose view is there, from this application's log.
    pub fn of<P, V>(upstream: &Application, projection: P, views: V) -> Rebuild<P, V>
    where
        P: Projection,
        V: RebuildableViews<View = P::View>,
    {
        Rebuild {
            upstreams: vec![Arc::clone(&upstream.shared)],
            projection,
            views,
            on_failure: OnFailure::default(),
            batch_size: Rebuild::DEFAULT_BATCH_SIZE,
            poll_interval: Subscribe::DEFAULT_POLL_INTERVAL,
        }
    }

    /// How many events are handled in one transaction unless said otherwise.
    pub const DEFAULT_BATCH_SIZE: usize = 1_000;
}

impl<P, V> Rebuild<P, V>
where
    P: Projection,
    V: RebuildableViews<View = P::View>,
{
    /// From this application's log too: a projection of several is rebuilt from all of them at once, since they share its tables.
    pub fn also(mut self, upstream: &Application) -> Self {
        if self.upstreams.iter().all(|known| known.name != upstream.shared.name) {
            self.upstreams.push(Arc::clone(&upstream.shared));
        }
        self
    }

    /// What to do when a handler fails: to stop unless said otherwise. Started again, a rebuild goes on from where it was.
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.on_failure = on_failure;
        self
    }

    /// Handles at most this many events in one transaction: [`DEFAULT_BATCH_SIZE`](Rebuild::DEFAULT_BATCH_SIZE) unless said otherwise.
    ///
    /// Handlers of many events at once gain by more. PostgreSQL takes longer for each change of a row that was changed in the same
    /// transaction before: where many events change one row, fewer are faster.
    pub fn batch_size(mut self, events: usize) -> Self {
        self.batch_size = events;
        self
    }

    /// Looks at the logs after this time at the latest, as [`Subscribe::poll_interval`].
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// Begins the rebuild, or goes on with it from where it was: after it was dropped, or the program was killed.
    ///
    /// A rebuild whose own log went back meanwhile is refused ([`RunnerError::is_another_log`]): end it with
    /// [`abort_any`](Rebuild::abort_any), and begin anew.
    ///
    /// # Errors
    /// [`RebuildError`], of which most say that there is nothing to be rebuilt, or that another rebuild is under way. Nothing is left
    /// behind then.
    pub async fn start(self) -> Result<Rebuilding<V>, RebuildError> {
        let span = tracing::info_span!("rebuild", name = P::NAME, version = P::VERSION);
        async {
            let key = ProjectionKey::new(P::NAME, P::VERSION).rebuilt();
            self.begin(key).await?;
            self.follow(key).await
        }
        .instrument(span)
        .await
    }

    /// What the names of tables begin with: nothing where none are renamed.
    fn prefix(key: ProjectionKey<'_>) -> String {
        if V::HAS_TABLES { key.prefix() } else { String::new() }
    }

    /// Makes the tables, unless this was done before.
    async fn begin(&self, key: ProjectionKey<'_>) -> Result<(), RebuildError> {
        Handle::try_current().map_err(|_| RunnerError::NoRuntime { name: P::NAME })?;
        if V::HAS_TABLES && !P::HAS_TABLES {
            return Err(RebuildError::NoTables { name: P::NAME });
        }
        let upstreams = self.upstreams.iter().map(|shared| shared.name.as_str());
        check_followed(&self.views, P::NAME, upstreams).await?;
        let Some(mut transaction) = self.views.begin_rebuild(key).await? else {
            tracing::info!("a rebuild goes on");
            return Ok(());
        };
        let made = self.projection.tables(&Self::prefix(key), transaction.view()).await;
        made.map_err(|source| RebuildError::Tables { name: P::NAME, source })?;
        self.views.check_tables(key, &mut transaction).await?;
        let committed = transaction.commit().await;
        committed.map_err(|source| RebuildError::View { name: P::NAME.to_owned(), source })?;
        tracing::info!("a rebuild begins");
        Ok(())
    }

    async fn follow(self, key: ProjectionKey<'_>) -> Result<Rebuilding<V>, RebuildError> {
        let Self { upstreams, projection, views, on_failure, batch_size, poll_interval } = self;
        let projection = Arc::new(projection);
        let prefix = Some(Arc::from(Self::prefix(key)));
        let mut runners = Vec::with_capacity(upstreams.len());
        for shared in upstreams {
            let runner = RunnerBuilder::new(shared, Arc::clone(&projection), views.clone());
            let runner = runner.on_failure(on_failure).batch_size(batch_size).poll_interval(poll_interval);
            runners.push(runner.under(key, prefix.clone()).follow().await?);
        }
        Ok(Rebuilding::new(P::NAME, P::VERSION, views, runners))
    }
}

/// Makes sure that the rebuild follows all that the version that serves does.
async fn check_followed<V: RebuildableViews>(
    views: &V,
    name: &str,
    upstreams: impl Iterator<Item = &str> + Clone,
) -> Result<Vec<(String, LogPosition)>, RebuildError> {
    let serving = views.serving_positions(name).await?;
    match serving.iter().find(|(upstream, _)| upstreams.clone().all(|followed| followed != upstream)) {
        Some((upstream, _)) => Err(RebuildError::NotFollowed { name: name.to_owned(), upstream: upstream.clone() }),
        None => Ok(serving),
    }
}

impl<P: Projection, V> fmt::Debug for Rebuild<P, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let upstreams: Vec<&str> = self.upstreams.iter().map(|shared| shared.name.as_str()).collect();
        f.debug_struct("Rebuild")
            .field("projection", &P::NAME)
            .field("version", &P::VERSION)
            .field("upstreams", &upstreams)
            .field("on_failure", &self.on_failure)
            .field("batch_size", &self.batch_size)
            .field("poll_interval", &self.poll_interval)
            .finish_non_exhaustive()
    }
}
