//! Commands that operate an application: consumers, health, keys, dictionaries, and what happens now.

use std::io::{Read as _, Write as _};

use eventsourcing::prelude::*;
use serde_json::{Value, json};

use super::common::{Database, Ran, Running, bare, fido, pack};
use super::projected::project;

#[tokio::test]
async fn consumers_are_found_without_their_types() {
    for database in Database::both() {
        let kennel = database.kennel().await;
        pack(&kennel, 2).await;
        project(&database, &kennel).await;
        kennel.save_tracked((), Tracking::new("Kennel", 0, 1)).await.unwrap();
        pack(&kennel, 1).await;
        let lag = database.json(&["lag"]);
        let [names, policy] = &lag[..] else { panic!("{lag:?}") };
        assert_eq!(
            (&names["consumer"], &names["kind"], &names["upstream"]),
            (&json!("names"), &json!("projection"), &json!("Kennel"))
        );
        assert_eq!(
            (&names["position"], &names["last_position"], &names["events_behind"]),
            (&json!(4), &json!(6), &json!(2))
        );
        assert!(names["seconds_behind"].as_f64().is_some_and(|seconds| seconds >= 0.0), "{names}");
        assert_eq!(
            (&policy["consumer"], &policy["kind"], &policy["events_behind"]),
            (&json!("Kennel"), &json!("policy"), &json!(5))
        );
        let text = database.run(&["lag"]).text;
        assert!(text.lines().next().unwrap().contains("behind"), "{text}");
    }
}

#[tokio::test]
async fn a_consumer_that_is_too_far_behind_is_code_three() {
    for database in Database::both() {
        let kennel = database.kennel().await;
        pack(&kennel, 2).await;
        project(&database, &kennel).await;
        for limit in ["0", "1h"] {
            assert_eq!(database.run(&["lag", "--fail-over", limit]).code, 0, "{limit}");
        }
        pack(&kennel, 1).await;
        assert_eq!(database.run(&["lag", "--fail-over", "2"]).code, 0);
        let ran = database.run(&["lag", "--fail-over", "1"]);
        ran.refused(3, "names is more than 1 event behind Kennel");
        assert_eq!(database.run(&["lag", "--fail-over", "1h"]).code, 0);
        database.run(&["lag", "--fail-over", "PT0S"]).refused(3, "names is more than 0.0s behind Kennel");
        database.run(&["lag", "--fail-over", "soon"]).refused(2, "`soon` is no limit");
    }
}

#[tokio::test]
async fn views_in_another_database_are_named() {
    let (database, views) = (Database::sqlite(), Database::sqlite());
    let kennel = database.kennel().await;
    pack(&kennel, 2).await;
    project(&views, &kennel).await;
    let none = database.run(&["lag"]);
    assert!(none.code == 0 && none.text.is_empty() && none.errors.contains("--views names the database"), "{none:?}");
    let file = views.file();
    assert_eq!(database.json(&["lag", "--views", &file])[0]["events_behind"], json!(0));
    let ran = Ran::of(database.command(&["lag", "--json"]).env("EVENTSOURCING_VIEWS", format!("sqlite:{file}")));
    assert_eq!(ran.json()[0]["consumer"], json!("names"));
    database.run(&["lag", "--views", "/nowhere/views.db"]).refused(1, "there is no file /nowhere/views.db of views");
    assert!(!std::path::Path::new("/nowhere").exists());
}

#[tokio::test]
async fn a_probe_tells_an_application_that_is_well() {
    for database in Database::both() {
        let kennel = database.kennel().await;
        assert_eq!(database.run(&["health"]).code, 0);
        fido(&kennel).await;
        project(&database, &kennel).await;
        let checks = database.json(&["health", "--lag", "0", "--letters", "9"]);
        assert!(checks.iter().all(|check| check["healthy"] == json!(true)), "{checks:?}");
        let names: Vec<&Value> = checks.iter().map(|check| &check["check"]).collect();
        assert_eq!(json!(names), json!(["database", "events", "lag", "letters"]));
        let ran = database.run(&["health", "--letters", "0"]);
        assert!(ran.code == 3 && ran.text.contains("names has 1 dead letter of Kennel"), "{ran:?}");
        pack(&kennel, 1).await;
        let ran = database.run(&["health", "--lag", "1"]);
        assert!(ran.code == 3 && ran.text.contains("FAILED  lag"), "{ran:?}");
    }
}

#[tokio::test]
async fn a_probe_tells_what_is_wrong_from_a_wrong_probe() {
    let database = Database::sqlite();
    // no file yet
    let ran = database.run(&["health"]);
    assert!(ran.code == 3 && ran.text.contains("FAILED  database"), "{ran:?}");
    let server =
        [("POSTGRES_HOST", "127.0.0.1"), ("POSTGRES_PORT", "1"), ("POSTGRES_USER", "ada"), ("POSTGRES_DBNAME", "x")];
    let mut command = bare(&["health", "--app", "Kennel"]);
    let ran = Ran::of(command.env("PERSISTENCE_MODULE", "postgres").envs(server));
    assert!(ran.code == 3 && ran.text.contains("PostgreSQL is not running there"), "{ran:?}");
    // nobody knows whether the application is well
    Ran::of(&mut bare(&["health"])).refused(1, "PERSISTENCE_MODULE is not set");
    database.run(&["health", "--lag", "soon"]).refused(2, "`soon` is no limit");
}

#[tokio::test]
async fn a_probe_notices_a_missing_key() {
    let key = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlYyE=";
    let database = Database::sqlite().with(&[("CIPHER_KEY", key)]);
    fido(&database.kennel().await).await;
    assert_eq!(database.run(&["health"]).code, 0);
    let ran = Ran::of(database.command(&["health"]).env_remove("CIPHER_KEY"));
    assert!(ran.code == 3 && ran.text.contains("FAILED  events"), "{ran:?}");
}

#[tokio::test]
async fn a_text_is_found_and_the_search_goes_on() {
    for database in Database::both() {
        let kennel = database.kennel().await;
        let dog = fido(&kennel).await;
        pack(&kennel, 20).await;
        let ran = database.run(&["find", "roll over"]);
        assert!(ran.code == 0 && ran.text.contains("Dog.TrickAdded"), "{ran:?}");
        assert!(ran.errors.contains("found 1 in 43 events, positions 1 to 43, the whole log"), "{}", ran.errors);
        // by topic and by aggregate
        for text in ["Dog.Measured", &dog.id().to_string()] {
            assert_eq!(database.json(&["find", text])[0]["topic"], json!("Dog.Measured"), "{text}");
        }
        // the newest first, part by part
        let mut found = Vec::new();
        let mut before = None::<String>;
        loop {
            let mut arguments = vec!["find", "bark", "--scan", "15", "--limit", "4"];
            arguments.extend(before.iter().flat_map(|before| ["--before", before.as_str()]));
            let mut lines = database.json(&arguments);
            let looked = lines.pop().unwrap();
            found.extend(lines.iter().map(|line| line["position"].as_u64().unwrap()));
            match looked["continue_before"].as_u64() {
                Some(position) => before = Some(position.to_string()),
                None => break,
            }
        }
        assert_eq!(found, (0..20).map(|place| 43 - 2 * place).collect::<Vec<u64>>());
    }
}

#[tokio::test]
async fn keys_and_compressors_are_counted() {
    let key = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlYyE=";
    for database in Database::both() {
        pack(&database.kennel().await, 2).await;
        let encrypted = database.with(&[("CIPHER_KEY", key), ("CIPHER_ALLOW_UNENCRYPTED", "y")]);
        pack(&encrypted.kennel().await, 1).await;
        let kinds = encrypted.json(&["keys"]);
        let [json, sealed] = &kinds[..] else { panic!("{kinds:?}") };
        assert_eq!((&json["stored"], &json["events"], &json["key_id"]), (&json!("JSON"), &json!(4), &json!(null)));
        assert_eq!((&sealed["cipher"], &sealed["events"]), (&json!("chacha20poly1305"), &json!(2)));
        assert_eq!((&sealed["first_position"], &sealed["last_position"]), (&json!(5), &json!(6)));
        let range = encrypted.run(&["keys", "--after", "4"]);
        assert!(
            !range.text.contains("\nJSON") && range.errors.contains("looked at 2 of 6 events, positions 5 to 6"),
            "{range:?}"
        );
        assert!(range.errors.contains(&format!("with key {}", sealed["key_id"].as_str().unwrap())), "{range:?}");
        assert!(!format!("{range:?}").contains(key), "{range:?}");
    }
}

#[tokio::test]
async fn a_dictionary_is_trained_and_listed() {
    for database in Database::both() {
        let database = database.with(&[("COMPRESSOR_TOPIC", "zstd")]);
        pack(&database.kennel().await, 300).await;
        let before = database.json(&["dictionaries", "list"]).len();
        let trained = database.json(&["dictionaries", "train", "--yes"]).remove(0);
        assert_eq!(trained["samples"], json!(600));
        let listed = database.json(&["dictionaries", "list"]);
        match trained["trained"].as_u64() {
            Some(id) => assert_eq!(listed.last().unwrap()["id"], json!(id)),
            None => assert_eq!(listed.len(), before),
        }
        assert!(listed.iter().filter(|dictionary| dictionary["in_use"] == json!(true)).count() <= 1, "{listed:?}");
    }
}

#[tokio::test]
async fn training_without_zstd_says_what_is_missing() {
    let database = Database::sqlite();
    fido(&database.kennel().await).await;
    database.run(&["dictionaries", "train", "--yes"]).refused(1, "zstd");
    assert!(database.run(&["dictionaries", "list"]).errors.contains("there is no dictionary"));
}

#[tokio::test]
async fn what_happens_now_is_counted_in_events_per_second() {
    for database in Database::both() {
        let kennel = database.kennel().await;
        pack(&kennel, 2).await;
        project(&database, &kennel).await;
        let mut top = Running::start(&mut database.command(&["top", "--every", "1", "--json"]));
        let first = top.json();
        assert_eq!(first["applications"][0]["events_per_second"], json!(null));
        assert_eq!(first["consumers"][0]["consumer"], json!("names"));
        pack(&kennel, 5).await;
        let mut now = top.json();
        while now["applications"][0]["last_position"] != json!(14) {
            now = top.json();
        }
        assert!(now["applications"][0]["events_per_second"].as_f64().is_some_and(|speed| speed > 0.0), "{now}");
        assert_eq!(now["consumers"][0]["events_behind"], json!(10));
        assert_eq!(top.interrupt(), 0);
        let text = database.run(&["top", "--every", "1", "--count", "2"]);
        assert!(text.code == 0 && text.text.matches("caught up in").count() == 2, "{text:?}");
    }
}

#[tokio::test]
async fn the_explorer_is_served_to_this_machine_with_a_token() {
    let database = Database::sqlite();
    fido(&database.kennel().await).await;
    let mut explore = Running::start(&mut database.command(&["explore", "--port", "0", "--json"]));
    let served = explore.json();
    assert_eq!(served["applications"], json!(["Kennel"]));
    let url = served["url"].as_str().unwrap();
    let address = url.strip_prefix("http://").unwrap().strip_suffix("/overview").unwrap().to_owned();
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    let get = |token: &str| {
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        let head = format!(
            "GET /overview HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(get(served["token"].as_str().unwrap()).starts_with("HTTP/1.1 200"));
    assert!(!get("another-token-of-some-length").starts_with("HTTP/1.1 200"));
    // the port is in use
    let port = address.rsplit_once(':').unwrap().1.to_owned();
    database.run(&["explore", "--port", &port]).refused(1, &address);
    assert_eq!(explore.interrupt(), 0);
}
