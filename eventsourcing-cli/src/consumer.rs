//! A registered projection or policy without its type: what a command does with its dead letters and its view.

use std::error::Error as StdError;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use eventsourcing::projection::{AnyDeadLetters, RebuildProgress, RebuildableViews, RecordedProjection};
use eventsourcing::{Application, DeadLetters, ProcessApplication, Projection, Rebuild};

use crate::boxed::Boxed;
use crate::failure::Failure;

/// The number of projections that are listed at a time.
const PAGE: usize = 100;

/// A projection or a policy.
pub(crate) trait Consumer: Send + Sync {
    /// The name of the projection, or of the application whose policy it is.
    fn name(&self) -> &'static str;

    /// The version of the projection.
    fn version(&self) -> u32;

    /// The applications whose logs a projection consumes; none for a policy, whose application stores them.
    fn upstreams(&self) -> &[String];

    /// Opens the dead letters of one upstream application. A policy needs its own application too.
    fn letters<'c>(
        &'c self,
        own: Option<&'c Application>,
        upstream: &'c Application,
    ) -> Boxed<'c, Result<AnyDeadLetters, Failure>>;

    /// The projection as its views store it; none for a policy, and for a projection that has never run.
    fn recorded(&self) -> Boxed<'_, Result<Option<RecordedProjection>, Failure>>;

    /// Starts or continues the rebuild of a projection; none for a policy, which has no view.
    fn rebuild<'c>(&'c self, upstreams: &'c [Application]) -> Option<Boxed<'c, Result<Box<dyn Rebuilding>, Failure>>>;
}

/// A rebuild in progress.
pub(crate) trait Rebuilding: Send {
    fn progress(&self) -> Boxed<'_, Result<RebuildProgress, Failure>>;
    fn switch(&mut self, longest: Duration) -> Boxed<'_, Result<(), Failure>>;
    /// Stops it in this process. It continues when it is started again.
    fn leave(self: Box<Self>);
}

/// Opens the views of a projection.
type Open<V> = Box<dyn Fn() -> Boxed<'static, Result<V, Failure>> + Send + Sync>;

/// A projection with its views.
pub(crate) struct ProjectionConsumer<P, V> {
    projection: Arc<P>,
    upstreams: Vec<String>,
    views: Open<V>,
}

impl<P, V> ProjectionConsumer<P, V>
where
    P: Projection<View = V::View>,
    V: RebuildableViews,
{
    pub(crate) fn new<F, E>(
        projection: P,
        upstreams: Vec<String>,
        views: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<V, E>> + Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let open = move || -> Boxed<'static, Result<V, Failure>> {
            let opening = views();
            Box::pin(async move {
                let opened = opening.await;
                opened.map_err(|error| Failure::Views { projection: P::NAME.to_owned(), source: error.into() })
            })
        };
        Self { projection: Arc::new(projection), upstreams, views: Box::new(open) }
    }
}

impl<P, V> Consumer for ProjectionConsumer<P, V>
where
    P: Projection<View = V::View>,
    V: RebuildableViews,
{
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn version(&self) -> u32 {
        P::VERSION
    }

    fn upstreams(&self) -> &[String] {
        &self.upstreams
    }

    fn letters<'c>(
        &'c self,
        _: Option<&'c Application>,
        upstream: &'c Application,
    ) -> Boxed<'c, Result<AnyDeadLetters, Failure>> {
        Box::pin(
            async move { Ok(DeadLetters::new(upstream, Arc::clone(&self.projection), (self.views)().await?).into()) },
        )
    }

    fn recorded(&self) -> Boxed<'_, Result<Option<RecordedProjection>, Failure>> {
        Box::pin(async move {
            let views = (self.views)().await?;
            let mut after = String::new();
            loop {
                let page = views.projections(&after, PAGE).await.map_err(Failure::other)?;
                let last = page.last().map(|last| last.name.clone());
                let is_last = page.len() < PAGE;
                if let Some(found) = page.into_iter().find(|found| found.name == P::NAME) {
                    return Ok(Some(found));
                }
                match last {
                    Some(last) if !is_last => after = last,
                    _ => return Ok(None),
                }
            }
        })
    }

    fn rebuild<'c>(&'c self, upstreams: &'c [Application]) -> Option<Boxed<'c, Result<Box<dyn Rebuilding>, Failure>>> {
        let (first, others) = upstreams.split_first()?;
        Some(Box::pin(async move {
            let views = (self.views)().await?;
            let mut builder = Rebuild::builder(first, Arc::clone(&self.projection), views);
            for upstream in others {
                builder = builder.also(upstream);
            }
            let rebuild = builder.start().await.map_err(Failure::other)?;
            Ok(Box::new(rebuild) as Box<dyn Rebuilding>)
        }))
    }
}

/// An application with a policy.
pub(crate) struct PolicyConsumer<P>(PhantomData<fn() -> P>);

impl<P: ProcessApplication> PolicyConsumer<P> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<P: ProcessApplication> Consumer for PolicyConsumer<P> {
    fn name(&self) -> &'static str {
        <P as eventsourcing::ApplicationStruct>::NAME
    }

    fn version(&self) -> u32 {
        P::VERSION
    }

    fn upstreams(&self) -> &[String] {
        &[]
    }

    fn letters<'c>(
        &'c self,
        own: Option<&'c Application>,
        upstream: &'c Application,
    ) -> Boxed<'c, Result<AnyDeadLetters, Failure>> {
        let policy = own.map(|own| P::from(own.clone()));
        Box::pin(async move {
            let policy = policy.ok_or_else(|| Failure::NotRegistered { name: self.name().to_owned() })?;
            Ok(policy.dead_letters(upstream).into())
        })
    }

    fn recorded(&self) -> Boxed<'_, Result<Option<RecordedProjection>, Failure>> {
        Box::pin(async { Ok(None) })
    }

    fn rebuild<'c>(&'c self, _: &'c [Application]) -> Option<Boxed<'c, Result<Box<dyn Rebuilding>, Failure>>> {
        None
    }
}

impl<V: RebuildableViews> Rebuilding for Rebuild<V> {
    fn progress(&self) -> Boxed<'_, Result<RebuildProgress, Failure>> {
        Box::pin(async move { self.progress().await.map_err(Failure::other) })
    }

    fn switch(&mut self, longest: Duration) -> Boxed<'_, Result<(), Failure>> {
        Box::pin(async move { self.switch(longest).await.map_err(Failure::other) })
    }

    fn leave(self: Box<Self>) {
        // the library warns of a rebuild that is dropped, and here it is meant
        tracing::subscriber::with_default(tracing::subscriber::NoSubscriber::default(), || drop(self));
    }
}
