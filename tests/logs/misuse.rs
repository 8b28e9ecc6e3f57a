//! What a log refuses.

use eventsourcing::AggregateError;
use eventsourcing::prelude::*;

use super::{Register, Universe, World, filled, in_each_database, worlds};

in_each_database! {
    the_id_of_an_aggregate_is_no_log
    a_log_without_an_id_is_not_saved
    a_log_is_no_other_aggregate
}

async fn the_id_of_an_aggregate_is_no_log(universe: Universe) {
    let mut world = World::new("Earth");
    universe.save(&mut world).await.unwrap();
    let refused = universe.repository().log::<Register>(world.id()).await.unwrap_err();
    assert!(matches!(refused, Error::WrongAggregate { expected: "Register", .. }), "{refused}");
    // nor if nobody looks: the version is taken
    let mut blind = Register::empty(world.id());
    blind.add(1);
    let conflict = universe.save(&mut blind).await.unwrap_err();
    assert!(matches!(conflict, Error::Conflict { tried: 1, recorded: 1, .. }), "{conflict}");
}

async fn a_log_without_an_id_is_not_saved(universe: Universe) {
    let mut register: Register = universe.repository().log(Uuid::nil()).await.unwrap();
    register.add(1);
    let refused = universe.save(&mut register).await.unwrap_err();
    assert!(matches!(refused, Error::Aggregate(AggregateError::LogWithoutId { aggregate: "Register" })), "{refused}");
    assert!(universe.log().last(1).await.unwrap().is_empty());
}

async fn a_log_is_no_other_aggregate(universe: Universe) {
    filled(&universe, 1).await;
    let refused = universe.repository().get::<World>(worlds()).await.unwrap_err();
    assert!(matches!(refused, Error::WrongAggregate { expected: "World", .. }), "{refused}");
}

/// An aggregate that is no log, made with the root of one.
#[derive(Debug)]
struct Forged(eventsourcing::Root<Forged>);

impl Aggregate for Forged {
    type Event = super::WorldEvent;
    const NAME: &'static str = "World";

    fn root(&self) -> &eventsourcing::Root<Self> {
        &self.0
    }

    fn root_mut(&mut self) -> &mut eventsourcing::Root<Self> {
        &mut self.0
    }

    fn create(_: Self::Event) -> Result<Self, eventsourcing::ApplyError> {
        Ok(Self(eventsourcing::Root::default()))
    }

    fn apply(&mut self, _: Self::Event) -> Result<(), eventsourcing::ApplyError> {
        Ok(())
    }
}

#[tokio::test]
async fn an_aggregate_with_the_root_of_a_log_is_not_saved() {
    let universe = Application::builder("Universe").open().unwrap();
    let mut forged = Forged(eventsourcing::Root::empty(worlds()));
    let found = super::WorldEvent::MoonFound(super::WorldMoonFound { name: "Luna".to_owned() });
    forged.trigger(found).unwrap();
    let refused = universe.save(&mut forged).await.unwrap_err();
    assert!(matches!(refused, Error::Aggregate(AggregateError::NotCreated { .. })), "{refused}");
}
