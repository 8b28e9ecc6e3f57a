//! The size of the cache, and its end.

use std::sync::Arc;

use eventsourcing::prelude::*;
use eventsourcing::recording::MemoryRecorder;

use super::{Diary, Store, World, read};

#[tokio::test]
async fn the_cache_holds_no_more_than_it_may() {
    let store = Store::in_memory();
    for forwards in [true, false] {
        let universe = store.builder().cache(10).cache_fast_forward(forwards).open().unwrap();
        let mut worlds: Vec<World> = (0..50).map(|_| World::of(1)).collect();
        universe.save(&mut worlds).await.unwrap();
        for world in &worlds {
            assert_eq!(read(&universe, world.id()).await.id(), world.id());
            assert!(universe.cache_counts().entries <= 10);
        }
        assert!(universe.cache_counts().entries > 5);
    }
}

#[tokio::test]
async fn heavy_aggregates_leave_less_room() {
    let store = Store::in_memory();
    let weight = |world: &World| world.history.len() as u64;
    let universe = store.builder().cache(100).weight_in_cache(weight).open().unwrap();
    let mut worlds: Vec<World> = (0..20).map(|_| World::of(26)).collect();
    let mut diaries: Vec<Diary> = (0..10).map(|_| Diary::of(26)).collect();
    universe.save(&mut worlds).await.unwrap();
    assert!((1..=4).contains(&universe.cache_counts().entries), "{:?}", universe.cache_counts());
    // heavier than the cache
    let mut heavy = World::of(102);
    universe.save(&mut heavy).await.unwrap();
    assert_eq!(*read(&universe, heavy.id()).await, heavy);
    assert!(universe.cache_counts().misses == 1);
    universe.save(&mut diaries).await.unwrap();
    for diary in &diaries {
        universe.repository().read::<Diary>(diary.id()).await.unwrap();
    }
    // these weigh 1
    assert!(universe.cache_counts().entries >= 9, "{:?}", universe.cache_counts());
}

#[tokio::test]
async fn an_aggregate_weighs_at_least_one() {
    let store = Store::in_memory();
    let universe = store.builder().cache(10).weight_in_cache(|_: &World| 0).open().unwrap();
    let mut worlds: Vec<World> = (0..50).map(|_| World::of(1)).collect();
    universe.save(&mut worlds).await.unwrap();
    assert!((1..=10).contains(&universe.cache_counts().entries));
}

#[tokio::test]
async fn a_closed_application_keeps_and_returns_nothing() {
    let store = Store::in_memory();
    for universe in [store.cached(), store.single_writer()] {
        let mut world = World::of(2);
        universe.save(&mut world).await.unwrap();
        let held = read(&universe, world.id()).await;
        universe.close().await;
        assert_eq!((universe.cache_counts().entries, Arc::strong_count(&held)), (0, 1));
        assert!(universe.repository().read::<World>(world.id()).await.is_err());
        store.recorder.swap(Arc::new(MemoryRecorder::new()));
    }
}

#[tokio::test]
async fn a_save_that_ends_after_the_application_is_closed_keeps_nothing() {
    let store = Store::in_memory();
    let universe = store.single_writer();
    store.recorder.appends.close();
    let saving = universe.clone();
    let saving = tokio::spawn(async move { saving.save(&mut World::of(2)).await });
    store.recorder.appends.arrived(1).await;
    universe.close().await;
    store.recorder.appends.open();
    saving.await.unwrap().unwrap();
    assert_eq!(universe.cache_counts().entries, 0);
}

#[tokio::test]
async fn a_dropped_application_frees_its_cache() {
    let store = Store::in_memory();
    let universe = store.cached();
    let mut world = World::of(2);
    universe.save(&mut world).await.unwrap();
    let held = read(&universe, world.id()).await;
    assert_eq!(Arc::strong_count(&held), 2);
    drop(universe);
    assert_eq!(Arc::strong_count(&held), 1);
}
