//! What is read-only is read, and each call that would change something is refused by name.

use std::time::Duration;

use eventsourcing::application::Command;
use eventsourcing::prelude::*;
use eventsourcing::recording::{Append, LetterChanges, LogPosition, StoredDictionary, StoredLetter, StoredSnapshot};
use eventsourcing::{RecorderError, StoredEvent};

use super::common::office::Mirror;
use super::{Account, Office, Variables, filled, in_each_database, open, open_read_only};

in_each_database! {
    a_read_only_application_reads_what_others_record
    each_call_that_writes_is_refused_by_its_name
    nothing_is_taken_or_made_in_the_background
    another_type_may_look_at_a_name_that_is_claimed
    a_policy_is_refused_before_its_position_moves
}

async fn a_read_only_application_reads_what_others_record(variables: Variables) {
    let office = open(&variables).await;
    let account = filled(&office).await;
    let looked_at = open_read_only(&variables).await;
    assert!(looked_at.is_read_only() && !office.is_read_only());
    let same: Account = looked_at.repository().get(account.id()).await.unwrap();
    assert_eq!(same, account);
    assert_eq!(looked_at.log().last(10).await.unwrap(), office.log().last(10).await.unwrap());
    let later = filled(&office).await;
    assert!(looked_at.repository().exists(later.id()).await.unwrap());
    let found = looked_at.log().find_aggregates(&later.id().to_string(), 5).await.unwrap();
    assert_eq!(found.len(), 1);
    assert!(
        looked_at.log().recorded_times(&[1]).await.unwrap()[0].time <= Timestamp::now() + Duration::from_secs(3_600)
    );
}

fn call(error: RecorderError) -> &'static str {
    match error {
        RecorderError::OpenedReadOnly { call } => call,
        error => panic!("{error:?}"),
    }
}

fn call_of(error: Error) -> &'static str {
    match error {
        Error::Recorder(error) => call(error),
        error => panic!("{error:?}"),
    }
}

async fn each_call_that_writes_is_refused_by_its_name(variables: Variables) {
    let office = open(&variables).await;
    let mut account = filled(&office).await;
    let before = office.log().last_position().await.unwrap();
    let looked_at = open_read_only(&variables).await;
    account.deposit(1);
    assert_eq!(call_of(looked_at.save(&mut account).await.unwrap_err()), "insert_events");
    let command = Command::new("a deposit");
    assert_eq!(call_of(looked_at.save(&mut account).command(command).await.unwrap_err()), "append");
    let retried = looked_at.retry(account.id(), |account: &mut Account| account.deposit(1)).await;
    assert_eq!(call_of(retried.unwrap_err()), "insert_events");
    assert_eq!(call_of(looked_at.prune_commands().await.unwrap_err()), "delete_commands");
    let recorder = looked_at.recorder();
    let event = StoredEvent::new(Uuid::new_v4(), 1, "Account.Opened", *b"{}", Uuid::new_v4());
    let position = LogPosition::anchored(1, Uuid::new_v4());
    let letters = LetterChanges::of("Branch").parked([StoredLetter::new(1, Uuid::new_v4(), *b"{}")]);
    let snapshot = StoredSnapshot::new(account.id(), 2, "Account", 1, *b"{}", Uuid::new_v4());
    let calls = [
        recorder.insert_events(vec![event.clone()]).await.map(drop),
        recorder.insert_tracked(vec![event], Tracking::new("Branch", 0, position)).await.map(drop),
        recorder.append(Append::new(vec![]).changing(letters)).await.map(drop),
        recorder.initialize_tracking("Branch", LogPosition::START).await.map(drop),
        recorder.move_tracking("Branch", LogPosition::START, position).await,
        recorder.insert_dictionary(StoredDictionary::new(9, *b"in common")).await.map(drop),
        recorder.insert_snapshot(snapshot, 1).await.map(drop),
        recorder.delete_snapshots(account.id()).await,
    ];
    let refused = calls.map(|outcome| call(outcome.unwrap_err()));
    let names = [
        "insert_events",
        "insert_tracked",
        "append",
        "initialize_tracking",
        "move_tracking",
        "insert_dictionary",
        "insert_snapshot",
        "delete_snapshots",
    ];
    assert_eq!(refused, names);
    assert_eq!(office.log().last_position().await.unwrap(), before);
    // what was pending still is, and is recorded where that is allowed
    office.save(&mut account).await.unwrap();
}

async fn nothing_is_taken_or_made_in_the_background(variables: Variables) {
    let account = filled(&open(&variables).await).await;
    let compressed = variables.into_iter().chain([("COMPRESSOR_TOPIC".to_owned(), "zstd".to_owned())]);
    let builder = Office::builder().variables(compressed.collect::<Vec<_>>()).read_only();
    let looked_at = builder.snapshot_when_slower_than(Duration::ZERO).open().await.unwrap();
    let _: Account = looked_at.repository().get(account.id()).await.unwrap();
    assert!(looked_at.recorder().select_dictionaries(0).await.unwrap().is_empty());
    let counts = looked_at.snapshot_counts();
    assert_eq!((counts.taken, counts.failed, counts.skipped), (0, 0, 0));
}

#[derive(Debug)]
#[application(name = "Office")]
struct OtherOffice;

async fn another_type_may_look_at_a_name_that_is_claimed(variables: Variables) {
    let office = open(&variables).await;
    filled(&office).await;
    let refused = OtherOffice::builder().variables(variables.clone()).open().await.unwrap_err();
    assert!(matches!(refused, Error::NameTaken { .. }), "{refused:?}");
    let other = OtherOffice::builder().variables(variables.clone()).read_only().open().await.unwrap();
    assert_eq!(other.log().max_id().await.unwrap(), Some(4));
    // and claims nothing: the first type opens again
    drop(office);
    open(&variables).await;
}

async fn a_policy_is_refused_before_its_position_moves(variables: Variables) {
    let office = open(&variables).await;
    filled(&office).await;
    Mirror::builder().variables(variables.clone()).open().await.unwrap();
    let mirror = Mirror::builder().variables(variables.clone()).read_only().open().await.unwrap();
    assert!(mirror.dead_letters_of("Office", 0, 10).await.unwrap().is_empty());
    let event = office.log().last(1).await.unwrap().remove(0);
    let refused = mirror.save_tracked((), Tracking::new("Office", 0, event.position())).await.unwrap_err();
    assert_eq!(call_of(refused), "insert_tracked");
    assert_eq!(mirror.recorder().tracked_position("Office").await.unwrap(), LogPosition::START);
}
