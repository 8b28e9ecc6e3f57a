//! `letters` and `rebuild`: what the example's program does with its types, and what is seen without them.

use std::time::Duration;

use eventsourcing::prelude::*;
use serde_json::{Value, json};

use super::common::{Database, Ran};
use super::shop::{Cities, OldCities, Order, Payments, Shop, views_in};
use super::terminal::InTerminal;

const LONG: Duration = Duration::from_secs(600);

/// Orders to two cities, of which nobody knows Atlantis, with parcel 13.
async fn orders(shop: &Shop) -> (Order, Order) {
    let mut known = Order::place("Delft".to_owned());
    known.send(7);
    let mut unknown = Order::place("Atlantis".to_owned());
    unknown.send(13);
    shop.save(&mut known).await.unwrap();
    shop.save(&mut unknown).await.unwrap();
    (known, unknown)
}

/// A shop, with a projection and a policy that parked an event each. The views are in the second database.
async fn parked(database: &Database, views: &Database) -> Order {
    let shop = database.shop().await;
    let (_, unknown) = orders(&shop).await;
    let park = || OnFailure::park(1, Duration::ZERO);
    let opened = views_in(&views.file()).await.unwrap();
    let cities = ProjectionRunner::builder(&shop, Cities, opened).on_failure(park()).start().await.unwrap();
    let payments = Payments::open_with(database.variables.clone()).await.unwrap();
    let policy = payments.follow(&shop).on_failure(park()).start().await.unwrap();
    cities.wait_for(4, LONG).await.unwrap();
    policy.wait_for(4, LONG).await.unwrap();
    cities.stop().await.unwrap();
    policy.stop().await.unwrap();
    unknown
}

/// The command of the shop's program, with its views.
fn admin(database: &Database, views: &Database, arguments: &[&str]) -> std::process::Command {
    let mut command = database.admin(arguments);
    command
        .env("SHOP_VIEWS", views.file())
        .env("EVENTSOURCING_VIEWS", views.file())
        .env("EVENTSOURCING_OPERATOR", "ada");
    command.env_remove("EVENTSOURCING_APP");
    command
}

fn ran(database: &Database, views: &Database, arguments: &[&str]) -> Ran {
    Ran::of(&mut admin(database, views, &[arguments, &["--json"]].concat()))
}

#[tokio::test]
async fn dead_letters_are_listed_without_the_types() {
    for database in Database::both() {
        let views = Database::sqlite();
        let unknown = parked(&database, &views).await;
        let file = views.file();
        let list = |arguments: &[&str]| -> Vec<Value> {
            let mut command =
                database.command(&[&["letters", "list"], arguments, &["--views", &file, "--json"]].concat());
            let ran = Ran::of(command.env_remove("EVENTSOURCING_APP"));
            assert_eq!(ran.code, 0, "{ran:?}");
            ran.json()
        };
        let counts: Vec<_> = list(&[]).iter().map(|of| (of["consumer"].clone(), of["dead_letters"].clone())).collect();
        assert_eq!(counts, [(json!("cities"), json!(1)), (json!("Payments"), json!(1))]);
        let letter = list(&["cities"]).remove(0);
        assert_eq!((&letter["notification_id"], &letter["reason"]), (&json!(3), &json!("there is no city `Atlantis`")));
        assert_eq!((&letter["originator_id"], &letter["attempts"]), (&json!(unknown.id()), &json!(2)));
        assert_eq!(list(&["Payments"])[0]["reason"], json!("parcel 13 has no price"));
        let grouped = list(&["cities", "--by-reason"]).remove(0);
        assert_eq!((&grouped["letters"], &grouped["first_position"]), (&json!(1), &json!(3)));
        // and one of them with its event
        let mut command = database.command(&["letters", "show", "cities", "3", "--views", &file]);
        let shown = Ran::of(command.env_remove("EVENTSOURCING_APP"));
        assert!(
            shown.text.contains("reason: there is no city") && shown.text.contains("\"city\": \"Atlantis\""),
            "{shown:?}"
        );
        let mut command = database.command(&["letters", "list", "towns", "--views", &file]);
        Ran::of(command.env_remove("EVENTSOURCING_APP")).refused(1, "is called `towns`; there are cities, Payments");
        // without the type nothing can be done
        let all = ["letters", "retry", "cities", "--all", "--yes", "--views", &file];
        Ran::of(database.command(&all).env_remove("EVENTSOURCING_APP")).refused(1, "register it in a program");
    }
}

#[tokio::test]
async fn a_dry_run_tells_what_a_retry_does() {
    for database in Database::both() {
        let views = Database::sqlite();
        let unknown = parked(&database, &views).await;
        for (consumer, why) in [("cities", "there is no city `Atlantis`"), ("Payments", "parcel 13 has no price")] {
            let dry_run = ["letters", "dry-run", consumer, "--all"];
            let failing = ran(&database, &views, &dry_run);
            assert_eq!((failing.code, &failing.json()[0]["outcome"]), (3, &json!("would_fail")), "{failing:?}");
            assert!(failing.json()[0]["error"].as_str().unwrap().contains(why), "{failing:?}");
            let mended = Ran::of(admin(&database, &views, &dry_run).env("SHOP_IS_MENDED", "y"));
            assert!(mended.code == 0 && mended.text.contains("a retry would succeed"), "{mended:?}");
            // it changed nothing
            assert_eq!(ran(&database, &views, &["letters", "list", consumer]).json().len(), 1);
            // and what it said comes true
            let id = unknown.id().to_string();
            let retry = ["letters", "retry", consumer, "--aggregate", &id, "--yes"];
            let failed = ran(&database, &views, &retry);
            assert_eq!((failed.code, &failed.json()[0]["outcome"]), (3, &json!("failed")), "{failed:?}");
            let mut retry = admin(&database, &views, &[&retry[..], &["--reason", "mended", "--json"]].concat());
            let retried = Ran::of(retry.env("SHOP_IS_MENDED", "y"));
            assert_eq!((retried.code, &retried.json()[0]["events"]), (0, &json!(1)), "{retried:?}");
            assert_eq!(ran(&database, &views, &["letters", "list", consumer]).json().len(), 0);
            let resolved = ran(&database, &views, &["letters", "resolved", consumer]).json().remove(0);
            assert_eq!((&resolved["operator"], &resolved["why"]), (&json!("ada"), &json!("mended")), "{resolved}");
        }
    }
}

#[tokio::test]
async fn a_discarded_letter_needs_a_reason_and_a_confirmation() {
    let (database, views) = (Database::sqlite(), Database::sqlite());
    parked(&database, &views).await;
    let discard = ["letters", "discard", "cities", "--position", "3"];
    ran(&database, &views, &discard).refused(2, "give the reason with --reason");
    let with_reason = [&discard[..], &["--reason", "a joke"]].concat();
    ran(&database, &views, &with_reason).refused(2, "confirm it with --yes");
    for (typed, is_done) in [("no", false), ("1", true)] {
        let mut terminal = InTerminal::start(&mut admin(&database, &views, &with_reason));
        terminal.wait_for("type `1` to go on: ");
        terminal.type_line(typed);
        let (code, shown) = terminal.end();
        assert_eq!(code == 0, is_done, "{shown:?}");
        let left = ran(&database, &views, &["letters", "list", "cities"]).json().len();
        assert_eq!(left == 0, is_done, "{shown:?}");
    }
    let resolved = Ran::of(&mut admin(&database, &views, &["letters", "resolved", "cities"])).text;
    assert!(resolved.contains("discarded by ada: a joke"), "{resolved}");
    ran(&database, &views, &with_reason).refused(1, "no event at position 3 is a dead letter of `cities`");
}

/// A shop whose first version of the view is live.
async fn deployed(database: &Database, views: &Database) {
    let shop = database.shop().await;
    let mut order = Order::place("Delft".to_owned());
    shop.save(&mut order).await.unwrap();
    let opened = views_in(&views.file()).await.unwrap();
    let runner = ProjectionRunner::start(&shop, OldCities, opened).await.unwrap();
    runner.wait_for(1, LONG).await.unwrap();
    runner.stop().await.unwrap();
}

#[tokio::test]
async fn a_view_is_rebuilt_and_switched_to() {
    for database in Database::both() {
        let views = Database::sqlite();
        deployed(&database, &views).await;
        ran(&database, &views, &["rebuild", "switch", "cities", "--yes"])
            .refused(1, "begin with `rebuild start cities`");
        let started = ran(&database, &views, &["rebuild", "start", "cities"]);
        assert_eq!(started.code, 0, "{started:?}");
        assert_eq!(started.json()[0], json!({"projection": "cities", "version": 2, "position": 1, "live": false}));
        // it waits for the switch, and everybody sees it
        let mut progress = database.command(&["rebuild", "progress", "--views", &views.file(), "--json"]);
        let progress = Ran::of(progress.env_remove("EVENTSOURCING_APP")).json().remove(0);
        assert_eq!((&progress["version"], &progress["events_left"]), (&json!(2), &json!(0)));
        ran(&database, &views, &["rebuild", "switch", "cities"]).refused(2, "will replace version 1");
        let switched = ran(&database, &views, &["rebuild", "switch", "cities", "--yes"]);
        assert_eq!((switched.code, &switched.json()[0]["live"]), (0, &json!(true)), "{switched:?}");
        ran(&database, &views, &["rebuild", "switch", "cities", "--yes"]).refused(1, "version 2 is live already");
        let lag = ran(&database, &views, &["lag"]).json();
        assert_eq!((&lag[0]["consumer"], &lag[0]["version"]), (&json!("cities"), &json!(2)));
    }
}

#[tokio::test]
async fn a_rebuild_is_aborted_without_its_type() {
    let (database, views) = (Database::sqlite(), Database::sqlite());
    deployed(&database, &views).await;
    let file = views.file();
    let run = |arguments: &[&str]| {
        let arguments = [&["rebuild"], arguments, &["--views", &file, "--json"]].concat();
        Ran::of(database.command(&arguments).env_remove("EVENTSOURCING_APP"))
    };
    run(&["abort", "cities", "--yes"]).refused(1, "`cities` is not being rebuilt");
    run(&["abort", "towns", "--yes"]).refused(1, "there are cities");
    assert_eq!(ran(&database, &views, &["rebuild", "start", "cities"]).code, 0);
    run(&["abort", "cities"]).refused(2, "will be aborted, and its tables dropped");
    let aborted = run(&["abort", "cities", "--yes"]);
    assert_eq!(aborted.json(), [json!({"projection": "cities", "aborted": 2})], "{aborted:?}");
    run(&["progress", "cities"]).refused(1, "`cities` is not being rebuilt");
    // the audit has who did it
    let opened = views_in(&file).await.unwrap();
    let entries = eventsourcing::audit::Audit::entries(&opened, u64::MAX, 10).await.unwrap();
    assert_eq!((entries[0].entry.action.as_str(), entries.len()), ("rebuild:abort", 1), "{entries:?}");
    assert_eq!(entries[0].outcome.as_deref(), Some("the rebuild of version 2 was aborted"));
}

#[tokio::test]
async fn a_rebuild_that_fails_says_why_and_continues_later() {
    let (database, views) = (Database::sqlite(), Database::sqlite());
    deployed(&database, &views).await;
    orders(&database.shop().await).await;
    let failed = ran(&database, &views, &["rebuild", "start", "cities"]);
    failed.refused(1, "there is no city `Atlantis`");
    let mut mended = admin(&database, &views, &["rebuild", "start", "cities", "--json"]);
    let mended = Ran::of(mended.env("SHOP_IS_MENDED", "y"));
    assert_eq!((mended.code, &mended.json()[0]["position"]), (0, &json!(5)), "{mended:?}");
}
