//! Opening a recorder: what is wrong is named, with the variable to correct, and files are left as they are.

use eventsourcing_core::{Environment, Recorder as _, RecorderError};
use eventsourcing_sqlx::{SqliteConfig, SqliteRecorder};

use super::{message, open, open_file, outsider};

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

/// No user can create files in `/sys`.
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
        let environment = Environment::from_variables("Universe", variables.iter().copied());
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
        format!("{} is read-only, so nothing was recorded; make it writable, or open one that is", path.display());
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
        "cannot open {}: the file is not a SQLite database; set SQLITE_DBNAME to another path; the file was left as it is",
        path.display()
    );
    assert_eq!(message(path.to_str().unwrap()).await, expected);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), letter);
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
async fn a_name_that_makes_no_table_is_refused() {
    let error = SqliteRecorder::open("Uni verse", SqliteConfig::new(":memory:")).await.unwrap_err();
    let expected = "`Uni verse` cannot be the name of an application: \
                    its tables are named after it, and ` ` is no ASCII letter, digit or underscore";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn opening_outside_of_a_runtime_is_an_error_with_the_cure() {
    let opening = SqliteRecorder::open("Universe", SqliteConfig::new(":memory:"));
    let error = futures::executor::block_on(opening).unwrap_err();
    assert!(matches!(error, RecorderError::Open { .. }), "{error:?}");
    let expected = "cannot open :memory:: no Tokio runtime is running; \
                    open it inside `#[tokio::main]` or `tokio::runtime::Runtime::block_on`";
    assert_eq!(error.to_string(), expected);
}
