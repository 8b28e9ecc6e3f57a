//! Tables that are missing, damaged or newer than the library, and applications that share a file.

use eventsourcing_core::recording::{EventQuery, NotificationQuery};
use eventsourcing_core::{Recorder as _, RecorderError, Uuid};
use eventsourcing_sqlx::{SqliteConfig, SqliteRecorder};

use super::common::{events, ids, one_event};
use super::{open_file, outsider, run};

#[tokio::test]
async fn a_database_with_damaged_pages_is_corrupt() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("universe.db");
    let recorder = open_file(&path).await.unwrap();
    recorder.insert_events(events(Uuid::new_v4(), 1..=500)).await.unwrap();
    recorder.close().await;
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4096..].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let error = match open_file(&path).await {
        Err(error) => error,
        Ok(recorder) => recorder.select_notifications(NotificationQuery::after(0, 1000)).await.unwrap_err(),
    };
    assert!(matches!(error, RecorderError::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn impossible_values_in_rows_are_corrupt() {
    for (sql, found) in [
        ("UPDATE universe_events SET originator_version = -1", "originator version -1"),
        ("UPDATE universe_events SET checksum = -2", "checksum -2"),
        ("UPDATE universe_events SET checksum = 4294967296", "checksum 4294967296"),
        ("UPDATE universe_head SET last = -3", "notification id -3"),
        ("UPDATE universe_events SET append_id = x'00'", "a value in column"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("universe.db");
        let recorder = open_file(&path).await.unwrap();
        let event = one_event();
        let originator_id = event[0].originator_id;
        recorder.insert_events(event).await.unwrap();
        run(&mut outsider(&path).await, sql).await;
        let selected = match recorder.max_notification_id().await {
            Ok(_) => recorder.select_events(EventQuery::of(originator_id)).await.map(drop),
            Err(error) => Err(error),
        };
        let error = selected.unwrap_err();
        assert!(matches!(&error, RecorderError::Corrupt { .. }), "{sql}: {error:?}");
        assert!(error.to_string().contains(found), "{sql}: {error}");
    }
}

#[tokio::test]
async fn a_missing_head_row_is_corrupt() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("universe.db");
    let recorder = open_file(&path).await.unwrap();
    run(&mut outsider(&path).await, "DELETE FROM universe_head").await;
    for error in
        [recorder.insert_events(one_event()).await.unwrap_err(), recorder.max_notification_id().await.unwrap_err()]
    {
        assert!(matches!(error, RecorderError::Corrupt { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn an_id_above_the_head_is_corrupt() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("universe.db");
    let recorder = open_file(&path).await.unwrap();
    recorder.insert_events(one_event()).await.unwrap();
    run(&mut outsider(&path).await, "UPDATE universe_head SET last = 0").await;
    let error = recorder.insert_events(one_event()).await.unwrap_err();
    assert!(matches!(error, RecorderError::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn missing_tables_are_an_error_whose_sql_makes_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("universe.db");
    let mut config = SqliteConfig::new(path.to_str().unwrap());
    config.create_table = false;
    let error = SqliteRecorder::open("Universe", config.clone()).await.unwrap_err();
    assert!(error.to_string().contains("CREATE_TABLE is off; run this SQL first:\nBEGIN"), "{error}");
    let RecorderError::SchemaMissing { sql, .. } = error else { panic!("{error:?}") };
    run(&mut outsider(&path).await, sql).await;
    let recorder = SqliteRecorder::open("Universe", config).await.unwrap();
    assert_eq!(ids(&recorder.insert_events(one_event()).await.unwrap()), [1]);
}

#[tokio::test]
async fn tables_of_a_later_version_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("universe.db");
    open_file(&path).await.unwrap().close().await;
    run(&mut outsider(&path).await, "UPDATE universe_head SET schema_version = 9").await;
    let error = open_file(&path).await.unwrap_err();
    assert!(matches!(error, RecorderError::SchemaTooNew { found: 9, known: 4, .. }), "{error:?}");
}

#[tokio::test]
async fn two_applications_in_one_file_keep_their_events_apart() {
    let directory = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(directory.path().join("both.db").to_str().unwrap());
    let universe = SqliteRecorder::open("Universe", config.clone()).await.unwrap();
    let shop = SqliteRecorder::open("Shop", config).await.unwrap();
    universe.insert_events(one_event()).await.unwrap();
    assert_eq!(shop.max_notification_id().await.unwrap(), None);
}

#[tokio::test]
async fn a_database_of_which_a_part_is_missing_is_corrupt_and_left_as_it_is() {
    for (damage, found) in [
        ("DROP TABLE universe_events", "table universe_head without table universe_events"),
        ("DROP TABLE universe_head", "table universe_events without table universe_head"),
        ("DELETE FROM universe_head", "table universe_events beside table universe_head without its row (id = 1)"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("universe.db");
        let recorder = open_file(&path).await.unwrap();
        recorder.insert_events(one_event()).await.unwrap();
        recorder.close().await;
        let mut outsider = outsider(&path).await;
        run(&mut outsider, damage).await;
        // counts the commits of others
        let commits = "PRAGMA data_version";
        let before: i64 = sqlx::query_scalar(commits).fetch_one(&mut outsider).await.unwrap();
        for create_table in [true, false] {
            let mut config = SqliteConfig::new(path.to_str().unwrap());
            config.create_table = create_table;
            let error = SqliteRecorder::open("Universe", config).await.unwrap_err();
            assert!(matches!(&error, RecorderError::Corrupt { found: is } if is == found), "{damage}: {error:?}");
        }
        let after: i64 = sqlx::query_scalar(commits).fetch_one(&mut outsider).await.unwrap();
        assert_eq!(before, after, "{damage}");
    }
}

#[tokio::test]
async fn an_application_that_lost_a_table_hinders_no_other_in_the_same_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("both.db");
    open_file(&path).await.unwrap().close().await;
    run(&mut outsider(&path).await, "DROP TABLE universe_head").await;
    let shop = SqliteRecorder::open("Shop", SqliteConfig::new(path.to_str().unwrap())).await.unwrap();
    assert_eq!(ids(&shop.insert_events(one_event()).await.unwrap()), [1]);
}
