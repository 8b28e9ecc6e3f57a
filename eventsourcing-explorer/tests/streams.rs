//! New events as a stream.

#[path = "common/mod.rs"]
mod common;

use axum::http::header;
use common::{Cart, Shop, ask, databases, in_memory, place, router};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

#[tokio::test]
async fn a_stream_sends_the_rows_of_new_events_that_match() {
    let folder = tempfile::tempdir().expect("a folder");
    for variables in databases(&folder) {
        let shop = Shop::builder().variables(variables).open().await.expect("an application");
        shop.save(&mut place("before")).await.expect("saved");
        let router = router(&shop);
        let response = router.oneshot(ask("/Shop/tail?after=1&topic=Order.Placed")).await.expect("a response");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream; charset=utf-8");
        let mut body = response.into_body();
        let (mut order, mut cart) = (place("after"), Cart::fill("not asked for".to_owned()));
        order.note("not asked for either".to_owned());
        shop.save((&mut cart, &mut order)).await.expect("saved");
        let mut received = String::new();
        while !received.contains("id=\"p3\"") {
            let frame = body.frame().await.expect("a message").expect("no error").into_data().expect("data");
            received.push_str(std::str::from_utf8(&frame).expect("text"));
        }
        assert!(received.contains("id: 4\n") && received.contains("after"), "{received}");
        assert!(!received.contains("not asked for") && !received.contains("before"), "{received}");
        shop.close().await;
    }
}

#[tokio::test]
async fn a_stream_names_what_it_does_not_show() {
    let shop = in_memory().await;
    let mut order = place("ada");
    for number in 0..1_000 {
        order.note(number.to_string());
    }
    shop.save(&mut order).await.expect("saved");
    let response = router(&shop).oneshot(ask("/Shop/tail?after=1")).await.expect("a response");
    let mut body = response.into_body();
    let mut received = String::new();
    while !received.contains("id: 1001\n") {
        let frame = body.frame().await.expect("a message").expect("no error").into_data().expect("data");
        received.push_str(std::str::from_utf8(&frame).expect("text"));
    }
    assert!(received.contains("900 positions came too fast to show: 2 to 901"), "{received}");
    assert!(received.contains("id=\"p902\"") && received.contains("id=\"p1001\""));
}
