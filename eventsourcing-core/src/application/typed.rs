//! What is read of aggregates of a type whose Rust type the caller does not know.

use futures::future::BoxFuture;
use jiff::Timestamp;
use uuid::Uuid;

use super::state_view::StateView;
use super::{AggregateState, Application, Blame, FieldChange};
use crate::Result;
use crate::domain::Aggregate;

/// Which state of an aggregate is loaded.
#[derive(Clone, Copy, Debug)]
pub(super) enum At {
    Now,
    Version(u64),
    Time(Timestamp),
}

/// Reads aggregates of one type.
pub(super) trait Typed: Send + Sync {
    /// Loads an aggregate, and shows its state.
    fn load<'a>(&'a self, application: &'a Application, id: Uuid, at: At) -> BoxFuture<'a, Result<AggregateState>>;

    /// The blame at a version; `None` if states are not shown as JSON.
    fn blame<'a>(
        &'a self,
        application: &'a Application,
        id: Uuid,
        version: Option<u64>,
    ) -> BoxFuture<'a, Result<Option<Blame>>>;

    /// The fields that differ between two versions; `None` if states are not shown as JSON.
    fn diff<'a>(
        &'a self,
        application: &'a Application,
        id: Uuid,
        from: u64,
        to: u64,
    ) -> BoxFuture<'a, Result<Option<Vec<FieldChange>>>>;
}

impl<A: Aggregate> Typed for StateView<A> {
    fn load<'a>(&'a self, application: &'a Application, id: Uuid, at: At) -> BoxFuture<'a, Result<AggregateState>> {
        Box::pin(async move {
            let repository = application.repository();
            let aggregate: A = match at {
                At::Now => repository.get(id).await?,
                At::Version(version) => repository.get_at(id, version).await?,
                At::Time(time) => repository.get_as_of(id, time).await?,
            };
            Ok(AggregateState {
                aggregate: A::NAME,
                id,
                version: aggregate.version(),
                created_on: aggregate.created_on(),
                modified_on: aggregate.modified_on(),
                state: self.show(&aggregate)?,
            })
        })
    }

    fn blame<'a>(
        &'a self,
        application: &'a Application,
        id: Uuid,
        version: Option<u64>,
    ) -> BoxFuture<'a, Result<Option<Blame>>> {
        Box::pin(async move {
            let Some(json) = self.as_json() else { return Ok(None) };
            application.repository().blame_with::<A>(id, version, json).await.map(Some)
        })
    }

    fn diff<'a>(
        &'a self,
        application: &'a Application,
        id: Uuid,
        from: u64,
        to: u64,
    ) -> BoxFuture<'a, Result<Option<Vec<FieldChange>>>> {
        Box::pin(async move {
            let Some(json) = self.as_json() else { return Ok(None) };
            application.repository().diff_with::<A>(id, from, to, json).await.map(Some)
        })
    }
}
