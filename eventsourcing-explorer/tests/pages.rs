//! What the pages show, on each database.

#[path = "common/mod.rs"]
mod common;

use axum::Router;
use axum::http::{StatusCode, header};
use common::{Cart, Payments, Shop, TOKEN, answer, ask, databases, in_memory, json, page, place, router};
use eventsourcing::prelude::*;
use eventsourcing_explorer::Explorer;

fn positions(json: &serde_json::Value) -> Vec<u64> {
    json["events"]
        .as_array()
        .expect("events")
        .iter()
        .map(|event| event["position"].as_u64().expect("a position"))
        .collect()
}

#[tokio::test]
async fn each_page_shows_what_each_database_has() {
    let folder = tempfile::tempdir().expect("a folder");
    for variables in databases(&folder) {
        let shop = Shop::builder().variables(variables).open().await.expect("an application");
        let router = router(&shop);
        assert!(page(&router, "/Shop/log").await.contains("Nothing is recorded yet"));
        assert!(page(&router, "/overview").await.contains("Nothing is recorded yet"));

        let (mut order, mut cart) = (place("ada"), Cart::fill("KB-0021".to_owned()));
        let id = order.id();
        let metadata = Metadata::new().with_actor("grace").with_correlation_id("checkout-7").with("tenant", "12");
        shop.save((&mut order, &mut cart)).metadata(metadata).await.expect("saved");
        order.note("gift".to_owned());
        shop.save(&mut order).await.expect("saved");
        order.note("wrapped".to_owned());
        order.note("with a card".to_owned());
        shop.save(&mut order).await.expect("saved");

        let log = page(&router, "/Shop/log").await;
        let rows: Vec<usize> =
            ["id=\"p5\"", "id=\"p3\"", "id=\"p1\""].map(|row| log.find(row).expect("a row")).to_vec();
        assert!(rows.is_sorted(), "the newest first");
        assert!(log.contains("1 to 5 of 5") && log.contains("Order.<b>Noted</b>") && log.contains("KB-0021"), "{log}");

        let event = page(&router, "/Shop/events/1").await;
        for shown in
            ["<b>9007199254740993</b>", "grace", "checkout-7", "tenant", &id.to_string(), "of 4", "no other event"]
        {
            assert!(event.contains(shown), "{shown}: {event}");
        }
        assert_eq!(json(&router, "/Shop/events/4.json").await["same_save"], serde_json::json!([5]));

        let aggregate = page(&router, &format!("/Shop/aggregates/{id}?at=1")).await;
        assert!(aggregate.contains("version 1 of 4") && aggregate.contains("9007199254740993"), "{aggregate}");
        assert!(page(&router, "/overview").await.contains("Order.<b>Placed</b>"));
        shop.close().await;
    }
}

#[tokio::test]
async fn the_json_has_exact_numbers_and_a_schema() {
    let shop = in_memory().await;
    shop.save(&mut place("ada")).await.expect("saved");
    let router = router(&shop);
    let (_, headers, body) = answer(&router, ask("/Shop/events/1.json")).await;
    assert_eq!(headers[header::CONTENT_TYPE], "application/json");
    assert!(body.starts_with(r#"{"schema":1,"application":"Shop","#), "{body}");
    assert!(body.contains(r#""payload":{"customer":"ada","cents":9007199254740993}"#), "{body}");
    for path in ["/overview.json", "/Shop/log.json"] {
        assert_eq!(json(&router, path).await["schema"], 1, "{path}");
    }
}

#[tokio::test]
async fn pages_of_the_log_follow_each_other_in_both_directions() {
    let shop = in_memory().await;
    let mut order = place("ada");
    for number in 0..119 {
        order.note(number.to_string());
    }
    shop.save(&mut order).await.expect("saved");
    let router = router(&shop);
    let (mut path, mut all) = ("/Shop/log.json".to_owned(), Vec::new());
    loop {
        let json = json(&router, &path).await;
        all.extend(positions(&json));
        match json["older"].as_str() {
            Some(older) => path = format!("/Shop/log.json{older}"),
            None => break,
        }
    }
    assert!(all.iter().copied().eq((1..=120).rev()), "{all:?}");
    let newer = json(&router, "/Shop/log.json?after=30").await;
    assert!(positions(&newer).into_iter().eq((31..=80).rev()));
    assert_eq!(newer["newer"], "?after=80");
    assert_eq!(positions(&json(&router, "/Shop/log.json?limit=200").await).len(), 120);
}

#[tokio::test]
async fn filters_select_types_topics_and_aggregates() {
    let shop = in_memory().await;
    let (mut order, mut cart) = (place("ada"), Cart::fill("KB".to_owned()));
    order.note("x".to_owned());
    shop.save((&mut order, &mut cart)).await.expect("saved");
    let router = router(&shop);
    for (query, expected) in [
        ("topic=Order", vec![2, 1]),
        ("topic=Order.Placed", vec![1]),
        ("topic=Order.Placed&topic=Cart", vec![3, 1]),
        ("not=Order", vec![3]),
        ("topic=Order&not=Order.Noted", vec![1]),
        ("topic=Ord", vec![]),
        (&format!("aggregate={}", cart.id()), vec![3]),
    ] {
        assert_eq!(positions(&json(&router, &format!("/Shop/log.json?{query}")).await), expected, "{query}");
    }
    assert!(page(&router, "/Shop/log?topic=Nothing").await.contains("No event matches"));
}

#[tokio::test]
async fn a_search_says_how_far_it_has_looked() {
    let shop = in_memory().await;
    shop.save(&mut Cart::fill("the only one".to_owned())).await.expect("saved");
    let mut order = place("ada");
    for number in 0..12_000 {
        order.note(number.to_string());
    }
    shop.save(&mut order).await.expect("saved");
    let router = router(&shop);
    let first = json(&router, "/Shop/log.json?topic=Cart").await;
    assert_eq!((first["looked_from"].as_u64(), first["looked_to"].as_u64()), (Some(2_003), Some(12_002)));
    assert!(positions(&first).is_empty());
    assert!(page(&router, "/Shop/log?topic=Cart").await.contains("0 events in 10,000 positions, back to 2,003"));
    let second = json(&router, &format!("/Shop/log.json{}", first["older"].as_str().expect("older positions"))).await;
    assert_eq!((positions(&second), second["looked_from"].as_u64()), (vec![1], Some(1)));
    assert!(second["older"].is_null());
}

#[tokio::test]
async fn a_payload_of_ten_mebibytes_is_cut_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    for variables in databases(&folder) {
        let shop = Shop::builder().variables(variables).open().await.expect("an application");
        for _ in 0..2 {
            shop.save(&mut place(&"x".repeat(10 * 1024 * 1024))).await.expect("saved");
        }
        let router = router(&shop);
        for path in ["/Shop/events/2", "/Shop/log"] {
            let html = page(&router, path).await;
            assert!(html.contains("too long for a page") && html.len() <= 40 * 1024, "{path}: {}", html.len());
        }
        assert!(page(&router, "/Shop/log").await.contains("large state"));
        let json = page(&router, "/Shop/events/2.json").await;
        assert!(
            json.contains(r#""payload_is":"too_large","payload":null"#) && json.len() < 1_200_000,
            "{}",
            json.len()
        );
        shop.close().await;
    }
}

#[tokio::test]
async fn pages_and_assets_stay_within_their_budgets() {
    let shop = in_memory().await;
    for number in 0..60 {
        let mut order = place(&format!("customer number {number} with a name of usual length"));
        order.note("a note of usual length about the order".to_owned());
        shop.save(&mut order).await.expect("saved");
    }
    let router = router(&shop);
    for path in ["/overview", "/Shop/log?topic=Order&not=Cart&tz=local&theme=dark", "/Shop/events/7", "/login"] {
        let html = page(&router, path).await;
        assert!(html.len() <= 40 * 1024, "{path} has {} bytes", html.len());
        assert!(!html.contains("style=") && !html.contains(" onclick") && !html.contains("<style"), "{path}");
    }
    let html = page(&router, "/Shop/log").await;
    for (end, most) in [(".css\"", 28 * 1024), (".js\"", 4 * 1024), (".svg\"", 1024)] {
        let end = html.find(end).expect("a link") + end.len() - 1;
        let start = html[..end].rfind("../assets").expect("a relative link") + 2;
        let (status, headers, asset) = answer(&router, ask(&html[start..end])).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert!(asset.len() <= most, "{} has {} bytes", &html[start..end], asset.len());
    }
}

#[tokio::test]
async fn pages_work_under_any_path_of_a_service() {
    let shop = in_memory().await;
    shop.save(&mut place("ada")).await.expect("saved");
    let nested =
        Router::new().nest("/a/b", router(&shop)).fallback(|| async { (StatusCode::IM_A_TEAPOT, "the service") });
    let served = Router::new().nest_service("/a/b", router(&shop));
    for service in [nested, served] {
        let (status, headers, _) = answer(&service, ask("/a/b")).await;
        assert_eq!((status, headers[header::LOCATION].as_bytes()), (StatusCode::SEE_OTHER, &b"./b/overview"[..]));
        for path in ["/a/b/overview", "/a/b/Shop/log", "/a/b/Shop/events/1"] {
            let html = page(&service, path).await;
            for absolute in ["href=\"/", "src=\"/", "action=\"/", "http://", "https://"] {
                assert!(!html.contains(absolute), "{path} contains {absolute}");
            }
            // each link leads to a page, an asset or a place on the page
            for link in html
                .split("href=\"")
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
                .filter(|link| !link.starts_with('#'))
            {
                let link = link.replace("&amp;", "&");
                let base = url::Url::parse(&format!("http://localhost{path}")).expect("a URL");
                let target = base.join(&link).expect("a link");
                let to =
                    format!("{}{}", target.path(), target.query().map(|query| format!("?{query}")).unwrap_or_default());
                assert!(to.starts_with("/a/b/"), "{path} links to {to}");
                assert_eq!(answer(&service, ask(&to)).await.0, StatusCode::OK, "{path} links to {to}");
            }
        }
    }
}

#[tokio::test]
async fn a_search_leads_to_a_position_an_aggregate_or_a_topic() {
    let shop = in_memory().await;
    let mut order = place("ada");
    let id = order.id().to_string();
    shop.save(&mut order).await.expect("saved");
    let router = router(&shop);
    for (text, expected) in [
        ("1", "../Shop/events/1".to_owned()),
        ("18%2C204%2C911", "../Shop/events/18204911".to_owned()),
        (id.as_str(), format!("../Shop/aggregates/{id}")),
        ("Order.Placed", "../Shop/log?topic=Order.Placed".to_owned()),
        ("!Cart", "../Shop/log?not=Cart".to_owned()),
        ("", "../Shop/log".to_owned()),
    ] {
        let (status, headers, _) = answer(&router, ask(&format!("/Shop/search?q={text}"))).await;
        assert_eq!(
            (status, headers[header::LOCATION].as_bytes()),
            (StatusCode::SEE_OTHER, expected.as_bytes()),
            "{text}"
        );
    }
}

#[tokio::test]
async fn several_applications_have_their_own_pages() {
    let shop = in_memory().await;
    let payments = Payments::builder().variables(Vec::<(String, String)>::new()).open().await.expect("an application");
    payments.save(&mut Cart::fill("paid".to_owned())).await.expect("saved");
    let router = Explorer::of(&shop).also(&payments).token(TOKEN).router().expect("a router");
    assert!(page(&router, "/Payments/log").await.contains("paid"));
    assert!(!page(&router, "/Shop/log").await.contains("paid"));
    assert!(page(&router, "/overview").await.contains("2 applications"));
}

#[tokio::test]
async fn a_database_that_fails_is_reported_without_details() {
    let folder = tempfile::tempdir().expect("a folder");
    for variables in databases(&folder) {
        let shop = Shop::builder().variables(variables).open().await.expect("an application");
        let router = router(&shop);
        shop.close().await;
        let (status, _, body) = answer(&router, ask("/Shop/log")).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(!body.to_lowercase().contains("sqlite") && !body.contains("closed"), "{body}");
    }
}
