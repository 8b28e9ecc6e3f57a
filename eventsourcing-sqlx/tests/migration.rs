//! Sixteen processes that open a new database at once: all succeed, and the tables are made once.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::time::Duration;

use eventsourcing_core::persistence::NotificationQuery;
use eventsourcing_core::{Environment, Recorder};
use eventsourcing_sqlx::{PostgresConfig, PostgresRecorder, SqliteConfig, SqliteRecorder};
use tokio::io::AsyncWriteExt;

use common::process::{Process, is_child, say};
use common::{Schema, ids, one_event};

const PROCESSES: u64 = 16;

/// Starts processes that run the test of this name, and lets them go once all are ready.
async fn at_once(test: &str, variables: &[(&str, &str)]) {
    let mut processes: Vec<_> = (0..PROCESSES).map(|_| Process::start(test, variables)).collect();
    for process in &mut processes {
        assert_eq!(process.hear().await.as_deref(), Some("ready"));
    }
    for process in &mut processes {
        process.child.stdin.as_mut().unwrap().write_all(b"go\n").await.unwrap();
    }
    for process in processes {
        let output = process.child.wait_with_output().await.unwrap();
        assert!(output.status.success(), "a process failed: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// What such a process does: opens, records one event, and reads the log.
async fn child<R: Recorder>(opening: impl Future<Output = R>) {
    say("ready");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let recorder = opening.await;
    let own = recorder.insert_events(one_event()).await.unwrap();
    let log = recorder.select_notifications(NotificationQuery::after(0, 100)).await.unwrap();
    assert!(log.contains(&own[0]));
    recorder.close().await;
}

#[tokio::test]
async fn sixteen_processes_open_a_new_file_at_once() {
    let config = || SqliteConfig::from_environment(&Environment::of_process("Universe")).unwrap();
    if is_child() {
        return child(async { SqliteRecorder::open("Universe", config()).await.unwrap() }).await;
    }
    for _ in 0..3 {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("universe.db");
        let path = path.to_str().unwrap();
        let variables = [("SQLITE_DBNAME", path), ("SQLITE_LOCK_TIMEOUT", "60")];
        at_once("sixteen_processes_open_a_new_file_at_once", &variables).await;
        let mut config = SqliteConfig::new(path);
        config.lock_timeout = Duration::from_secs(60);
        let recorder = SqliteRecorder::open("Universe", config).await.unwrap();
        let log = recorder.select_notifications(NotificationQuery::after(0, 100)).await.unwrap();
        assert_eq!(ids(&log), (1..=PROCESSES).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn sixteen_processes_open_a_new_schema_at_once() {
    let config = || PostgresConfig::from_environment(&Environment::of_process("Universe")).unwrap();
    if is_child() {
        return child(async { PostgresRecorder::open("Universe", config()).await.unwrap() }).await;
    }
    for _ in 0..3 {
        let schema = Schema::new();
        let variables = [("POSTGRES_SCHEMA", schema.name.as_str()), ("POSTGRES_POOL_SIZE", "1")];
        at_once("sixteen_processes_open_a_new_schema_at_once", &variables).await;
        let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
        let log = recorder.select_notifications(NotificationQuery::after(0, 100)).await.unwrap();
        assert_eq!(ids(&log), (1..=PROCESSES).collect::<Vec<_>>());
        schema.drop().await;
    }
}
