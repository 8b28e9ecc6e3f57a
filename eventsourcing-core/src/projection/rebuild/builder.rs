//! Configures a rebuild and starts it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument as _;

use super::{Rebuild, RebuildError, RebuildableViews, check_followed};
use crate::application::{Application, Shared};
use crate::projection::{OnFailure, Projection, ProjectionKey, RunnerBuilder, ViewTransaction as _, runtime};
use crate::subscription::Subscribe;

/// Configures a [`Rebuild`]; [`Rebuild::builder`] returns one.
#[must_use = "nothing is rebuilt before `start`"]
pub struct RebuildBuilder<P, V> {
    upstreams: Vec<Arc<Shared>>,
    projection: P,
    views: V,
    on_failure: OnFailure,
    batch_size: usize,
    poll_interval: Duration,
}

impl RebuildBuilder<(), ()> {
    /// The default for the number of events in a transaction.
    pub const DEFAULT_BATCH_SIZE: usize = 1_000;
}

impl<P, V> RebuildBuilder<P, V>
where
    P: Projection,
    V: RebuildableViews<View = P::View>,
{
    pub(super) fn new(upstream: Arc<Shared>, projection: P, views: V) -> Self {
        Self {
            upstreams: vec![upstream],
            projection,
            views,
            on_failure: OnFailure::default(),
            batch_size: RebuildBuilder::DEFAULT_BATCH_SIZE,
            poll_interval: Subscribe::DEFAULT_POLL_INTERVAL,
        }
    }

    /// Also consumes this application's log. A projection of several logs is rebuilt from all of them, because they share its tables.
    pub fn also(mut self, upstream: &Application) -> Self {
        if self.upstreams.iter().all(|known| known.name != upstream.shared.name) {
            self.upstreams.push(Arc::clone(&upstream.shared));
        }
        self
    }

    /// Sets what to do when a handler fails: by default, the rebuild stops. When it is started again, it continues from its position.
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.on_failure = on_failure;
        self
    }

    /// Sets the maximum number of events of one transaction; the default is [`DEFAULT_BATCH_SIZE`](RebuildBuilder::DEFAULT_BATCH_SIZE).
    ///
    /// Larger batches make handlers of many events at once faster. In PostgreSQL, each change of a row that was already changed in the
    /// same transaction takes longer: use smaller batches if many events change the same row.
    pub fn batch_size(mut self, events: usize) -> Self {
        self.batch_size = events;
        self
    }

    /// Sets the interval at which the logs are polled when no wake-up arrives, as [`Subscribe::poll_interval`].
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// Starts the rebuild, or continues it from its position after it was dropped or the process was killed.
    ///
    /// If the log that the rebuild has processed was rolled back meanwhile, it is refused
    /// ([`RunnerError::is_log_mismatch`](crate::RunnerError::is_log_mismatch)): abort it with
    /// [`abort_any`](Rebuild::abort_any), and start again.
    ///
    /// # Errors
    /// [`RebuildError`]; most variants say that there is nothing to rebuild, or that another rebuild is in progress. Then nothing is
    /// left behind.
    pub async fn start(self) -> Result<Rebuild<V>, RebuildError> {
        let span = tracing::info_span!("rebuild", name = P::NAME, version = P::VERSION);
        async {
            let key = ProjectionKey::new(P::NAME, P::VERSION).rebuilt();
            self.begin(key).await?;
            self.follow(key).await
        }
        .instrument(span)
        .await
    }

    /// The prefix of table names; empty if the views rename no tables.
    fn prefix(key: ProjectionKey<'_>) -> String {
        if V::HAS_TABLES { key.prefix() } else { String::new() }
    }

    /// Creates the tables, unless an earlier start created them.
    async fn begin(&self, key: ProjectionKey<'_>) -> Result<(), RebuildError> {
        runtime::<P>()?;
        if V::HAS_TABLES && !P::HAS_TABLES {
            return Err(RebuildError::NoTables { name: P::NAME });
        }
        let upstreams = self.upstreams.iter().map(|shared| shared.name.as_str());
        check_followed(&self.views, P::NAME, upstreams).await?;
        let Some(mut transaction) = self.views.begin_rebuild(key).await? else {
            tracing::info!("a rebuild continues");
            return Ok(());
        };
        let made = self.projection.tables(&Self::prefix(key), transaction.view()).await;
        made.map_err(|source| RebuildError::Tables { name: P::NAME, source })?;
        self.views.check_tables(key, &mut transaction).await?;
        let committed = transaction.commit().await;
        committed.map_err(|source| RebuildError::View { name: P::NAME.to_owned(), source })?;
        tracing::info!("a rebuild starts");
        Ok(())
    }

    async fn follow(self, key: ProjectionKey<'_>) -> Result<Rebuild<V>, RebuildError> {
        let Self { upstreams, projection, views, on_failure, batch_size, poll_interval } = self;
        let projection = Arc::new(projection);
        let prefix = Some(Arc::from(Self::prefix(key)));
        let mut runners = Vec::with_capacity(upstreams.len());
        for shared in upstreams {
            let runner = RunnerBuilder::new(shared, Arc::clone(&projection), views.clone());
            let runner = runner.on_failure(on_failure).batch_size(batch_size).poll_interval(poll_interval);
            runners.push(runner.under(key, prefix.clone()).follow().await?);
        }
        Ok(Rebuild::new(P::NAME, P::VERSION, views, runners))
    }
}

impl<P: Projection, V> fmt::Debug for RebuildBuilder<P, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let upstreams: Vec<&str> = self.upstreams.iter().map(|shared| shared.name.as_str()).collect();
        f.debug_struct("RebuildBuilder")
            .field("projection", &P::NAME)
            .field("version", &P::VERSION)
            .field("upstreams", &upstreams)
            .field("on_failure", &self.on_failure)
            .field("batch_size", &self.batch_size)
            .field("poll_interval", &self.poll_interval)
            .finish_non_exhaustive()
    }
}
