//! What users put into a log does not reach the terminal as it is.

use eventsourcing::StoredEvent;
use eventsourcing::prelude::*;

use super::common::{Database, Ran};

/// A topic and a payload that would clear the screen, set the title, and turn text around.
async fn hostile() -> (Database, Uuid) {
    let database = Database::sqlite();
    let id = Uuid::new_v4();
    let state = "{\"timestamp\":\"2026-11-30T00:00:00Z\",\"a\u{9b}2J\":\"\u{202e}\u{7f}\u{9d}0;title\u{9c}\"}";
    let topic = "Dog.\u{1b}[2J\u{1b}]0;title\u{7}\r\n\u{202e}";
    let event = StoredEvent::new(id, 1, topic, state.as_bytes(), Uuid::new_v4()).checksummed();
    database.kennel().await.recorder().insert_events(vec![event]).await.unwrap();
    (database, id)
}

fn assert_harmless(ran: &Ran) {
    let is_harmful = |c: &char| c.is_control() && *c != '\n' || *c == '\u{202e}';
    for text in [&ran.text, &ran.errors] {
        assert_eq!(text.chars().find(is_harmful), None, "{text:?}");
    }
}

#[tokio::test]
async fn control_characters_of_topics_and_payloads_are_escaped() {
    let (database, id) = hostile().await;
    let id = id.to_string();
    for arguments in [&["status"][..], &["log", "--full"], &["event", "1"], &["history", &id], &["types"], &["verify"]]
    {
        let text = database.run(arguments);
        assert_harmless(&text);
        let json = database.run(&[arguments, &["--json"]].concat());
        assert_harmless(&json);
        assert_eq!((text.code, json.code), (0, 0), "{arguments:?}");
    }
    assert!(database.run(&["log"]).text.contains(r"Dog.\u{1b}[2J\u{1b}]0;title\u{7}\u{d}\u{a}\u{202e}"));
}

#[tokio::test]
async fn the_same_characters_are_in_the_values_of_json() {
    let (database, _) = hostile().await;
    let event = database.json(&["event", "1"]).remove(0);
    assert_eq!(event["topic"], "Dog.\u{1b}[2J\u{1b}]0;title\u{7}\r\n\u{202e}");
    assert_eq!(event["state"]["a\u{9b}2J"], "\u{202e}\u{7f}\u{9d}0;title\u{9c}");
}

#[tokio::test]
async fn a_hostile_log_is_exported_and_imported_as_it_is() {
    let (database, _) = hostile().await;
    let export = database.run(&["export"]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &export.text).unwrap();
    let target = Database::sqlite();
    assert_eq!(target.run(&["import".as_ref(), file.path().as_os_str()]).code, 0);
    assert_eq!(target.json(&["verify"])[0]["digest"], database.json(&["verify"])[0]["digest"]);
}

#[tokio::test]
async fn an_altered_line_of_an_export_is_not_repeated() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "{\"export\":1,\u{1b}[2J\n").unwrap();
    let ran = Database::sqlite().run(&["import".as_ref(), file.path().as_os_str()]);
    assert_harmless(&ran);
    ran.refused(1, "line 1 of the export: it cannot be read");
}
