//! Ids, versions, times, and events that belong elsewhere.

use eventsourcing::AggregateError;
use eventsourcing::prelude::*;

use crate::{fold, memory};

#[aggregate]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    name: String,
    history: Vec<String>,
}

#[aggregate]
impl World {
    #[event("Started")]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), history: Vec::new() }
    }

    #[event("SomethingHappened")]
    pub fn make_it_so(&mut self, what: &str) {
        self.history.push(what.to_owned());
    }

    #[event]
    pub fn restart(&mut self, name: &str) {
        *self = Self { name: name.to_owned(), history: vec![] };
    }
}

#[test]
fn commands_change_the_state_and_count_versions() {
    let mut world = World::new("Earth");
    assert_eq!((world.version(), world.id().get_version_num()), (1, 4));
    world.make_it_so("dinosaurs");
    world.make_it_so("trucks");
    assert_eq!(world.version(), 3);
    assert_eq!(world.history, ["dinosaurs", "trucks"]);
    assert_eq!(world.name, "Earth");
}

#[test]
fn two_aggregates_have_two_ids() {
    assert_ne!(World::new("Earth").id(), World::new("Earth").id());
}

#[test]
fn the_fold_of_the_events_equals_the_live_aggregate() {
    let mut world = World::new("Earth");
    world.make_it_so("dinosaurs");
    assert_eq!(fold(&world), world);
    let collected = fold(&world);
    assert!(collected.pending_events().is_empty());
}

#[test]
fn pending_events_carry_id_version_and_times_in_order() {
    let mut world = World::new("Earth");
    world.make_it_so("dinosaurs");
    let events = world.pending_events();
    assert!(events.iter().all(|event| event.originator_id == world.id()));
    assert_eq!(events.iter().map(|event| event.originator_version).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((world.created_on(), world.modified_on()), (events[0].timestamp, events[1].timestamp));
    assert!(matches!(&events[0].event, WorldEvent::Started(WorldStarted { name }) if name == "Earth"));
    assert_eq!(world.collect_events().len(), 2);
    assert!(world.pending_events().is_empty());
}

#[test]
fn an_event_of_another_aggregate_is_refused_with_both_ids() {
    let mut earth = World::new("Earth");
    earth.make_it_so("dinosaurs");
    let mars = World::new("Mars");
    let (earth_id, mars_id) = (earth.id(), mars.id());
    let error = earth.collect_events().remove(1).mutate(Some(mars)).unwrap_err();
    assert!(
        matches!(error, AggregateError::OriginatorIdMismatch { expected, found, .. } if (expected, found) == (mars_id, earth_id))
    );
    let text = error.to_string();
    assert!(text.contains(&earth_id.to_string()) && text.contains(&mars_id.to_string()), "{text}");
}

#[test]
fn an_event_out_of_order_is_refused_with_both_versions() {
    let mut world = World::new("Earth");
    world.make_it_so("dinosaurs");
    world.make_it_so("trucks");
    let mut events = world.collect_events();
    let (third, first) = (events.remove(2), events.remove(0));
    let begun: Option<World> = first.mutate(None).unwrap();
    let error = third.mutate(begun).unwrap_err();
    assert!(matches!(error, AggregateError::OriginatorVersionMismatch { expected: 2, found: 3, .. }), "{error}");
    assert!(
        error.to_string().ends_with("version 2 is missing: restore its event, or apply it before this one"),
        "{error}"
    );
}

#[test]
fn a_change_makes_no_aggregate_and_a_creation_changes_none() {
    let mut world = World::new("Earth");
    world.make_it_so("dinosaurs");
    let mut events = world.collect_events();
    let mut change = events.remove(1);
    change.originator_version = 1;
    let error = change.mutate::<World>(None).unwrap_err();
    assert!(matches!(error, AggregateError::Apply { topic: "World.SomethingHappened", .. }), "{error}");
    let mut creation = events.remove(0);
    creation.originator_version = 3;
    let error = creation.mutate(Some(world)).unwrap_err();
    assert!(matches!(error, AggregateError::Apply { topic: "World.Started", .. }), "{error}");
}

#[test]
fn a_body_that_replaces_all_of_self_keeps_id_version_and_events() {
    let mut world = World::new("Earth");
    let id = world.id();
    world.make_it_so("dinosaurs");
    world.restart("Earth II");
    assert_eq!((world.id(), world.version(), world.pending_events().len()), (id, 3, 3));
    assert_eq!((world.name.as_str(), world.history.len()), ("Earth II", 0));
    assert_eq!(fold(&world), world);
}

#[tokio::test]
async fn an_aggregate_that_no_creation_event_made_cannot_be_saved() {
    let mut world = World::default();
    let error = memory().await.save(&mut world).await.unwrap_err();
    assert!(matches!(error, Error::Aggregate(AggregateError::NotCreated { aggregate: "World" })), "{error}");
}

#[tokio::test]
async fn a_command_on_an_aggregate_that_no_creation_event_made_records_nothing() {
    let mut world = World::default();
    world.make_it_so("dinosaurs");
    assert!(world.pending_events().is_empty());
    let error = memory().await.save(&mut world).await.unwrap_err();
    assert!(matches!(error, Error::Aggregate(AggregateError::NotCreated { aggregate: "World" })), "{error}");
}

#[tokio::test]
async fn what_is_saved_is_what_is_got() {
    let memory = memory().await;
    let mut world = World::new("Earth");
    world.make_it_so("dinosaurs");
    memory.save(&mut world).await.unwrap();
    let got: World = memory.repository().get(world.id()).await.unwrap();
    assert_eq!(got, world);
}
