//! Several aggregates that are loaded, changed and saved together.

use uuid::Uuid;

use super::{Application, Saveable};
use crate::Result;
use crate::domain::Aggregate;

/// Aggregates that [`retry_all`](Application::retry_all) loads and saves together: a tuple of up to six, or a `Vec` of one type.
///
/// Other crates cannot implement it.
pub trait AggregateSet: sealed::Sealed + Sized + Send + 'static {
    /// Their ids.
    type Ids: Send + Sync + 'static;

    /// The ids as a list.
    #[doc(hidden)]
    fn list(ids: &Self::Ids) -> Vec<Uuid>;

    /// Loads them.
    #[doc(hidden)]
    fn load(application: &Application, ids: &Self::Ids) -> impl Future<Output = Result<Self>> + Send;

    /// Their ids and recorded versions: that of a new aggregate, whose events are pending, is 0.
    #[doc(hidden)]
    fn versions(&self) -> Vec<(Uuid, u64)>;

    /// What is saved.
    #[doc(hidden)]
    fn saveable(&mut self) -> impl Saveable + '_;
}

mod sealed {
    pub trait Sealed {}
}

impl<A: Aggregate> sealed::Sealed for Vec<A> {}

impl<A: Aggregate> AggregateSet for Vec<A> {
    type Ids = Vec<Uuid>;

    fn list(ids: &Self::Ids) -> Vec<Uuid> {
        ids.clone()
    }

    async fn load(application: &Application, ids: &Self::Ids) -> Result<Self> {
        let mut aggregates = Vec::with_capacity(ids.len());
        for id in ids {
            aggregates.push(application.repository().get_or_empty(*id).await?);
        }
        Ok(aggregates)
    }

    fn versions(&self) -> Vec<(Uuid, u64)> {
        self.iter().map(recorded_version).collect()
    }

    fn saveable(&mut self) -> impl Saveable + '_ {
        self
    }
}

fn recorded_version<A: Aggregate>(aggregate: &A) -> (Uuid, u64) {
    (aggregate.id(), aggregate.version() - aggregate.pending_events().len() as u64)
}

/// The type of an id, once for each aggregate of a tuple.
macro_rules! id {
    ($aggregate:ident) => {
        Uuid
    };
}

macro_rules! tuples {
    ($($aggregate:ident $id:ident),*) => {
        impl<$($aggregate: Aggregate),*> sealed::Sealed for ($($aggregate,)*) {}

        impl<$($aggregate: Aggregate),*> AggregateSet for ($($aggregate,)*) {
            type Ids = ($(id!($aggregate),)*);

            fn list(($($id,)*): &Self::Ids) -> Vec<Uuid> {
                vec![$(*$id),*]
            }

            async fn load(application: &Application, ($($id,)*): &Self::Ids) -> Result<Self> {
                let repository = application.repository();
                Ok(($(repository.get_or_empty::<$aggregate>(*$id).await?,)*))
            }

            fn versions(&self) -> Vec<(Uuid, u64)> {
                let ($($id,)*) = self;
                vec![$(recorded_version($id)),*]
            }

            fn saveable(&mut self) -> impl Saveable + '_ {
                let ($($id,)*) = self;
                ($($id,)*)
            }
        }
    };
}

tuples!(A a);
tuples!(A a, B b);
tuples!(A a, B b, C c);
tuples!(A a, B b, C c, D d);
tuples!(A a, B b, C c, D d, E e);
tuples!(A a, B b, C c, D d, E e, F f);
