//! Sixteen processes that open a database at once, new or of an older version: all succeed, and the tables are created once.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;
#[path = "migration/tables.rs"]
mod tables;

use std::ops::ControlFlow;
use std::time::Duration;

use eventsourcing_core::recording::{
    Append, EventQuery, LetterChanges, LetterQuery, LogPosition, NotificationQuery, ReplayItem, ReplayQuery,
    StoredDictionary, StoredLetter, StoredSnapshot,
};
use eventsourcing_core::{Environment, Recorder, RecorderError, Tracking, Uuid};
use eventsourcing_sqlx::{PostgresConfig, PostgresRecorder, SqliteConfig, SqliteRecorder};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tokio::io::AsyncWriteExt;

use common::process::{Process, is_child, say};
use common::{Schema, ids, one_event};
use tables::{
    POSTGRES_VERSION_1, POSTGRES_VERSION_2, POSTGRES_VERSION_3, SQLITE_VERSION_1, SQLITE_VERSION_2, SQLITE_VERSION_3,
};

const PROCESSES: u64 = 16;

/// Starts processes that run the test of this name, and releases them once all are ready.
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

/// The work of such a process: it opens a recorder, records one event, and reads the log.
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
    let config = || SqliteConfig::from_environment(&Environment::from_process("Universe")).unwrap();
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
    let config = || PostgresConfig::from_environment(&Environment::from_process("Universe")).unwrap();
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

/// Asserts that the old events exist, and that dictionaries, dead letters and snapshots can be stored.
async fn assert_is_migrated(recorder: &dyn Recorder) {
    let events = recorder.select_events(EventQuery::of(Uuid::from_u128(7))).await.unwrap();
    let topics: Vec<_> = events.iter().map(|event| &*event.topic).collect();
    assert_eq!(topics, ["World.Started", "World.Ended"]);
    assert_eq!((&*events[0].state, events[0].checksum, events[1].checksum), (b"{}".as_slice(), Some(7), None));
    let dictionary = StoredDictionary::new(1, [7]).with_checksum(7);
    assert!(recorder.insert_dictionary(dictionary.clone()).await.unwrap());
    assert_eq!(recorder.select_dictionaries(0).await.unwrap(), [dictionary]);
    let letter = StoredLetter::new(7, Uuid::nil(), *b"{}");
    let changes = LetterChanges::of("Orders").parked([letter.clone()]);
    recorder.append(Append::new(vec![]).changing(changes)).await.unwrap();
    assert_eq!(recorder.select_letters(LetterQuery::of("Orders")).await.unwrap(), [letter]);
    assert_snapshots_are_kept(recorder).await;
}

async fn assert_snapshots_are_kept(recorder: &dyn Recorder) {
    let append_id = Uuid::from_u128(2);
    let snapshot = StoredSnapshot::new(Uuid::from_u128(7), 2, "World", 5, *b"{}", append_id);
    assert!(recorder.insert_snapshot(snapshot.clone(), 1).await.unwrap());
    let mut found = None;
    let mut visit = |item: ReplayItem<'_>| {
        if let ReplayItem::Snapshot(snapshot) = item {
            found = Some(snapshot.to_owned());
        }
        ControlFlow::Continue(())
    };
    recorder.read_replay(ReplayQuery::of(Uuid::from_u128(7), 5), &mut visit).await.unwrap();
    assert_eq!(found, Some(snapshot));
}

async fn sqlite(path: &str, sql: &str) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn sixteen_processes_open_a_file_of_version_1_at_once() {
    let config = || SqliteConfig::from_environment(&Environment::from_process("Universe")).unwrap();
    if is_child() {
        return child(async { SqliteRecorder::open("Universe", config()).await.unwrap() }).await;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("universe.db");
    let path = path.to_str().unwrap();
    sqlite(path, SQLITE_VERSION_1).await;
    let variables = [("SQLITE_DBNAME", path), ("SQLITE_LOCK_TIMEOUT", "60")];
    at_once("sixteen_processes_open_a_file_of_version_1_at_once", &variables).await;
    let recorder = SqliteRecorder::open("Universe", SqliteConfig::new(path)).await.unwrap();
    assert_is_migrated(&recorder).await;
    assert_eq!(recorder.max_notification_id().await.unwrap(), Some(2 + PROCESSES));
}

#[tokio::test]
async fn sixteen_processes_open_a_schema_of_version_1_at_once() {
    let config = || PostgresConfig::from_environment(&Environment::from_process("Universe")).unwrap();
    if is_child() {
        return child(async { PostgresRecorder::open("Universe", config()).await.unwrap() }).await;
    }
    let schema = Schema::new();
    let name = schema.name.as_str();
    schema.run(format!("CREATE SCHEMA {name}; SET search_path = {name}; {POSTGRES_VERSION_1}")).await;
    let variables = [("POSTGRES_SCHEMA", name), ("POSTGRES_POOL_SIZE", "1")];
    at_once("sixteen_processes_open_a_schema_of_version_1_at_once", &variables).await;
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    assert_is_migrated(&recorder).await;
    assert_eq!(recorder.max_notification_id().await.unwrap(), Some(2 + PROCESSES));
    schema.drop().await;
}

/// The SQL in the error.
fn sql_of(error: RecorderError) -> String {
    let RecorderError::SchemaMissing { problem, sql, .. } = error else { panic!("{error:?}") };
    assert!(problem.ends_with("have schema version 1, which must be migrated to 4,"), "{problem}");
    sql
}

#[tokio::test]
async fn without_create_table_old_tables_are_an_error_with_the_migration_sql() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("universe.db");
    let path = path.to_str().unwrap();
    sqlite(path, SQLITE_VERSION_1).await;
    let mut config = SqliteConfig::new(path);
    config.create_table = false;
    let sql = sql_of(SqliteRecorder::open("Universe", config.clone()).await.unwrap_err());
    sqlite(path, &sql).await;
    assert_is_migrated(&SqliteRecorder::open("Universe", config).await.unwrap()).await;

    let mut schema = Schema::new();
    let name = schema.name.clone();
    schema.run(format!("CREATE SCHEMA {name}; SET search_path = {name}; {POSTGRES_VERSION_1}")).await;
    schema.config.create_table = false;
    let sql = sql_of(PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap_err());
    for _ in 0..2 {
        schema.run(sql.clone()).await;
    }
    assert_is_migrated(&PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap()).await;
    schema.drop().await;
}

#[tokio::test]
async fn a_table_of_a_later_schema_is_required_only_from_that_version_on() {
    let later = ["dictionaries", "tracking", "letters", "commands"];
    for table in later.map(|kind| format!("universe_{kind}")) {
        let found = format!("table universe_events without table {table}");
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("universe.db");
        let path = path.to_str().unwrap();
        SqliteRecorder::open("Universe", SqliteConfig::new(path)).await.unwrap().close().await;
        sqlite(path, &format!("DROP TABLE {table}")).await;
        let error = SqliteRecorder::open("Universe", SqliteConfig::new(path)).await.unwrap_err();
        assert!(matches!(&error, RecorderError::Corrupt { found: is } if *is == found), "{error:?}");
        let other = if table == "universe_tracking" { "" } else { "ALTER TABLE universe_tracking DROP COLUMN anchor;" };
        let old = "ALTER TABLE universe_events DROP COLUMN recorded_at; ALTER TABLE universe_head DROP COLUMN application; \
                   UPDATE universe_head SET schema_version = 1";
        sqlite(path, &format!("{other}{old}")).await;
        SqliteRecorder::open("Universe", SqliteConfig::new(path)).await.unwrap();

        let schema = Schema::new();
        let name = &schema.name;
        PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap().close().await;
        schema.run(format!("DROP TABLE {name}.{table}")).await;
        let error = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap_err();
        assert!(matches!(&error, RecorderError::Corrupt { found: is } if *is == found), "{error:?}");
        schema.run(format!("UPDATE {name}.universe_head SET schema_version = 1")).await;
        PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
        schema.drop().await;
    }
}

#[tokio::test]
async fn a_table_of_snapshots_that_is_missing_is_created_with_the_sql_of_the_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("universe.db");
    let path = path.to_str().unwrap();
    SqliteRecorder::open("Universe", SqliteConfig::new(path)).await.unwrap().close().await;
    sqlite(path, "DROP TABLE universe_snapshots").await;
    let error = SqliteRecorder::open("Universe", SqliteConfig::new(path)).await.unwrap_err();
    let RecorderError::SnapshotsMissing { table, sql } = &error else { panic!("{error:?}") };
    assert_eq!(table, "universe_snapshots");
    assert!(error.to_string().contains("no event is lost"), "{error}");
    sqlite(path, sql).await;
    SqliteRecorder::open("Universe", SqliteConfig::new(path)).await.unwrap();

    let schema = Schema::new();
    PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap().close().await;
    schema.run(format!("DROP TABLE {}.universe_snapshots", schema.name)).await;
    let error = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap_err();
    let RecorderError::SnapshotsMissing { sql, .. } = error else { panic!("{error:?}") };
    schema.run(sql).await;
    PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    schema.drop().await;
}

/// Positions of version 2 have no anchor, and later ones have one.
async fn assert_tracking_goes_on(recorder: &dyn Recorder) {
    assert_eq!(recorder.tracked_position("Orders").await.unwrap(), LogPosition::from(7));
    let stale = recorder.insert_tracked(Vec::new(), Tracking::new("Orders", 6, 8)).await.unwrap_err();
    assert!(matches!(stale, RecorderError::AlreadyProcessed { recorded: 7, .. }), "{stale:?}");
    let next = LogPosition::anchored(9, Uuid::from_u128(5));
    recorder.insert_tracked(one_event(), Tracking::new("Orders", 7, next)).await.unwrap();
    assert_eq!(recorder.tracked_position("Orders").await.unwrap(), next);
    let log = recorder.select_notifications(NotificationQuery::after(0, 100)).await.unwrap();
    assert_eq!(ids(&log), [1, 2, 3]);
}

#[tokio::test]
async fn tables_of_version_2_are_migrated_with_their_positions() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("universe.db");
    let path = path.to_str().unwrap();
    sqlite(path, &format!("{SQLITE_VERSION_1}{SQLITE_VERSION_2}")).await;
    assert_tracking_goes_on(&SqliteRecorder::open("Universe", SqliteConfig::new(path)).await.unwrap()).await;

    let schema = Schema::new();
    let name = schema.name.as_str();
    let sql = format!("CREATE SCHEMA {name}; SET search_path = {name}; {POSTGRES_VERSION_1}{POSTGRES_VERSION_2}");
    schema.run(sql).await;
    assert_tracking_goes_on(&PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap()).await;
    schema.drop().await;
}

async fn assert_letters_are_there(recorder: &dyn Recorder) {
    let letters = recorder.select_letters(LetterQuery::of("Orders")).await.unwrap();
    assert_eq!(letters, [StoredLetter::new(5, Uuid::from_u128(7), *b"{}")]);
}

/// The events of before have no time, and count as earlier than those after the migration.
async fn assert_times_begin(recorder: &dyn Recorder) {
    let times = recorder.select_recorded_times(&[1, 2, 3]).await.unwrap();
    assert!(matches!(times.as_slice(), [one] if one.notification_id == 3), "{times:?}");
    assert_eq!(recorder.last_id_before(times[0].time).await.unwrap(), 2);
}

#[tokio::test]
async fn tables_of_version_3_are_migrated_with_their_letters_and_their_owner() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("universe.db");
    let path = path.to_str().unwrap();
    sqlite(path, &format!("{SQLITE_VERSION_1}{SQLITE_VERSION_2}{SQLITE_VERSION_3}")).await;
    let schema = Schema::new();
    let name = schema.name.as_str();
    let tables = format!("{POSTGRES_VERSION_1}{POSTGRES_VERSION_2}{POSTGRES_VERSION_3}");
    schema.run(format!("CREATE SCHEMA {name}; SET search_path = {name}; {tables}")).await;
    // whoever migrates them
    let others = [
        SqliteRecorder::open("UNIVERSE", SqliteConfig::new(path)).await.unwrap_err(),
        PostgresRecorder::open("UNIVERSE", schema.config.clone()).await.unwrap_err(),
    ];
    for error in others {
        assert!(matches!(error, RecorderError::Name { .. }), "{error:?}");
    }
    let recorder = SqliteRecorder::open("Universe", SqliteConfig::new(path)).await.unwrap();
    assert_letters_are_there(&recorder).await;
    assert_tracking_goes_on(&recorder).await;
    assert_times_begin(&recorder).await;
    assert_snapshots_are_kept(&recorder).await;
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    assert_letters_are_there(&recorder).await;
    assert_tracking_goes_on(&recorder).await;
    assert_times_begin(&recorder).await;
    assert_snapshots_are_kept(&recorder).await;
    recorder.close().await;
    schema.drop().await;
}

#[tokio::test]
async fn an_application_whose_name_differs_in_case_only_does_not_share_tables() {
    let directory = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(directory.path().join("universe.db").to_str().unwrap());
    SqliteRecorder::open("Universe", config.clone()).await.unwrap().close().await;
    let in_sqlite = SqliteRecorder::open("UNIVERSE", config).await.unwrap_err();
    let schema = Schema::new();
    PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap().close().await;
    let in_postgres = PostgresRecorder::open("universe", schema.config.clone()).await.unwrap_err();
    for error in [in_sqlite, in_postgres] {
        assert!(matches!(error, RecorderError::Name { .. }), "{error:?}");
        assert!(error.to_string().contains("the application `Universe` has tables of the same names"), "{error}");
    }
    schema.drop().await;
}

#[tokio::test]
async fn an_append_function_that_goes_on_from_no_stored_start_is_replaced() {
    let schema = Schema::new();
    PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap().close().await;
    // as it was made before a start could be stored
    let mut connection = common::connect(&schema.config).await;
    let definition = "SELECT pg_get_functiondef(($1 || '.universe_append')::regproc)";
    let new: String = sqlx::query_scalar(definition).bind(&schema.name).fetch_one(&mut connection).await.unwrap();
    let old = new.replace("begun + moved <>", "moved <>");
    assert_ne!(old, new);
    sqlx::raw_sql(sqlx::AssertSqlSafe(old)).execute(&mut connection).await.unwrap();
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    assert_eq!(recorder.initialize_tracking("Orders", LogPosition::START).await.unwrap(), LogPosition::START);
    recorder.insert_tracked(vec![], Tracking::new("Orders", 0, 3)).await.unwrap();
    assert_eq!(recorder.tracked_position("Orders").await.unwrap().id, 3);
    recorder.close().await;
    schema.drop().await;
}
