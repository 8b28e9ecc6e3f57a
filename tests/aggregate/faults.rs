//! Bodies after which an aggregate cannot be saved: one that panics, and one that creates another aggregate.

use std::panic::{AssertUnwindSafe, catch_unwind};

use eventsourcing::AggregateError;
use eventsourcing::prelude::*;

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
struct Tank {
    litres: u32,
}

#[aggregate]
impl Tank {
    #[event("Built")]
    fn build() -> Self {
        Self { litres: 0 }
    }

    #[event("Filled")]
    fn fill(&mut self, litres: u32) {
        self.litres += litres;
        assert!(self.litres <= 100, "it runs over");
    }

    /// The macro sees no event here.
    fn another() -> Self {
        Self::build()
    }

    /// The macro sees no aggregate here.
    #[event("Drained")]
    fn drain(&mut self) -> Copied {
        self.litres = 0;
        self.clone()
    }

    #[event("Replaced")]
    fn replace(&mut self) {
        *self = Self::another();
    }
}

type Copied = Tank;

#[application]
struct Depot;

#[tokio::test]
async fn a_body_that_panics_is_named_and_what_was_pending_stays() {
    let depot = Depot::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    let mut tank = Tank::build();
    tank.fill(60);
    catch_unwind(AssertUnwindSafe(|| tank.fill(60))).unwrap_err();
    assert_eq!((tank.version(), tank.pending_events().len()), (2, 2));
    let error = depot.save(&mut tank).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the body of `Tank.Filled` panicked and left {} in an unknown state; get the aggregate again",
            tank.id()
        )
    );
    assert_eq!(depot.log().max_id().await.unwrap(), None);
}

#[tokio::test]
async fn a_body_that_makes_another_aggregate_is_found() {
    let depot = Depot::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    let mut tank = Tank::build();
    let id = tank.id();
    tank.replace();
    assert_eq!(tank.id(), id);
    let error = depot.save(&mut tank).await.unwrap_err();
    assert!(
        matches!(error, Error::Aggregate(AggregateError::NestedEvent { originator_id, outer: "Tank.Replaced", inner: "Tank.Built" }) if originator_id == id),
        "{error}"
    );
    assert_eq!(depot.log().max_id().await.unwrap(), None);
}

#[tokio::test]
async fn a_copy_that_was_made_in_a_body_cannot_be_saved() {
    let depot = Depot::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    let mut tank = Tank::build();
    depot.save(&mut tank).await.unwrap();
    let mut copy = tank.drain();
    let error = depot.save(&mut copy).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "this Tank is a copy of {} that was made inside the body of an event method and lacks that event; \
             save the aggregate that the event method was called on",
            tank.id()
        )
    );
    depot.save(&mut tank).await.unwrap();
    // one that is made afterwards has the event
    depot.save(&mut tank.clone()).await.unwrap();
    assert_eq!(depot.repository().get::<Tank>(tank.id()).await.unwrap(), tank);
}
