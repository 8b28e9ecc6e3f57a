//! Cached states that are brought up to date: events of other programs, logs that were replaced, conflicts.

use std::sync::Arc;

use eventsourcing::Recorder;
use eventsourcing::prelude::*;
use eventsourcing::recording::MemoryRecorder;

use super::{Store, World, clones, in_each_database, read};

in_each_database! {
    events_of_another_program_are_read_and_no_others
    a_state_of_another_log_is_loaded_anew
    a_retry_after_a_conflict_reads_the_new_events_alone
}

async fn events_of_another_program_are_read_and_no_others(store: Store) {
    let (universe, other) = (store.cached(), store.other().await);
    let mut world = World::of(50);
    other.save(&mut world).await.unwrap();
    let old = read(&universe, world.id()).await;
    for _ in 0..3 {
        world.grow(2);
        other.save(&mut world).await.unwrap();
        store.recorder.read_since();
        assert_eq!(*read(&universe, world.id()).await, world);
        // the event of the cached version, and two new ones
        assert_eq!(store.recorder.read_since(), (3, 1));
    }
    world.grow(1);
    other.save(&mut world).await.unwrap();
    let owned: World = universe.repository().get(world.id()).await.unwrap();
    assert_eq!((owned, old.version()), (world, 50));
}

/// The same aggregate in another log: up to a version it has the same events, and then others.
async fn with_other_events(id: Uuid, from: &Application, up_to: u64, more: u64) -> Arc<dyn Recorder> {
    let copy = Arc::new(MemoryRecorder::new());
    let events = from.log().select(1, 1000).await.unwrap();
    let kept = events.into_iter().filter(|event| event.originator_version <= up_to);
    copy.insert_events(kept.map(Notification::into_stored_event).collect()).await.unwrap();
    let program = Application::builder("Universe").recorder(Arc::clone(&copy) as Arc<dyn Recorder>).open().unwrap();
    if up_to > 0 {
        let mut world: World = program.repository().get(id).await.unwrap();
        (0..more).for_each(|number| world.make_it_so(&format!("elsewhere {number}")));
        program.save(&mut world).await.unwrap();
    }
    copy
}

async fn a_state_of_another_log_is_loaded_anew(store: Store) {
    // shorter, as long, and longer than what is cached, and without the aggregate
    for (up_to, more) in [(3, 0), (3, 2), (3, 9), (1, 4), (0, 0)] {
        let universe = store.cached();
        let mut world = World::of(5);
        universe.save(&mut world).await.unwrap();
        read(&universe, world.id()).await;
        let before = store.program();
        let inner = with_other_events(world.id(), &before, up_to, more).await;
        let expected = Application::builder("Universe").recorder(Arc::clone(&inner)).open().unwrap();
        let expected = expected.repository().find::<World>(world.id()).await.unwrap();
        let original = store.recorder.swap(inner);
        for _ in 0..2 {
            let found = universe.repository().find::<World>(world.id()).await.unwrap();
            assert_eq!(found, expected, "{up_to} {more}");
        }
        store.recorder.swap(original);
        // and back again
        assert_eq!(*read(&universe, world.id()).await, world);
    }
}

async fn a_retry_after_a_conflict_reads_the_new_events_alone(store: Store) {
    let other = store.other().await;
    for (universe, asks) in [(store.cached(), true), (store.single_writer(), false)] {
        let mut world = World::of(30);
        universe.save(&mut world).await.unwrap();
        let mut of_other: World = other.repository().get(world.id()).await.unwrap();
        of_other.grow(2);
        store.recorder.read_since();
        // another program is faster, between the load and the save
        if !asks {
            other.save(&mut of_other).await.unwrap();
        } else {
            store.recorder.reads.close();
        }
        let (retrying, id) = (universe.clone(), world.id());
        let retried = tokio::spawn(async move {
            let mut runs = Vec::new();
            let run = |world: &mut World| {
                runs.push(world.version());
                world.make_it_so("at last");
            };
            retrying.retry(id, run).await.unwrap();
            runs
        });
        if asks {
            store.recorder.reads.arrived(1).await;
            other.save(&mut of_other).await.unwrap();
            store.recorder.reads.open();
        }
        assert_eq!(retried.await.unwrap(), [30, 32]);
        // that of the cached version, for each load that asks, and two new ones
        assert_eq!(store.recorder.read_since(), if asks { (4, 2) } else { (3, 1) });
        assert_eq!(read(&universe, world.id()).await.version(), 33);
    }
}

#[tokio::test]
async fn events_are_applied_to_a_copy_and_not_to_what_others_hold() {
    let store = Store::in_memory();
    let universe = store.cached();
    let mut world = World::of(2);
    universe.save(&mut world).await.unwrap();
    let held = read(&universe, world.id()).await;
    world.grow(1);
    store.program().save(&mut world).await.unwrap();
    clones();
    let new = read(&universe, world.id()).await;
    assert_eq!((held.version(), new.version(), clones()), (2, 3, 1));
    // the next one finds the new state
    assert!(Arc::ptr_eq(&new, &read(&universe, world.id()).await));
}

#[tokio::test]
async fn a_save_on_top_of_lost_events_shows_what_is_left() {
    let store = Store::in_memory();
    let universe = store.single_writer();
    let mut world = World::of(5);
    universe.save(&mut world).await.unwrap();
    store.recorder.swap(with_other_events(world.id(), &store.program(), 3, 0).await);
    // reads make no query that could notice
    assert_eq!(read(&universe, world.id()).await.version(), 5);
    let mut runs = Vec::new();
    let run = |world: &mut World| {
        runs.push(world.version());
        world.grow(1);
    };
    universe.retry(world.id(), run).await.unwrap();
    assert_eq!((runs, read(&universe, world.id()).await.version()), (vec![5, 3], 4));
}

#[tokio::test]
async fn the_error_of_a_read_is_returned_and_the_next_one_succeeds() {
    let store = Store::in_memory();
    let universe = store.cached();
    let mut world = World::of(2);
    universe.save(&mut world).await.unwrap();
    *store.recorder.read_fault.lock().unwrap() = Some(eventsourcing::RecorderError::Closed);
    assert!(universe.repository().read::<World>(world.id()).await.is_err());
    assert_eq!(*read(&universe, world.id()).await, world);
    assert_eq!(universe.cache_counts().misses, 0);
}
