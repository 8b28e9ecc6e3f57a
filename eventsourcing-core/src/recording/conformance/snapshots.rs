//! Snapshots are stored unchanged, and a replay passes the last one that fits and the events from its version on.
//!
//! A recorder that does not keep snapshots ([`keeps_snapshots`](crate::recording::Recorder::keeps_snapshots)) passes each rule if it refuses
//! them.

use std::ops::ControlFlow;

use uuid::Uuid;

use super::Fixture;
use super::store::{FirstItem, Store, assert_same, at_once, numbered, versions};
use super::without::snapshots_are_refused;
use crate::recording::{NotificationQuery, RecorderError, ReplayItem, ReplayQuery, StoredEvent, StoredSnapshot};

/// The fingerprint of the code that reads.
const OURS: u64 = 1;
/// That of other code.
const OTHER: u64 = 2;

/// A snapshot is passed as it was stored: any bytes, any fingerprint, with a checksum or without one. A version greater than `i64::MAX`
/// is refused with [`OutOfRange`](RecorderError::OutOfRange).
pub async fn snapshots_are_kept_as_they_are(fixture: &dyn Fixture) {
    let rule = "a snapshot is kept as it is";
    let Some(store) = open(fixture).await else { return };
    let any_bytes: Vec<u8> = (0..=u8::MAX).cycle().take(100_000).collect();
    let largest = i64::MAX.unsigned_abs();
    for (version, topic, fingerprint, state, checksum) in [
        (1, "Conformance", 0, any_bytes, Some(u32::MAX)),
        (2, "", u64::MAX, vec![0], None),
        (largest, "Größe.\u{1f980}", 1 << 63, Vec::new(), Some(0)),
        (3, "'\"\\", largest, b"'\"\\".to_vec(), Some(1 << 31)),
    ] {
        let (id, append_id) = (Uuid::new_v4(), Uuid::new_v4());
        let snapshot = StoredSnapshot::new(id, version, topic, fingerprint, state, append_id).with_checksum(checksum);
        assert!(store.insert_snapshot(&snapshot, 1).await, "{rule}: version {version} is kept");
        let (first, events) = store.replay(ReplayQuery::of(id, fingerprint)).await;
        assert_eq!(first, Some(FirstItem::Snapshot(snapshot)), "{rule}");
        assert_same(&events, &[], rule);
    }
    let too_large = snapshot(Uuid::new_v4(), largest + 1, OURS);
    let refused = store.recorder().insert_snapshot(too_large, 1).await;
    assert!(matches!(refused, Err(RecorderError::OutOfRange { .. })), "{rule}: found {refused:?}");
}

/// A replay passes the last snapshot at or below the given version, then the events from that of the snapshot on.
pub async fn a_replay_starts_from_the_last_snapshot(fixture: &dyn Fixture) {
    let rule = "a replay starts from the last snapshot";
    let Some(store) = open(fixture).await else { return };
    let (id, events) = recorded(&store, 5).await;
    let (first, events_alone) = store.replay(ReplayQuery::of(id, OURS)).await;
    assert_eq!(first, None, "{rule}: there is none");
    assert_same(&events_alone, &events, rule);
    let snapshots = [snapshot(id, 2, OURS), snapshot(id, 4, OURS)];
    for snapshot in &snapshots {
        store.insert_snapshot(snapshot, 10).await;
    }
    for (up_to, expected, from, to) in [
        (None, Some(&snapshots[1]), 4, 5),
        (Some(u64::MAX), Some(&snapshots[1]), 4, 5),
        (Some(4), Some(&snapshots[1]), 4, 4),
        (Some(3), Some(&snapshots[0]), 2, 3),
        (Some(2), Some(&snapshots[0]), 2, 2),
        (Some(1), None, 1, 1),
    ] {
        let (first, replayed) = store.replay(ReplayQuery::of(id, OURS).up_to(up_to)).await;
        assert_eq!(first, expected.cloned().map(FirstItem::Snapshot), "{rule}: up to {up_to:?}");
        assert_same(&replayed, &events[from - 1..to], rule);
    }
}

/// A snapshot with another fingerprint is not passed: only that there is one, and then all events. One with the given fingerprint comes
/// first even if it is older.
pub async fn a_snapshot_of_other_code_is_not_passed(fixture: &dyn Fixture) {
    let rule = "a snapshot of other code is not passed";
    let Some(store) = open(fixture).await else { return };
    let (id, events) = recorded(&store, 5).await;
    store.insert_snapshot(&snapshot(id, 4, OTHER), 1).await;
    let (first, replayed) = store.replay(ReplayQuery::of(id, OURS)).await;
    assert_eq!(first, Some(FirstItem::OtherSnapshot), "{rule}: that there is one is passed");
    assert_same(&replayed, &events, rule);
    let (first, replayed) = store.replay(ReplayQuery::of(id, OURS).up_to(3)).await;
    assert_eq!(first, None, "{rule}: up to 3 there is none");
    assert_same(&replayed, &events[..3], rule);
    let ours = snapshot(id, 2, OURS);
    store.insert_snapshot(&ours, 1).await;
    let (first, replayed) = store.replay(ReplayQuery::of(id, OURS)).await;
    assert_eq!(first, Some(FirstItem::Snapshot(ours)), "{rule}: an older one that fits comes first");
    assert_same(&replayed, &events[1..], rule);
}

/// A replay of an aggregate passes snapshots and events of that aggregate alone.
pub async fn only_snapshots_of_the_aggregate_are_used(fixture: &dyn Fixture) {
    let rule = "only snapshots of the aggregate are used";
    let Some(store) = open(fixture).await else { return };
    let ((id, events), (other, _)) = (recorded(&store, 3).await, recorded(&store, 3).await);
    store.insert_snapshot(&snapshot(other, 2, OURS), 1).await;
    let (first, replayed) = store.replay(ReplayQuery::of(id, OURS)).await;
    assert_eq!(first, None, "{rule}: it has none");
    assert_same(&replayed, &events, rule);
    let (first, replayed) = store.replay(ReplayQuery::of(Uuid::new_v4(), OURS)).await;
    assert_eq!((first, replayed), (None, vec![]), "{rule}: an unknown aggregate has nothing");
}

/// Of the snapshots with the fingerprint of an inserted one, the last ones stay, as many as are to be kept, and as many of those with
/// other fingerprints. One that is older than those that stay is not kept.
pub async fn older_snapshots_are_deleted(fixture: &dyn Fixture) {
    let rule = "older snapshots are deleted";
    let Some(store) = open(fixture).await else { return };
    let (id, another) = (Uuid::new_v4(), Uuid::new_v4());
    store.insert_snapshot(&snapshot(another, 1, OURS), 1).await;
    for version in [1, 2, 3, 4] {
        assert!(store.insert_snapshot(&snapshot(id, version, OTHER), 2).await, "{rule}: the last one is kept");
    }
    for version in [5, 7, 6] {
        assert!(store.insert_snapshot(&snapshot(id, version, OURS), 2).await, "{rule}: one of the last is kept");
    }
    assert!(!store.insert_snapshot(&snapshot(id, 5, OURS), 2).await, "{rule}: an older one is not kept");
    let found = async |fingerprint, up_to| match store.replay(ReplayQuery::of(id, fingerprint).up_to(up_to)).await.0 {
        Some(FirstItem::Snapshot(snapshot)) => Some(snapshot.originator_version),
        _ => None,
    };
    for (fingerprint, up_to, expected) in [
        (OURS, 9, Some(7)),
        (OURS, 6, Some(6)),
        (OURS, 5, None),
        (OTHER, 9, Some(4)),
        (OTHER, 3, Some(3)),
        (OTHER, 2, None),
    ] {
        assert_eq!(found(fingerprint, up_to).await, expected, "{rule}: of fingerprint {fingerprint} up to {up_to}");
    }
    // of all other fingerprints together as many stay
    store.insert_snapshot(&snapshot(id, 8, 3), 1).await;
    assert_eq!(found(OURS, 9).await, Some(7), "{rule}: the last one of other code is kept");
    assert_eq!(found(OTHER, 9).await, None, "{rule}: older ones of other code are not");
    let (first, _) = store.replay(ReplayQuery::of(another, OURS)).await;
    assert!(first.is_some(), "{rule}: those of other aggregates stay");
}

/// A snapshot after the last event of its aggregate, which is of a log that was rolled back, is deleted when another one is inserted, and
/// none is stored there.
pub async fn snapshots_after_the_last_event_are_deleted(fixture: &dyn Fixture) {
    let rule = "snapshots after the last event are deleted";
    let Some(store) = open(fixture).await else { return };
    let (id, another) = (Uuid::new_v4(), Uuid::new_v4());
    for ahead in [snapshot(id, 5, OURS), snapshot(id, 9, OURS), snapshot(id, 4, OTHER), snapshot(another, 9, OURS)] {
        assert!(store.insert_snapshot(&ahead, 9).await, "{rule}: it has no events");
    }
    store.insert(&versions(id, 1..=3)).await;
    let first = snapshot(id, 3, OURS);
    assert!(store.insert_snapshot(&first, 1).await, "{rule}: that of the last event is kept");
    let (found, _) = store.replay(ReplayQuery::of(id, OURS)).await;
    assert_eq!(found, Some(FirstItem::Snapshot(first.clone())), "{rule}");
    let (found, _) = store.replay(ReplayQuery::of(id, OTHER)).await;
    assert_eq!(found, Some(FirstItem::OtherSnapshot), "{rule}: of any fingerprint");
    assert!(!store.insert_snapshot(&snapshot(id, 4, OURS), 1).await, "{rule}: it is not stored");
    let (found, _) = store.replay(ReplayQuery::of(id, OURS)).await;
    assert_eq!(found, Some(FirstItem::Snapshot(first)), "{rule}: the one before it stays");
    let (found, _) = store.replay(ReplayQuery::of(another, OURS)).await;
    assert!(found.is_some(), "{rule}: those of other aggregates stay");
}

/// A snapshot replaces the one with the same aggregate, version and fingerprint.
pub async fn a_snapshot_is_replaced_by_one_of_its_place(fixture: &dyn Fixture) {
    let rule = "a snapshot is replaced by one of its place";
    let Some(store) = open(fixture).await else { return };
    let id = Uuid::new_v4();
    let (first, other) = (snapshot(id, 1, OURS), snapshot(id, 1, OTHER));
    let second = StoredSnapshot::new(id, 1, "Renamed", OURS, *b"second", Uuid::new_v4());
    for snapshot in [&first, &other, &second] {
        assert!(store.insert_snapshot(snapshot, 1).await, "{rule}: it is kept");
    }
    for snapshot in [second, other] {
        let (found, _) = store.replay(ReplayQuery::of(id, snapshot.fingerprint)).await;
        assert_eq!(found, Some(FirstItem::Snapshot(snapshot)), "{rule}");
    }
}

/// Deleting the snapshots of an aggregate deletes them all, and nothing else.
pub async fn snapshots_are_deleted_with_their_aggregate(fixture: &dyn Fixture) {
    let rule = "the snapshots of an aggregate are deleted";
    let Some(store) = open(fixture).await else { return };
    let ((id, events), (other, _)) = (recorded(&store, 3).await, recorded(&store, 3).await);
    for snapshot in [snapshot(id, 1, OURS), snapshot(id, 2, OURS), snapshot(id, 2, OTHER), snapshot(other, 2, OURS)] {
        store.insert_snapshot(&snapshot, 9).await;
    }
    let deleted = store.patiently(|| store.recorder().delete_snapshots(id)).await;
    assert!(deleted.is_ok(), "{rule}: found {deleted:?}");
    let (first, replayed) = store.replay(ReplayQuery::of(id, OURS)).await;
    assert_eq!(first, None, "{rule}: none is left");
    assert_same(&replayed, &events, rule);
    assert!(store.replay(ReplayQuery::of(other, OURS)).await.0.is_some(), "{rule}: that of another aggregate is left");
}

/// A visitor that wants no more gets no more, after a snapshot too.
pub async fn a_visitor_ends_a_replay(fixture: &dyn Fixture) {
    let rule = "a visitor ends a replay";
    let Some(store) = open(fixture).await else { return };
    let (id, _) = recorded(&store, 5).await;
    store.insert_snapshot(&snapshot(id, 2, OURS), 1).await;
    for wanted in 1..=4 {
        let mut passed = 0;
        let mut visit = |_: ReplayItem<'_>| {
            passed += 1;
            if passed < wanted { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let read = store.recorder().read_replay(ReplayQuery::of(id, OURS), &mut visit).await;
        assert!(read.is_ok(), "{rule}: found {read:?}");
        assert_eq!(passed, wanted, "{rule}");
    }
}

/// A snapshot is found by all recorders of the store, whether they opened it before or after it was stored.
pub async fn snapshots_are_found_by_all_who_open_the_store(fixture: &dyn Fixture) {
    let rule = "a snapshot is found by all who open the store";
    let Some(early) = open(fixture).await else { return };
    let writer = Store::open(fixture).await;
    let kept = snapshot(Uuid::new_v4(), 7, OURS);
    writer.insert_snapshot(&kept, 1).await;
    for store in [&early, &writer, &Store::open(fixture).await] {
        let (found, _) = store.replay(ReplayQuery::of(kept.originator_id, OURS)).await;
        assert_eq!(found, Some(FirstItem::Snapshot(kept.clone())), "{rule}");
    }
}

/// Of many snapshots of an aggregate that are stored concurrently, the last one is kept.
pub async fn of_many_snapshots_at_once_the_last_is_found(fixture: &dyn Fixture) {
    let rule = "of many snapshots at once the last is found";
    if open(fixture).await.is_none() {
        return;
    }
    let stores = Store::open_several(fixture, 4).await;
    for _ in 0..10 {
        let id = Uuid::new_v4();
        let tasks = (1..=8).zip(stores.iter().cycle().cloned()).map(|(version, store)| async move {
            store.insert_snapshot(&snapshot(id, version, OURS), 1).await;
        });
        at_once(tasks).await;
        for store in &stores {
            let (found, _) = store.replay(ReplayQuery::of(id, OURS)).await;
            let version = match found {
                Some(FirstItem::Snapshot(snapshot)) => Some(snapshot.originator_version),
                _ => None,
            };
            assert_eq!(version, Some(8), "{rule}");
        }
    }
}

/// Storing and deleting snapshots uses no notification id.
pub async fn a_snapshot_is_no_event(fixture: &dyn Fixture) {
    let rule = "a snapshot takes no place in the log";
    let Some(store) = open(fixture).await else { return };
    let id = Uuid::new_v4();
    let events = versions(id, 1..=2);
    store.insert(&events[..1]).await;
    store.insert_snapshot(&snapshot(id, 1, OURS), 1).await;
    assert_eq!(store.last_id().await, Some(1), "{rule}");
    assert_same(&store.insert(&events).await, &numbered(1, &events), rule);
    assert_same(&store.notifications(NotificationQuery::after(0, 10)).await, &numbered(1, &events), rule);
}

/// Opens a store that keeps snapshots; none if the recorder refuses them, as it should.
async fn open(fixture: &dyn Fixture) -> Option<Store> {
    let store = Store::open(fixture).await;
    if store.recorder().keeps_snapshots() {
        return Some(store);
    }
    snapshots_are_refused(fixture).await;
    None
}

/// Records this many events of a new aggregate.
async fn recorded(store: &Store, count: u64) -> (Uuid, Vec<StoredEvent>) {
    let id = Uuid::new_v4();
    let events = versions(id, 1..=count);
    store.insert(&events).await;
    (id, events)
}

fn snapshot(id: Uuid, version: u64, fingerprint: u64) -> StoredSnapshot {
    let state = format!("version {version} by {fingerprint}").into_bytes();
    StoredSnapshot::new(id, version, "Conformance", fingerprint, state, Uuid::new_v4()).with_checksum(7)
}
