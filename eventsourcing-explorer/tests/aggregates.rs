//! The page of an aggregate: its history, its state at a version, what changed, and when.

#[path = "common/mod.rs"]
mod common;

use axum::http::{StatusCode, header};
use common::{Cart, PANICKING, PANICS, Parcel, Shop, answer, ask, databases, in_memory, json, page, place, router};
use eventsourcing::prelude::*;
use serde_json::json;

/// An order with two notes, after another aggregate.
async fn noted(shop: &Shop) -> Uuid {
    shop.save(&mut place("grace")).await.expect("saved");
    let mut order = place("ada");
    order.note("gift".to_owned());
    shop.save(&mut order).await.expect("saved");
    order.note("wrapped".to_owned());
    shop.save(&mut order).await.expect("saved");
    order.id()
}

#[tokio::test]
async fn a_version_is_shown_with_who_changed_each_field() {
    let folder = tempfile::tempdir().expect("a folder");
    for variables in databases(&folder) {
        let shop = Shop::builder().variables(variables).open().await.expect("an application");
        let (id, router) = (noted(&shop).await, router(&shop));
        let path = format!("/Shop/aggregates/{id}");
        let json = json(&router, &format!("{path}.json")).await;
        assert_eq!(
            (&json["version"], &json["last_version"], &json["state_is"]),
            (&json!(3), &json!(3), &json!("shown"))
        );
        let state =
            json!({ "customer": "ada", "cents": 9_007_199_254_740_993_u64, "notes": 2, "last_note": "wrapped" });
        assert_eq!(json["state"], state);
        let blamed = |path: &str| {
            let fields = json["blame"].as_array().expect("fields");
            let field = fields.iter().find(|field| field["path"] == path).expect("a field");
            (field["changed_by"]["version"].clone(), field["changed_by"]["position"].clone())
        };
        assert_eq!(blamed("/cents"), (json!(1), json!(2)));
        assert_eq!(blamed("/notes"), (json!(3), json!(4)));
        assert_eq!(json["changes"][0], json!({ "path": "/last_note", "before": "gift", "after": "wrapped" }));

        let html = page(&router, &format!("{path}?at=2")).await;
        for shown in [
            "version 2 of 3",
            "State at 2",
            "<b>9007199254740993</b>",
            "Changed by 2",
            "2 of 3 events replayed",
            "<li class=mod><code>  <i>&quot;last_note&quot;</i>: <u>&quot;gift&quot;</u>,</code><a href=\"?at=2\">2<span> · Noted",
            "href=\"?at=1\">1<span> · Placed",
        ] {
            assert!(html.contains(shown), "{shown}: {html}");
        }
        assert!(html.contains("<u>&quot;gift&quot;</u>") && !html.contains("wrapped"), "{html}");
        shop.close().await;
    }
}

#[tokio::test]
async fn recorded_is_when_an_event_was_recorded_and_not_when_it_was_triggered() {
    let folder = tempfile::tempdir().expect("a folder");
    for variables in databases(&folder) {
        let shop = Shop::builder().variables(variables).open().await.expect("an application");
        // what is triggered long before it is saved
        let mut order = place("ada");
        let id = order.id();
        shop.save(&mut order).await.expect("saved");
        let recorded = shop.log().recorded_times(&[1]).await.expect("times")[0].time;
        let router = router(&shop);
        for (path, event) in [
            ("/Shop/events/1.json".to_owned(), "event"),
            (format!("/Shop/aggregates/{id}.json"), "selected"),
            ("/Shop/log.json".to_owned(), "events"),
            ("/overview.json".to_owned(), "applications"),
        ] {
            let json = json(&router, &path).await;
            let event = match event {
                "events" => &json["events"][0],
                "applications" => &json["applications"][0]["events"][0],
                event => &json[event],
            };
            assert_eq!(event["recorded_at"], json!(recorded), "{path}");
            assert_eq!(event["timestamp"], json!(order.modified_on()), "{path}");
        }
        for path in ["/Shop/events/1".to_owned(), format!("/Shop/aggregates/{id}"), "/Shop/log".to_owned()] {
            let html = page(&router, &path).await;
            assert!(html.contains(&format!("<dt>Recorded</dt><dd><time datetime=\"{recorded}\"")), "{path}: {html}");
            assert!(
                html.contains(&format!("<dt>Triggered</dt><dd><time datetime=\"{}\"", order.modified_on())),
                "{path}"
            );
        }
        shop.close().await;
    }
}

#[tokio::test]
async fn a_time_leads_to_the_version_that_was_recorded_by_then() {
    let folder = tempfile::tempdir().expect("a folder");
    for variables in databases(&folder) {
        let shop = Shop::builder().variables(variables).open().await.expect("an application");
        let mut order = place("ada");
        for number in 0..200 {
            order.note(number.to_string());
            if number % 50 == 0 {
                shop.save(&mut order).await.expect("saved");
            }
        }
        shop.save(&mut order).await.expect("saved");
        let router = router(&shop);
        let path = format!("/Shop/aggregates/{}", order.id());
        let times = shop.log().recorded_times(&[1, 52, 201]).await.expect("times");
        for (time, version) in times.iter().map(|one| one.time).zip([2, 52, 201]) {
            let (status, headers, body) = answer(&router, ask(&format!("{path}?as_of={time}"))).await;
            assert_eq!(status, StatusCode::SEE_OTHER, "{time}: {body}");
            let to = headers[header::LOCATION].to_str().expect("text");
            // events of one save, or of a fast machine, have one time: then it is the last one of them
            let found: u64 = to.rsplit_once("at=").expect("a version").1.parse().expect("a number");
            let times = shop.log().recorded_times(&[found, found + 1]).await.expect("times");
            assert!(found >= version && times[0].time <= time, "{time}: {found}");
            assert!(times.get(1).is_none_or(|next| next.time > time), "{time}: {found}");
        }
        let early = answer(&router, ask(&format!("{path}?as_of=1999-12-31"))).await;
        assert!(early.0 == StatusCode::NOT_FOUND && early.2.contains("by this time"), "{}", early.2);
        let json = answer(&router, ask(&format!("{path}.json?as_of=2999-12-31+10:00"))).await;
        assert!(json.1[header::LOCATION].to_str().expect("text").contains(".json?at=201"), "{:?}", json.1);
        assert_eq!(answer(&router, ask(&format!("{path}?as_of=soon"))).await.0, StatusCode::BAD_REQUEST);
        shop.close().await;
    }
}

#[tokio::test]
async fn a_time_leads_to_a_place_in_the_log() {
    let folder = tempfile::tempdir().expect("a folder");
    for variables in databases(&folder) {
        let shop = Shop::builder().variables(variables).open().await.expect("an application");
        noted(&shop).await;
        let router = router(&shop);
        let time = shop.log().recorded_times(&[3]).await.expect("times")[0].time;
        let before = shop.log().last_id_before(time).await.expect("a position");
        assert!(before < 3);
        let (status, headers, _) = answer(&router, ask(&format!("/Shop/log?since={time}&topic=Order"))).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        let expected = format!("../Shop/log?topic=Order&after={before}");
        assert_eq!(headers[header::LOCATION], expected);
        let (_, headers, _) = answer(&router, ask("/Shop/search?q=2026-11-28+14:04")).await;
        assert_eq!(headers[header::LOCATION], "../Shop/log?since=2026-11-28%2014%3A04");
        shop.close().await;
    }
}

#[tokio::test]
async fn two_versions_are_compared() {
    let shop = in_memory().await;
    let (id, router) = (noted(&shop).await, router(&shop));
    let path = format!("/Shop/aggregates/{id}");
    let html = page(&router, &format!("{path}?from=1&at=3")).await;
    assert!(html.contains("version 1 → 3") && html.contains("last_note") && html.contains("wrapped"), "{html}");
    assert!(!html.contains("<td>customer</td>"), "{html}");
    let json = json(&router, &format!("{path}.json?from=3&at=1")).await;
    let expected = json!([
        { "path": "/last_note", "before": "wrapped", "after": null },
        { "path": "/notes", "before": 2, "after": 0 },
    ]);
    assert_eq!(json["changes"], expected);
    assert!(page(&router, &format!("{path}?from=0&at=1")).await.contains("customer"));
    for missing in ["from=9&at=1", "from=1&at=9", "from=0&at=0"] {
        assert_eq!(answer(&router, ask(&format!("{path}?{missing}"))).await.0, StatusCode::NOT_FOUND, "{missing}");
    }
}

#[tokio::test]
async fn what_an_application_does_not_know_is_shown_as_its_events() {
    let shop = in_memory().await;
    let mut parcel = Parcel::pack(9_007_199_254_740_993, "red".to_owned());
    parcel.weigh(12);
    let mut cart = Cart::fill("KB-0021".to_owned());
    shop.save((&mut parcel, &mut cart)).await.expect("saved");
    let router = router(&shop);
    let html = page(&router, &format!("/Shop/aggregates/{}", parcel.id())).await;
    for shown in
        ["Fields last seen in events", "This is not the state", "colour", "red", "href=\"?at=2\">2", "href=\"?at=1\">1"]
    {
        assert!(html.contains(shown), "{shown}: {html}");
    }
    let first = page(&router, &format!("/Shop/aggregates/{}?at=1", parcel.id())).await;
    assert!(first.contains("9007199254740993"), "{first}");
    // a type that is `Debug` alone
    let html = page(&router, &format!("/Shop/aggregates/{}", cart.id())).await;
    assert!(html.contains("sku: &quot;KB-0021&quot;") && html.contains("cannot be compared"), "{html}");
    let compared = page(&router, &format!("/Shop/aggregates/{}?from=1&at=2", parcel.id())).await;
    assert!(compared.contains("These states cannot be compared"), "{compared}");
}

#[tokio::test]
async fn a_panic_in_the_code_of_an_aggregate_is_said_and_breaks_no_page() {
    let shop = in_memory().await;
    let mut order = place("ada");
    order.note(PANICS.to_owned());
    shop.save(&mut order).await.expect("saved");
    // the next version of the code is stricter
    PANICKING.store(true, std::sync::atomic::Ordering::Relaxed);
    let router = router(&shop);
    let html = page(&router, &format!("/Shop/aggregates/{}", order.id())).await;
    assert!(html.contains("The code of its type panicked") && html.contains("version 2 of 2"), "{html}");
    assert!(page(&router, &format!("/Shop/aggregates/{}?at=1", order.id())).await.contains("1 of 2 events replayed"));
    let compared = page(&router, &format!("/Shop/aggregates/{}?from=1&at=2", order.id())).await;
    assert!(compared.contains("The code of its type panicked"), "{compared}");
}

#[tokio::test]
async fn long_histories_are_read_by_the_page() {
    let folder = tempfile::tempdir().expect("a folder");
    for variables in databases(&folder) {
        let shop = Shop::builder().variables(variables).open().await.expect("an application");
        let mut order = place("ada");
        for number in 1..20_000 {
            order.note(number.to_string());
        }
        let id = order.id();
        shop.save(&mut order).await.expect("saved");
        let router = router(&shop);
        let newest = page(&router, &format!("/Shop/aggregates/{id}")).await;
        assert!(newest.contains("version 20,000 of 20,000") && newest.len() <= 40 * 1024, "{}", newest.len());
        assert!(newest.contains("This history is long") && newest.contains("?at=20000&amp;replay=1"), "{newest}");
        let replayed = page(&router, &format!("/Shop/aggregates/{id}?replay=1")).await;
        assert!(replayed.contains("since 19,801") && replayed.contains("19999"), "{replayed}");
        let middle = page(&router, &format!("/Shop/aggregates/{id}?at=10000")).await;
        assert!(
            middle.contains("version 10,000 of 20,000") && middle.contains("at=10001") && middle.contains("at=9999")
        );
        assert!(middle.contains("10,000 of 20,000 events replayed"), "{middle}");
        let json = json(&router, &format!("/Shop/aggregates/{id}.json?before=101&limit=200")).await;
        let listed = json["versions"].as_array().map(Vec::len);
        assert_eq!((json["last_version"].as_u64(), listed), (Some(20_000), Some(100)));
        for missing in [format!("{id}?at=20001"), format!("{id}?at=0"), Uuid::new_v4().to_string()] {
            let (status, ..) = answer(&router, ask(&format!("/Shop/aggregates/{missing}"))).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{missing}");
        }
        let (status, ..) = answer(&router, ask(&format!("/Shop/aggregates/{id}?at=300&before=200"))).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        shop.close().await;
    }
}
