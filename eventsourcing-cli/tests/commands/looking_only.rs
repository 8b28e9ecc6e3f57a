//! Commands that look: they need no right to write, and write nothing; without the key they see all but the states.

use eventsourcing::prelude::*;
use serde_json::json;

use super::common::{Database, Ran, fido};
use super::projected::{project, run_sql};

#[tokio::test]
async fn a_role_that_may_only_read_can_look_at_everything() {
    let database = Database::postgres();
    let kennel = database.kennel().await;
    let dog = fido(&kennel).await;
    project(&database, &kennel).await;
    let (role, schema) = (format!("looks_{}", Uuid::new_v4().simple()), database.schema().unwrap().to_owned());
    for sql in [
        format!("CREATE ROLE {role} LOGIN PASSWORD '{role}'"),
        format!("GRANT USAGE ON SCHEMA {schema} TO {role}"),
        format!("GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}"),
        format!("ALTER ROLE {role} SET default_transaction_read_only = on"),
    ] {
        run_sql(&database, &sql).await;
    }
    let (id, mut said) = (dog.id().to_string(), Vec::new());
    for arguments in [
        &["status"][..],
        &["log"],
        &["event", "2"],
        &["history", &id],
        &["state", &id],
        &["types"],
        &["find", "Fido"],
        &["keys"],
        &["dictionaries", "list"],
        &["verify"],
        &["lag"],
        &["health", "--lag", "0"],
        &["letters", "list"],
        &["letters", "list", "names"],
        &["letters", "show", "names", "1"],
        &["rebuild", "progress"],
        &["top", "--count", "1"],
    ] {
        let ran = Ran::of(database.command(arguments).env("POSTGRES_USER", &role).env("POSTGRES_PASSWORD", &role));
        if ran.code != 0 {
            said.push(format!("{arguments:?}: {ran:?}"));
        }
    }
    let doctor =
        Ran::of(database.command(&["doctor", "--json"]).env("POSTGRES_USER", &role).env("POSTGRES_PASSWORD", &role));
    for sql in [format!("DROP OWNED BY {role}"), format!("DROP ROLE {role}")] {
        run_sql(&database, &sql).await;
    }
    assert!(said.is_empty(), "{said:#?}");
    assert!(doctor.json().iter().any(|found| found["about"] == json!("Kennel")), "{doctor:?}");
}

#[tokio::test]
async fn looking_writes_nothing_beside_a_file() {
    let database = Database::sqlite();
    let kennel = database.kennel().await;
    fido(&kennel).await;
    project(&database, &kennel).await;
    kennel.close().await;
    let folder = std::path::Path::new(&database.file()).parent().unwrap().to_owned();
    let files = || {
        let files = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap());
        let mut files: Vec<_> =
            files.map(|file| (file.file_name(), file.metadata().unwrap().modified().unwrap())).collect();
        files.sort();
        files
    };
    let before = files();
    // those that look at views are connections like any other, which SQLite may give files of their own beside this one
    for arguments in [&["status"][..], &["log"], &["types"], &["keys"], &["find", "Fido"], &["verify"]] {
        assert_eq!(database.run(arguments).code, 0, "{arguments:?}");
        assert_eq!(files(), before, "{arguments:?}");
    }
}

#[tokio::test]
async fn a_log_is_looked_at_without_its_key() {
    let key = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlYyE=";
    for database in Database::both() {
        let database = database.with(&[("CIPHER_KEY", key)]);
        fido(&database.kennel().await).await;
        let run = |arguments: &[&str]| {
            let arguments = [arguments, &["--without-key"]].concat();
            Ran::of(database.command(&arguments).env_remove("CIPHER_KEY"))
        };
        let keys = run(&["keys", "--json"]);
        assert_eq!((keys.json()[0]["cipher"].as_str(), keys.code), (Some("chacha20poly1305"), 3), "{keys:?}");
        assert_eq!(run(&["lag"]).code, 0);
        // the events are there, and what they contain is not
        let log = run(&["log"]);
        assert_eq!((log.code, log.text.lines().count()), (3, 3), "{log:?}");
        assert!(log.text.contains("Dog.Registered") && !log.text.contains("Fido"), "{log:?}");
    }
}
