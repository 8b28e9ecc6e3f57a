//! An SQLite file that is replaced while a process has it open: no save to the lost file is acknowledged.
#![cfg(all(feature = "sqlite", feature = "postgres", unix))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use eventsourcing_core::recording::{Append, EventQuery, NewCommand, NotificationQuery};
use eventsourcing_core::{Recorder, RecorderError, Timestamp, Uuid};
use eventsourcing_sqlx::{SqliteConfig, SqliteRecorder};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use common::{events, ids, one_event};

async fn open(path: &Path) -> SqliteRecorder {
    SqliteRecorder::open("Universe", SqliteConfig::new(path.to_str().unwrap())).await.unwrap()
}

/// A folder with an open database of two events.
async fn universe() -> (tempfile::TempDir, PathBuf, SqliteRecorder) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("universe.db");
    let recorder = open(&path).await;
    recorder.insert_events(events(Uuid::new_v4(), 1..=2)).await.unwrap();
    (directory, path, recorder)
}

async fn assert_noticed(recorder: &SqliteRecorder, how: &str) {
    for _ in 0..3 {
        let error = recorder.insert_events(one_event()).await.unwrap_err();
        assert!(matches!(error, RecorderError::FileReplaced { .. }), "{how}: {error:?}");
        assert!(error.is_not_done() && !error.is_retryable(), "{how}");
    }
    recorder.close().await;
}

async fn run(path: &Path, sql: impl Into<String>) {
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_file_that_was_deleted_takes_no_saves() {
    let (_directory, path, recorder) = universe().await;
    fs::remove_file(&path).unwrap();
    assert_noticed(&recorder, "deleted").await;
    assert!(!path.exists(), "an empty database was made in its place");
}

#[tokio::test]
async fn a_file_that_a_backup_replaced_takes_no_saves() {
    let (directory, path, recorder) = universe().await;
    let backup = directory.path().join("backup.db");
    run(&path, format!("VACUUM INTO '{}'", backup.display())).await;
    recorder.insert_events(one_event()).await.unwrap();
    fs::rename(&backup, &path).unwrap();
    assert_noticed(&recorder, "replaced").await;
    fs::remove_file(directory.path().join("universe.db-wal")).unwrap_or_default();
    // opened again, the backup goes on
    assert_eq!(ids(&open(&path).await.insert_events(one_event()).await.unwrap()), [3]);
}

/// A process that only reads would otherwise go on with the old file for as long as it runs.
#[tokio::test]
async fn a_file_that_was_replaced_is_not_read_for_long() {
    let (directory, path, recorder) = universe().await;
    let backup = directory.path().join("backup.db");
    run(&path, format!("VACUUM INTO '{}'", backup.display())).await;
    let append = Append::new(one_event()).command(NewCommand::new("lost".into(), Timestamp::now()));
    recorder.append(append).await.unwrap();
    assert_eq!(recorder.max_notification_id().await.unwrap(), Some(3));
    fs::rename(&backup, &path).unwrap();
    // the command counts as done, so its answer is checked each time
    let error = recorder.find_command("lost".into()).await.unwrap_err();
    assert!(matches!(error, RecorderError::FileReplaced { .. }), "{error:?}");
    let error = loop {
        if let Err(error) = recorder.select_notifications(NotificationQuery::after(0, 10)).await {
            break error;
        }
    };
    assert!(matches!(error, RecorderError::FileReplaced { .. }), "{error:?}");
}

#[tokio::test]
async fn a_file_that_took_the_place_of_another_is_not_read_by_a_new_connection() {
    let (directory, path, recorder) = universe().await;
    let backup = directory.path().join("backup.db");
    run(&path, format!("VACUUM INTO '{}'", backup.display())).await;
    recorder.insert_events(one_event()).await.unwrap();
    fs::rename(&backup, &path).unwrap();
    // nothing was read yet, so each of these would open the file that is there now, and find one event less
    for error in [
        recorder.max_notification_id().await.unwrap_err(),
        recorder.select_events(EventQuery::of(Uuid::new_v4())).await.unwrap_err(),
        recorder.select_notifications(NotificationQuery::after(0, 10)).await.unwrap_err(),
    ] {
        assert!(matches!(error, RecorderError::FileReplaced { .. }), "{error:?}");
    }
    recorder.close().await;
}

#[tokio::test]
async fn a_write_ahead_log_that_was_deleted_takes_no_saves() {
    let (directory, _, recorder) = universe().await;
    fs::remove_file(directory.path().join("universe.db-wal")).unwrap();
    assert_noticed(&recorder, "the write-ahead log was deleted").await;
}

#[tokio::test]
async fn another_log_that_was_restored_into_the_file_takes_no_saves() {
    let (directory, path, recorder) = universe().await;
    let other = directory.path().join("other.db");
    open(&other).await.close().await;
    run(
        &path,
        format!(
            "ATTACH '{}' AS other; BEGIN IMMEDIATE; DELETE FROM universe_events; DELETE FROM universe_head; \
             INSERT INTO universe_head SELECT * FROM other.universe_head; COMMIT; DETACH other",
            other.display()
        ),
    )
    .await;
    assert_noticed(&recorder, "restored").await;
}

/// The twin: SQLite itself acknowledges writes to a file that is gone.
#[tokio::test]
async fn sqlite_itself_takes_writes_into_a_file_that_was_deleted() {
    let (_directory, path, recorder) = universe().await;
    recorder.close().await;
    let mut connection = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    sqlx::raw_sql("SELECT * FROM universe_head").execute(&mut connection).await.unwrap();
    fs::remove_file(&path).unwrap();
    let written = sqlx::raw_sql("UPDATE universe_head SET last = last").execute(&mut connection).await;
    assert!(written.is_ok(), "{written:?}");
}

#[tokio::test]
async fn a_file_whose_write_ahead_log_is_cut_back_stays_the_same() {
    let (_directory, path, recorder) = universe().await;
    let other = open(&path).await;
    for round in 0..5 {
        assert_eq!(ids(&recorder.insert_events(one_event()).await.unwrap()), [3 + 2 * round]);
        assert_eq!(ids(&other.insert_events(one_event()).await.unwrap()), [4 + 2 * round]);
        run(&path, "PRAGMA wal_checkpoint(TRUNCATE)").await;
    }
}

/// Flipped bits in an index: SQLite returns fewer rows, without an error.
#[tokio::test]
async fn a_file_whose_index_is_damaged_is_found_when_it_is_checked() {
    let (_directory, path, recorder) = universe().await;
    let world = Uuid::from_u128(0x5eed_5eed_5eed_5eed_5eed_5eed_5eed_5eed);
    recorder.insert_events(events(world, 1..=3)).await.unwrap();
    recorder.close().await;
    // the id stands in the table and in the index: in the one with the smaller number of bytes around it, which is the index
    let mut bytes = fs::read(&path).unwrap();
    let places: Vec<usize> = (0..bytes.len() - 16).filter(|at| bytes[*at..*at + 16] == *world.as_bytes()).collect();
    assert_eq!(
        places.len(),
        7,
        "three rows, their entries of the index of versions, and one of the index of first events"
    );
    let mut config = SqliteConfig::new(path.to_str().unwrap());
    config.check_file = true;
    SqliteRecorder::open("Universe", config.clone()).await.unwrap().close().await;
    let page = |at: usize| at / 4096;
    let index = places.iter().copied().find(|at| places.iter().filter(|other| page(**other) == page(*at)).count() == 3);
    let index = index.unwrap();
    bytes[index + 15] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let error = SqliteRecorder::open("Universe", config.clone()).await.unwrap_err();
    assert!(matches!(error, RecorderError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains("is damaged"), "{error}");
    // the twin: without the check it opens
    config.check_file = false;
    SqliteRecorder::open("Universe", config).await.unwrap().close().await;
}
