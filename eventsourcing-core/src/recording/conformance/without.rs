//! The optional parts that a recorder leaves out are refused with an error that says so, and nothing is recorded.

use uuid::Uuid;

use super::Fixture;
use super::store::{Store, assert_same, versions};
use crate::recording::{
    Append, CommandId, LetterChanges, LetterQuery, LogPosition, NewCommand, OutdatedCommands, RecorderError,
    ReplayQuery, StoredDictionary, StoredLetter, StoredSnapshot, Tracking,
};

/// A recorder without dictionaries refuses to store one with [`NoDictionaries`](RecorderError::NoDictionaries), and returns none.
pub async fn dictionaries_are_refused(fixture: &dyn Fixture) {
    let rule = "a recorder without dictionaries refuses them";
    let store = Store::open(fixture).await;
    let outcome = store.recorder().insert_dictionary(StoredDictionary::new(1, *b"in common")).await;
    assert!(matches!(outcome, Err(RecorderError::NoDictionaries)), "{rule}: found {outcome:?}");
    assert_eq!(store.dictionaries(0).await, [], "{rule}: none is selected");
}

/// A recorder without tracking refuses it with [`NoTracking`](RecorderError::NoTracking), which names the upstream application; events
/// that come with it are not recorded. A position cannot be moved: [`CannotMovePosition`](RecorderError::CannotMovePosition). Upstreams
/// are not listed: [`CannotListUpstreams`](RecorderError::CannotListUpstreams).
pub async fn tracking_is_refused(fixture: &dyn Fixture) {
    let rule = "a recorder without tracking refuses it";
    let store = Store::open(fixture).await;
    let (recorder, events) = (store.recorder(), versions(Uuid::new_v4(), 1..=2));
    let (tracking, position) = (Tracking::new("Orders", 0, 1), LogPosition::anchored(1, Uuid::new_v4()));
    let tracked = Append::new(events.clone()).tracked(tracking.clone());
    let outcomes = [
        ("insert_tracked", recorder.insert_tracked(events, tracking).await.err()),
        ("append", recorder.append(tracked).await.err()),
        ("tracked_position", recorder.tracked_position("Orders").await.err()),
        ("initialize_tracking", recorder.initialize_tracking("Orders", position).await.err()),
        ("initialize_tracking", recorder.initialize_tracking("Orders", LogPosition::START).await.err()),
    ];
    for (method, error) in outcomes {
        let is_refused = matches!(&error, Some(RecorderError::NoTracking { upstream }) if upstream == "Orders");
        assert!(is_refused, "{rule}: {method} returned {error:?}");
    }
    let moved = recorder.move_tracking("Orders", LogPosition::START, position).await;
    assert!(matches!(moved, Err(RecorderError::CannotMovePosition { .. })), "{rule}: move_tracking returned {moved:?}");
    let listed = recorder.tracked_positions().await;
    let is_refused = matches!(listed, Err(RecorderError::CannotListUpstreams));
    assert!(is_refused, "{rule}: tracked_positions returned {listed:?}");
    assert_eq!(store.log().await, [], "{rule}: nothing is recorded");
}

/// A recorder without dead letters refuses changes of them with [`NoDeadLetters`](RecorderError::NoDeadLetters), which names the upstream
/// application; events that come with them are not recorded. It returns no letters.
pub async fn letters_are_refused(fixture: &dyn Fixture) {
    let rule = "a recorder without dead letters refuses them";
    let store = Store::open(fixture).await;
    let (recorder, id) = (store.recorder(), Uuid::new_v4());
    let changes = [
        LetterChanges::of("Orders").parked([StoredLetter::new(1, id, *b"{}")]),
        LetterChanges::of("Orders").taken([1]),
        LetterChanges::of("Orders").behind([id]),
    ];
    for changes in changes {
        let error = recorder.append(Append::new(versions(id, 1..=2)).changing(changes)).await.err();
        let is_refused = matches!(&error, Some(RecorderError::NoDeadLetters { upstream }) if upstream == "Orders");
        assert!(is_refused, "{rule}: append returned {error:?}");
    }
    assert_eq!(store.log().await, [], "{rule}: nothing is recorded");
    let letters = recorder.select_letters(LetterQuery::of("Orders")).await;
    assert!(matches!(letters.as_deref(), Ok([])), "{rule}: select_letters returned {letters:?}");
    let count = recorder.count_letters("Orders").await;
    assert!(matches!(count, Ok(0)), "{rule}: count_letters returned {count:?}");
    let originators = recorder.originators_with_letters("Orders", &[id]).await;
    assert!(matches!(originators.as_deref(), Ok([])), "{rule}: originators_with_letters returned {originators:?}");
}

/// A recorder without snapshots says so, and refuses to store and delete them with [`NoSnapshots`](RecorderError::NoSnapshots). A replay
/// consists of all events.
pub async fn snapshots_are_refused(fixture: &dyn Fixture) {
    let rule = "a recorder without snapshots refuses them";
    let store = Store::open(fixture).await;
    assert!(!store.recorder().keeps_snapshots(), "{rule}: it says that it keeps them");
    let (recorder, id) = (store.recorder(), Uuid::new_v4());
    let events = versions(id, 1..=3);
    store.insert(&events).await;
    let snapshot = StoredSnapshot::new(id, 2, "Conformance", 1, *b"{}", events[1].append_id);
    let stored = recorder.insert_snapshot(snapshot, 1).await;
    assert!(matches!(stored, Err(RecorderError::NoSnapshots)), "{rule}: insert_snapshot returned {stored:?}");
    let deleted = recorder.delete_snapshots(id).await;
    assert!(matches!(deleted, Err(RecorderError::NoSnapshots)), "{rule}: delete_snapshots returned {deleted:?}");
    let (snapshot, replayed) = store.replay(ReplayQuery::of(id, 1)).await;
    assert_eq!(snapshot, None, "{rule}: a replay starts with the events");
    assert_same(&replayed, &events, rule);
}

/// A recorder without commands says so, and refuses them with [`NoCommands`](RecorderError::NoCommands); events that come with them are not
/// recorded. It finds no command, and deletes none.
pub async fn commands_are_refused(fixture: &dyn Fixture) {
    let rule = "a recorder without commands refuses them";
    let store = Store::open(fixture).await;
    let (recorder, id) = (store.recorder(), CommandId::named("a"));
    assert!(!recorder.keeps_commands(), "{rule}: it says that it keeps them");
    for events in [versions(Uuid::new_v4(), 1..=2), vec![]] {
        let append = Append::new(events).command(NewCommand::new(id, jiff::Timestamp::now()));
        let outcome = recorder.append(append).await;
        assert!(matches!(outcome, Err(RecorderError::NoCommands)), "{rule}: append returned {outcome:?}");
    }
    assert_eq!(store.log().await, [], "{rule}: nothing is recorded");
    let found = recorder.find_command(id).await;
    assert!(matches!(found, Ok(None)), "{rule}: find_command returned {found:?}");
    let deleted = recorder.delete_commands(OutdatedCommands::AllBut(0), 1).await;
    assert!(matches!(deleted, Err(RecorderError::NoCommands)), "{rule}: delete_commands returned {deleted:?}");
}
