//! Snapshots that cannot be used: each is a miss, the state is that of the events, and a new snapshot replaces it.

use eventsourcing::RecorderError;
use eventsourcing::prelude::*;
use eventsourcing::recording::StoredSnapshot;
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, SqlitePool};

use super::common::pools::variable;
use super::common::sqlite_file;
use super::{Store, Universe, World, in_each_database, saved, until};

in_each_database! {
    a_snapshot_that_was_altered_is_missed_and_replaced
    a_snapshot_of_another_aggregate_is_missed
    a_snapshot_of_another_type_is_missed
    a_snapshot_of_another_history_is_missed
    a_snapshot_after_the_last_event_is_replaced_on_request
    a_snapshot_after_the_last_event_is_replaced_by_the_next_one
    a_snapshot_of_the_past_that_is_missed_is_replaced_there
    snapshots_that_cannot_be_read_are_no_error
}

/// Asserts that the snapshot is missed, and that a new one is stored instead of it.
async fn assert_missed(store: &Store, world: &World, unfit: StoredSnapshot, what: &str) {
    store.recorder.put(unfit).await;
    let universe = store.program();
    store.recorder.events_read();
    assert_eq!(&universe.repository().get::<World>(world.id()).await.unwrap(), world, "{what}");
    assert!(store.recorder.events_read() >= 10, "{what}: all events are read");
    until(&universe, |counts| counts.taken == 1).await;
    let counts = universe.snapshot_counts();
    assert_eq!((counts.missed, counts.used, counts.failed, counts.skipped), (1, 0, 0, 0), "{what}");
    assert_eq!(&universe.repository().get::<World>(world.id()).await.unwrap(), world, "{what}");
    assert_eq!(universe.snapshot_counts().used, 1, "{what}: the new one is used");
}

fn cut(snapshot: &StoredSnapshot, len: usize) -> StoredSnapshot {
    let mut cut = snapshot.clone();
    cut.state = snapshot.state[..len].into();
    cut
}

async fn a_snapshot_that_was_altered_is_missed_and_replaced(store: Store) {
    let world = saved(&store.program(), 10).await;
    let snapshot = store.recorder.stored().remove(0);
    let len = snapshot.state.len();
    for (what, len) in [("empty", 0), ("one byte", 1), ("half", len / 2), ("without its end", len - 1)] {
        assert_missed(&store, &world, cut(&snapshot, len), what).await;
    }
    let mut flipped = snapshot.clone();
    flipped.state = snapshot.state.iter().map(|byte| if *byte == b'c' { b'd' } else { *byte }).collect();
    assert_missed(&store, &world, flipped, "another text").await;
    let without = snapshot.clone().with_checksum(None);
    assert_missed(&store, &world, without, "without a checksum").await;
    let mut anchored = snapshot.clone();
    anchored.append_id = Uuid::new_v4();
    assert_missed(&store, &world, anchored, "another append id").await;
    let mut earlier = snapshot;
    earlier.originator_version = 7;
    assert_missed(&store, &world, earlier, "another version").await;
}

async fn a_snapshot_of_another_aggregate_is_missed(store: Store) {
    let (world, other) = (saved(&store.program(), 10).await, saved(&store.program(), 10).await);
    let mut copied = store.recorder.stored().remove(1);
    assert_eq!(copied.originator_id, other.id());
    copied.originator_id = world.id();
    assert_missed(&store, &world, copied, "a copy").await;
}

/// It has the fields of a world, and is none.
#[aggregate]
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Moon {
    name: String,
    history: Vec<String>,
}

#[aggregate(snapshots)]
impl Moon {
    #[event("Found")]
    fn find(name: &str) -> Self {
        Self { name: name.to_owned(), history: Vec::new() }
    }
}

async fn a_snapshot_of_another_type_is_missed(store: Store) {
    let universe = store.program();
    let world = saved(&universe, 10).await;
    let mut moon = Moon::find("Luna");
    universe.save(&mut moon).await.unwrap();
    universe.take_snapshot::<Moon>(moon.id()).await.unwrap();
    let [of_world, of_moon] = store.recorder.stored().try_into().unwrap();
    assert_ne!(of_world.fingerprint, of_moon.fingerprint);
    let mut placed = of_moon;
    placed.originator_id = world.id();
    placed.originator_version = 10;
    placed.append_id = of_world.append_id;
    assert_missed(&store, &world, placed.clone(), "with its own fingerprint").await;
    placed.fingerprint = of_world.fingerprint;
    assert_missed(&store, &world, placed.clone(), "with the fingerprint of a world").await;
    placed.topic = of_world.topic;
    assert_missed(&store, &world, placed, "with the name of a world").await;
}

async fn a_snapshot_of_another_history_is_missed(store: Store) {
    // the same aggregate at the same version, in a log that was lost
    let mut lost = World::of(10);
    let mut world = lost.clone();
    let elsewhere = Store::in_memory();
    lost.make_it_so("what nobody remembers");
    elsewhere.without_snapshots().save(&mut lost).await.unwrap();
    elsewhere.program().take_snapshot::<World>(lost.id()).await.unwrap();
    world.make_it_so("what happened instead");
    store.without_snapshots().save(&mut world).await.unwrap();
    let of_lost = elsewhere.recorder.stored().remove(0);
    assert_eq!((of_lost.originator_id, of_lost.originator_version), (world.id(), world.version()));
    assert_missed(&store, &world, of_lost, "another event at its version").await;
}

/// A world in a log that was rolled back: its snapshot is that of an event which is lost.
async fn rolled_back(store: &Store) -> World {
    let mut world = World::of(10);
    let mut lost = world.clone();
    let elsewhere = Store::in_memory();
    lost.grow(20);
    elsewhere.without_snapshots().save(&mut lost).await.unwrap();
    elsewhere.program().take_snapshot::<World>(lost.id()).await.unwrap();
    let ahead = elsewhere.recorder.stored().remove(0);
    assert_eq!(ahead.originator_version, 30);
    store.recorder.put(ahead).await;
    store.without_snapshots().save(&mut world).await.unwrap();
    world
}

async fn a_snapshot_after_the_last_event_is_replaced_on_request(store: Store) {
    let world = rolled_back(&store).await;
    let universe = store.program();
    assert_eq!(universe.take_snapshot::<World>(world.id()).await.unwrap(), 10);
    assert_eq!(universe.repository().get::<World>(world.id()).await.unwrap(), world);
    let counts = universe.snapshot_counts();
    assert_eq!((counts.taken, counts.used, counts.missed), (1, 1, 0));
}

async fn a_snapshot_after_the_last_event_is_replaced_by_the_next_one(store: Store) {
    let world = rolled_back(&store).await;
    let universe = store.program();
    assert_eq!(universe.repository().get::<World>(world.id()).await.unwrap(), world);
    until(&universe, |counts| counts.taken == 1).await;
    assert_eq!(universe.repository().get::<World>(world.id()).await.unwrap(), world);
    let counts = universe.snapshot_counts();
    assert_eq!((counts.used, counts.missed), (1, 1));
}

async fn a_snapshot_of_the_past_that_is_missed_is_replaced_there(store: Store) {
    let universe = store.builder().keep_snapshots(3).open().unwrap();
    let world = saved(&universe, 10).await;
    universe.take_snapshot_at::<World>(world.id(), 4).await.unwrap();
    let cut = cut(&store.recorder.stored()[1], 3);
    universe.recorder().insert_snapshot(cut, 3).await.unwrap();
    let past: World = universe.repository().get_at(world.id(), 5).await.unwrap();
    assert_eq!((past.version(), past.history.len()), (5, 4));
    until(&universe, |counts| counts.taken == 3).await;
    assert_eq!(store.recorder.versions(), [10, 4, 4, 4]);
    store.recorder.events_read();
    assert_eq!(universe.repository().get_at::<World>(world.id(), 5).await.unwrap(), past);
    assert_eq!((store.recorder.events_read(), universe.snapshot_counts().missed), (2, 1));
}

/// A table that was dropped, for instance, or that the role may not read.
async fn snapshots_that_cannot_be_read_are_no_error(store: Store) {
    let universe = store.program();
    let world = saved(&universe, 10).await;
    let fault = RecorderError::Corrupt { found: "originator version -1".to_owned() };
    *store.recorder.fault.lock().unwrap() = Some(fault);
    assert_eq!(universe.repository().get::<World>(world.id()).await.unwrap(), world);
    assert_eq!(universe.snapshot_counts().missed, 1);
    // what also concerns the events is an error
    let lost = RecorderError::Disconnected { source: "reset".into() };
    *store.recorder.fault.lock().unwrap() = Some(lost);
    let error = universe.repository().get::<World>(world.id()).await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
}

/// Rows that no recorder wrote, written by other means.
#[tokio::test]
async fn a_row_that_cannot_be_read_is_missed_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let file = sqlite_file(&folder);
    let universe = Universe::open_with(file.clone()).await.unwrap();
    let world = saved(&universe, 10).await;
    let pool = SqlitePool::connect(&format!("sqlite://{}", variable(&file, "SQLITE_DBNAME"))).await.unwrap();
    for change in ["append_id = x'010203'", "originator_version = -1"] {
        let update = format!("UPDATE universe_snapshots SET {change}");
        let changed = sqlx::query(AssertSqlSafe(update)).execute(&pool).await.unwrap();
        assert_eq!(changed.rows_affected(), 1, "{change}");
        let reader = Universe::open_with(file.clone()).await.unwrap();
        assert_eq!(reader.repository().get::<World>(world.id()).await.unwrap(), world, "{change}");
        until(&reader, |counts| counts.missed == 1 && counts.taken == 1).await;
        assert_eq!(reader.repository().get::<World>(world.id()).await.unwrap(), world, "{change}");
        assert_eq!(reader.snapshot_counts().used, 1, "{change}: the new one is used");
    }
}
