//! A registered projection or policy without its type: what a command does with its dead letters and its view.

use std::error::Error as StdError;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use eventsourcing::projection::{RebuildProgress, RebuildableViews};
use eventsourcing::{Application, DeadLetter, DeadLetters, ProcessApplication, Projection, Rebuild, Uuid, Views};

use crate::failure::Failure;
use crate::program::Boxed;

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
    ) -> Boxed<'c, Result<Box<dyn Letters>, Failure>>;

    /// Starts or continues the rebuild of a projection; none for a policy, which has no view.
    fn rebuild<'c>(&'c self, upstreams: &'c [Application]) -> Option<Boxed<'c, Result<Box<dyn Rebuilding>, Failure>>>;
}

/// The dead letters of a consumer, from one upstream application.
pub(crate) trait Letters: Send + Sync {
    fn retry(&self, id: Uuid) -> Boxed<'_, Result<usize, Failure>>;
    fn discard(&self, position: u64) -> Boxed<'_, Result<DeadLetter, Failure>>;
    fn discard_all(&self, id: Uuid) -> Boxed<'_, Result<usize, Failure>>;
}

/// A rebuild in progress.
pub(crate) trait Rebuilding: Send {
    fn progress(&self) -> Boxed<'_, Result<RebuildProgress, Failure>>;
    fn switch(&mut self, longest: Duration) -> Boxed<'_, Result<(), Failure>>;
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
    ) -> Boxed<'c, Result<Box<dyn Letters>, Failure>> {
        Box::pin(async move {
            let letters = DeadLetters::new(upstream, Arc::clone(&self.projection), (self.views)().await?);
            Ok(Box::new(letters) as Box<dyn Letters>)
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
    ) -> Boxed<'c, Result<Box<dyn Letters>, Failure>> {
        let policy = own.map(|own| P::from(own.clone()));
        Box::pin(async move {
            let policy = policy.ok_or_else(|| Failure::NotRegistered { name: self.name().to_owned() })?;
            Ok(Box::new(policy.dead_letters(upstream)) as Box<dyn Letters>)
        })
    }

    fn rebuild<'c>(&'c self, _: &'c [Application]) -> Option<Boxed<'c, Result<Box<dyn Rebuilding>, Failure>>> {
        None
    }
}

impl<P, V> Letters for DeadLetters<P, V>
where
    P: Projection,
    V: Views<View = P::View>,
{
    fn retry(&self, id: Uuid) -> Boxed<'_, Result<usize, Failure>> {
        Box::pin(async move { self.retry(id).await.map_err(Failure::other) })
    }

    fn discard(&self, position: u64) -> Boxed<'_, Result<DeadLetter, Failure>> {
        Box::pin(async move { self.discard(position).await.map_err(Failure::other) })
    }

    fn discard_all(&self, id: Uuid) -> Boxed<'_, Result<usize, Failure>> {
        Box::pin(async move { self.discard_all(id).await.map_err(Failure::other) })
    }
}

impl<V: RebuildableViews> Rebuilding for Rebuild<V> {
    fn progress(&self) -> Boxed<'_, Result<RebuildProgress, Failure>> {
        Box::pin(async move { self.progress().await.map_err(Failure::other) })
    }

    fn switch(&mut self, longest: Duration) -> Boxed<'_, Result<(), Failure>> {
        Box::pin(async move { self.switch(longest).await.map_err(Failure::other) })
    }
}
