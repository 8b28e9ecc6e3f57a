//! Sixteen processes that open a new database at once: all succeed, and the tables are made once.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::process::Stdio;
use std::time::Duration;

use eventsourcing_core::persistence::NotificationQuery;
use eventsourcing_core::{Environment, Recorder};
use eventsourcing_sqlx::{PostgresConfig, PostgresRecorder, SqliteConfig, SqliteRecorder};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use common::{Schema, ids, one_event};

const PROCESSES: u64 = 16;

/// Set in the processes that a test starts, which run this same test.
const IS_CHILD: &str = "EVENTSOURCING_TEST_CHILD";

/// Starts processes that run the test of this name, and lets them go once all are ready.
async fn at_once(test: &str, variables: &[(&str, &str)]) {
    let mut children: Vec<Child> = (0..PROCESSES)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", test, "--nocapture"])
                .env(IS_CHILD, "1")
                .envs(variables.iter().copied())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .unwrap()
        })
        .collect();
    for child in &mut children {
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        while !lines.next_line().await.unwrap().unwrap().ends_with("ready") {}
    }
    for child in &mut children {
        child.stdin.as_mut().unwrap().write_all(b"go\n").await.unwrap();
    }
    for mut child in children {
        let (mut out, mut stderr) = (String::new(), child.stderr.take().unwrap());
        let status = child.wait().await.unwrap();
        stderr.read_to_string(&mut out).await.unwrap();
        assert!(status.success(), "a process failed: {out}");
    }
}

/// What such a process does: opens, records one event, and reads the log.
async fn child<R: Recorder>(opening: impl Future<Output = R>) {
    println!("ready");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let recorder = opening.await;
    let own = recorder.insert_events(one_event()).await.unwrap();
    let log = recorder.select_notifications(NotificationQuery::after(0, 100)).await.unwrap();
    assert!(log.contains(&own[0]));
    recorder.close().await;
}

#[tokio::test]
async fn sixteen_processes_open_a_new_file_at_once() {
    let config = || SqliteConfig::from_environment(&Environment::of_process("Universe")).unwrap();
    if std::env::var_os(IS_CHILD).is_some() {
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
    if std::env::var_os(IS_CHILD).is_some() {
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
