//! Inserts and reads that are dropped halfway: each is done or not done, and the next call works.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use eventsourcing_core::recording::{EventQuery, NotificationQuery};
use eventsourcing_core::{Recorder, RecorderError, Uuid};
use eventsourcing_sqlx::{PostgresRecorder, SqliteConfig, SqliteRecorder};
use sqlx::ConnectOptions;

use common::{PollThenDrop, Schema, connect, events, ids, one_event, unstamped};

/// Drops an insert, a read of the log and a read of an aggregate after each number of polls, until one is done by then.
///
/// Returns the number of polls that were too few.
async fn sweep(recorder: &dyn Recorder) -> usize {
    let mut dropped = 0;
    for polls in 1.. {
        let attempt = events(Uuid::new_v4(), 1..=3);
        let inserted = PollThenDrop::new(recorder.insert_events(attempt.clone()), polls).await;
        let log = PollThenDrop::new(recorder.select_notifications(NotificationQuery::after(0, 50)), polls).await;
        let query = EventQuery::of(attempt[0].originator_id);
        let aggregate = PollThenDrop::new(recorder.select_events(query.clone()), polls).await;

        // the next insert works, and what was dropped is there whole or not at all
        recorder.insert_events(one_event()).await.unwrap();
        let found = unstamped(recorder.select_events(query.clone()).await.unwrap());
        assert!(found.is_empty() || found == attempt, "after {polls} polls: {found:?}");
        // the same attempt again is done once
        let recorded = recorder.insert_events(attempt.clone()).await.unwrap();
        assert_eq!(recorded.len(), 3);
        assert_eq!(unstamped(recorder.select_events(query).await.unwrap()), attempt);
        if inserted.is_some() && log.is_some() && aggregate.is_some() {
            break;
        }
        dropped = polls;
    }
    let last = recorder.max_notification_id().await.unwrap().unwrap();
    let log = recorder.select_notifications(NotificationQuery::after(0, 10_000)).await.unwrap();
    assert_eq!(ids(&log), (1..=last).collect::<Vec<_>>());
    dropped
}

/// Drops inserts after these numbers of microseconds, while other threads run.
async fn storm(recorder: &dyn Recorder) {
    for round in 0..300_u64 {
        let attempt = events(Uuid::new_v4(), 1..=2);
        let patience = std::time::Duration::from_micros(round * 7919 % 2000);
        drop(tokio::time::timeout(patience, recorder.insert_events(attempt.clone())).await);
        drop(tokio::time::timeout(patience, recorder.select_notifications(NotificationQuery::after(0, 10))).await);
        if round % 10 == 0 {
            assert_eq!(recorder.insert_events(attempt.clone()).await.unwrap().len(), 2);
            let found = unstamped(recorder.select_events(EventQuery::of(attempt[0].originator_id)).await.unwrap());
            assert_eq!(found, attempt);
        }
    }
    let last = recorder.max_notification_id().await.unwrap().unwrap();
    let log = recorder.select_notifications(NotificationQuery::after(0, 10_000)).await.unwrap();
    // inserts whose callers are gone may still be coming in
    assert_eq!(ids(&log[..usize::try_from(last).unwrap()]), (1..=last).collect::<Vec<_>>());
}

/// Without other writers, a call of SQLite is done within one poll, so that it cannot be dropped.
#[tokio::test]
async fn a_call_to_a_free_file_is_never_half_done() {
    let directory = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(directory.path().join("universe.db").to_str().unwrap());
    assert_eq!(sweep(&SqliteRecorder::open("Universe", config).await.unwrap()).await, 0);
}

/// Another process holds the write lock each time until the insert is dropped.
#[tokio::test]
async fn a_file_survives_inserts_dropped_while_they_wait_for_the_lock() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("universe.db");
    let recorder = SqliteRecorder::open("Universe", SqliteConfig::new(path.to_str().unwrap())).await.unwrap();
    let mut outsider = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    for polls in 1..=5 {
        let attempt = events(Uuid::new_v4(), 1..=3);
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut outsider).await.unwrap();
        let dropped = PollThenDrop::new(recorder.insert_events(attempt.clone()), 1);
        assert!(dropped.await.is_none(), "the insert did not wait");
        for _ in 0..polls {
            tokio::task::yield_now().await;
        }
        sqlx::raw_sql("ROLLBACK").execute(&mut outsider).await.unwrap();
        // behind the one that was dropped
        recorder.insert_events(one_event()).await.unwrap();
        let query = EventQuery::of(attempt[0].originator_id);
        assert_eq!(unstamped(recorder.select_events(query).await.unwrap()), attempt, "after {polls} polls");
        assert_eq!(recorder.insert_events(attempt).await.unwrap().len(), 3);
    }
    assert_eq!(recorder.max_notification_id().await.unwrap(), Some(5 * 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_survives_calls_dropped_at_any_time() {
    let directory = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(directory.path().join("universe.db").to_str().unwrap());
    storm(&SqliteRecorder::open("Universe", config).await.unwrap()).await;
}

#[tokio::test]
async fn a_call_to_memory_is_never_half_done() {
    let recorder = SqliteRecorder::open("Universe", SqliteConfig::new(":memory:")).await.unwrap();
    assert_eq!(sweep(&recorder).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_survives_calls_dropped_at_any_time() {
    storm(&SqliteRecorder::open("Universe", SqliteConfig::new(":memory:")).await.unwrap()).await;
}

/// Uses a single connection, so that a lost one or an open transaction blocks every caller.
async fn on_postgres(test: impl AsyncFnOnce(&dyn Recorder)) {
    let mut schema = Schema::new();
    schema.config.max_overflow = 0;
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    test(&recorder).await;
    let idle =
        "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND query LIKE '%' || $1 || '%'";
    let mut watcher = connect(&schema.config).await;
    let idle: i64 = sqlx::query_scalar(idle).bind(&schema.name).fetch_one(&mut watcher).await.unwrap();
    assert_eq!(idle, 0, "a transaction was left open");
    recorder.close().await;
    schema.drop().await;
}

#[tokio::test]
async fn postgres_survives_calls_dropped_at_any_point() {
    on_postgres(async |recorder| assert!(sweep(recorder).await > 0, "nothing was ever dropped")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_survives_calls_dropped_at_any_time() {
    on_postgres(storm).await;
}

#[test]
fn a_runtime_that_ends_leaves_inserts_done_or_not_done() {
    let directory = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(directory.path().join("universe.db").to_str().unwrap());
    let schema = Schema::new();
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for polls in 1..12 {
        let attempt = events(Uuid::new_v4(), 1..=3);
        let ended = runtime();
        ended.block_on(async {
            let sqlite = SqliteRecorder::open("Universe", config.clone()).await.unwrap();
            let postgres = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
            PollThenDrop::new(sqlite.insert_events(attempt.clone()), polls).await;
            PollThenDrop::new(postgres.insert_events(attempt.clone()), polls).await;
            // more polls give the tasks of the inserts some way to go before they are stopped
            for _ in 0..polls * polls {
                tokio::task::yield_now().await;
            }
        });
        ended.shutdown_background();
        runtime().block_on(async {
            let sqlite = SqliteRecorder::open("Universe", config.clone()).await.unwrap();
            let postgres = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
            for recorder in [&sqlite as &dyn Recorder, &postgres] {
                let query = EventQuery::of(attempt[0].originator_id);
                let found = unstamped(recorder.select_events(query.clone()).await.unwrap());
                assert!(found.is_empty() || found == attempt, "{found:?}");
                let again: Result<_, RecorderError> = recorder.insert_events(attempt.clone()).await;
                assert_eq!(again.unwrap().len(), 3);
                assert_eq!(unstamped(recorder.select_events(query).await.unwrap()), attempt);
                recorder.close().await;
            }
        });
    }
    runtime().block_on(schema.drop());
}
