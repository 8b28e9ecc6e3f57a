//! Processes that are killed while they record: acknowledged events are kept, and every insert is whole.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::collections::HashMap;

use eventsourcing_core::recording::NotificationQuery;
use eventsourcing_core::{Environment, Recorder, Uuid};
use eventsourcing_sqlx::{PostgresConfig, PostgresRecorder, SqliteConfig, SqliteRecorder};

use common::process::{Process, is_child, say};
use common::{Schema, events, ids};

/// The number of events of one insert, enough to show a partial one.
const EVENTS: u64 = 20;

/// Records without end, and reports each acknowledged insert.
async fn child(recorder: impl Recorder) {
    loop {
        let world = Uuid::new_v4();
        recorder.insert_events(events(world, 1..=EVENTS)).await.unwrap();
        say(world);
    }
}

/// Kills a child after each number of acknowledgements, and collects what was acknowledged.
async fn kill(test: &str, variables: &[(&str, &str)]) -> Vec<Uuid> {
    let mut acknowledged = Vec::new();
    for patience in 1..=15 {
        let mut process = Process::start(test, variables);
        for _ in 0..patience {
            acknowledged.push(process.hear().await.unwrap().parse().unwrap());
        }
        process.child.start_kill().unwrap();
        // what it said before it died counts
        while let Some(word) = process.hear().await {
            acknowledged.extend(word.parse::<Uuid>());
        }
        process.child.wait().await.unwrap();
    }
    acknowledged
}

async fn check(recorder: impl Recorder, acknowledged: &[Uuid]) {
    let log = recorder.select_notifications(NotificationQuery::after(0, 1_000_000)).await.unwrap();
    assert_eq!(ids(&log), (1..).take(log.len()).collect::<Vec<_>>());
    let mut found: HashMap<Uuid, u64> = HashMap::new();
    for notification in &log {
        *found.entry(notification.originator_id).or_default() += 1;
    }
    assert!(found.values().all(|count| *count == EVENTS), "an insert is there in part");
    let lost: Vec<_> = acknowledged.iter().filter(|world| !found.contains_key(world)).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
}

#[tokio::test]
async fn what_a_killed_process_recorded_in_a_file_is_kept() {
    let config = || SqliteConfig::from_environment(&Environment::from_process("Universe")).unwrap();
    if is_child() {
        return child(SqliteRecorder::open("Universe", config()).await.unwrap()).await;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("universe.db");
    let path = path.to_str().unwrap();
    let acknowledged = kill("what_a_killed_process_recorded_in_a_file_is_kept", &[("SQLITE_DBNAME", path)]).await;
    check(SqliteRecorder::open("Universe", SqliteConfig::new(path)).await.unwrap(), &acknowledged).await;
}

#[tokio::test]
async fn what_a_killed_process_recorded_in_postgres_is_kept() {
    let config = || PostgresConfig::from_environment(&Environment::from_process("Universe")).unwrap();
    if is_child() {
        return child(PostgresRecorder::open("Universe", config()).await.unwrap()).await;
    }
    let schema = Schema::new();
    let variables = [("POSTGRES_SCHEMA", schema.name.as_str()), ("POSTGRES_POOL_SIZE", "1")];
    let acknowledged = kill("what_a_killed_process_recorded_in_postgres_is_kept", &variables).await;
    check(PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap(), &acknowledged).await;
    schema.drop().await;
}
