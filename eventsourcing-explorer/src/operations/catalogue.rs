//! Views without their types: what they contain, their dead letters, and the end of a rebuild.

use eventsourcing_core::projection::{
    ProjectionKey, RebuildableViews, RecordedProjection, ResolvedLetter, Switched, Views,
};
use eventsourcing_core::{DeadLetter, RebuildError, ViewError};
use futures::FutureExt as _;
use futures::future::BoxFuture;

/// [`RebuildableViews`] as a trait object.
pub(crate) trait Catalogue: Send + Sync {
    /// The database, as the views name it.
    fn database(&self) -> Option<String>;

    /// The first projections, by name.
    fn projections(&self, limit: usize) -> BoxFuture<'_, Result<Vec<RecordedProjection>, ViewError>>;

    fn dead_letters<'a>(
        &'a self,
        key: &'a str,
        upstream: &'a str,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<DeadLetter>, ViewError>>;

    fn resolved<'a>(
        &'a self,
        key: &'a str,
        upstream: &'a str,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<ResolvedLetter>, ViewError>>;

    /// Makes a rebuilt version live, if it has reached the live one.
    fn switch<'a>(&'a self, name: &'a str, version: u32) -> BoxFuture<'a, Result<Switched, RebuildError>>;

    /// Aborts the rebuild of this version.
    fn abort<'a>(&'a self, name: &'a str, version: u32) -> BoxFuture<'a, Result<Option<u32>, RebuildError>>;
}

impl<V: RebuildableViews> Catalogue for V {
    fn database(&self) -> Option<String> {
        Views::database(self)
    }

    fn projections(&self, limit: usize) -> BoxFuture<'_, Result<Vec<RecordedProjection>, ViewError>> {
        Views::projections(self, "", limit).boxed()
    }

    fn dead_letters<'a>(
        &'a self,
        key: &'a str,
        upstream: &'a str,
        after: u64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<DeadLetter>, ViewError>> {
        Views::dead_letters(self, key, upstream, after, limit).boxed()
    }

    fn resolved<'a>(
        &'a self,
        key: &'a str,
        upstream: &'a str,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<ResolvedLetter>, ViewError>> {
        Views::resolved_letters(self, key, upstream, limit).boxed()
    }

    fn switch<'a>(&'a self, name: &'a str, version: u32) -> BoxFuture<'a, Result<Switched, RebuildError>> {
        async move { RebuildableViews::switch(self, ProjectionKey::new(name, version).rebuilt(), &[]).await }.boxed()
    }

    fn abort<'a>(&'a self, name: &'a str, version: u32) -> BoxFuture<'a, Result<Option<u32>, RebuildError>> {
        async move { self.abort_rebuild(name, Some(version)).await }.boxed()
    }
}
