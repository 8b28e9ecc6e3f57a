//! What is read from snapshots: as much as is needed, and always what the events alone result in.

use std::sync::atomic::Ordering::SeqCst;

use eventsourcing::StoredEvent;
use eventsourcing::prelude::*;

use super::{Note, Store, World, in_each_database, saved, until};

in_each_database! {
    a_load_starts_from_the_last_snapshot
    the_past_is_what_the_events_result_in
    a_snapshot_of_a_clock_that_was_ahead_is_too_late_for_the_past
    commands_that_are_retried_start_from_snapshots
    loads_of_types_without_snapshots_ask_for_none
}

async fn a_load_starts_from_the_last_snapshot(store: Store) {
    let universe = store.program();
    let mut world = saved(&universe, 100).await;
    world.grow(3);
    universe.save(&mut world).await.unwrap();
    store.recorder.events_read();
    let mut loaded: World = universe.repository().get(world.id()).await.unwrap();
    // the event at the version of the snapshot proves that it belongs to this history
    assert_eq!((store.recorder.events_read(), &loaded), (4, &world));
    assert_eq!((loaded.created_on(), loaded.modified_on()), (world.created_on(), world.modified_on()));
    // the twin
    let twin: World = store.without_snapshots().repository().get(world.id()).await.unwrap();
    assert_eq!((store.recorder.events_read(), &twin), (103, &world));
    // it can be changed and saved as any other
    loaded.grow(2);
    universe.save(&mut loaded).await.unwrap();
    until(&universe, |counts| counts.taken == 2).await;
    assert_eq!(store.recorder.versions(), [100, 105]);
}

async fn the_past_is_what_the_events_result_in(store: Store) {
    let universe = store.builder().keep_snapshots(10).open().unwrap();
    let mut world = World::of(1);
    for taken in 0..=4 {
        universe.save(&mut world).await.unwrap();
        until(&universe, |counts| counts.taken == taken).await;
        world.grow(if taken < 4 { 5 } else { 0 });
    }
    let twin = store.without_snapshots();
    let (id, mut times) = (world.id(), Vec::new());
    for version in 1..=21 {
        let expected: World = twin.repository().get_at(id, version).await.unwrap();
        store.recorder.events_read();
        let found: World = universe.repository().get_at(id, version).await.unwrap();
        assert_eq!(found, expected, "version {version}");
        let (of_snapshots, read) = ([6, 11, 16, 21], store.recorder.events_read() as u64);
        let from = of_snapshots.iter().rev().find(|snapshot| **snapshot <= version).unwrap_or(&1);
        assert_eq!(read, version - from + 1, "version {version}");
        times.push(expected.modified_on());
    }
    let microsecond = std::time::Duration::from_micros(1);
    for time in times.iter().flat_map(|time| [time.checked_sub(microsecond).unwrap(), *time]) {
        let expected = twin.repository().get_as_of::<World>(id, time).await.ok();
        assert_eq!(universe.repository().get_as_of::<World>(id, time).await.ok(), expected, "as of {time}");
    }
    for version in [0, 22] {
        let error = universe.repository().get_at::<World>(id, version).await.unwrap_err();
        assert!(matches!(error, Error::VersionNotFound { current: 21, .. }), "{error}");
    }
}

/// The times of the events are those of several clocks: the second one was ahead.
async fn a_snapshot_of_a_clock_that_was_ahead_is_too_late_for_the_past(store: Store) {
    let (universe, id) = (store.program(), Uuid::new_v4());
    let event = |version, topic, second: u32, rest: &str| {
        let state = format!(r#"{{"timestamp":"2026-11-23T04:11:{second:02}.000000Z",{rest}}}"#).into_bytes();
        StoredEvent::new(id, version, topic, state, Uuid::new_v4()).checksummed()
    };
    let events = vec![
        event(1, "World.Started", 10, r#""name":"Earth""#),
        event(2, "World.SomethingHappened", 30, r#""what":"dinosaurs""#),
        event(3, "World.SomethingHappened", 20, r#""what":"trucks""#),
    ];
    universe.recorder().insert_events(events).await.unwrap();
    universe.take_snapshot::<World>(id).await.unwrap();
    let as_of = async |second: u32| {
        let time: Timestamp = format!("2026-11-23T04:11:{second:02}Z").parse().unwrap();
        universe.repository().get_as_of::<World>(id, time).await.map(|world| world.version()).ok()
    };
    // its last event is of second 20, and its second one of second 30
    for (second, version) in [(9, None), (10, Some(1)), (25, Some(1)), (29, Some(1)), (30, Some(3)), (31, Some(3))] {
        assert_eq!(as_of(second).await, version, "as of {second}");
    }
    assert_eq!(universe.snapshot_counts().used, 2);
}

async fn commands_that_are_retried_start_from_snapshots(store: Store) {
    let universe = store.program();
    let world = saved(&universe, 50).await;
    store.recorder.events_read();
    universe.retry(world.id(), |world: &mut World| world.grow(1)).await.unwrap();
    assert_eq!((store.recorder.events_read(), universe.snapshot_counts().used), (1, 1));
    let loaded: World = universe.repository().find(world.id()).await.unwrap().unwrap();
    assert_eq!((loaded.version(), loaded.history.len()), (51, 50));
}

async fn loads_of_types_without_snapshots_ask_for_none(store: Store) {
    let universe = store.program();
    let mut note = Note::write("a note");
    universe.save(&mut note).await.unwrap();
    assert_eq!(universe.repository().get::<Note>(note.id()).await.unwrap(), note);
    assert_eq!(store.recorder.calls.load(SeqCst), 0);
    // as a type with snapshots does
    assert!(universe.repository().find::<World>(Uuid::new_v4()).await.unwrap().is_none());
    assert_eq!(store.recorder.calls.load(SeqCst), 1);
}
