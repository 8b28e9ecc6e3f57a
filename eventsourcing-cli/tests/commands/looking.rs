//! `status`, `log`, `event`, `history`, `types` and `verify`, on both databases.

use eventsourcing::StoredEvent;
use eventsourcing::prelude::*;
use serde_json::json;

use super::common::{Database, Dog, GRAINS, fido, pack};

#[tokio::test]
async fn the_status_says_where_the_log_ends() {
    for database in Database::both() {
        fido(&database.kennel().await).await;
        let status = database.json(&["status"]).remove(0);
        assert_eq!((&status["application"], &status["last_position"]), (&json!("Kennel"), &json!(3)));
        assert_eq!(status["newest_topic"], json!("Dog.Measured"));
        assert_eq!((&status["encrypts"], &status["newest_is_encrypted"]), (&json!(false), &json!(false)));
        let text = database.run(&["status"]).text;
        assert!(text.contains("plain JSON") && text.contains("Dog.Measured"), "{text}");
    }
}

#[tokio::test]
async fn the_log_shows_the_last_events_in_their_order() {
    for database in Database::both() {
        let dog = fido(&database.kennel().await).await;
        let lines = database.json(&["log", "--last", "2"]);
        assert_eq!(lines.iter().map(|line| &line["position"]).collect::<Vec<_>>(), [&json!(2), &json!(3)]);
        assert_eq!(lines[0]["id"], json!(dog.id()));
        assert_eq!(lines[0]["state"]["trick"], json!("roll over"));
        assert_eq!(lines[0]["state"]["$metadata"]["actor"], json!("ada"));
        let text = database.run(&["log"]).text;
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.contains(&format!("Dog.TrickAdded  {} v2  {{\"trick\":\"roll over\"}}", dog.id())), "{text}");
    }
}

#[tokio::test]
async fn a_number_that_no_float_has_is_shown_exactly() {
    let database = Database::sqlite();
    fido(&database.kennel().await).await;
    for arguments in [&["log"][..], &["event", "3"], &["event", "3", "--json"], &["log", "--json"], &["export"]] {
        let text = database.run(arguments).text;
        assert!(text.contains(&GRAINS.to_string()), "{arguments:?}: {text}");
    }
}

#[tokio::test]
async fn a_search_selects_topics_and_texts() {
    for database in Database::both() {
        let kennel = database.kennel().await;
        fido(&kennel).await;
        pack(&kennel, 2).await;
        let positions = |arguments: &[&str]| -> Vec<u64> {
            let lines = database.json(&[&["log"], arguments].concat());
            lines.iter().map(|line| line["position"].as_u64().unwrap()).collect()
        };
        assert_eq!(positions(&["--topic", "Dog.Registered"]), [1, 4, 6]);
        assert_eq!(positions(&["--topic", "Dog.Registered", "--last", "1"]), [6]);
        assert_eq!(positions(&["--topic", "Dog.R*", "--topic", "Dog.Measured"]), [1, 3, 4, 6]);
        assert_eq!(positions(&["--not", "Dog.TrickAdded", "--not", "Dog.R*"]), [3]);
        assert_eq!(positions(&["--grep", "roll over"]), [2]);
        assert_eq!(positions(&["--after", "4"]), [5, 6, 7]);
        assert_eq!(positions(&["--after", "4", "--limit", "1"]), [5]);
        assert_eq!(positions(&["--after", "1", "--topic", "Dog.Registered", "--limit", "1"]), [4]);
        assert_eq!(positions(&["--since", "1h"]).len(), 7);
        assert_eq!(positions(&["--since", "2126-01-01"]).len(), 0);
    }
}

#[tokio::test]
async fn a_search_says_how_far_it_looked() {
    let database = Database::sqlite();
    pack(&database.kennel().await, 5).await;
    let back = database.run(&["log", "--grep", "dog 0", "--scan", "4"]);
    assert_eq!((back.code, &*back.text), (0, ""));
    assert!(back.errors.contains("looked at the last 4 events, positions 7 to 10"), "{}", back.errors);
    let on = database.run(&["log", "--grep", "dog 4", "--after", "0", "--scan", "4"]);
    assert!(on.errors.contains("the 4 events after position 0; continue with --after 4"), "{}", on.errors);
    // and nothing where it saw everything
    assert_eq!(database.run(&["log", "--grep", "dog 0"]).errors, "");
}

#[tokio::test]
async fn times_are_those_of_the_events() {
    let database = Database::sqlite();
    let kennel = database.kennel().await;
    for position in 1..=40_i64 {
        let time = Timestamp::from_second(position * 86_400).unwrap();
        let event = format!(r#"{{"timestamp":"{time}","name":"dog"}}"#).into_bytes();
        let event = StoredEvent::new(Uuid::new_v4(), 1, "Dog.Registered", event, Uuid::new_v4()).checksummed();
        kennel.recorder().insert_events(vec![event]).await.unwrap();
    }
    let lines = database.json(&["log", "--since", "1970-02-08T12:00:00Z"]);
    assert_eq!(lines.iter().map(|line| line["position"].as_u64().unwrap()).collect::<Vec<_>>(), [39, 40]);
    assert!(database.run(&["log", "--last", "1"]).text.contains("1970-02-10 00:00:00.000000Z"));
    let local = database.command(&["log", "--last", "1", "--local"]).env("TZ", "IST-5:30").output().unwrap();
    let local = String::from_utf8(local.stdout).unwrap();
    assert!(local.contains("1970-02-10 05:30:00.000000+05:30"), "{local}");
}

#[tokio::test]
async fn an_event_names_the_others_of_its_save() {
    for database in Database::both() {
        let dog = fido(&database.kennel().await).await;
        let event = database.json(&["event", "2"]).remove(0);
        assert_eq!(event["saved_with"], json!({"first": 2, "last": 3}));
        assert_eq!((&event["id"], &event["version"]), (&json!(dog.id()), &json!(2)));
        assert_eq!((&event["metadata"], &event["class_version"]), (&json!({"actor": "ada"}), &json!(1)));
        assert_eq!(event["stored_bytes"], event["json_bytes"]);
        assert_eq!(database.json(&["event", "1"])[0]["saved_with"], json!({"first": 1, "last": 1}));
        let text = database.run(&["event", "3"]).text;
        assert!(text.contains("with positions 2 to 3") && text.contains(&format!("\"grains\": {GRAINS}")), "{text}");
        database.run(&["event", "4"]).refused(1, "no event has position 4; the last one is 3");
    }
}

#[tokio::test]
async fn a_save_of_many_events_is_found_from_each_of_them() {
    let database = Database::sqlite();
    let kennel = database.kennel().await;
    fido(&kennel).await;
    let mut dog = Dog::register("Rex".to_owned());
    (0..250).for_each(|trick| dog.add_trick(trick.to_string()));
    kennel.save(&mut dog).await.unwrap();
    for position in ["4", "100", "254"] {
        let event = database.json(&["event", position]).remove(0);
        assert_eq!(event["saved_with"], json!({"first": 4, "last": 254}), "{position}");
    }
}

#[tokio::test]
async fn a_history_has_the_events_of_one_aggregate() {
    for database in Database::both() {
        let kennel = database.kennel().await;
        let dog = fido(&kennel).await;
        pack(&kennel, 1).await;
        let id = dog.id().to_string();
        let versions = |arguments: &[&str]| -> Vec<u64> {
            let lines = database.json(&[&["history", &*id], arguments].concat());
            lines.iter().map(|line| line["version"].as_u64().unwrap()).collect()
        };
        assert_eq!(versions(&[]), [1, 2, 3]);
        assert_eq!(versions(&["--last", "2"]), [2, 3]);
        assert_eq!(versions(&["--after", "2"]), [3]);
        assert_eq!(versions(&["--after", "9"]), [0; 0]);
        database.run(&["history", &Uuid::nil().to_string()]).refused(1, "no aggregate with the id 00000000");
    }
}

#[tokio::test]
async fn types_are_counted_in_a_window() {
    for database in Database::both() {
        let kennel = database.kennel().await;
        fido(&kennel).await;
        pack(&kennel, 2).await;
        let topics = database.json(&["types"]);
        let [measured, registered, added] = &topics[..] else { panic!("{topics:?}") };
        assert_eq!((&measured["topic"], &measured["events"]), (&json!("Dog.Measured"), &json!(1)));
        assert_eq!((&registered["events"], &registered["class_versions"]), (&json!(3), &json!([1])));
        assert_eq!((&added["first_position"], &added["last_position"]), (&json!(2), &json!(7)));
        let window = database.run(&["types", "--scan", "4"]);
        assert!(window.errors.contains("looked at the last 4 events, positions 4 to 7"), "{}", window.errors);
        assert!(!window.text.contains("Measured"), "{}", window.text);
    }
}

#[tokio::test]
async fn a_log_that_is_whole_is_verified() {
    for database in Database::both() {
        let kennel = database.kennel().await;
        fido(&kennel).await;
        let verified = database.json(&["verify"]).remove(0);
        assert_eq!((&verified["events"], &verified["missing_positions"]), (&json!(3), &json!(0)));
        // the digest is that of these events
        let digest = verified["digest"].clone();
        assert_eq!(database.json(&["verify"])[0]["digest"], digest);
        pack(&kennel, 1).await;
        assert_ne!(database.json(&["verify"])[0]["digest"], digest);
    }
}

#[tokio::test]
async fn an_empty_log_is_fine() {
    for database in Database::both() {
        database.kennel().await;
        assert_eq!(database.json(&["status"])[0]["last_position"], json!(0));
        for command in ["log", "types", "verify"] {
            assert_eq!(database.run(&[command]).code, 0, "{command}");
        }
    }
}
