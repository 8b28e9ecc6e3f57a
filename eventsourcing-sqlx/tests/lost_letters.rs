//! Connections to PostgreSQL that break while dead letters change: the change is made exactly once, and its caller gets the result.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use eventsourcing_core::recording::{Append, LetterChanges, LetterQuery, StoredLetter};
use eventsourcing_core::{LogPosition, Recorder, RecorderError, StoredEvent, Tracking, Uuid};
use eventsourcing_sqlx::PostgresRecorder;
use tokio::runtime::Builder;

use common::proxy::{Cut, Proxy};
use common::{Schema, connect, ids, one_event};

/// The proxy cuts the appends that contain this name.
const UPSTREAM: &str = "WithoutEvents";

/// A recorder that reaches the server through a proxy, and one that reaches it directly.
async fn behind_a_proxy(cut: Cut) -> (Schema, Proxy, PostgresRecorder, PostgresRecorder) {
    let schema = Schema::new();
    let mut config = schema.config.clone();
    let proxy = Proxy::before(&mut config, cut).await;
    let direct = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    let recorder = PostgresRecorder::open("Universe", config).await.unwrap();
    // prepared once, so that from here on each append is one message
    recorder.append(Append::new(vec![]).changing(parked(&[letter(1)]))).await.unwrap();
    (schema, proxy, recorder, direct)
}

fn letter(notification_id: u64) -> StoredLetter {
    let state = format!("letter {notification_id}").into_bytes();
    StoredLetter::new(notification_id, Uuid::from_u128(1), state).with_checksum(7)
}

fn parked(letters: &[StoredLetter]) -> LetterChanges {
    LetterChanges::of(UPSTREAM).parked(letters)
}

fn taking(events: Vec<StoredEvent>, taken: &[u64]) -> Append {
    Append::new(events).changing(LetterChanges::of(UPSTREAM).taken(taken))
}

async fn letters(recorder: &PostgresRecorder) -> Vec<u64> {
    let letters = recorder.select_letters(LetterQuery::of(UPSTREAM)).await.unwrap();
    letters.iter().map(|letter| letter.notification_id).collect()
}

/// Makes each kind of change of dead letters, and loses each append in this way.
async fn each_change_is_made_once(cut: Cut, cuts: usize) {
    let (schema, proxy, recorder, direct) = behind_a_proxy(cut).await;
    let lost = async |append: Append| {
        proxy.cut(cuts);
        let recorded = recorder.append(append).await.unwrap_or_else(|error| panic!("{cut:?}: {error:?}"));
        assert!(proxy.is_done(), "{cut:?}: nothing was cut");
        ids(&recorded)
    };
    let to = |id| LogPosition { id, anchor: Some(Uuid::from_u128(id.into())) };
    let tracking = |after, position| Tracking::new(UPSTREAM, after, to(position));

    // parked, behind an earlier one too, with the position
    assert!(lost(Append::new(vec![]).tracked(tracking(0, 2)).changing(parked(&[letter(2)]))).await.is_empty());
    let behind = parked(&[letter(3), letter(4)]).behind([Uuid::from_u128(1)]);
    assert!(lost(Append::new(vec![]).tracked(tracking(2, 4)).changing(behind)).await.is_empty());
    assert_eq!((letters(&direct).await, direct.tracked_position(UPSTREAM).await.unwrap()), (vec![1, 2, 3, 4], to(4)));
    // put in the place of another one
    let other = StoredLetter::new(2, Uuid::from_u128(1), *b"another");
    let replaced = parked(&[other, letter(5)]).taken([2, 1]);
    assert!(lost(Append::new(vec![]).changing(replaced)).await.is_empty());
    assert_eq!(letters(&direct).await, [2, 3, 4, 5]);
    // taken out: discarded, or retried without any event
    assert!(lost(taking(vec![], &[3])).await.is_empty());
    assert!(lost(taking(vec![], &[2, 5])).await.is_empty());
    assert_eq!(letters(&direct).await, [4]);
    // and with events
    assert_eq!(lost(taking(one_event(), &[4])).await, [1]);
    let park = Append::new(one_event()).tracked(tracking(4, 6)).changing(parked(&[letter(6)]));
    assert_eq!(lost(park).await, [2]);
    assert_eq!((letters(&direct).await, direct.tracked_position(UPSTREAM).await.unwrap()), (vec![6], to(6)));
    recorder.close().await;
    schema.drop().await;
}

#[tokio::test]
async fn changes_of_letters_that_are_lost_on_their_way_are_made_once() {
    each_change_is_made_once(Cut::BeforeStatement, 1).await;
}

#[tokio::test]
async fn changes_of_letters_that_are_cut_in_the_middle_are_made_once() {
    for count in [1, 40, 300] {
        each_change_is_made_once(Cut::Within(count), 1).await;
    }
}

#[tokio::test]
async fn changes_of_letters_whose_answer_is_lost_are_made_once() {
    each_change_is_made_once(Cut::BeforeAnswer, 1).await;
}

#[tokio::test]
async fn dead_letter_changes_lost_again_during_resolution_are_made_once() {
    each_change_is_made_once(Cut::BeforeAnswer, 3).await;
    each_change_is_made_once(Cut::BeforeAnswerOfNextCommit, 2).await;
}

#[tokio::test]
async fn a_lost_connection_does_not_hide_that_others_changed_dead_letters() {
    let (schema, proxy, recorder, direct) = behind_a_proxy(Cut::BeforeStatement).await;
    direct.append(Append::new(vec![]).changing(parked(&[letter(2), letter(3)]))).await.unwrap();
    direct.append(taking(vec![], &[2])).await.unwrap();
    let replacing = Append::new(vec![]).changing(parked(&[letter(4)]).taken([2]));
    for append in [taking(vec![], &[2, 3]), taking(one_event(), &[2]), replacing] {
        proxy.cut(1);
        let error = recorder.append(append).await.unwrap_err();
        assert!(proxy.is_done(), "nothing was cut");
        assert!(matches!(error, RecorderError::LettersChanged { .. }), "{error:?}");
    }
    proxy.cut(1);
    direct.append(Append::new(vec![]).tracked(Tracking::new(UPSTREAM, 0, 4))).await.unwrap();
    let park = Append::new(vec![]).tracked(Tracking::new(UPSTREAM, 0, 4)).changing(parked(&[letter(4)]));
    let error = recorder.append(park).await.unwrap_err();
    assert!(matches!(error, RecorderError::AlreadyProcessed { after: 0, recorded: 4, .. }), "{error:?}");
    assert_eq!(letters(&direct).await, [1, 3]);
    recorder.close().await;
    schema.drop().await;
}

/// The statement of a runtime that ends is still running when another runtime repeats it.
#[test]
fn a_dead_letter_removed_as_its_runtime_ends_is_found_removed() {
    let (own, ending) = (Builder::new_current_thread().enable_all().build().unwrap(), {
        Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
    });
    let schema = Schema::new();
    let recorder = own.block_on(PostgresRecorder::open("Universe", schema.config.clone())).unwrap();
    own.block_on(recorder.append(Append::new(vec![]).changing(parked(&[letter(1)])))).unwrap();
    let wait_for_waiting = async |count| {
        let mut watcher = connect(&schema.config).await;
        let waits =
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%' || $1 || '%'";
        while sqlx::query_scalar::<_, i64>(waits).bind(&schema.name).fetch_one(&mut watcher).await.unwrap() < count {
            tokio::task::yield_now().await;
        }
    };
    let mut outsider = own.block_on(connect(&schema.config));
    let lock = format!("BEGIN; SELECT last FROM {}.universe_head FOR UPDATE", schema.name);
    own.block_on(sqlx::raw_sql(sqlx::AssertSqlSafe(lock)).execute(&mut outsider)).unwrap();
    let mut append = recorder.append(taking(vec![], &[1]));
    ending.block_on(async {
        assert!(futures::poll!(&mut append).is_pending());
        wait_for_waiting(1).await;
    });
    ending.shutdown_background();
    own.block_on(async {
        wait_for_waiting(2).await;
        sqlx::raw_sql("ROLLBACK").execute(&mut outsider).await.unwrap();
        let recorded = append.await.unwrap();
        assert!(recorded.is_empty(), "{recorded:?}");
        assert!(letters(&recorder).await.is_empty());
        recorder.close().await;
        schema.drop().await;
    });
}
