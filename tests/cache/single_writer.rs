//! Without fast-forward: reads without a query, which each append of the program keeps current.

use eventsourcing::prelude::*;
use eventsourcing::recording::Tracking;
use eventsourcing::{ProcessApplication, RecorderError};

use super::common::PATIENCE;
use super::{Diary, DiaryBegun, Store, World, in_each_database, read};

in_each_database! {
    a_cached_aggregate_is_read_without_a_query
    each_way_to_save_is_seen_by_the_next_read
    a_save_is_seen_by_readers_as_soon_as_it_may_be_recorded
    events_of_another_program_are_seen_after_a_conflict
    a_slow_load_does_not_replace_a_newer_state
    a_save_whose_outcome_is_unknown_is_seen
}

async fn a_cached_aggregate_is_read_without_a_query(store: Store) {
    let universe = store.single_writer();
    let mut world = World::of(20);
    store.program().save(&mut world).await.unwrap();
    read(&universe, world.id()).await;
    store.recorder.read_since();
    for _ in 0..3 {
        assert_eq!(*read(&universe, world.id()).await, world);
        assert_eq!(universe.repository().get::<World>(world.id()).await.unwrap(), world);
    }
    assert_eq!((store.recorder.read_since(), universe.cache_counts().hits), ((0, 0), 6));
}

/// A process application that changes the world of its diary.
#[application(aggregates(World))]
#[derive(Debug)]
struct Mirror;

#[policy]
impl Mirror {
    #[on]
    async fn begun(&self, _: &DiaryBegun, context: &EventContext, work: &mut UnitOfWork) -> Result<()> {
        let mut world: World = work.get(context.originator_id).await?;
        world.make_it_so("a diary was begun");
        work.save(&mut world)?;
        // what is saved already is part of it
        let mut world: World = work.get(context.originator_id).await?;
        world.make_it_so("and more");
        work.save(&mut world)
    }
}

/// Saves in one way, and expects that the next read sees it.
async fn expect_seen(universe: &Application, world: &World, way: &str) {
    for _ in 0..2 {
        let found = read(universe, world.id()).await;
        assert_eq!(found.history.len(), world.history.len(), "{way}");
    }
}

async fn each_way_to_save_is_seen_by_the_next_read(store: Store) {
    let universe = store.single_writer();
    let mut world = World::of(2);
    universe.save(&mut world).await.unwrap();
    read(&universe, world.id()).await;

    world.grow(1);
    universe.save(&mut world).await.unwrap();
    expect_seen(&universe, &world, "an aggregate").await;

    let event = World::next(world.id(), world.version());
    universe.save(event.clone()).await.unwrap();
    world = event.mutate(Some(world)).unwrap().unwrap();
    expect_seen(&universe, &world, "a domain event").await;

    world.grow(1);
    let boxed: Vec<Box<dyn Saveable>> = vec![Box::new(&mut world)];
    universe.save(boxed).await.unwrap();
    expect_seen(&universe, &world, "a box").await;

    world.grow(2);
    let events = world.collect_events();
    universe.save(events).await.unwrap();
    expect_seen(&universe, &world, "events that were taken").await;

    world = universe.repository().get(world.id()).await.unwrap();
    world.grow(1);
    universe.save_tracked(&mut world, Tracking::new("Orders", 0, 3)).await.unwrap();
    expect_seen(&universe, &world, "with a position").await;

    universe.retry(world.id(), |world: &mut World| world.grow(1)).await.unwrap();
    world.grow(1);
    expect_seen(&universe, &world, "a retried command").await;
}

#[tokio::test]
async fn what_a_policy_saves_is_seen_by_the_next_read() {
    let diaries = Universe::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
    let variables = [("AGGREGATE_CACHE_MAXSIZE", "10"), ("AGGREGATE_CACHE_FASTFORWARD", "n")];
    let mirror = Mirror::builder().variables(variables).open().await.unwrap();
    let mut diary = Diary::begin();
    let mut world = World::next(diary.id(), 0);
    world.event = super::WorldEvent::Started(super::WorldStarted { name: "Earth".to_owned() });
    mirror.save(world).await.unwrap();
    let cached = read(&mirror, diary.id()).await;
    diaries.save(&mut diary).await.unwrap();
    let runner = mirror.follow(&diaries).start().await.unwrap();
    runner.wait_for(1, PATIENCE).await.unwrap();
    runner.stop().await.unwrap();
    assert_eq!((cached.version(), read(&mirror, diary.id()).await.version()), (1, 3));
}

#[application]
#[derive(Debug)]
struct Universe;

async fn a_save_is_seen_by_readers_as_soon_as_it_may_be_recorded(store: Store) {
    let universe = store.single_writer();
    let mut world = World::of(2);
    universe.save(&mut world).await.unwrap();
    let id = world.id();
    store.recorder.appends.close();
    let saving = universe.clone();
    let saved = tokio::spawn(async move {
        world.grow(1);
        saving.save(&mut world).await.unwrap();
    });
    // it is recorded, and the program does not know yet
    store.recorder.appends.arrived(1).await;
    assert_eq!(store.other().await.repository().get::<World>(id).await.unwrap().version(), 3);
    for _ in 0..2 {
        assert_eq!(read(&universe, id).await.version(), 3);
    }
    store.recorder.appends.open();
    saved.await.unwrap();
    store.recorder.read_since();
    assert_eq!((read(&universe, id).await.version(), store.recorder.read_since()), (3, (0, 0)));
}

async fn events_of_another_program_are_seen_after_a_conflict(store: Store) {
    let (universe, other) = (store.single_writer(), store.other().await);
    let mut world = World::of(3);
    universe.save(&mut world).await.unwrap();
    let mut of_other: World = other.repository().get(world.id()).await.unwrap();
    of_other.grow(2);
    other.save(&mut of_other).await.unwrap();
    // this is what it promises not to see
    assert_eq!(read(&universe, world.id()).await.version(), 3);
    world.grow(1);
    let error = universe.save(&mut world).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { tried: 4, recorded: 5, .. }), "{error}");
    store.recorder.read_since();
    assert_eq!(*read(&universe, world.id()).await, of_other);
    assert_eq!(store.recorder.read_since(), (3, 1));
    // and then it knows
    assert_eq!(*read(&universe, world.id()).await, of_other);
    assert_eq!(store.recorder.read_since(), (0, 0));
}

async fn a_slow_load_does_not_replace_a_newer_state(store: Store) {
    for saves_an_aggregate in [true, false] {
        let universe = store.single_writer();
        let mut world = World::of(3);
        store.program().save(&mut world).await.unwrap();
        let id = world.id();
        store.recorder.reads.close();
        let reader = universe.clone();
        let slow = tokio::spawn(async move { read(&reader, id).await.version() });
        store.recorder.reads.arrived(1).await;
        if saves_an_aggregate {
            world.grow(1);
            universe.save(&mut world).await.unwrap();
        } else {
            universe.save(World::next(id, 3)).await.unwrap();
        }
        store.recorder.reads.open();
        // it began before the save
        assert_eq!(slow.await.unwrap(), 3);
        for _ in 0..2 {
            assert_eq!(read(&universe, id).await.version(), 4, "{saves_an_aggregate}");
        }
        store.recorder.reads.reset();
    }
}

async fn a_save_whose_outcome_is_unknown_is_seen(store: Store) {
    let universe = store.single_writer();
    let mut world = World::of(3);
    universe.save(&mut world).await.unwrap();
    world.grow(1);
    let cause = eventsourcing::recording::Cause::from("the connection was lost");
    *store.recorder.append_fault.lock().unwrap() = Some(RecorderError::OutcomeUnknown { source: cause });
    universe.save(&mut world).await.unwrap_err();
    store.recorder.read_since();
    // it was recorded
    assert_eq!(read(&universe, world.id()).await.version(), 4);
    assert_eq!(store.recorder.read_since(), (2, 1));
    assert_eq!((read(&universe, world.id()).await.version(), store.recorder.read_since()), (4, (0, 0)));
    universe.save(&mut world).await.unwrap();
    assert_eq!((read(&universe, world.id()).await.version(), store.recorder.read_since()), (4, (0, 0)));
}

#[tokio::test]
async fn after_an_unknown_outcome_each_read_asks_until_it_is_known() {
    let store = Store::in_memory();
    let universe = store.single_writer();
    let mut world = World::of(3);
    universe.save(&mut world).await.unwrap();
    let id = world.id();
    // a save that is dropped before it has come to the recorder
    store.recorder.before_appends.close();
    let mut unknown = world.clone();
    unknown.grow(1);
    let mut saving = universe.save(&mut unknown);
    assert!(futures::poll!(&mut saving).is_pending());
    drop(saving);
    store.recorder.before_appends.open();
    store.recorder.read_since();
    for _ in 0..3 {
        assert_eq!((read(&universe, id).await.version(), store.recorder.read_since()), (3, (1, 1)));
    }
    // it is recorded late, as a queue does that does not depend on the caller
    store.program().save(&mut unknown).await.unwrap();
    assert_eq!((read(&universe, id).await.version(), store.recorder.read_since()), (4, (2, 1)));
    assert_eq!((read(&universe, id).await.version(), store.recorder.read_since()), (4, (0, 0)));
}

#[tokio::test]
async fn a_refused_save_does_not_make_readers_ask() {
    let store = Store::in_memory();
    let universe = store.single_writer();
    let (mut world, mut other) = (World::of(3), World::of(2));
    universe.save((&mut world, &mut other)).await.unwrap();
    let mut copy = other.clone();
    copy.grow(1);
    universe.save(&mut copy).await.unwrap();
    // a conflict about one aggregate of two
    world.grow(1);
    other.grow(1);
    universe.save((&mut world, &mut other)).await.unwrap_err();
    store.recorder.read_since();
    assert_eq!(read(&universe, world.id()).await.version(), 3);
    assert_eq!(read(&universe, other.id()).await.version(), 3);
    assert_eq!(store.recorder.read_since(), (0, 0));
}
