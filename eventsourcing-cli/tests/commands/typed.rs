//! The states of aggregates: with the types of a program of one's own, and what is shown without them.

use eventsourcing::prelude::*;
use serde_json::json;

use super::common::{Database, GRAINS, Ran, fido};
use super::shop::{Order, Payment, Payments};

/// An order of four events.
async fn order(database: &Database) -> String {
    let shop = database.shop().await;
    let mut order = Order::place("Utrecht".to_owned());
    order.add_line("tea".to_owned(), 2);
    shop.save(&mut order).await.unwrap();
    order.move_to("Delft".to_owned());
    order.send(GRAINS);
    shop.save(&mut order).await.unwrap();
    shop.close().await;
    order.id().to_string()
}

#[tokio::test]
async fn a_program_with_types_shows_states() {
    for database in Database::both() {
        let id = order(&database).await;
        let state = database.admin_json(&["state", &id]).remove(0);
        assert_eq!((&state["aggregate"], &state["version"]), (&json!("Order"), &json!(4)));
        let lines = json!([{"sku": "tea", "count": 2}]);
        assert_eq!(state["state"], json!({"city": "Delft", "lines": lines, "parcel": GRAINS}));
        let before = database.admin_json(&["state", &id, "--at", "2"]).remove(0);
        assert_eq!(before["state"], json!({"city": "Utrecht", "lines": lines, "parcel": null}));
        // as it is printed
        let text = Ran::of(&mut database.admin(&["state", &id]));
        assert_eq!((text.code, text.errors.as_str()), (0, ""), "{text:?}");
        assert!(text.text.contains(&format!("Order {id} v4")) && text.text.contains(&format!("\"parcel\": {GRAINS}")));
    }
}

#[tokio::test]
async fn a_state_is_that_of_a_time() {
    let database = Database::sqlite();
    let id = order(&database).await;
    let time = database.admin_json(&["log", "--last", "4"])[1]["time"].as_str().unwrap().to_owned();
    assert_eq!(database.admin_json(&["state", &id, "--at", &time])[0]["version"], json!(2));
    let early = Ran::of(&mut database.admin(&["state", &id, "--at", "2020-01-01"]));
    assert_eq!(early.code, 1, "{early:?}");
    Ran::of(&mut database.admin(&["state", &id, "--at", "soon"])).refused(2, "`soon` is no time");
    Ran::of(&mut database.admin(&["state", &id, "--at", "0"])).refused(2, "versions begin at 1");
    Ran::of(&mut database.admin(&["state", &id, "--at", "9"])).refused(1, "version 9");
}

#[tokio::test]
async fn each_field_names_the_event_that_changed_it() {
    for database in Database::both() {
        let id = order(&database).await;
        let state = database.admin_json(&["state", &id, "--blame", "--diff"]).remove(0);
        let of_field = |path: &str| {
            let fields = state["blame"]["fields"].as_array().unwrap();
            fields.iter().find(|field| field["path"] == path).unwrap()["changed_by"].clone()
        };
        assert_eq!((&of_field("/city")["version"], &of_field("/city")["topic"]), (&json!(3), &json!("Order.Moved")));
        assert_eq!(of_field("/lines/0/sku")["position"], json!(2));
        assert_eq!(state["changes"], json!([{"path": "/parcel", "before": null, "after": GRAINS}]));
        let text = Ran::of(&mut database.admin(&["state", &id, "--blame"])).text;
        let city = text.lines().find(|line| line.starts_with("/city")).unwrap();
        assert!(city.contains("\"Delft\"") && city.contains("v3 Order.Moved"), "{city}");
        let text = Ran::of(&mut database.admin(&["state", &id, "--diff", "--at", "3"])).text;
        assert!(text.contains("changed by v3\n~ /city  \"Utrecht\" → \"Delft\""), "{text}");
    }
}

#[tokio::test]
async fn versions_are_compared() {
    let database = Database::sqlite();
    let id = order(&database).await;
    let compared = database.admin_json(&["compare", &id, "2", "4"]).remove(0);
    let city = json!({"path": "/city", "before": "Utrecht", "after": "Delft"});
    assert_eq!(compared["changes"], json!([city, {"path": "/parcel", "before": null, "after": GRAINS}]));
    assert_eq!(database.admin_json(&["compare", &id, "3", "3"])[0]["changes"], json!([]));
    let creation = Ran::of(&mut database.admin(&["compare", &id, "0", "1"])).text;
    assert!(creation.contains("+ /city  \"Utrecht\""), "{creation}");
}

#[tokio::test]
async fn a_history_has_the_state_after_each_event() {
    let database = Database::sqlite();
    let id = order(&database).await;
    let lines = database.admin_json(&["history", &id, "--states", "--diff"]);
    let cities: Vec<_> = lines.iter().map(|line| line["state_after"]["city"].clone()).collect();
    assert_eq!(json!(cities), json!(["Utrecht", "Utrecht", "Delft", "Delft"]));
    assert_eq!(lines[1]["changes"], json!([{"path": "/lines/0", "after": {"sku": "tea", "count": 2}}]));
    let text = Ran::of(&mut database.admin(&["history", &id, "--diff", "--last", "2"])).text;
    assert!(text.contains("        ~ /city  \"Utrecht\" → \"Delft\""), "{text}");
}

#[tokio::test]
async fn a_type_that_is_only_debug_is_shown_as_text() {
    let database = Database::sqlite();
    let payments = Payments::open_with(database.variables.clone()).await.unwrap();
    let mut payment = Payment::receive(7);
    payments.save(&mut payment).await.unwrap();
    let id = payment.id().to_string();
    let admin = |arguments: &[&str]| Ran::of(database.admin(arguments).env("EVENTSOURCING_APP", "Payments"));
    let shown = admin(&["state", &id]);
    assert!(shown.code == 0 && shown.text.contains("    parcel: 7,"), "{shown:?}");
    admin(&["state", &id, "--blame"]).refused(1, "states of `Payment` cannot be compared");
    admin(&["compare", &id, "0", "1"]).refused(1, "derive Serialize for it");
}

#[tokio::test]
async fn without_types_the_fields_of_events_are_no_state() {
    for database in Database::both() {
        let dog = fido(&database.kennel().await).await;
        let id = dog.id().to_string();
        let ran = database.run(&["state", &id, "--json"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.errors.contains("fields last seen in its events, which are not its state"), "{}", ran.errors);
        assert!(ran.errors.contains("`eventsourcing_cli::run::<(Kennel,)>()`"), "{}", ran.errors);
        let line = ran.json().remove(0);
        assert_eq!((&line["state"], &line["version"]), (&json!(null), &json!(3)));
        let seen = &line["fields_last_seen"];
        assert_eq!(seen["grains"], json!({"value": GRAINS, "version": 3, "topic": "Dog.Measured"}));
        assert_eq!(seen["trick"]["version"], json!(2));
        // and before the second event
        let before = database.json(&["state", &id, "--at", "1"]).remove(0);
        assert_eq!(before["fields_last_seen"]["trick"], json!(null));
        database.run(&["state", &id, "--at", "4"]).refused(1, "has no version 4; its last one is 3");
        database.run(&["state", &id, "--at", "2020-01-01"]).refused(1, "was created later");
        for arguments in [&["compare", &id, "1", "2"][..], &["history", &id, "--states"], &["state", &id, "--diff"]] {
            database.run(arguments).refused(1, "need the types of `Kennel`");
        }
    }
}

#[tokio::test]
async fn a_type_that_is_not_registered_is_named() {
    let database = Database::sqlite();
    let shop = database.shop().await;
    let mut payment = Payment::receive(7);
    shop.save(&mut payment).await.unwrap();
    let ran = Ran::of(&mut database.admin(&["compare", &payment.id().to_string(), "0", "1"]));
    ran.refused(1, "no aggregate of `Shop` has events with the topic Payment.Received: name it in");
}

#[tokio::test]
async fn a_program_with_several_applications_finds_the_one_that_is_there() {
    let database = Database::sqlite();
    let id = order(&database).await;
    database.kennel().await;
    // the kennel is not one of the program's
    let ran = Ran::of(database.admin(&["state", &id]).env_remove("EVENTSOURCING_APP"));
    assert_eq!(ran.code, 0, "{ran:?}");
}
