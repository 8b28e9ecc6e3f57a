//! A database that is opened to look at it is not changed, and need not be writable.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;
#[path = "migration/tables.rs"]
mod tables;

use std::collections::BTreeMap;
use std::path::Path;

use eventsourcing_core::recording::{LogPosition, NotificationQuery, Tracking};
use eventsourcing_core::{Recorder, RecorderError, Uuid};
use eventsourcing_sqlx::{PostgresConfig, PostgresRecorder, SqliteConfig, SqliteRecorder};
use sqlx::AssertSqlSafe;

use common::{Schema, connect, ids, one_event};
use tables::{
    POSTGRES_VERSION_1, POSTGRES_VERSION_2, POSTGRES_VERSION_3, SQLITE_VERSION_1, SQLITE_VERSION_2, SQLITE_VERSION_3,
};

fn to_write(path: &Path) -> SqliteConfig {
    SqliteConfig::new(path.to_str().unwrap())
}

fn to_look(path: &Path) -> SqliteConfig {
    let mut config = to_write(path);
    config.read_only = true;
    config
}

async fn open(config: SqliteConfig) -> SqliteRecorder {
    SqliteRecorder::open("Universe", config).await.unwrap()
}

async fn log(recorder: &dyn Recorder) -> Vec<u64> {
    ids(&recorder.select_notifications(NotificationQuery::after(0, 100)).await.unwrap())
}

/// The files of a folder with their bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries.map(|file| (file.file_name().to_string_lossy().into_owned(), std::fs::read(file.path()).unwrap())).collect()
}

fn set_writable(path: &Path, is_writable: bool) {
    let mut permissions = path.metadata().unwrap().permissions();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        let execute = permissions.mode() & 0o111;
        permissions.set_mode(if is_writable { 0o644 | execute } else { 0o444 | execute });
    }
    #[cfg(not(unix))]
    permissions.set_readonly(!is_writable);
    std::fs::set_permissions(path, permissions).unwrap();
}

#[tokio::test]
async fn a_write_protected_file_in_a_write_protected_folder_is_read() {
    let folder = tempfile::tempdir().unwrap();
    // a name that means something else in a URI
    let path = folder.path().join("50% of #1?.db");
    let recorder = open(to_write(&path)).await;
    recorder.insert_events(one_event()).await.unwrap();
    recorder.close().await;
    drop(recorder);
    let before = files(folder.path());
    assert_eq!(before.len(), 1, "the last connection removes what is beside the file");
    set_writable(&path, false);
    set_writable(folder.path(), false);

    // without the setting, it is refused
    let refused = SqliteRecorder::open("Universe", to_write(&path)).await.unwrap_err();
    assert!(matches!(refused, RecorderError::ReadOnly { .. }), "{refused:?}");
    let recorder = open(to_look(&path)).await;
    assert_eq!(log(&recorder).await, [1]);
    let refused = recorder.insert_events(one_event()).await.unwrap_err();
    assert!(matches!(refused, RecorderError::ReadOnly { .. }), "{refused:?}");
    recorder.close().await;
    drop(recorder);
    assert_eq!(files(folder.path()), before, "no byte and no file");
    set_writable(folder.path(), true);
}

#[tokio::test]
async fn what_a_program_records_meanwhile_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("universe.db");
    let writer = open(to_write(&path)).await;
    writer.insert_events(one_event()).await.unwrap();
    let beside = open(to_look(&path)).await;
    assert_eq!(log(&beside).await, [1]);
    writer.insert_events(one_event()).await.unwrap();
    assert_eq!(log(&beside).await, [1, 2]);
    beside.close().await;
    drop(beside);
    writer.close().await;
    drop(writer);
    assert_eq!(files(folder.path()).len(), 1);

    // no program writes it: it is read without locks, until one does
    let alone = open(to_look(&path)).await;
    assert_eq!(log(&alone).await, [1, 2]);
    assert_eq!(files(folder.path()).len(), 1, "nothing is beside the file");
    let writer = open(to_write(&path)).await;
    writer.insert_events(one_event()).await.unwrap();
    assert_eq!(log(&alone).await, [1, 2, 3]);
    writer.close().await;
    drop(writer);
    assert_eq!(log(&alone).await, [1, 2, 3]);
    let writer = open(to_write(&path)).await;
    writer.insert_events(one_event()).await.unwrap();
    writer.close().await;
    drop(writer);
    assert_eq!(log(&alone).await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_missing_file_is_not_created_and_a_missing_table_neither() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("universe.db");
    let error = SqliteRecorder::open("Universe", to_look(&path)).await.unwrap_err();
    assert!(matches!(error, RecorderError::Open { .. }), "{error:?}");
    assert!(error.to_string().contains("a database that is opened read-only is not created"), "{error}");
    open(to_write(&path)).await.close().await;
    let error = SqliteRecorder::open("Galaxy", to_look(&path)).await.unwrap_err();
    assert!(matches!(error, RecorderError::NotMigrated { .. }), "{error:?}");

    let mut schema = Schema::new();
    schema.config.read_only = true;
    let error = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap_err();
    assert!(matches!(error, RecorderError::NotMigrated { .. }), "{error:?}");
    let exists = format!("SELECT count(*) FROM pg_namespace WHERE nspname = '{}'", schema.name);
    assert_eq!(schema.number(exists).await, 0);
}

#[tokio::test]
async fn tables_of_an_older_version_are_named_and_stay() {
    let says = |error: RecorderError| {
        let RecorderError::NotMigrated { problem, .. } = &error else { panic!("{error:?}") };
        assert!(problem.contains("have schema version 3, which must be migrated to 4"), "{problem}");
        assert!(error.to_string().contains("open it once without `read_only`"), "{error}");
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("universe.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    let old = format!("{SQLITE_VERSION_1}{SQLITE_VERSION_2}{SQLITE_VERSION_3}");
    sqlx::raw_sql(AssertSqlSafe(old)).execute(&mut connection).await.unwrap();
    sqlx::Connection::close(connection).await.unwrap();
    let before = files(folder.path());
    says(SqliteRecorder::open("Universe", to_look(&path)).await.unwrap_err());
    assert_eq!(files(folder.path()), before);

    let mut schema = Schema::new();
    let name = schema.name.clone();
    let old = format!("{POSTGRES_VERSION_1}{POSTGRES_VERSION_2}{POSTGRES_VERSION_3}");
    schema.run(format!("CREATE SCHEMA {name}; SET search_path = {name}; {old}")).await;
    schema.config.read_only = true;
    says(PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap_err());
    assert_eq!(schema.number(format!("SELECT schema_version FROM {name}.universe_head")).await, 3);
    schema.drop().await;
}

/// A role that may only read the tables of a schema.
async fn reader_of(schema: &Schema, settings: &str) -> (String, PostgresConfig) {
    let (role, name) = (format!("reader_{}", Uuid::new_v4().simple()), &schema.name);
    schema
        .run(format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'open sesame' {settings}; GRANT USAGE ON SCHEMA {name} TO {role}; \
             GRANT SELECT ON ALL TABLES IN SCHEMA {name} TO {role}"
        ))
        .await;
    let mut config = schema.config.clone();
    (config.user, config.password, config.read_only) = (role.clone(), Some("open sesame".to_owned()), true);
    (role, config)
}

#[tokio::test]
async fn a_role_that_may_only_read_opens_postgresql_to_look() {
    let schema = Schema::new();
    let writer = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    writer.insert_events(one_event()).await.unwrap();
    let (role, config) = reader_of(&schema, "").await;
    let reader = PostgresRecorder::open("Universe", config.clone()).await.unwrap();
    assert_eq!(log(&reader).await, [1]);
    assert_eq!(reader.tracked_position("Orders").await.unwrap(), LogPosition::START);
    // it hears of new events, as others do
    let (_, recorded) = tokio::join!(reader.recorded_after(1), writer.insert_events(one_event()));
    recorded.unwrap();
    assert_eq!(log(&reader).await, [1, 2]);
    let tracked = Tracking::new("Orders", 0, LogPosition::anchored(1, Uuid::new_v4()));
    assert!(reader.insert_tracked(one_event(), tracked).await.is_err());
    reader.close().await;
    schema.run(format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
    writer.close().await;
    schema.drop().await;
}

#[tokio::test]
async fn a_session_that_looks_is_refused_by_the_server_itself() {
    let schema = Schema::new();
    PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap().close().await;
    let mut config = schema.config.clone();
    config.read_only = true;
    let reader = PostgresRecorder::open("Universe", config).await.unwrap();
    // the role may write: the session may not
    let refused = reader.insert_events(one_event()).await.unwrap_err();
    assert!(matches!(refused, RecorderError::NotPrimary { .. }), "{refused:?}");
    assert!(log(&reader).await.is_empty());
    reader.close().await;
    // the append functions are not needed
    let mut admin = connect(&schema.config).await;
    let name = &schema.name;
    let dropped = format!("DROP FUNCTION {name}.universe_append_one; UPDATE {name}.universe_head SET last = 0");
    sqlx::raw_sql(AssertSqlSafe(dropped)).execute(&mut admin).await.unwrap();
    let mut config = schema.config.clone();
    config.read_only = true;
    let reader = PostgresRecorder::open("Universe", config).await.unwrap();
    assert_eq!(reader.max_notification_id().await.unwrap(), None);
    reader.close().await;
    schema.drop().await;
}
