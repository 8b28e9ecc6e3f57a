//! Replays: the parts are applied in order, and together they are one version.

use eventsourcing::prelude::*;
use eventsourcing::recording::StateLocation;
use eventsourcing::{AggregateError, ApplyError, Mapper};

use super::program::after::{World, WorldEvent, WorldMoved, WorldRenamed, WorldStarted};
use super::{Store, recorded};
use crate::in_each_database;

in_each_database! {
    an_aggregate_has_all_parts_and_one_version_of_each_event
    an_aggregate_is_the_same_from_a_snapshot
    a_history_has_one_entry_for_each_recorded_event
    a_split_event_may_create_an_aggregate
    an_old_shape_and_an_old_name_are_split_as_the_newest
    what_a_split_event_became_is_recorded_from_then_on
}

const ALL: [&str; 5] = ["to the Sun", "Earth is Terra", "to Mars", "to Jupiter", "Terra is Gaia"];

async fn an_aggregate_has_all_parts_and_one_version_of_each_event(store: Store) {
    let id = recorded(&store).await;
    let program = store.program().await;
    let world: World = program.repository().get(id).await.unwrap();
    assert_eq!((world.version(), world.name.as_str()), (4, "Gaia"));
    assert_eq!(world.history, ALL);
    for (version, parts) in [(1, 0), (2, 2), (3, 3), (4, 5)] {
        let world: World = program.repository().get_at(id, version).await.unwrap();
        assert_eq!(world.history, ALL[..parts]);
    }
    // all parts have the time of the event
    let second: World = program.repository().get_at(id, 2).await.unwrap();
    let then: World = program.repository().get_as_of(id, second.modified_on()).await.unwrap();
    assert!(then.history.starts_with(&second.history));
}

async fn an_aggregate_is_the_same_from_a_snapshot(store: Store) {
    let id = recorded(&store).await;
    let program = store.program().await;
    let world: World = program.repository().get(id).await.unwrap();
    program.take_snapshot::<World>(id).await.unwrap();
    let again = store.program().await;
    assert_eq!(again.repository().get::<World>(id).await.unwrap(), world);
}

async fn a_history_has_one_entry_for_each_recorded_event(store: Store) {
    let id = recorded(&store).await;
    let program = store.program().await;
    let versions: Vec<_> = program.repository().history::<World>(id).page_size(2).try_collect().await.unwrap();
    let seen: Vec<(u64, usize, usize)> = versions
        .iter()
        .map(|version| {
            let event = &version.event;
            (event.originator_version, event.parts().len(), version.state.history.len())
        })
        .collect();
    assert_eq!(seen, [(1, 1, 0), (2, 2, 2), (3, 1, 3), (4, 2, 5)]);
    let moved = WorldEvent::Moved(WorldMoved { place: "the Sun".to_owned() });
    let renamed = WorldEvent::Renamed(WorldRenamed { name: "Terra".to_owned() });
    assert_eq!(versions[1].event.event, WorldEvent::Relocated(vec![moved, renamed]));
}

async fn a_split_event_may_create_an_aggregate(store: Store) {
    let (id, program) = (Uuid::new_v4(), store.program().await);
    store.insert(id, 1, "World.Founded", r#","name":"Mars","places":["north","south"],"colour":"red""#).await;
    store.insert(id, 2, "World.Moved", r#","place":"east""#).await;
    let world: World = program.repository().get(id).await.unwrap();
    assert_eq!((world.version(), world.name.as_str()), (2, "Mars"));
    assert_eq!(world.history, ["to north", "to south", "red", "to east"]);
    assert_eq!(world.created_on(), "2026-11-23T04:11:04.800139Z".parse().unwrap());

    let mut ids = program.repository().ids::<World>();
    assert_eq!(ids.try_next().await.unwrap().unwrap().id, id);
    let first = program.repository().history::<World>(id).try_next().await.unwrap().unwrap().event;
    assert!(World::is_creation(&first.event));
    assert!(!World::is_creation(&WorldEvent::Relocated(Vec::new())));
}

async fn an_old_shape_and_an_old_name_are_split_as_the_newest(store: Store) {
    let (id, program) = (Uuid::new_v4(), store.program().await);
    store.insert(id, 1, "World.Started", r#","name":"Io""#).await;
    store.insert(id, 2, "World.Settled", r#","name":null,"places":["west"],"colour":"""#).await;
    store.insert(id, 3, "World.Burnt", r#","place":"there""#).await;
    store.insert(id, 4, "World.Burnt", r#","class_version":2,"place":"here","by":"lightning""#).await;
    // an event may be split into nothing, and counts
    store.insert(id, 5, "World.Settled", r#","name":null,"places":[]"#).await;
    let world: World = program.repository().get(id).await.unwrap();
    assert_eq!((world.version(), world.name.as_str()), (5, "burnt by lightning"));
    assert_eq!(world.history[..4], ["to west", "to there", "to ashes", "Io is burnt by "]);
    assert_eq!(world.history.len(), 7);
}

async fn what_a_split_event_became_is_recorded_from_then_on(store: Store) {
    let id = recorded(&store).await;
    let program = store.program().await;
    let mut world: World = program.repository().get(id).await.unwrap();
    world.go("Saturn");
    world.rename("Rhea");
    program.save(&mut world).await.unwrap();
    assert_eq!(store.program().await.repository().get::<World>(id).await.unwrap(), world);
    assert_eq!(world.version(), 6);
}

#[test]
fn a_split_event_is_an_event_with_parts_and_no_other_is() {
    assert_eq!(WorldEvent::SPLIT_TOPICS, ["World.Relocated", "World.Founded", "World.Burnt"]);
    assert!(WorldEvent::SPLIT_TOPICS.iter().all(|topic| WorldEvent::TOPICS.contains(topic)));
    assert_eq!(WorldEvent::OLD_TOPICS, ["World.Settled"]);
    let moved = WorldEvent::Moved(WorldMoved { place: "Mars".to_owned() });
    assert_eq!(moved.parts(), std::slice::from_ref(&moved));
    assert_eq!(moved.clone().into_parts(), std::slice::from_ref(&moved));
    let relocated = WorldEvent::Relocated(vec![moved.clone()]);
    assert_eq!((relocated.parts(), relocated.topic()), (std::slice::from_ref(&moved), "World.Relocated"));
}

#[tokio::test]
async fn a_split_event_is_neither_triggered_nor_recorded() {
    let program = Store::in_memory().program().await;
    let moved = WorldEvent::Moved(WorldMoved { place: "Mars".to_owned() });
    let started = WorldEvent::Started(WorldStarted { name: "Earth".to_owned() });
    let relocated = WorldEvent::Relocated(vec![moved]);
    let mut world = World::new("Earth");
    let triggered = world.trigger(relocated.clone()).unwrap_err();
    assert!(matches!(triggered, AggregateError::Apply { reason: ApplyError::IsSplit, .. }), "{triggered}");
    assert!(triggered.to_string().contains("trigger the events that it became"), "{triggered}");
    let created = World::create_from(Uuid::new_v4(), WorldEvent::Founded(vec![started])).unwrap_err();
    assert!(matches!(created, AggregateError::Apply { reason: ApplyError::IsSplit, .. }), "{created}");
    program.save(&mut world).await.unwrap();

    let event = DomainEvent::new(world.id(), 2, Timestamp::UNIX_EPOCH, relocated);
    let saved = program.save(event).await.unwrap_err().to_string();
    assert!(saved.contains("the event is split into other events and is recorded no more; record"), "{saved}");
    assert_eq!(program.repository().get::<World>(world.id()).await.unwrap().version(), 1);
}

#[test]
fn parts_are_applied_by_whoever_folds_events() {
    let moved = |place: &str| WorldEvent::Moved(WorldMoved { place: place.to_owned() });
    let started = WorldEvent::Started(WorldStarted { name: "Earth".to_owned() });
    let (id, time) = (Uuid::new_v4(), Timestamp::UNIX_EPOCH);
    let founded = DomainEvent::new(id, 1, time, WorldEvent::Founded(vec![started, moved("north")]));
    let world = founded.mutate::<World>(None).unwrap();
    let settled = DomainEvent::new(id, 2, time, WorldEvent::Founded(vec![moved("south"), moved("west")]));
    let world = settled.mutate(world).unwrap().unwrap();
    assert_eq!((world.history.len(), world.version()), (3, 2));
}

/// The bytes of an event that was recorded before it was split, by the library of that time.
#[test]
fn the_mapper_reads_the_bytes_of_an_old_event_as_its_parts() {
    let state = br#"{"timestamp":"2026-11-23T04:11:04.800139Z","place":"the Sun","name":"Terra"}"#;
    const CHECKSUM: u32 = 0xa7cc_599b;
    let place = StateLocation::event(Uuid::nil(), 2, "World.Relocated");
    assert_eq!(place.checksum(state), CHECKSUM);
    let event: DomainEvent<WorldEvent> = Mapper::new("Universe").read_event(&place, state, Some(CHECKSUM)).unwrap();
    let topics: Vec<&str> = event.parts().iter().map(AggregateEvent::topic).collect();
    assert_eq!((topics, event.originator_version), (vec!["World.Moved", "World.Renamed"], 2));
}
