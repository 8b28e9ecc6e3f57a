//! Commands are recorded together with their events, once, and found again.
//!
//! A recorder that does not keep commands ([`keeps_commands`](crate::recording::Recorder::keeps_commands)) passes each rule if it refuses them.

use jiff::Timestamp;
use uuid::Uuid;

use super::Fixture;
use super::store::{Store, at_once, expect, versions};
use super::without::commands_are_refused;
use crate::recording::{
    Append, CommandContent, CommandId, LetterChanges, NewCommand, Notification, OutdatedCommands, RecordedCommand,
    RecorderError, StoredEvent, StoredLetter,
};

/// A command is kept as it was given, with the notification ids of its events in their order, and is durable with them.
pub async fn a_command_is_recorded_with_its_events(fixture: &dyn Fixture) {
    let rule = "a command is recorded with its events";
    let Some(store) = open(fixture).await else { return };
    let any_bytes: Vec<u8> = (0..=u8::MAX).cycle().take(10_000).collect();
    for (id, time, content, events) in [
        (Uuid::max(), Timestamp::UNIX_EPOCH, None, 1),
        (Uuid::from_u128(1), now(), Some(CommandContent::new(any_bytes).with_checksum(u32::MAX)), 3),
        (Uuid::nil(), Timestamp::MIN, Some(CommandContent::new(*b"{}")), 2),
        (Uuid::new_v4(), Timestamp::MAX, Some(CommandContent::new([0_u8; 0])), 200),
    ] {
        let command = NewCommand::new(CommandId::new(id), microseconds(time)).content(content);
        assert_eq!(found(&store, command.id).await, None, "{rule}: it is not recorded yet");
        let append = Append::new(versions(Uuid::new_v4(), 1..=events)).command(command.clone());
        let notifications = expect("append", store.recorder().append(append).await);
        let recorded = found(&store, command.id).await;
        assert_eq!(recorded, Some(command.recorded(ids_of(&notifications))), "{rule}");
    }
}

/// Another append with the id of a recorded command is refused with [`CommandRecorded`](RecorderError::CommandRecorded), which has what is
/// recorded. That comes before a conflict. Nothing is recorded.
pub async fn a_command_that_comes_again_is_refused(fixture: &dyn Fixture) {
    let rule = "a command that comes again is refused";
    let Some(store) = open(fixture).await else { return };
    let (id, other) = (Uuid::new_v4(), Uuid::new_v4());
    let recorded = record(&store, &versions(id, 1..=2), "a").await;
    for events in [versions(other, 1..=2), versions(id, 2..=3), versions(other, 5..=5), vec![]] {
        let again = store.recorder().append(Append::new(events).command(command("a"))).await;
        assert_refused(again, &recorded, rule);
    }
    assert_eq!(store.last_id().await, Some(2), "{rule}: nothing is recorded");
    record(&store, &versions(other, 1..=1), "b").await;
}

/// An append that is repeated with the same append ids counts as recorded. Its command is recorded then, if it was not before.
pub async fn an_append_with_a_command_repeated_is_recorded_once(fixture: &dyn Fixture) {
    let rule = "an append with a command repeated is recorded once";
    let Some(store) = open(fixture).await else { return };
    let events = versions(Uuid::new_v4(), 1..=2);
    let append = || store.recorder().append(Append::new(events.clone()).command(command("a")));
    let first = expect("append", append().await);
    let again = expect("append", append().await);
    assert_eq!(ids_of(&again), ids_of(&first), "{rule}");
    // without its command first
    let (early, late) = (versions(Uuid::new_v4(), 1..=2), versions(Uuid::new_v4(), 1..=1));
    store.insert(&early).await;
    record(&store, &versions(Uuid::new_v4(), 1..=1), "between").await;
    assert_eq!(record(&store, &early, "b").await.notification_ids, [3, 4], "{rule}: the command comes later");
    // and with further events
    let in_part: Vec<StoredEvent> = [&late[..], &early[..], &versions(Uuid::new_v4(), 1..=2)].concat();
    let ids = record(&store, &in_part, "c").await.notification_ids;
    assert_eq!(ids, [6, 3, 4, 7, 8], "{rule}: the ids are those of its events in their order");
    assert_eq!(store.last_id().await, Some(8), "{rule}");
}

/// A command without events is recorded, and refuses the next.
pub async fn a_command_without_events_is_recorded(fixture: &dyn Fixture) {
    let rule = "a command without events is recorded";
    let Some(store) = open(fixture).await else { return };
    let recorded = record(&store, &[], "a").await;
    assert!(recorded.notification_ids.is_empty(), "{rule}");
    let again = store.recorder().append(Append::new(versions(Uuid::new_v4(), 1..=1)).command(command("a"))).await;
    assert_refused(again, &recorded, rule);
    assert_eq!(store.last_id().await, None, "{rule}: it takes no place in the log");
}

/// A command whose append is refused is not recorded, and is free for the next.
pub async fn a_refused_append_leaves_its_command_free(fixture: &dyn Fixture) {
    let rule = "a refused append leaves its command free";
    let Some(store) = open(fixture).await else { return };
    let id = Uuid::new_v4();
    store.insert(&versions(id, 1..=1)).await;
    let refused = store.recorder().append(Append::new(versions(id, 1..=2)).command(command("a"))).await;
    assert!(matches!(refused, Err(RecorderError::Conflict { .. })), "{rule}: a conflict was expected: {refused:?}");
    assert_eq!(found(&store, "a".into()).await, None, "{rule}");
    let letters = LetterChanges::of("Orders").parked([StoredLetter::new(1, id, *b"{}")]);
    let both = Append::new(versions(id, 2..=2)).changing(letters).command(command("a"));
    let refused = store.recorder().append(both).await;
    let is_refused = matches!(&refused, Err(RecorderError::CommandWithLetters { id }) if *id == "a".into());
    assert!(is_refused, "{rule}: a command with dead letters is refused: {refused:?}");
    assert_eq!(record(&store, &versions(id, 2..=3), "a").await.notification_ids, [2, 3], "{rule}");
}

/// Outdated commands are deleted, the first ones first, at most as many as the limit. Their events stay, and their ids are free.
pub async fn outdated_commands_are_deleted(fixture: &dyn Fixture) {
    let rule = "outdated commands are deleted";
    let Some(store) = open(fixture).await else { return };
    let delete =
        async |outdated, limit| expect("delete_commands", store.recorder().delete_commands(outdated, limit).await);
    let time = |second: i64| Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
    for second in 1..=9 {
        let command = NewCommand::new(CommandId::named(&second.to_string()), time(second));
        let append = Append::new(versions(Uuid::new_v4(), 1..=1)).command(command);
        expect("append", store.recorder().append(append).await);
    }
    let kept = async || {
        let mut kept = Vec::new();
        for second in 1..=9 {
            if found(&store, CommandId::named(&second.to_string())).await.is_some() {
                kept.push(second);
            }
        }
        kept
    };
    assert_eq!(delete(OutdatedCommands::Before(time(1)), 10).await, 0, "{rule}: none is older than the first");
    assert_eq!(delete(OutdatedCommands::Before(time(4)), 2).await, 2, "{rule}: the limit");
    assert_eq!(kept().await, [3, 4, 5, 6, 7, 8, 9], "{rule}: the first ones first");
    assert_eq!(delete(OutdatedCommands::Before(time(4)), 2).await, 1, "{rule}: those before the time");
    assert_eq!(delete(OutdatedCommands::AllBut(10), 10).await, 0, "{rule}: fewer than are kept");
    assert_eq!(delete(OutdatedCommands::AllBut(3), 2).await, 2, "{rule}: the limit");
    assert_eq!(delete(OutdatedCommands::AllBut(3), 2).await, 1, "{rule}: all but the last ones");
    assert_eq!(kept().await, [7, 8, 9], "{rule}: the last ones stay");
    assert_eq!(delete(OutdatedCommands::AllBut(u64::MAX), usize::MAX).await, 0, "{rule}: the largest number");
    assert_eq!(
        record(&store, &versions(Uuid::new_v4(), 1..=1), "1").await.notification_ids,
        [10],
        "{rule}: its id is free"
    );
    assert_eq!(delete(OutdatedCommands::Before(Timestamp::MAX), 100).await, 3, "{rule}: all but the last of all");
    assert!(found(&store, CommandId::named("1")).await.is_some(), "{rule}: the last of all");
    assert_eq!(delete(OutdatedCommands::AllBut(0), 100).await, 0, "{rule}: all but the last of all");
    assert_eq!(record(&store, &versions(Uuid::new_v4(), 1..=1), "2").await.notification_ids, [11], "{rule}");
    assert_eq!(store.log().await.len(), 11, "{rule}: the events stay");
}

/// Commands are found by all who open the store.
pub async fn commands_are_found_by_all_who_open_the_store(fixture: &dyn Fixture) {
    let rule = "commands are found by all who open the store";
    let Some(store) = open(fixture).await else { return };
    let recorded = record(&store, &versions(Uuid::new_v4(), 1..=2), "a").await;
    let later = Store::open(fixture).await;
    assert_eq!(found(&later, "a".into()).await.as_ref(), Some(&recorded), "{rule}");
    let again = later.recorder().append(Append::new(versions(Uuid::new_v4(), 1..=1)).command(command("a"))).await;
    assert_refused(again, &recorded, rule);
}

/// Of many appends with one command at the same time, one is recorded, and the others are told what it recorded.
pub async fn of_many_who_send_a_command_one_records(fixture: &dyn Fixture) {
    let rule = "of many who send a command, one records";
    if open(fixture).await.is_none() {
        return;
    }
    let stores = Store::open_several(fixture, 8).await;
    for round in 0..10_u64 {
        let name = round.to_string();
        let outcomes = at_once(stores.iter().cloned().map(|store| {
            let append = Append::new(versions(Uuid::new_v4(), 1..=2)).command(command(&name));
            async move {
                match store.patiently(|| store.recorder().append(append.clone())).await {
                    Err(RecorderError::CommandRecorded { recorded }) => (false, recorded.notification_ids),
                    appended => (true, ids_of(&expect("append", appended))),
                }
            }
        }))
        .await;
        let expected = vec![2 * round + 1, 2 * round + 2];
        assert!(outcomes.iter().all(|(_, ids)| *ids == expected), "{rule}: all have {expected:?}: {outcomes:?}");
        assert_eq!(outcomes.iter().filter(|(is_first, _)| *is_first).count(), 1, "{rule}: the number that recorded");
    }
}

/// The store, if its recorder keeps commands. Otherwise it must refuse them.
async fn open(fixture: &dyn Fixture) -> Option<Store> {
    let store = Store::open(fixture).await;
    if !store.recorder().keeps_commands() {
        commands_are_refused(fixture).await;
        return None;
    }
    Some(store)
}

fn command(name: &str) -> NewCommand {
    NewCommand::new(CommandId::named(name), microseconds(now()))
}

fn ids_of(notifications: &[Notification]) -> Vec<u64> {
    notifications.iter().map(|notification| notification.id).collect()
}

fn now() -> Timestamp {
    Timestamp::now()
}

/// The time as recorders keep it.
fn microseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}

async fn found(store: &Store, id: CommandId) -> Option<RecordedCommand> {
    expect("find_command", store.recorder().find_command(id).await)
}

/// Records events with a command, and returns what is recorded of it.
async fn record(store: &Store, events: &[StoredEvent], name: &str) -> RecordedCommand {
    let appended = store.recorder().append(Append::new(events.to_vec()).command(command(name))).await;
    let ids = ids_of(&expect("append", appended));
    let recorded = found(store, name.into()).await.unwrap_or_else(|| panic!("the command {name} is not found"));
    assert_eq!(recorded.notification_ids, ids, "the ids of the command {name}");
    recorded
}

fn assert_refused<T: std::fmt::Debug>(outcome: Result<T, RecorderError>, expected: &RecordedCommand, rule: &str) {
    match outcome {
        Err(RecorderError::CommandRecorded { recorded }) => assert_eq!(*recorded, *expected, "{rule}"),
        outcome => panic!("{rule}: CommandRecorded was expected: {outcome:?}"),
    }
}
