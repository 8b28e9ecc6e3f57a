//! The lists of aggregates, the event types, and traces.

#[path = "common/mod.rs"]
mod common;

use axum::http::{StatusCode, header};
use common::{
    Cart, Order, Parcel, Payments, Shop, TOKEN, answer, ask, databases, in_memory, json, page, place, router,
};
use eventsourcing::StoredEvent;
use eventsourcing::prelude::*;
use eventsourcing_explorer::Explorer;
use serde_json::{Value, json};

fn ids(json: &Value) -> Vec<String> {
    let listed = json["aggregates"].as_array().expect("aggregates");
    listed.iter().map(|one| one["aggregate_id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn aggregates_are_listed_by_type_by_id_and_by_their_last_change() {
    let folder = tempfile::tempdir().expect("a folder");
    for variables in databases(&folder) {
        let shop = Shop::builder().variables(variables).open().await.expect("an application");
        let router = router(&shop);
        assert!(page(&router, "/Shop/aggregates").await.contains("Nothing is recorded yet"));
        let mut orders = Vec::new();
        for number in 0..7 {
            let mut order = place(&number.to_string());
            shop.save((&mut order, &mut Cart::fill("KB".to_owned()))).await.expect("saved");
            orders.push(order);
        }
        orders[2].note("the last change".to_owned());
        shop.save(&mut orders[2]).await.expect("saved");
        let all: Vec<String> = orders.iter().map(|order| order.id().to_string()).collect();

        let changed = json(&router, "/Shop/aggregates.json").await;
        assert_eq!((ids(&changed).len(), &ids(&changed)[0]), (14, &all[2]));
        assert_eq!(changed["aggregates"][0]["last_version"], 2);
        assert_eq!((&changed["looked_from"], &changed["looked_to"]), (&json!(1), &json!(15)));

        // in the order of their creation, page by page
        let (mut path, mut listed) = ("/Shop/aggregates.json?type=Order&limit=3".to_owned(), Vec::new());
        loop {
            let json = json(&router, &path).await;
            listed.extend(ids(&json));
            assert!(json["aggregates"][0]["recorded_at"].is_string(), "{json}");
            match json["next"].as_str() {
                Some(next) => path = format!("/Shop/aggregates.json{next}"),
                None => break,
            }
        }
        assert_eq!(listed, all);

        let digits = &all[4][..13];
        let found = json(&router, &format!("/Shop/aggregates.json?id={digits}")).await;
        assert_eq!(ids(&found), [all[4].clone()]);
        assert_eq!(
            (&found["aggregates"][0]["topic"], &found["aggregates"][0]["last_version"]),
            (&json!("Order.Placed"), &json!(1))
        );
        let everything = json(&router, "/Shop/aggregates.json?id=&limit=200").await;
        assert_eq!(ids(&everything).len(), 14, "an empty field is absent");

        let html = page(&router, "/Shop/aggregates?type=Order").await;
        assert!(html.contains(&all[0]) && html.contains("in the order of their creation"), "{html}");
        for (path, status) in [
            ("type=Nothing", StatusCode::NOT_FOUND),
            ("id=xyz", StatusCode::BAD_REQUEST),
            ("after=7", StatusCode::BAD_REQUEST),
        ] {
            assert_eq!(answer(&router, ask(&format!("/Shop/aggregates?{path}"))).await.0, status, "{path}");
        }
        let (_, headers, _) = answer(&router, ask("/Shop/search?q=3fa85f64")).await;
        assert_eq!(headers[header::LOCATION], "../Shop/aggregates?id=3fa85f64");
        shop.close().await;
    }
}

#[tokio::test]
async fn event_types_say_what_the_newest_events_have() {
    let folder = tempfile::tempdir().expect("a folder");
    for variables in databases(&folder) {
        let shop = Shop::builder().variables(variables).open().await.expect("an application");
        let router = router(&shop);
        assert!(page(&router, "/Shop/types").await.contains("nothing is recorded yet"));
        let mut order = place("ada");
        for number in 0..3_000 {
            order.note(number.to_string());
        }
        shop.save((&mut order, &mut Parcel::pack(1, "red".to_owned()))).await.expect("saved");
        let broken = StoredEvent::new(Uuid::new_v4(), 1, "Cart.Filled", *b"no JSON", Uuid::new_v4());
        shop.recorder().insert_events(vec![broken]).await.expect("recorded");

        let types = json(&router, "/Shop/types.json").await;
        assert_eq!(
            (&types["looked_from"], &types["looked_to"], &types["newest"]),
            (&json!(1_004), &json!(3_003), &json!(3_003))
        );
        let topic = |name: &str| {
            let topics = types["topics"].as_array().expect("topics");
            topics.iter().find(|topic| topic["topic"] == name).expect("a topic").clone()
        };
        let noted = topic("Order.Noted");
        assert_eq!(
            (&noted["events"], &noted["first_position"], &noted["last_position"]),
            (&json!(1_998), &json!(1_004), &json!(3_001))
        );
        assert_eq!(
            (&noted["aggregate"], &noted["newest_shape"], &noted["shapes"]),
            (&json!("Order"), &json!(1), &json!(["1"]))
        );
        // the beginning of the order is further back than the page looks
        assert_eq!((&topic("Order.Placed")["events"], &topic("Order.Placed")["kind"]), (&json!(0), &json!("current")));
        assert_eq!(
            (&topic("Parcel.Packed")["kind"], &topic("Parcel.Packed")["unreadable"]),
            (&json!("not_registered"), &json!(0))
        );
        assert_eq!((&topic("Cart.Filled")["opened"], &topic("Cart.Filled")["unreadable"]), (&json!(1), &json!(1)));
        let html = page(&router, "/Shop/types").await;
        for shown in ["among the positions 1,004 to 3,003 of 3,003", "not registered", "1 of 1 not readable", "1,998"] {
            assert!(html.contains(shown), "{shown}: {html}");
        }
        shop.close().await;
    }
}

#[tokio::test]
async fn a_trace_follows_causes_and_correlations_through_applications() {
    let shop = in_memory().await;
    let payments = Payments::builder().variables(Vec::<(String, String)>::new()).open().await.expect("an application");
    let visit = || Metadata::new().with_correlation_id("visit-7").with_actor("grace");
    shop.save(&mut place("somebody else")).await.expect("saved");
    shop.save(&mut place("ada")).metadata(visit()).await.expect("saved");
    let caused = Metadata::new().with_cause("Shop", 2);
    payments.save(&mut Cart::fill("paid".to_owned())).metadata(caused).await.expect("saved");
    let caused = Metadata::new().with_cause("Payments", 1);
    shop.save(&mut Parcel::pack(1, "red".to_owned())).metadata(caused).await.expect("saved");
    shop.save(&mut place("ada again")).metadata(visit()).await.expect("saved");

    let router = Explorer::of(&shop).also(&payments).token(TOKEN).router().expect("a router");
    let steps = |json: &Value| -> Vec<(String, u64, u64)> {
        let events = json["events"].as_array().expect("events").iter();
        events
            .map(|event| {
                let number = |name: &str| event[name].as_u64().expect("a number");
                (event["application"].as_str().expect("a name").to_owned(), number("position"), number("depth"))
            })
            .collect()
    };
    let expected = [("Shop", 2, 0), ("Payments", 1, 1), ("Shop", 3, 2), ("Shop", 4, 0)];
    let expected = expected.map(|(application, position, depth)| (application.to_owned(), position, depth));
    for path in ["/Shop/traces/2.json", "/Payments/traces/1.json", "/Shop/traces/4.json"] {
        assert_eq!(steps(&json(&router, path).await), expected, "{path}");
    }
    let alone = json(&router, "/Shop/traces/1.json").await;
    assert_eq!(steps(&alone), [("Shop".to_owned(), 1, 0)]);
    assert_eq!(alone["looked_at"][0], json!({ "application": "Shop", "from": 1, "to": 4 }));
    let html = page(&router, "/Payments/traces/1").await;
    assert!(html.contains("Parcel.<b>Packed</b>") && html.contains("Looked at"), "{html}");
    assert!(page(&router, "/Shop/traces/1").await.contains("No other event belongs to it"));
    assert_eq!(answer(&router, ask("/Shop/traces/9")).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn hidden_values_stay_hidden_in_states_and_traces() {
    let key = eventsourcing::codec::cipher::ChaCha20Poly1305Cipher::create_key();
    let variables = vec![("CIPHER_KEY".to_owned(), key.as_str().to_owned())];
    let shop = Shop::builder().variables(variables).open().await.expect("an application");
    let (mut order, mut cart) = (Order::place("Lovelace".to_owned(), 7), Cart::fill("Lovelace".to_owned()));
    order.note("Lovelace".to_owned());
    let mut parcel = Parcel::pack(1, "Lovelace".to_owned());
    let metadata = Metadata::new().with_correlation_id("Lovelace").with_actor("Lovelace");
    shop.save((&mut order, &mut cart, &mut parcel)).metadata(metadata).await.expect("saved");
    let hiding = router(&shop);
    let showing = Explorer::of(&shop).token(TOKEN).show_payloads(true).router().expect("a router");
    let of = |id: Uuid| format!("/Shop/aggregates/{id}");
    for path in [
        of(order.id()),
        format!("{}?from=1&at=2", of(order.id())),
        of(cart.id()),
        of(parcel.id()),
        "/Shop/traces/1".to_owned(),
    ] {
        let json = path.split_once('?').map_or(format!("{path}.json"), |(path, query)| format!("{path}.json?{query}"));
        for path in [path, json] {
            assert!(!page(&hiding, &path).await.contains("Lovelace"), "{path}");
            assert!(page(&showing, &path).await.contains("Lovelace"), "{path}");
        }
    }
    let html = page(&hiding, &of(order.id())).await;
    assert!(html.contains("&quot;customer&quot;</i>: <mark>hidden · text</mark>"), "{html}");
}
