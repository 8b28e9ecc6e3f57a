//! A snapshot that is to be taken.

use std::any::TypeId;
use std::fmt;
use std::num::NonZeroU64;

use futures::future::BoxFuture;
use uuid::Uuid;

use super::handle::Shared;
use super::snapshots::Snapshots;
use crate::Result;
use crate::domain::Aggregate;

/// Takes a snapshot of the aggregate with this id, at this version or at the last one.
type Take = for<'s> fn(&'s Shared, Uuid, Option<u64>) -> BoxFuture<'s, Result<Option<u64>>>;

/// A snapshot of an aggregate that is to be taken.
#[derive(Clone, Copy)]
pub(crate) struct Due {
    aggregate: TypeId,
    pub(super) name: &'static str,
    pub(super) id: Uuid,
    /// The version; the last one if there is none.
    pub(super) version: Option<u64>,
    pub(super) take: Take,
}

impl Due {
    pub(super) fn new<A: Aggregate>(id: Uuid, version: Option<u64>) -> Self {
        Self {
            aggregate: TypeId::of::<A>(),
            name: A::NAME,
            id,
            version,
            take: |shared, id, version| Box::pin(shared.take_if_newer::<A>(id, version)),
        }
    }

    /// Returns what is the same for two snapshots of which one is enough.
    pub(super) fn key(&self) -> (TypeId, Uuid, Option<u64>) {
        (self.aggregate, self.id, self.version)
    }
}

impl fmt::Debug for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, id, version, .. } = self;
        f.debug_struct("Due").field("aggregate", name).field("id", id).field("version", version).finish()
    }
}

impl Snapshots {
    /// Returns the snapshot that is due when an aggregate changes from one version to another, if any.
    pub(crate) fn due<A: Aggregate>(&self, id: Uuid, before: u64, after: u64) -> Option<Due> {
        let format = self.format_of::<A>()?;
        let crossed = |interval: NonZeroU64| before / interval < after / interval;
        self.interval_of(&format).filter(|interval| crossed(*interval)).map(|_| Due::new::<A>(id, None))
    }
}
