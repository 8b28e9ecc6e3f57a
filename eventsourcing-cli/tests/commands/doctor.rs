//! `doctor`: what is wrong with a database is found, with the cure.

use serde_json::{Value, json};

use super::common::{Database, fido};
use super::projected::{project, run_sql};

#[tokio::test]
async fn a_doctor_finds_nothing_wrong_with_a_new_database() {
    for database in Database::both() {
        let kennel = database.kennel().await;
        fido(&kennel).await;
        let findings = database.run(&["doctor", "--json"]);
        let problems: Vec<Value> =
            findings.json().into_iter().filter(|found| found["level"] == json!("problem")).collect();
        // the server of these tests may do without durability, to be fast
        assert!(problems.iter().all(|found| found["about"] == json!("durability")), "{problems:?}");
        let about: Vec<Value> = findings.json().iter().map(|found| found["about"].clone()).collect();
        for expected in ["program", "database", "durability", "Kennel", "disk"] {
            assert!(about.contains(&json!(expected)), "{expected}: {about:?}");
        }
        let tables =
            findings.json().into_iter().find(|found| found["says"].as_str().unwrap().contains("of its tables"));
        assert_eq!(tables.unwrap()["says"], json!("version 4 of its tables, 3 events"));
        let kind = if database.is_postgres() { "PostgreSQL" } else { "SQLite" };
        let text = database.run(&["doctor"]).text;
        assert!(text.contains(kind), "{text}");
    }
}

#[tokio::test]
async fn a_missing_index_is_found_with_the_statement_that_creates_it() {
    for database in Database::both() {
        fido(&database.kennel().await).await;
        run_sql(&database, "DROP INDEX {schema}kennel_events_first_key").await;
        let ran = database.run(&["doctor", "--json"]);
        assert_eq!(ran.code, 3, "{ran:?}");
        let findings = ran.json();
        let missing =
            findings.iter().find(|found| found["says"] == json!("its index kennel_events_first_key is missing"));
        let create = missing.unwrap()["sql"].as_str().unwrap().to_owned();
        run_sql(&database, &create).await;
        let after = database.run(&["doctor", "--json"]).json();
        assert!(!after.iter().any(|found| found["says"].as_str().unwrap().contains("is missing")), "{after:?}");
    }
}

#[tokio::test]
async fn a_doctor_names_dead_letters_and_their_cure() {
    let database = Database::sqlite();
    let kennel = database.kennel().await;
    fido(&kennel).await;
    project(&database, &kennel).await;
    let text = database.run(&["doctor", "--quiet"]).text;
    assert!(
        text.contains("1 dead letter of Kennel") && text.contains("cure: eventsourcing letters list names"),
        "{text}"
    );
    assert!(!text.contains("ok  "), "{text}");
}

#[tokio::test]
async fn tables_of_a_later_version_are_a_problem() {
    for database in Database::both() {
        database.kennel().await;
        run_sql(&database, "UPDATE {schema}kennel_head SET schema_version = 99").await;
        let ran = database.run(&["doctor"]);
        assert!(ran.code == 3 && ran.text.contains("version 99 of its tables"), "{ran:?}");
        assert!(ran.text.contains("cure: install a newer version of this command"), "{ran:?}");
    }
}
