//! Saves with tracking share transactions with other saves, and each is recorded or refused on its own.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use eventsourcing_core::recording::{EventQuery, NotificationQuery};
use eventsourcing_core::{Recorder, RecorderError, StoredEvent, Tracking, Uuid};
use eventsourcing_sqlx::PostgresRecorder;
use sqlx::AssertSqlSafe;
use tokio::task::yield_now;
use tokio::time::timeout;

use common::queued::{Answer, Queued};
use common::store::{Store, on_each};
use common::{PATIENCE, Schema, connect, events, ids, one_event};

/// A save: events, and the upstream position that it moves, with the old and the new one.
type Save = (Vec<StoredEvent>, Option<(&'static str, u64, u64)>);

/// The results of saves that arrive while the store is locked, and so share the transaction with the second id.
async fn together(store: &Store, saves: Vec<Save>) -> Vec<Answer> {
    let recorder = store.open().await;
    let recorder: &dyn Recorder = &*recorder;
    let lock = store.lock().await;
    let inserts = saves.into_iter().map(|(events, tracking)| match tracking {
        None => recorder.insert_events(events),
        Some((upstream, after, position)) => recorder.insert_tracked(events, Tracking::new(upstream, after, position)),
    });
    let queued = Queued::behind_the_lock(recorder, inserts).await;
    lock.release().await;
    queued.answers().await
}

/// The number of recorded events, and the position of each of these upstreams.
async fn found(store: &Store, upstreams: &[&str]) -> (usize, Vec<u64>) {
    let recorder = store.open().await;
    let log = recorder.select_notifications(NotificationQuery::after(0, usize::MAX)).await.unwrap();
    assert_eq!(ids(&log), (1..=log.len() as u64).collect::<Vec<_>>());
    let mut positions = Vec::new();
    for upstream in upstreams {
        positions.push(recorder.tracked_position(upstream).await.unwrap().id);
    }
    (log.len(), positions)
}

fn assert_processed(answer: &Answer, recorded: u64) {
    match answer {
        Err(RecorderError::AlreadyProcessed { upstream, recorded: found, .. }) => {
            assert_eq!((upstream.as_str(), *found), ("Orders", recorded));
        }
        other => panic!("not processed already: {other:?}"),
    }
}

#[tokio::test]
async fn saves_of_different_upstreams_and_of_none_share_a_transaction() {
    on_each(async |store| {
        let saves = vec![
            (one_event(), Some(("Orders", 0, 3))),
            (one_event(), None),
            (vec![], Some(("Payments", 0, 1))),
            (events(Uuid::new_v4(), 1..=2), Some(("Shipping", 0, 9))),
            (one_event(), None),
        ];
        let answers = together(store, saves).await;
        let recorded: Vec<_> = answers.iter().map(|answer| ids(answer.as_ref().unwrap())).collect();
        assert_eq!(recorded, [vec![2], vec![3], vec![], vec![4, 5], vec![6]]);
        assert_eq!(found(store, &["Orders", "Payments", "Shipping"]).await, (6, vec![3, 1, 9]));
        if let Some(transactions) = store.transactions_after(1).await {
            assert_eq!(transactions, 1);
        }
    })
    .await;
}

#[tokio::test]
async fn steps_of_one_upstream_in_a_batch_are_made_one_after_the_other() {
    on_each(async |store| {
        let steps = (0..20).map(|step| (one_event(), Some(("Orders", step, step + 1)))).collect();
        let answers = together(store, steps).await;
        let recorded: Vec<_> = answers.iter().flat_map(|answer| ids(answer.as_ref().unwrap())).collect();
        assert_eq!(recorded, (2..=21).collect::<Vec<_>>());
        assert_eq!(found(store, &["Orders"]).await, (21, vec![20]));
    })
    .await;
}

#[tokio::test]
async fn a_step_that_was_made_already_takes_no_other_save_with_it() {
    on_each(async |store| {
        let recorder = store.open().await;
        recorder.insert_tracked(vec![], Tracking::new("Orders", 0, 5)).await.unwrap();
        let step = |after, position| Some(("Orders", after, position));
        let saves = vec![
            (one_event(), None),
            (one_event(), step(0, 5)),
            (one_event(), step(5, 6)),
            (one_event(), Some(("Payments", 0, 2))),
            (vec![], step(5, 6)),
            (one_event(), step(6, 8)),
            (one_event(), step(4, 7)),
            (one_event(), None),
        ];
        let mut answers = together(store, saves).await;
        for (place, recorded) in [(6, 8), (4, 6), (1, 5)] {
            let answer = answers.remove(place);
            // it is told where the upstream was when that was looked up, which may be before the last steps were made
            match &answer {
                Err(RecorderError::AlreadyProcessed { recorded: found, .. }) => {
                    assert!((5..=recorded).contains(found), "{answer:?}");
                }
                other => panic!("not processed already: {other:?}"),
            }
        }
        let mut recorded: Vec<_> = answers.iter().flat_map(|answer| ids(answer.as_ref().unwrap())).collect();
        recorded.sort_unstable();
        assert_eq!(recorded, [2, 3, 4, 5, 6]);
        assert_eq!(found(store, &["Orders", "Payments"]).await, (6, vec![8, 2]));
    })
    .await;
}

#[tokio::test]
async fn a_conflict_in_a_batch_moves_no_upstream() {
    on_each(async |store| {
        let taken = Uuid::new_v4();
        store.open().await.insert_tracked(vec![], Tracking::new("Orders", 0, 1)).await.unwrap();
        let saves = vec![
            (events(taken, [1]), None),
            ([one_event(), events(taken, [1])].concat(), Some(("Orders", 1, 2))),
            (one_event(), Some(("Payments", 0, 2))),
        ];
        let mut answers = together(store, saves).await;
        let conflict = answers.remove(1);
        assert!(matches!(conflict, Err(RecorderError::Conflict { tried: 1, recorded: 1, .. })), "{conflict:?}");
        let recorded: Vec<_> = answers.iter().flat_map(|answer| ids(answer.as_ref().unwrap())).collect();
        assert_eq!(recorded, [2, 3]);
        assert_eq!(found(store, &["Orders", "Payments"]).await, (3, vec![1, 2]));
    })
    .await;
}

#[tokio::test]
async fn a_refused_tracking_position_fails_its_own_save_only() {
    on_each(async |store| {
        // the tables are there
        store.open().await;
        store.refuse_upstream("Unwanted").await;
        let (one, two) = (one_event(), events(Uuid::new_v4(), 1..=2));
        let refused = [one[0].originator_id, two[0].originator_id];
        let saves = vec![
            (one_event(), None),
            (one, Some(("Unwanted", 0, 1))),
            (one_event(), Some(("Orders", 0, 1))),
            (two, Some(("Unwanted", 0, 2))),
            (one_event(), None),
        ];
        let answers = together(store, saves).await;
        for place in [1, 3] {
            let error = answers[place].as_ref().unwrap_err();
            assert!(error.is_not_done() && error.to_string().contains("not wanted"), "{error}");
        }
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
        assert_eq!(found(store, &["Orders", "Unwanted"]).await, (4, vec![1, 0]));
        for id in refused {
            assert_eq!(store.open().await.select_events(EventQuery::of(id)).await.unwrap(), []);
        }
    })
    .await;
}

#[tokio::test]
async fn of_two_processes_at_the_same_step_one_makes_it() {
    on_each(async |store| {
        let (one, other) = (store.open().await, store.open().await);
        let lock = store.lock().await;
        let step = Tracking::new("Orders", 0, 1);
        let mut first = one.insert_tracked(one_event(), step.clone());
        assert!(futures::poll!(&mut first).is_pending());
        // both are sent before either is recorded
        let mut second = other.insert_tracked(one_event(), step);
        assert!(futures::poll!(&mut second).is_pending());
        lock.release().await;
        let (first, second) = tokio::join!(first, second);
        let refused = if first.is_ok() { &second } else { &first };
        assert_processed(refused, 1);
        assert!(first.is_ok() || second.is_ok());
        assert_eq!(found(store, &["Orders"]).await, (1, vec![1]));
    })
    .await;
}

#[tokio::test]
async fn a_position_that_nobody_can_have_recorded_is_said_to_be_corrupt() {
    on_each(async |store| {
        let recorder = store.open().await;
        store.run("INSERT INTO universe_tracking (upstream, position) VALUES ('Orders', -1)").await;
        let looked_up = recorder.tracked_position("Orders").await;
        let moved = recorder.insert_tracked(one_event(), Tracking::new("Orders", 0, 1)).await.map(|_| 0);
        for error in [looked_up.unwrap_err(), moved.unwrap_err()] {
            assert!(error.to_string().contains("tracking position -1"), "{error}");
        }
        assert_eq!(ids(&recorder.insert_events(one_event()).await.unwrap()), [1]);
    })
    .await;
}

/// The holder of the head resolves a lost save, and may move the same position. A save that waited for the head while it held the
/// position's row would deadlock with it.
#[tokio::test]
async fn a_tracked_save_that_waits_for_the_head_holds_no_row_of_tracking() {
    let schema = Schema::new();
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    recorder.insert_tracked(vec![], Tracking::new("Orders", 0, 1)).await.unwrap();
    for (position, events) in [(1, vec![]), (2, one_event())] {
        let mut head = connect(&schema.config).await;
        let lock = format!("BEGIN; SELECT last FROM {}.universe_head FOR UPDATE", schema.name);
        sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut head).await.unwrap();
        let save = recorder.insert_tracked(events, Tracking::new("Orders", position, position + 1));
        let (saved, ()) = tokio::join!(save, async {
            let waits = format!(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (\
                   SELECT pid FROM pg_locks WHERE relation = '{}.universe_head'::regclass)",
                schema.name
            );
            let somebody_waits = async {
                while schema.number(&waits).await == 0 {
                    yield_now().await;
                }
            };
            timeout(PATIENCE, somebody_waits).await.unwrap();
            let tracking = format!("SELECT position FROM {}.universe_tracking FOR UPDATE NOWAIT", schema.name);
            let tracked: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(tracking)).fetch_all(&mut head).await.unwrap();
            assert_eq!(tracked, [i64::try_from(position).unwrap()]);
            sqlx::raw_sql("ROLLBACK").execute(&mut head).await.unwrap();
        });
        saved.unwrap();
    }
    assert_eq!(recorder.tracked_position("Orders").await.unwrap().id, 3);
    schema.drop().await;
}
