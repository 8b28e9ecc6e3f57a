//! A log with something wrong: it is shown as far as it can be read, and the exit code says so.

use eventsourcing::sqlx::{AssertSqlSafe, Connection as _, SqliteConnection, query};
use serde_json::json;

use super::common::{Database, fido, pack};

/// A log whose second event was altered.
async fn altered() -> Database {
    let database = Database::sqlite();
    fido(&database.kennel().await).await;
    let altered = "CAST(replace(CAST(state AS TEXT), 'roll', 'fall') AS BLOB)";
    change(&database, &format!("UPDATE kennel_events SET state = {altered} WHERE notification_id = 2")).await;
    database
}

async fn change(database: &Database, sql: &str) {
    let mut connection = SqliteConnection::connect(&database.file()).await.unwrap();
    let done = query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    assert!(done.rows_affected() > 0, "{sql}");
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_shown_and_is_code_three() {
    let database = altered().await;
    for arguments in [&["log"][..], &["event", "2"], &["verify"]] {
        let ran = database.run(arguments);
        assert_eq!(ran.code, 3, "{arguments:?}: {ran:?}");
        assert!(ran.text.contains("its checksum does not match"), "{arguments:?}: {ran:?}");
        assert_eq!(ran.errors, "");
    }
    let log = database.run(&["log", "--json"]).json();
    assert_eq!((&log[1]["state"], &log[2]["position"]), (&json!(null), &json!(3)));
    let types = database.run(&["types", "--json"]);
    assert_eq!((types.code, &types.json()[2]["unreadable"]), (3, &json!(1)));
    let verified = database.run(&["verify", "--json"]).json();
    assert_eq!(verified[0]["position"], json!(2));
    assert_eq!((&verified[1]["unreadable"], &verified[1]["digest"]), (&json!(1), &json!(null)));
    // the events before it and after it are fine
    assert_eq!(database.run(&["verify", "--after", "2"]).code, 0);
    assert_eq!(database.run(&["event", "3"]).code, 0);
}

#[tokio::test]
async fn an_altered_event_cannot_be_exported_as_json() {
    let database = altered().await;
    let said = "the event at position 2 cannot be exported as JSON: its state was altered";
    database.run(&["export"]).refused(1, said);
    // and as it is recorded it can
    assert_eq!(database.run(&["export", "--sealed"]).code, 0);
}

#[tokio::test]
async fn deleted_events_are_found_and_not_exported() {
    let database = Database::sqlite();
    let kennel = database.kennel().await;
    fido(&kennel).await;
    pack(&kennel, 2).await;
    kennel.close().await;
    change(&database, "DELETE FROM kennel_events WHERE notification_id IN (4, 5)").await;
    let verified = database.run(&["verify", "--json"]);
    assert_eq!((verified.code, verified.errors.as_str()), (3, ""));
    let lines = verified.json();
    assert_eq!(lines[0]["position"], json!(4));
    assert!(lines[0]["error"].as_str().unwrap().contains("no event up to position 5"), "{lines:?}");
    // those after the gap are verified too
    assert_eq!((&lines[1]["missing_positions"], &lines[1]["last_position"]), (&json!(2), &json!(7)), "{lines:?}");
    database.run(&["export"]).refused(1, "notification id 6 right after 3");
}

#[tokio::test]
async fn an_export_with_a_missing_position_is_not_imported() {
    let (database, target) = (Database::sqlite(), Database::sqlite());
    fido(&database.kennel().await).await;
    let export = database.run(&["export"]).text;
    let without: String =
        export.lines().filter(|line| !line.contains("\"position\":2")).map(|line| line.to_owned() + "\n").collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), without).unwrap();
    let import = target.run(&["import".as_ref(), file.path().as_os_str()]);
    import.refused(1, "no event between the positions 1 and 3");
    assert_eq!(target.json(&["status"])[0]["last_position"], json!(0));
}

#[tokio::test]
async fn the_cause_of_a_failure_is_one_line() {
    let database = Database::sqlite();
    std::fs::write(database.file(), "this is no database").unwrap();
    let ran = database.run(&["status"]);
    ran.refused(1, "error: ");
    assert_eq!(ran.errors.lines().count(), 1, "{}", ran.errors);
}
