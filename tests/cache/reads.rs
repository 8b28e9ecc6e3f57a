//! What a read gives out, and what it costs.

use std::sync::Arc;

use eventsourcing::prelude::*;
use eventsourcing::recording::MemoryRecorder;

use super::{Diary, Store, World, clones, in_each_database, read};

in_each_database! {
    a_cached_aggregate_is_read_without_its_history
    a_saved_aggregate_is_in_the_cache_at_once
    an_aggregate_without_clone_is_cached_for_readers
}

async fn a_cached_aggregate_is_read_without_its_history(store: Store) {
    let universe = store.cached();
    let mut world = World::of(100);
    store.program().save(&mut world).await.unwrap();
    let first = read(&universe, world.id()).await;
    assert_eq!((store.recorder.read_since(), &*first), ((100, 1), &world));
    let again = read(&universe, world.id()).await;
    // the event of the cached version proves the history
    assert_eq!(store.recorder.read_since(), (1, 1));
    assert!(Arc::ptr_eq(&first, &again));
}

async fn a_saved_aggregate_is_in_the_cache_at_once(store: Store) {
    for (universe, reads) in [(store.cached(), (1, 1)), (store.single_writer(), (0, 0))] {
        let mut world = World::of(5);
        universe.save(&mut world).await.unwrap();
        for _ in 0..2 {
            assert_eq!(*read(&universe, world.id()).await, world);
            assert_eq!(store.recorder.read_since(), reads);
            world.grow(2);
            universe.save((&mut world, &mut World::of(1))).await.unwrap();
        }
        assert_eq!(universe.cache_counts().misses, 0);
    }
}

async fn an_aggregate_without_clone_is_cached_for_readers(store: Store) {
    let universe = store.cached();
    let mut diary = Diary::of(10);
    universe.save(&mut diary).await.unwrap();
    // a save has no copy to keep
    assert_eq!(universe.cache_counts().entries, 0);
    let held: Arc<Diary> = universe.repository().read(diary.id()).await.unwrap();
    assert_eq!((store.recorder.read_since(), &*held), ((10, 1), &diary));
    let again: Arc<Diary> = universe.repository().read(diary.id()).await.unwrap();
    assert!(Arc::ptr_eq(&held, &again) && store.recorder.read_since() == (1, 1));
    // an owned one is loaded
    let owned: Diary = universe.repository().get(diary.id()).await.unwrap();
    assert_eq!((store.recorder.read_since(), &owned), ((10, 1), &diary));

    // while somebody holds the cached one, nothing can be applied to it
    diary.write("shared");
    universe.save(&mut diary).await.unwrap();
    drop(again);
    let anew: Arc<Diary> = universe.repository().read(diary.id()).await.unwrap();
    assert_eq!((&*anew, held.pages.len()), (&diary, 9));
    assert_eq!(store.recorder.read_since().1, 2);
    drop((held, anew));
    // now nobody does
    diary.write("alone");
    universe.save(&mut diary).await.unwrap();
    let forwarded: Arc<Diary> = universe.repository().read(diary.id()).await.unwrap();
    assert_eq!((store.recorder.read_since(), &*forwarded), ((2, 1), &diary));
}

#[tokio::test]
async fn an_owned_aggregate_costs_one_clone_and_a_shared_one_none() {
    let store = Store::in_memory();
    for universe in [store.cached(), store.single_writer()] {
        let mut world = World::of(3);
        universe.save(&mut world).await.unwrap();
        clones();
        read(&universe, world.id()).await;
        assert_eq!(clones(), 0);
        let mut owned: World = universe.repository().get(world.id()).await.unwrap();
        assert_eq!(clones(), 1);
        // what is done to it is done to nobody else
        owned.grow(1);
        assert_eq!(*read(&universe, world.id()).await, world);
        assert_eq!(universe.repository().find::<World>(world.id()).await.unwrap().unwrap(), world);
        let found = universe.repository().get_or_create(world.id(), || World::of(1)).await.unwrap();
        assert_eq!((clones(), found.pending_events().len()), (2, 0));
    }
}

#[tokio::test]
async fn without_a_cache_a_shared_aggregate_is_loaded() {
    let store = Store::in_memory();
    let universe = store.program();
    let mut world = World::of(3);
    universe.save(&mut world).await.unwrap();
    for _ in 0..2 {
        assert_eq!(*read(&universe, world.id()).await, world);
        assert_eq!((store.recorder.read_since(), clones()), ((3, 1), 0));
    }
    assert_eq!(universe.cache_counts(), Default::default());
}

#[tokio::test]
async fn what_does_not_exist_is_not_cached() {
    let store = Store::in_memory();
    for universe in [store.cached(), store.single_writer()] {
        let mut world = World::of(2);
        let error = universe.repository().read::<World>(world.id()).await.unwrap_err();
        assert!(matches!(error, Error::AggregateNotFound { .. }));
        assert!(universe.repository().find::<World>(world.id()).await.unwrap().is_none());
        assert_eq!(universe.cache_counts().entries, 0);
        store.program().save(&mut world).await.unwrap();
        assert_eq!(*read(&universe, world.id()).await, world);
    }
}

#[tokio::test]
async fn an_aggregate_of_another_type_is_reported() {
    let store = Store::in_memory();
    for universe in [store.cached(), store.single_writer()] {
        let mut world = World::of(2);
        universe.save(&mut world).await.unwrap();
        read(&universe, world.id()).await;
        let shared = universe.repository().read::<Diary>(world.id()).await.unwrap_err();
        let owned = universe.repository().get::<Diary>(world.id()).await.unwrap_err();
        for error in [shared, owned] {
            assert!(matches!(error, Error::WrongAggregate { expected: "Diary", .. }), "{error}");
        }
        assert_eq!(*read(&universe, world.id()).await, world);
    }
}

#[tokio::test]
async fn counts_tell_hits_and_misses_apart() {
    let store = Store::in_memory();
    let universe = store.cached();
    let mut world = World::of(2);
    store.program().save(&mut world).await.unwrap();
    for _ in 0..3 {
        read(&universe, world.id()).await;
    }
    world.grow(1);
    store.program().save(&mut world).await.unwrap();
    read(&universe.clone(), world.id()).await;
    let counts = universe.cache_counts();
    assert_eq!((counts.misses, counts.hits, counts.forwarded, counts.entries), (1, 3, 1, 1));
}

#[tokio::test]
async fn versions_and_times_of_the_past_are_not_those_of_the_cache() {
    let store = Store::in_memory();
    let universe = store.single_writer();
    let mut world = World::of(4);
    universe.save(&mut world).await.unwrap();
    let past: World = universe.repository().get_at(world.id(), 2).await.unwrap();
    assert_eq!((past.version(), read(&universe, world.id()).await.version()), (2, 4));
}

#[tokio::test]
async fn a_cache_disturbs_no_snapshots() {
    let recorder = Arc::new(MemoryRecorder::new());
    let builder = Application::builder("Universe").recorder(recorder).snapshot_every::<World>(5);
    let universe = builder.cache(10).cache_fast_forward(false).open().unwrap();
    let mut world = World::of(4);
    universe.save(&mut world).await.unwrap();
    read(&universe, world.id()).await;
    assert_eq!(universe.snapshot_counts(), Default::default());
    world.grow(1);
    universe.save(&mut world).await.unwrap();
    while universe.snapshot_counts().taken < 1 {
        read(&universe, world.id()).await;
        tokio::task::yield_now().await;
    }
    let counts = universe.snapshot_counts();
    assert_eq!((counts.taken, counts.missed, universe.cache_counts().misses), (1, 0, 0));
}
