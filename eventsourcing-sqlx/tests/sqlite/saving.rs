//! Saves and reads: busy locks, transactions that SQLite rolls back, the largest id, and closed recorders.

use std::path::Path;
use std::time::Duration;

use eventsourcing_core::recording::{EventQuery, NotificationQuery};
use eventsourcing_core::{Recorder as _, RecorderError, Uuid};
use eventsourcing_sqlx::{SqliteConfig, SqliteRecorder};
use sqlx::sqlite::SqliteConnectOptions;

use super::common::{events, ids, one_event};
use super::{open, open_file, outsider, run};

#[tokio::test]
async fn a_write_lock_held_outside_makes_an_insert_busy_until_released() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("universe.db");
    let recorder = open_file(&path).await.unwrap();
    let mut outsider = outsider(&path).await;
    run(&mut outsider, "BEGIN IMMEDIATE").await;
    let event = one_event();
    let error = recorder.insert_events(event.clone()).await.unwrap_err();
    assert!(error.is_retryable() && matches!(error, RecorderError::Busy { .. }), "{error:?}");
    let expected = "the write lock was not free within 0.2 seconds; try again, or raise SQLITE_LOCK_TIMEOUT";
    assert_eq!(error.to_string(), expected);
    // opening what is up to date waits for no lock
    open_file(&path).await.unwrap().close().await;
    run(&mut outsider, "ROLLBACK").await;
    assert_eq!(ids(&recorder.insert_events(event).await.unwrap()), [1]);
}

#[tokio::test]
async fn a_writer_of_the_same_memory_makes_an_insert_busy_and_then_it_succeeds() {
    let uri = format!("file:{}?mode=memory&cache=shared", Uuid::new_v4().simple());
    let recorder = open(&uri).await.unwrap();
    let mut outsider = outsider(Path::new(&uri)).await;
    run(&mut outsider, "BEGIN IMMEDIATE").await;
    let event = one_event();
    let error = recorder.insert_events(event.clone()).await.unwrap_err();
    assert!(matches!(error, RecorderError::Busy { .. }), "{error:?}");
    run(&mut outsider, "ROLLBACK").await;
    assert_eq!(ids(&recorder.insert_events(event).await.unwrap()), [1]);
    // the attempt that was given up does not hold the lock that it got too late
    run(&mut outsider, "BEGIN IMMEDIATE; ROLLBACK").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_that_must_stay_on_one_thread_record_and_read_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("universe.db");
    let recorder = open_file(&path).await.unwrap();
    let tasks = tokio::task::LocalSet::new();
    let recorded = tasks.run_until(async {
        let task = |_| {
            let recorder = recorder.clone();
            tokio::task::spawn_local(async move {
                let world = Uuid::new_v4();
                for version in 1..=20 {
                    recorder.insert_events(events(world, [version])).await.unwrap();
                }
                recorder.select_events(EventQuery::of(world)).await.unwrap().len()
            })
        };
        futures::future::join_all((0..8).map(task)).await
    });
    assert!(recorded.await.into_iter().all(|found| found.unwrap() == 20));
    let log = recorder.select_notifications(NotificationQuery::after(0, 1000)).await.unwrap();
    assert_eq!(ids(&log), (1..=160).collect::<Vec<_>>());
}

/// SQLite rolls back automatically on some errors, such as a full disk; a trigger does the same.
const ROLLS_BACK: &str = "CREATE TRIGGER full BEFORE INSERT ON universe_events WHEN NEW.topic = 'Full' \
    BEGIN SELECT RAISE(ROLLBACK, 'no space'); END";

async fn goes_on_after_sqlite_rolled_back(dbname: &str) {
    let recorder = open(dbname).await.unwrap();
    run(&mut outsider(Path::new(dbname)).await, ROLLS_BACK).await;
    for round in 0..5 {
        let mut full = events(Uuid::new_v4(), 1..=3);
        full[2].topic = "Full".into();
        let error = recorder.insert_events(full).await.unwrap_err();
        assert!(error.is_not_done() && error.to_string().contains("no space"), "{error}");
        let recorded = recorder.insert_events(one_event()).await.unwrap();
        assert_eq!(ids(&recorded), [round + 1]);
        assert_eq!(recorder.max_notification_id().await.unwrap(), Some(round + 1));
    }
    recorder.close().await;
}

#[tokio::test]
async fn a_file_is_usable_after_sqlite_rolled_back_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    goes_on_after_sqlite_rolled_back(directory.path().join("universe.db").to_str().unwrap()).await;
}

#[tokio::test]
async fn memory_is_kept_after_sqlite_rolled_back_by_itself() {
    goes_on_after_sqlite_rolled_back(&format!("file:{}?mode=memory&cache=shared", Uuid::new_v4().simple())).await;
}

#[tokio::test]
async fn a_refused_commit_records_nothing_and_leaves_the_recorder_usable() {
    let memory = format!("file:{}?mode=memory&cache=shared", Uuid::new_v4().simple());
    let directory = tempfile::tempdir().unwrap();
    for dbname in [memory.as_str(), directory.path().join("universe.db").to_str().unwrap()] {
        let recorder = open(dbname).await.unwrap();
        // a foreign key that is looked at when committing
        let refuses = "CREATE TABLE parent (id INTEGER PRIMARY KEY); \
             CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED); \
             CREATE TRIGGER refuses AFTER INSERT ON universe_events WHEN NEW.topic = 'Refused' \
             BEGIN INSERT INTO child VALUES (1); END";
        run(&mut outsider(Path::new(dbname)).await, refuses).await;
        let mut refused = events(Uuid::new_v4(), 1..=2);
        refused[1].topic = "Refused".into();
        let error = recorder.insert_events(refused).await.unwrap_err();
        assert!(error.is_not_done() && error.to_string().contains("FOREIGN KEY"), "{error}");
        assert_eq!(ids(&recorder.insert_events(one_event()).await.unwrap()), [1]);
        recorder.close().await;
    }
}

/// The twin of the tests above: sqlx alone loses count of its transactions, which is why the library uses plain statements.
#[tokio::test]
async fn sqlx_alone_is_left_with_a_wrong_count_of_transactions() {
    let pool = sqlx::sqlite::SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(SqliteConnectOptions::new().filename(":memory:"))
        .await
        .unwrap();
    sqlx::raw_sql("CREATE TABLE universe_events (topic TEXT)").execute(&pool).await.unwrap();
    sqlx::raw_sql(ROLLS_BACK).execute(&pool).await.unwrap();
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let full = sqlx::query("INSERT INTO universe_events VALUES ('Full')").execute(&mut *transaction).await;
    assert!(full.is_err());
    drop(transaction);
    let next = pool.begin_with("BEGIN IMMEDIATE").await;
    assert!(matches!(next, Err(sqlx::Error::InvalidSavePointStatement)), "sqlx no longer needs this care");
}

#[tokio::test]
async fn ids_beyond_the_largest_are_refused_and_nothing_is_recorded() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("universe.db");
    let recorder = open_file(&path).await.unwrap();
    let last = i64::MAX - 2;
    run(&mut outsider(&path).await, format!("UPDATE universe_head SET last = {last}")).await;
    let error = recorder.insert_events(events(Uuid::new_v4(), 1..=3)).await.unwrap_err();
    assert!(matches!(error, RecorderError::PositionExhausted { wanted: 3, .. }), "{error:?}");
    let expected = format!("the log is full: there is no notification id after {last} for 3 more events");
    assert_eq!(error.to_string(), expected);
    assert_eq!(recorder.select_notifications(NotificationQuery::after(0, 10)).await.unwrap(), []);
    let recorded = recorder.insert_events(events(Uuid::new_v4(), 1..=2)).await.unwrap();
    assert_eq!(ids(&recorded), [i64::MAX.unsigned_abs() - 1, i64::MAX.unsigned_abs()]);
}

#[tokio::test]
async fn a_closed_recorder_says_so() {
    let directory = tempfile::tempdir().unwrap();
    for dbname in [":memory:", directory.path().join("universe.db").to_str().unwrap()] {
        let recorder = open(dbname).await.unwrap();
        recorder.close().await;
        for error in [
            recorder.insert_events(one_event()).await.unwrap_err(),
            recorder.max_notification_id().await.unwrap_err(),
            recorder.select_events(EventQuery::of(Uuid::new_v4())).await.unwrap_err(),
        ] {
            assert!(matches!(error, RecorderError::Closed), "{error:?}");
        }
    }
}

#[tokio::test]
async fn private_memory_is_private() {
    let (one, other) = (open(":memory:").await.unwrap(), open(":memory:").await.unwrap());
    one.insert_events(one_event()).await.unwrap();
    assert_eq!(other.max_notification_id().await.unwrap(), None);
}

#[tokio::test]
async fn a_lock_timeout_longer_than_the_clock_can_count_is_a_long_one() {
    let directory = tempfile::tempdir().unwrap();
    let shared = format!("file:{}?mode=memory&cache=shared", Uuid::new_v4().simple());
    for dbname in [":memory:", shared.as_str(), directory.path().join("universe.db").to_str().unwrap()] {
        let mut config = SqliteConfig::new(dbname);
        config.lock_timeout = Duration::MAX;
        let recorder = SqliteRecorder::open("Universe", config).await.unwrap();
        assert_eq!(ids(&recorder.insert_events(one_event()).await.unwrap()), [1]);
        assert_eq!(recorder.max_notification_id().await.unwrap(), Some(1));
        recorder.close().await;
    }
}
