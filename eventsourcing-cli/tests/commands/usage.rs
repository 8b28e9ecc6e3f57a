//! What the command refuses, with which exit code, and what it never creates.

use super::common::{Database, Ran, bare, fido};

#[test]
fn what_cannot_be_understood_is_code_two() {
    for arguments in [&["lok"][..], &[], &["event"], &["event", "0"], &["log", "--last", "x"], &["history", "fido"]] {
        assert_eq!(Ran::of(&mut bare(arguments)).code, 2, "{arguments:?}");
    }
    for arguments in [&["--help"][..], &["--version"], &["log", "--help"]] {
        assert_eq!(Ran::of(&mut bare(arguments)).code, 0, "{arguments:?}");
    }
}

#[test]
fn an_application_must_be_named() {
    let command = |arguments: &[&str]| Ran::of(bare(arguments).env("PERSISTENCE_MODULE", "sqlite"));
    command(&["status"]).refused(2, "no application is named: give its name with --app or EVENTSOURCING_APP");
    command(&["status", "--app", ""]).refused(2, "no application is named");
}

#[test]
fn a_log_in_memory_cannot_be_looked_into() {
    Ran::of(&mut bare(&["status", "--app", "Kennel"])).refused(1, "PERSISTENCE_MODULE is not set");
    for name in [":memory:", "file:kennel?mode=memory&cache=shared"] {
        let variables = [("PERSISTENCE_MODULE", "sqlite"), ("SQLITE_DBNAME", name)];
        let ran = Ran::of(bare(&["status", "--app", "Kennel"]).envs(variables));
        ran.refused(1, "events in memory exist in their own process alone");
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
        misspelled.refused(1, "for application `Kenel`, and this command creates and changes no tables; check --app");
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
