//! What is particular to SQLite: files that cannot be used, locks, and rows that no recorder wrote.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::path::Path;
use std::time::Duration;

use eventsourcing_core::persistence::{EventQuery, NotificationQuery};
use eventsourcing_core::{Environment, Recorder, RecorderError, Uuid};
use eventsourcing_sqlx::{SqliteConfig, SqliteRecorder};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection};

use common::{events, ids, one_event};

async fn open(dbname: &str) -> Result<SqliteRecorder, RecorderError> {
    let mut config = SqliteConfig::new(dbname);
    config.lock_timeout = Duration::from_millis(200);
    SqliteRecorder::open("Universe", config).await
}

async fn open_file(path: &Path) -> Result<SqliteRecorder, RecorderError> {
    open(path.to_str().unwrap()).await
}

/// A connection beside those of the recorder.
async fn outsider(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    options.busy_timeout(Duration::from_secs(30)).connect().await.unwrap()
}

async fn run(connection: &mut SqliteConnection, sql: impl Into<String>) {
    sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(connection).await.unwrap();
}

async fn message(dbname: &str) -> String {
    open(dbname).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_directory_as_file_is_refused_with_the_cure() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let expected = format!(
        "cannot open {path}: it is a directory; set SQLITE_DBNAME to the path of a file, which is created if it is missing"
    );
    assert_eq!(message(path).await, expected);
    assert!(matches!(open(path).await, Err(RecorderError::Open { .. })));
}

#[tokio::test]
async fn a_database_without_a_name_is_refused_rather_than_lost() {
    let expected = "cannot open : it has no name; set SQLITE_DBNAME to the path of a file, or to `:memory:`";
    assert_eq!(message("").await, expected);
}

#[tokio::test]
async fn a_name_as_others_spell_it_is_no_file_and_is_told_how_to_be_spelt() {
    let folder = tempfile::tempdir().unwrap();
    for (dbname, cure) in [
        ("sqlite::memory:", "set SQLITE_DBNAME to `:memory:`"),
        (":MEMORY:", "set SQLITE_DBNAME to `:memory:`"),
        ("sqlite://hotel.db", "set SQLITE_DBNAME to the path alone, such as `hotel.db`"),
        ("postgres://localhost/hotel", "set PERSISTENCE_MODULE=postgres"),
    ] {
        let message = message(dbname).await;
        assert!(message.starts_with(&format!("cannot open {dbname}: it is ")) && message.contains(cure), "{message}");
        assert!(!std::path::Path::new(dbname).exists());
    }
    // SQLite's own spelling of a database of its own
    drop(open("file::memory:").await.unwrap());
    drop(open(folder.path().join("sqlite.db").to_str().unwrap()).await.unwrap());
}

/// `/sys` takes no files, whoever asks.
#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_directory_that_takes_no_files_is_named_rather_than_the_variable() {
    let message = message("/sys/hotel.db").await;
    assert!(message.starts_with("cannot open /sys/hotel.db: ") && message.contains("the directory /sys"), "{message}");
    assert!(!message.contains("SQLITE_DBNAME"), "{message}");
}

#[test]
fn what_the_variables_say_is_checked_value_by_value() {
    let message = |variables: &[(&str, &str)]| {
        let environment = Environment::of("Universe", variables.iter().copied());
        SqliteConfig::from_environment(&environment).unwrap_err().to_string()
    };
    let expected = "environment variable SQLITE_DBNAME is not set; \
                    expected the path of a file, `:memory:`, or `file:name?mode=memory&cache=shared`";
    assert_eq!(message(&[]), expected);
    let expected = "environment variable SQLITE_LOCK_TIMEOUT is `soon`; expected a number of seconds such as 5 or 0.5";
    assert_eq!(message(&[("SQLITE_DBNAME", ":memory:"), ("SQLITE_LOCK_TIMEOUT", "soon")]), expected);
    let start = "environment variable UNIVERSE_CREATE_TABLE is `maybe`; expected y, yes";
    assert!(message(&[("SQLITE_DBNAME", ":memory:"), ("UNIVERSE_CREATE_TABLE", "maybe")]).starts_with(start));
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("missing");
    let path = folder.join("universe.db");
    let expected = format!(
        "cannot open {}: there is no directory {}; create it, or correct SQLITE_DBNAME",
        path.display(),
        folder.display()
    );
    assert_eq!(message(path.to_str().unwrap()).await, expected);
    assert!(!folder.exists());
}

#[tokio::test]
async fn a_read_only_file_is_refused_when_opening() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("universe.db");
    open_file(&path).await.unwrap().close().await;
    let mut permissions = path.metadata().unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();
    let error = open_file(&path).await.unwrap_err();
    assert!(matches!(error, RecorderError::ReadOnly { .. }), "{error:?}");
    let expected =
        format!("{} is read-only, so nothing was recorded; make it writable, or open the one that is", path.display());
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn a_uri_that_forbids_writing_is_refused_when_opening() {
    for uri in ["file:universe.db?mode=ro", "file:universe.db?cache=private&immutable=1"] {
        assert!(matches!(open(uri).await, Err(RecorderError::ReadOnly { .. })), "{uri}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("letter.txt");
    let letter = "Dear Ada, this is no database. ".repeat(100);
    std::fs::write(&path, &letter).unwrap();
    let expected = format!(
        "cannot open {}: the file is no SQLite database; set SQLITE_DBNAME to another path; the file was left as it is",
        path.display()
    );
    assert_eq!(message(path.to_str().unwrap()).await, expected);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), letter);
}

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
async fn a_file_is_in_wal_mode() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("universe.db");
    let recorder = open_file(&path).await.unwrap();
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut outsider(&path).await).await.unwrap();
    assert_eq!(mode, "wal");
    recorder.close().await;
}

#[tokio::test]
async fn an_outsider_with_the_write_lock_makes_an_insert_busy_and_then_it_succeeds() {
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

/// SQLite rolls back by itself on some errors, as on a full disk; a trigger that does is easier to have.
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
async fn a_commit_that_is_refused_leaves_nothing_recorded_and_the_recorder_usable() {
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

/// The twin of those above: what sqlx alone makes of it, and why transactions here are plain statements.
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
    assert!(matches!(error, RecorderError::SchemaTooNew { found: 9, known: 3, .. }), "{error:?}");
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
async fn two_applications_in_one_file_keep_their_events_apart() {
    let directory = tempfile::tempdir().unwrap();
    let config = SqliteConfig::new(directory.path().join("both.db").to_str().unwrap());
    let universe = SqliteRecorder::open("Universe", config.clone()).await.unwrap();
    let shop = SqliteRecorder::open("Shop", config).await.unwrap();
    universe.insert_events(one_event()).await.unwrap();
    assert_eq!(shop.max_notification_id().await.unwrap(), None);
}

#[tokio::test]
async fn a_name_that_makes_no_table_is_refused() {
    let error = SqliteRecorder::open("Uni verse", SqliteConfig::new(":memory:")).await.unwrap_err();
    let expected = "`Uni verse` cannot be the name of an application: \
                    its tables are named after it, and ` ` is no ASCII letter, digit or underscore";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn a_database_of_which_a_part_is_missing_is_corrupt_and_left_as_it_is() {
    for (damage, found) in [
        ("DROP TABLE universe_events", "table universe_head, and no table universe_events beside it"),
        ("DROP TABLE universe_head", "table universe_events, and no table universe_head beside it"),
        (
            "DELETE FROM universe_head",
            "table universe_events, and beside it table universe_head without its row (id = 1)",
        ),
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

#[test]
fn opening_outside_of_a_runtime_is_an_error_with_the_cure() {
    let opening = SqliteRecorder::open("Universe", SqliteConfig::new(":memory:"));
    let error = futures::executor::block_on(opening).unwrap_err();
    assert!(matches!(error, RecorderError::Open { .. }), "{error:?}");
    let expected = "cannot open :memory:: there is no Tokio runtime to run on; \
                    open it inside of `#[tokio::main]` or of `tokio::runtime::Runtime::block_on`";
    assert_eq!(error.to_string(), expected);
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
