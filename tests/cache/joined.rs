//! Loads of one aggregate that several readers share.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use eventsourcing::RecorderError;
use eventsourcing::prelude::*;
use futures::poll;
use tokio::task::JoinSet;

use super::{Store, World, in_each_database, read};

in_each_database! {
    readers_of_one_aggregate_share_one_load
    a_reader_that_joined_a_load_sees_what_was_recorded_before_it_came
}

async fn readers_of_one_aggregate_share_one_load(store: Store) {
    let universe = store.single_writer();
    let mut world = World::of(20);
    store.program().save(&mut world).await.unwrap();
    store.recorder.reads.close();
    let mut readers = JoinSet::new();
    for _ in 0..8 {
        let (universe, id) = (universe.clone(), world.id());
        readers.spawn(async move { read(&universe, id).await.version() });
    }
    store.recorder.reads.arrived(1).await;
    store.recorder.reads.open();
    assert_eq!(readers.join_all().await, [20; 8]);
    assert_eq!(store.recorder.read_since(), (20, 1));
}

async fn a_reader_that_joined_a_load_sees_what_was_recorded_before_it_came(store: Store) {
    let universe = store.cached();
    let mut world = World::of(3);
    store.other().await.save(&mut world).await.unwrap();
    store.recorder.reads.close();
    let (first, second) = (universe.clone(), universe.clone());
    let id = world.id();
    let first = tokio::spawn(async move { read(&first, id).await.version() });
    // it has read, and does not know yet
    store.recorder.reads.arrived(1).await;
    world.grow(1);
    store.other().await.save(&mut world).await.unwrap();
    let second = tokio::spawn(async move { read(&second, id).await.version() });
    tokio::task::yield_now().await;
    store.recorder.reads.open();
    assert_eq!((first.await.unwrap(), second.await.unwrap()), (3, 4));
}

#[tokio::test]
async fn a_load_that_is_dropped_passes_on_to_the_next_reader() {
    let store = Store::in_memory();
    let universe = store.cached();
    let mut world = World::of(3);
    store.program().save(&mut world).await.unwrap();
    store.recorder.reads.close();
    let repository = universe.repository();
    let mut first = Box::pin(repository.read::<World>(world.id()));
    let mut second = pin!(repository.read::<World>(world.id()));
    let mut third = Box::pin(repository.read::<World>(world.id()));
    assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending() && poll!(&mut third).is_pending());
    drop(first);
    // one that waits is dropped too
    drop(third);
    store.recorder.reads.open();
    assert_eq!(*second.await.unwrap(), world);
}

#[tokio::test]
async fn a_load_that_fails_leaves_the_others_to_their_own() {
    let store = Store::in_memory();
    let universe = store.cached();
    let mut world = World::of(3);
    store.program().save(&mut world).await.unwrap();
    store.recorder.reads.close();
    *store.recorder.read_fault.lock().unwrap() = Some(RecorderError::Closed);
    let repository = universe.repository();
    // it fails before it comes to the gate
    assert!(repository.read::<World>(world.id()).await.is_err());
    let missing = Uuid::new_v4();
    let mut readers: Vec<_> = (0..5).map(|_| Box::pin(repository.find::<World>(missing))).collect();
    for reader in &mut readers {
        assert!(poll!(reader).is_pending());
    }
    store.recorder.reads.open();
    for reader in readers {
        assert!(reader.await.unwrap().is_none());
    }
    assert_eq!(*read(&universe, world.id()).await, world);
}

#[tokio::test]
async fn a_load_that_panics_spoils_nothing() {
    let store = Store::in_memory();
    for universe in [store.cached(), store.single_writer()] {
        let mut world = World::of(3);
        store.program().save(&mut world).await.unwrap();
        store.recorder.panics.store(true, SeqCst);
        let (other, id) = (universe.clone(), world.id());
        let panicked = tokio::spawn(async move { read(&other, id).await.version() }).await;
        assert!(panicked.unwrap_err().is_panic());
        assert_eq!(*read(&universe, world.id()).await, world);
    }
}

#[tokio::test(start_paused = true)]
async fn a_load_that_is_not_polled_holds_nobody_up() {
    let store = Store::in_memory();
    let universe = store.cached();
    let mut world = World::of(3);
    store.program().save(&mut world).await.unwrap();
    store.recorder.reads.close();
    let repository = universe.repository();
    let mut forgotten = Box::pin(repository.read::<World>(world.id()));
    assert!(poll!(&mut forgotten).is_pending());
    store.recorder.reads.open();
    assert_eq!(*repository.read::<World>(world.id()).await.unwrap(), world);
    assert_eq!(*forgotten.await.unwrap(), world);
}

#[tokio::test(start_paused = true)]
async fn a_load_that_took_long_replaces_an_older_one_that_overtook_it() {
    let store = Store::in_memory();
    let universe = store.single_writer();
    let mut world = World::of(5);
    store.program().save(&mut world).await.unwrap();
    let id = world.id();
    // a save that may be recorded later
    store.recorder.before_appends.close();
    world.grow(1);
    let mut saving = universe.save(&mut world);
    assert!(poll!(&mut saving).is_pending());
    drop(saving);
    store.recorder.before_appends.open();

    store.recorder.before_reads.close();
    let repository = universe.repository();
    let mut long = Box::pin(repository.read::<World>(id));
    assert!(poll!(&mut long).is_pending());
    store.recorder.before_reads.open();
    assert_eq!(read(&universe, id).await.version(), 5);
    store.program().save(&mut world).await.unwrap();
    assert_eq!(long.await.unwrap().version(), 6);
    assert_eq!(read(&universe, id).await.version(), 6);
}

#[test]
fn without_a_runtime_no_reader_waits_for_another() {
    let store = Store::in_memory();
    let universe = store.cached();
    let mut world = World::of(3);
    futures::executor::block_on(async {
        store.program().save(&mut world).await.unwrap();
        store.recorder.reads.close();
        let repository = universe.repository();
        let mut forgotten = Box::pin(repository.read::<World>(world.id()));
        assert!(poll!(&mut forgotten).is_pending());
        store.recorder.reads.open();
        let found: Arc<World> = repository.read(world.id()).await.unwrap();
        assert_eq!(*found, world);
    });
}
