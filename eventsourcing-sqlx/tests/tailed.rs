//! Processes that record at the same time, beside readers that tail the log: no reader misses an event.
//!
//! A short run by default; `cargo xtask soak` runs it with a million events.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use eventsourcing_core::recording::NotificationQuery;
use eventsourcing_core::{Environment, Recorder, RecorderError, Uuid};
use eventsourcing_sqlx::{PostgresConfig, PostgresRecorder, SqliteConfig, SqliteRecorder};
use tokio::task::JoinSet;

use common::process::{Process, is_child, say};
use common::watched::Watch;
use common::{Schema, connect, events};

const PROCESSES: usize = 2;
/// The number of tasks of each process.
const TASKS: u64 = 64;
/// One save in this number is of a taken version.
const REFUSED: u64 = 20;

/// The number of events that all processes record together.
fn wanted() -> u64 {
    std::env::var("EVENTSOURCING_SOAK_EVENTS").map_or(20_000, |events| events.parse().unwrap())
}

/// Records with many tasks at once, one to three events a save, and reports the results to the parent.
async fn child(recorder: Arc<dyn Recorder>) {
    let each = wanted() / (PROCESSES as u64 * TASKS);
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let recorder = Arc::clone(&recorder);
        tasks.spawn(async move {
            let (id, mut version, mut saves) = (Uuid::new_v4(), 0, task);
            while version < each {
                saves += 1;
                let more = (saves % 3 + 1).min(each - version);
                let attempt = events(id, version + 1..=version + more);
                let recorded = recorder.insert_events(attempt.clone()).await.unwrap();
                assert!(recorded.windows(2).all(|pair| pair[1].id == pair[0].id + 1), "a save is torn apart");
                version += more;
                if saves % REFUSED == 0 {
                    let refused = recorder.insert_events(events(id, [version])).await;
                    assert!(matches!(refused, Err(RecorderError::Conflict { .. })), "{refused:?}");
                }
            }
            version
        });
    }
    let recorded: u64 = tasks.join_all().await.into_iter().sum();
    say(recorded);
}

/// Reads to the end repeatedly until the writers are done, and returns the count and the sum of what it saw.
async fn tail(recorder: Arc<dyn Recorder>, page: usize, all_are_done: Arc<AtomicBool>) -> u64 {
    let mut last = 0;
    let mut versions: HashMap<Uuid, u64> = HashMap::new();
    loop {
        let is_last_round = all_are_done.load(Ordering::Acquire);
        let found = recorder.select_notifications(NotificationQuery::after(last, page)).await.unwrap();
        for notification in &found {
            assert_eq!(notification.id, last + 1, "an event was missed, or came late");
            last = notification.id;
            let version = versions.entry(notification.originator_id).or_default();
            *version += 1;
            assert_eq!(notification.originator_version, *version, "versions are not in the order of the log");
        }
        if found.is_empty() && is_last_round {
            return last;
        }
        tokio::task::yield_now().await;
    }
}

/// Starts the test again as processes that record, and tails the log with readers.
async fn is_tailed_whole(test: &str, variables: &[(&str, &str)], open: impl AsyncFn() -> Arc<dyn Recorder>) {
    let all_are_done = Arc::new(AtomicBool::new(false));
    let mut readers = JoinSet::new();
    for page in [7, 100, 5_000] {
        readers.spawn(tail(open().await, page, Arc::clone(&all_are_done)));
    }
    let mut processes: Vec<_> = (0..PROCESSES).map(|_| Process::start(test, variables)).collect();
    let mut recorded = 0;
    for process in &mut processes {
        let word = process.hear().await.expect("a process that records failed");
        recorded += word.parse::<u64>().unwrap();
        assert!(process.child.wait().await.unwrap().success());
    }
    all_are_done.store(true, Ordering::Release);
    for last in readers.join_all().await {
        assert_eq!(last, recorded, "events that a reader saw");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_postgres_beside_writing_processes_see_each_event_in_order() {
    let config = || PostgresConfig::from_environment(&Environment::from_process("Universe")).unwrap();
    if is_child() {
        return child(Arc::new(PostgresRecorder::open("Universe", config()).await.unwrap())).await;
    }
    let schema = Schema::new();
    let variables = [("POSTGRES_SCHEMA", schema.name.as_str()), ("POSTGRES_POOL_SIZE", "1")];
    let open = async || {
        let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
        Arc::new(recorder) as Arc<dyn Recorder>
    };
    let test = "readers_of_postgres_beside_writing_processes_see_each_event_in_order";
    let watch = Watch::start(Some(connect(&schema.config).await));
    is_tailed_whole(test, &variables, open).await;
    watch.end().await;
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_a_file_beside_writing_processes_see_each_event_in_order() {
    let config = || SqliteConfig::from_environment(&Environment::from_process("Universe")).unwrap();
    if is_child() {
        return child(Arc::new(SqliteRecorder::open("Universe", config()).await.unwrap())).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("universe.db");
    let variables = [("SQLITE_DBNAME", path.to_str().unwrap()), ("SQLITE_LOCK_TIMEOUT", "120")];
    let open = async || {
        let recorder = SqliteRecorder::open("Universe", SqliteConfig::new(path.to_str().unwrap())).await.unwrap();
        Arc::new(recorder) as Arc<dyn Recorder>
    };
    let test = "readers_of_a_file_beside_writing_processes_see_each_event_in_order";
    let watch = Watch::start(None);
    is_tailed_whole(test, &variables, open).await;
    watch.end().await;
}
