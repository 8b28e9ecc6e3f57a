//! Group commit: waiting saves share a transaction, and each is recorded or refused as if it were alone.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::time::Duration;

use eventsourcing_core::recording::{EventQuery, NotificationQuery};
use eventsourcing_core::{Notification, Recorder, RecorderError, StoredEvent, Uuid};
use futures::future::join_all;
use tokio::task::yield_now;

use common::queued::{Answer, Queued};
use common::store::{Store, on_each};
use common::{events, ids, one_event, unstamped};

/// The results of inserts that arrive while the store is locked.
async fn together(store: &Store, inserts: Vec<Vec<StoredEvent>>) -> Vec<Answer> {
    let recorder = store.open().await;
    let lock = store.lock().await;
    let queued = queue(&*recorder, inserts).await;
    lock.release().await;
    queued.answers().await
}

/// Queues inserts of these events behind the lock.
async fn queue<'r>(recorder: &'r dyn Recorder, inserts: Vec<Vec<StoredEvent>>) -> Queued<'r> {
    Queued::behind_the_lock(recorder, inserts.into_iter().map(|events| recorder.insert_events(events))).await
}

fn singles(count: usize) -> Vec<Vec<StoredEvent>> {
    (0..count).map(|_| one_event()).collect()
}

async fn log(store: &Store) -> Vec<Notification> {
    store.open().await.select_notifications(NotificationQuery::after(0, usize::MAX)).await.unwrap()
}

fn assert_conflict(answer: &Answer, id: Uuid, version: u64, last: u64) {
    match answer {
        Err(RecorderError::Conflict { originator_id, tried, recorded }) => {
            assert_eq!((*originator_id, *tried, *recorded), (id, version, last));
        }
        other => panic!("no conflict: {other:?}"),
    }
}

/// Asserts that exactly these inserts are recorded, one after the other, from this id on.
async fn assert_log(store: &Store, first: u64, recorded: &[Vec<StoredEvent>], answers: &[Answer]) {
    let mut next = first;
    for (events, answer) in recorded.iter().zip(answers) {
        let expected: Vec<_> =
            events.iter().cloned().zip(next..).map(|(event, id)| event.into_notification(id)).collect();
        assert_eq!(unstamped(answer.as_ref().unwrap().clone()), expected);
        next += events.len() as u64;
    }
    assert_eq!(ids(&log(store).await), (1..next).collect::<Vec<_>>());
}

#[tokio::test]
async fn saves_that_wait_share_a_transaction_in_the_order_in_which_they_came() {
    on_each(async |store| {
        let inserts = singles(200);
        let answers = together(store, inserts.clone()).await;
        assert_log(store, 2, &inserts, &answers).await;
        if let Some(transactions) = store.transactions_after(1).await {
            assert_eq!(transactions, 1, "transactions of 200 saves");
        }
    })
    .await;
}

#[tokio::test]
async fn a_batch_larger_than_a_transaction_is_recorded_in_order() {
    on_each(async |store| {
        let inserts = singles(5_000);
        let answers = together(store, inserts.clone()).await;
        assert_log(store, 2, &inserts, &answers).await;
        if let Some(transactions) = store.transactions_after(1).await {
            assert!((2..=10).contains(&transactions), "{transactions} transactions of 5,000 saves");
        }
    })
    .await;
}

#[tokio::test]
async fn a_save_larger_than_a_transaction_is_one_all_the_same() {
    on_each(async |store| {
        let inserts = vec![one_event(), events(Uuid::new_v4(), 1..=3_000), one_event()];
        let answers = together(store, inserts.clone()).await;
        assert_log(store, 2, &inserts, &answers).await;
    })
    .await;
}

#[tokio::test]
async fn a_conflict_in_the_middle_of_a_batch_is_that_of_its_own_save() {
    on_each(async |store| {
        let taken = Uuid::new_v4();
        let recorder = store.open().await;
        let mut inserts = singles(100);
        // beside a new aggregate, of which then nothing is recorded either
        let other = Uuid::new_v4();
        inserts[50] = [events(other, 1..=2), events(taken, [2, 3])].concat();
        inserts[70] = events(taken, [3]);
        let lock = store.lock().await;
        let mut plug = recorder.insert_events(events(taken, 1..=3));
        assert!(futures::poll!(&mut plug).is_pending());
        let queued = queue(&*recorder, inserts.clone()).await;
        lock.release().await;
        assert_eq!(ids(&plug.await.unwrap()), [1, 2, 3]);
        let (plug, mut answers) = tokio::join!(queued.plug, queued.inserts);
        assert_eq!(ids(&plug.unwrap()), [4]);
        for (place, version) in [(70, 3), (50, 2)] {
            assert_conflict(&answers.remove(place), taken, version, 3);
            inserts.remove(place);
        }
        assert_log(store, 5, &inserts, &answers).await;
        assert_eq!(recorder.select_events(EventQuery::of(other)).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn of_two_saves_of_a_version_in_a_batch_the_first_is_recorded() {
    on_each(async |store| {
        let id = Uuid::new_v4();
        let inserts = vec![one_event(), events(id, 1..=4), events(id, 2..=3), one_event()];
        let mut answers = together(store, inserts.clone()).await;
        assert_conflict(&answers.remove(2), id, 2, 4);
        assert_log(store, 2, &[inserts[0].clone(), inserts[1].clone(), inserts[3].clone()], &answers).await;
    })
    .await;
}

#[tokio::test]
async fn the_second_save_of_a_version_is_recorded_if_the_first_is_refused() {
    on_each(async |store| {
        let (taken, wanted) = (Uuid::new_v4(), Uuid::new_v4());
        let first = events(taken, [1]);
        store.open().await.insert_events(first).await.unwrap();
        let recorder = store.open().await;
        let lock = store.lock().await;
        let refused = [events(wanted, [1]), events(taken, [1])].concat();
        let inserts = vec![refused, events(wanted, [1])];
        let queued = queue(&*recorder, inserts.clone()).await;
        lock.release().await;
        let (plug, answers) = tokio::join!(queued.plug, queued.inserts);
        assert_eq!(ids(&plug.unwrap()), [2]);
        assert_conflict(&answers[0], taken, 1, 1);
        assert_eq!(ids(answers[1].as_ref().unwrap()), [3]);
        assert_eq!(unstamped(recorder.select_events(EventQuery::of(wanted)).await.unwrap()), inserts[1]);
    })
    .await;
}

#[tokio::test]
async fn an_attempt_that_is_in_a_batch_twice_is_recorded_once() {
    on_each(async |store| {
        let attempt = events(Uuid::new_v4(), 1..=2);
        let inserts = vec![attempt.clone(), one_event(), attempt];
        let answers = together(store, inserts).await;
        let found: Vec<_> = answers.iter().map(|answer| ids(answer.as_ref().unwrap())).collect();
        assert_eq!(found, [vec![2, 3], vec![4], vec![2, 3]]);
        assert_eq!(ids(&log(store).await), [1, 2, 3, 4]);
    })
    .await;
}

#[tokio::test]
async fn a_save_that_the_database_refuses_takes_no_other_with_it() {
    on_each(async |store| {
        // the tables are there, and one topic is not wanted
        store.open().await;
        store.refuse_topic("Unwanted").await;
        let mut inserts = singles(40);
        inserts[17] = events(Uuid::new_v4(), 1..=2);
        inserts[17][1].topic = "Unwanted".into();
        inserts[23][0].topic = "Unwanted".into();
        let mut answers = together(store, inserts.clone()).await;
        for place in [23, 17] {
            let error = answers.remove(place).unwrap_err();
            assert!(error.is_not_done() && error.to_string().contains("not wanted"), "{error}");
            inserts.remove(place);
        }
        // taken apart, they are recorded all the same, and each gets an id of its own
        let mut found: Vec<u64> = answers.iter().flat_map(|answer| ids(answer.as_ref().unwrap())).collect();
        found.sort_unstable();
        assert_eq!(found, (2..=39).collect::<Vec<_>>());
        assert_eq!(ids(&log(store).await), (1..=39).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn all_who_wait_for_a_lock_in_vain_are_told_so_and_nothing_is_recorded() {
    on_each(async |store| {
        let recorder = store.open_impatient(Duration::from_millis(100)).await;
        let lock = store.lock().await;
        let queued = queue(&*recorder, singles(50)).await;
        let (plug, answers) = tokio::join!(queued.plug, queued.inserts);
        for answer in answers.into_iter().chain([plug]) {
            let error = answer.unwrap_err();
            assert!(matches!(error, RecorderError::Busy { .. }) && error.is_retryable(), "{error:?}");
        }
        lock.release().await;
        assert_eq!(ids(&recorder.insert_events(one_event()).await.unwrap()), [1]);
    })
    .await;
}

#[tokio::test]
async fn when_the_queue_is_full_a_save_waits_and_if_dropped_then_is_not_done() {
    on_each(async |store| {
        let recorder = store.open_narrow(3).await;
        let lock = store.lock().await;
        let (queued, waiting) = (one_event(), events(Uuid::new_v4(), 1..=2));
        let mut inserts = vec![recorder.insert_events(one_event())];
        assert!(futures::poll!(&mut inserts[0]).is_pending());
        // this one is in the queue, and is recorded whoever goes away
        let mut dropped = recorder.insert_events(queued.clone());
        assert!(futures::poll!(&mut dropped).is_pending());
        drop(dropped);
        // there is room for one event, and not for two
        let mut dropped = recorder.insert_events(waiting.clone());
        assert!(futures::poll!(&mut dropped).is_pending());
        drop(dropped);
        inserts.push(recorder.insert_events(one_event()));
        assert!(futures::poll!(&mut inserts[1]).is_pending());
        lock.release().await;
        let recorded: Vec<_> = join_all(inserts).await.into_iter().map(|answer| ids(&answer.unwrap())).collect();
        assert_eq!(recorded, [[1], [3]]);
        for (events, found) in [(queued, 1), (waiting, 0)] {
            let query = EventQuery::of(events[0].originator_id);
            assert_eq!(recorder.select_events(query).await.unwrap().len(), found);
        }
    })
    .await;
}

#[tokio::test]
async fn a_save_larger_than_the_queue_is_recorded() {
    on_each(async |store| {
        let recorder = store.open_narrow(10).await;
        let inserts = [events(Uuid::new_v4(), 1..=100), one_event(), events(Uuid::new_v4(), 1..=11)];
        let inserted = join_all(inserts.iter().map(|events| recorder.insert_events(events.clone()))).await;
        let mut found: Vec<u64> = inserted.into_iter().flat_map(|answer| ids(&answer.unwrap())).collect();
        found.sort_unstable();
        assert_eq!(found, (1..=112).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn closing_waits_for_what_is_queued_and_refuses_what_comes_later() {
    on_each(async |store| {
        let recorder = store.open().await;
        let lock = store.lock().await;
        let queued = queue(&*recorder, singles(50)).await;
        let mut closing = recorder.close();
        assert!(futures::poll!(&mut closing).is_pending(), "closed while saves are queued");
        let mut late = recorder.insert_events(one_event());
        assert!(futures::poll!(&mut late).is_pending());
        lock.release().await;
        let (answers, (), late) = tokio::join!(queued.answers(), closing, late);
        assert!(answers.iter().all(Result::is_ok));
        assert!(matches!(late, Err(RecorderError::Closed)), "{late:?}");
        assert_eq!(log(store).await.len(), 51);
    })
    .await;
}

#[tokio::test]
async fn queued_saves_are_recorded_although_callers_and_recorder_are_gone() {
    on_each(async |store| {
        let recorder = store.open().await;
        let lock = store.lock().await;
        drop(queue(&*recorder, singles(50)).await);
        drop(recorder);
        lock.release().await;
        let other = store.open().await;
        // the queue is processed without its callers
        while other.max_notification_id().await.unwrap() < Some(51) {
            yield_now().await;
        }
        assert_eq!(ids(&log(store).await), (1..=51).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_recorders_of_one_postgres_take_turns() {
    const TASKS: usize = 32;
    const SAVES: u64 = 50;
    let store = Store::Postgres(Box::new(common::Schema::new()));
    let recorders = [store.open().await, store.open().await];
    let lock = store.lock().await;
    let mut tasks = tokio::task::JoinSet::new();
    for place in 0..2 * TASKS {
        let recorder = std::sync::Arc::clone(&recorders[place % 2]);
        tasks.spawn(async move {
            let mut found = Vec::new();
            for _ in 0..SAVES {
                found.extend(ids(&recorder.insert_events(one_event()).await.unwrap()));
            }
            found.into_iter().map(|id| (id, place % 2)).collect::<Vec<_>>()
        });
    }
    lock.release().await;
    let mut owners: Vec<(u64, usize)> = tasks.join_all().await.into_iter().flatten().collect();
    owners.sort_unstable();
    // neither is kept waiting while the other records a third of all: in turn, a batch is at most a fiftieth
    let longest = owners.chunk_by(|one, next| one.1 == next.1).map(<[_]>::len).max().unwrap();
    assert!(longest < owners.len() / 3, "{longest} of {} in a row", owners.len());
    let Store::Postgres(schema) = store else { unreachable!("it was made so") };
    common::Schema::drop(&schema).await;
}

#[tokio::test]
async fn applications_in_one_postgres_do_not_wait_for_each_other() {
    let store = Store::Postgres(Box::new(common::Schema::new()));
    let Store::Postgres(schema) = &store else { unreachable!("it was made so") };
    let universe = store.open().await;
    let mut config = schema.config.clone();
    config.lock_timeout = Some(Duration::from_secs(10));
    let other = eventsourcing_sqlx::PostgresRecorder::open("Other", config).await.unwrap();
    let lock = store.lock().await;
    let mut waiting = universe.insert_events(one_event());
    assert!(futures::poll!(&mut waiting).is_pending(), "the lock is free");
    assert_eq!(ids(&other.insert_events(one_event()).await.unwrap()), [1]);
    lock.release().await;
    assert_eq!(ids(&waiting.await.unwrap()), [1]);
    common::Schema::drop(schema).await;
}
