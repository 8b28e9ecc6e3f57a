//! What the command refuses, with which exit code, and what it never creates.

use eventsourcing::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use eventsourcing::sqlx::{AssertSqlSafe, Connection as _, SqliteConnection, query};
use eventsourcing::{Application, Builder};

use super::common::{Database, Ran, bare, fido};

/// An export without events.
const EXPORT: &str = r#"{"export":1,"application":"Kennel","states":"json","after":0,"anchor":null}
"#;

#[test]
fn what_cannot_be_understood_is_code_two() {
    for arguments in [&["lok"][..], &[], &["event"], &["event", "0"], &["log", "--last", "x"], &["history", "fido"]] {
        assert_eq!(Ran::of(&mut bare(arguments)).code, 2, "{arguments:?}");
    }
    for arguments in [&["--help"][..], &["--version"], &["log", "--help"]] {
        assert_eq!(Ran::of(&mut bare(arguments)).code, 0, "{arguments:?}");
    }
}

#[tokio::test]
async fn the_only_application_needs_no_name() {
    for database in Database::both() {
        fido(&database.kennel().await).await;
        for named in [None, Some("")] {
            let mut command = database.command(&["status", "--json"]);
            command.env_remove("EVENTSOURCING_APP").envs(named.map(|name| ("EVENTSOURCING_APP", name)));
            let ran = Ran::of(&mut command);
            assert_eq!((ran.code, ran.errors.as_str()), (0, ""), "{ran:?}");
            // as its program spells it, and not as its tables are called
            assert_eq!(ran.json()[0]["application"], "Kennel");
        }
    }
}

#[tokio::test]
async fn of_several_applications_one_must_be_named() {
    for database in Database::both() {
        database.kennel().await;
        Builder::<Application>::new("Cattery").variables(database.variables.clone()).open().await.unwrap();
        let ran = Ran::of(database.command(&["status"]).env_remove("EVENTSOURCING_APP"));
        ran.refused(2, "has several applications: Cattery, Kennel; name one with --app or EVENTSOURCING_APP");
        assert_eq!(database.run(&["status", "--app", "Cattery"]).code, 0);
    }
}

#[tokio::test]
async fn a_database_without_applications_is_named() {
    let database = Database::sqlite();
    let mut options = SqliteConnectOptions::new().filename(database.file()).create_if_missing(true);
    options = options.journal_mode(SqliteJournalMode::Wal);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    // the names alone make no application
    for table in ["other_head", "other_events"] {
        query(AssertSqlSafe(format!("CREATE TABLE {table} (id INTEGER)"))).execute(&mut connection).await.unwrap();
    }
    let ran = Ran::of(database.command(&["status"]).env_remove("EVENTSOURCING_APP"));
    ran.refused(1, "kennel.db has the tables of no application");
    assert!(ran.errors.contains("correct SQLITE_DBNAME"), "{}", ran.errors);
    let ran = Ran::of(Database::postgres().command(&["status"]).env_remove("EVENTSOURCING_APP"));
    ran.refused(1, "has the tables of no application");
    assert!(ran.errors.contains("correct POSTGRES_DBNAME and POSTGRES_SCHEMA"), "{}", ran.errors);
}

#[test]
fn an_import_needs_the_name_of_its_application() {
    let export = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(export.path(), EXPORT).unwrap();
    let database = Database::sqlite();
    let mut command = database.command(&["import".as_ref(), export.path().as_os_str()]);
    Ran::of(command.env_remove("EVENTSOURCING_APP")).refused(2, "no application is named: give its name with --app");
    assert!(!std::path::Path::new(&database.file()).exists());
}

#[test]
fn a_variable_that_is_missing_is_named_with_the_cure() {
    let command = |variables: &[(&str, &str)]| Ran::of(bare(&["status"]).envs(variables.iter().copied()));
    let ran = command(&[]);
    ran.refused(
        1,
        "PERSISTENCE_MODULE is not set, so no database is known; set PERSISTENCE_MODULE=sqlite with SQLITE_DBNAME",
    );
    command(&[("PERSISTENCE_MODULE", "sqlite")]).refused(1, "SQLITE_DBNAME is not set");
    command(&[("PERSISTENCE_MODULE", "postgres")]).refused(1, "POSTGRES_DBNAME is not set");
    command(&[("PERSISTENCE_MODULE", "mysql")])
        .refused(1, "PERSISTENCE_MODULE is `mysql`; expected `sqlite` or `postgres`");
    command(&[("DATABASE_URL", "postgres://ada@localhost/kennels")])
        .refused(1, "DATABASE_URL is set, and PERSISTENCE_");
    command(&[("KENNEL_PERSISTENCE_MODULE", "sqlite")])
        .refused(1, "KENNEL_PERSISTENCE_MODULE is set, for the application whose name is KENNEL in upper case");
}

#[test]
fn a_log_in_memory_cannot_be_looked_into() {
    Ran::of(&mut bare(&["status", "--app", "Kennel"])).refused(1, "PERSISTENCE_MODULE is not set");
    let memory = Ran::of(bare(&["status"]).env("PERSISTENCE_MODULE", "memory"));
    memory.refused(1, "the events are in memory (memory), and exist in their own process alone");
    for name in [":memory:", "file:kennel?mode=memory&cache=shared"] {
        let variables = [("PERSISTENCE_MODULE", "sqlite"), ("SQLITE_DBNAME", name)];
        let ran = Ran::of(bare(&["status", "--app", "Kennel"]).envs(variables));
        ran.refused(1, "exist in their own process alone");
    }
}

#[test]
fn looking_creates_no_file() {
    let database = Database::sqlite();
    database.run(&["log"]).refused(1, "this command creates none");
    assert!(!std::path::Path::new(&database.file()).exists());
}

#[tokio::test]
async fn looking_creates_no_tables_of_a_misspelled_application() {
    for database in Database::both() {
        fido(&database.kennel().await).await;
        let misspelled = database.run(&["status", "--app", "Kenel"]);
        misspelled.refused(1, "for application `Kenel`, and this command creates and changes no tables; check --app: the database has Kennel");
        // even if a variable asks for tables
        let asked = Ran::of(
            database.command(&["status", "--app", "Kenel"]).envs([("KENEL_CREATE_TABLE", "y"), ("CREATE_TABLE", "y")]),
        );
        asked.refused(1, "for application `Kenel`, and this command creates");
    }
}

#[tokio::test]
async fn a_wrong_variable_is_named() {
    let database = Database::sqlite().with(&[("SQLITE_LOCK_TIMEOUT", "soon")]);
    database.run(&["status"]).refused(1, "SQLITE_LOCK_TIMEOUT is `soon`");
    let misspelled = Database::sqlite().with(&[("SQLITE_DBNAM", "x")]);
    misspelled.kennel().await;
    let ran = misspelled.run(&["status"]);
    assert!(ran.code == 0 && ran.errors.contains("SQLITE_DBNAM"), "{ran:?}");
}

#[tokio::test]
async fn no_output_has_a_secret() {
    let key = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlYyE=";
    let other = "b3RoZXIgc2VjcmV0IG90aGVyIHNlY3JldCBvdGhlciE=";
    let database = Database::sqlite().with(&[("CIPHER_KEY", key)]);
    fido(&database.kennel().await).await;
    for arguments in [&["status"][..], &["status", "--json"], &["event", "1"], &["verify"]] {
        let ran = database.run(arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(!format!("{ran:?}").contains(key), "{ran:?}");
    }
    let wrong = Ran::of(database.command(&["log"]).env("CIPHER_KEY", other));
    wrong.refused(1, "its state was encrypted with key");
    assert!(!wrong.errors.contains(other) && !wrong.errors.contains(key), "{wrong:?}");
    Ran::of(database.command(&["log"]).env_remove("CIPHER_KEY")).refused(1, "no cipher is configured");
}

#[test]
fn a_server_that_does_not_answer_is_named_without_its_password() {
    let server = [("POSTGRES_HOST", "127.0.0.1"), ("POSTGRES_PORT", "1"), ("POSTGRES_CONNECT_TIMEOUT", "0.2")];
    let role = [("POSTGRES_USER", "ada"), ("POSTGRES_PASSWORD", "hunter2"), ("POSTGRES_DBNAME", "kennels")];
    let mut command = bare(&["status", "--app", "Kennel"]);
    let ran = Ran::of(command.env("PERSISTENCE_MODULE", "postgres").envs(server).envs(role));
    ran.refused(1, "kennels");
    assert!(!ran.errors.contains("hunter2"), "{ran:?}");
}
