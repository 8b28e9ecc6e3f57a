//! The round trip of dead letters: seen, tried without an effect, retried, and discarded with a reason.

use axum::http::{StatusCode, header};

use super::common::page;
use super::desk::{Desk, SELECTED, about, csrf, desks, form, send, sign_in};

async fn json(desk: &Desk, path: &str) -> serde_json::Value {
    serde_json::from_str(&page(&desk.router, path).await).unwrap()
}

async fn count(desk: &Desk) -> usize {
    json(desk, "/letters.json").await["letters"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_are_shown_with_why_they_are_parked_and_what_waits() {
    for desk in desks().await {
        let list = page(&desk.router, "/letters").await;
        assert!(list.contains("1 refused") && list.contains("2 wait") && list.contains("waits for 2"), "{list}");
        assert!(list.contains("&lt;b&gt;the note `bad &amp; &lt;i&gt;loud&lt;/i&gt;` is refused&lt;/b&gt;"), "{list}");
        for by in ["aggregate", "time"] {
            let list = page(&desk.router, &format!("/letters?by={by}")).await;
            assert!(list.contains("waits for 2"), "{list}");
        }
        let selected = page(&desk.router, SELECTED).await;
        for text in ["2 times", "Dry run 3", "Retry all 3", "Discard 1", "Discard all 3", "bad &amp; &lt;i&gt;loud"] {
            assert!(selected.contains(text), "{text}: {selected}");
        }
        let json = json(&desk, "/letters.json").await;
        let letter = &json["letters"][0];
        assert_eq!(
            (&letter["position"], &letter["attempts"], &letter["waits_for"]),
            (&2.into(), &2.into(), &serde_json::Value::Null)
        );
        assert_eq!(json["letters"][2]["waits_for"], 2);
        assert_eq!(letter["can_be_tried"], true);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_are_tried_and_then_retried() {
    for desk in desks().await {
        let fields = [about(desk.order), vec![("at", "2".to_owned())]].concat();
        let (status, _, body) = send(&desk.router, "/letters/dry-run", &fields).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        assert!(body.contains("A retry would fail at 2") && body.contains("is refused&lt;/b&gt;"), "{body}");
        assert_eq!((count(&desk).await, desk.rows.count().await), (3, 1), "nothing was changed");

        desk.mended.is(true);
        let (_, _, body) = send(&desk.router, "/letters/dry-run", &fields).await;
        assert!(body.contains("A retry would handle all 3, in order."), "{body}");
        assert_eq!((count(&desk).await, desk.rows.count().await), (3, 1), "nothing was changed");

        // as a browser does, with the form of the page
        let cookie = sign_in(&desk.router).await;
        let token = csrf(&desk.router, &cookie, SELECTED).await;
        let retry = [fields, vec![("csrf", token), ("reason", "the handler was mended".to_owned())]].concat();
        let request = form("/letters/retry", &cookie, Some("same-origin"), &retry);
        let (status, headers, _) = super::common::answer(&desk.router, request).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        let to = headers[header::LOCATION].to_str().unwrap();
        assert_eq!(to, "../letters?consumer=notes&upstream=Shop&done=3");
        let after = page(&desk.router, &to[2..]).await;
        assert!(after.contains("handled: 3") && after.contains("No event is parked."), "{after}");
        assert!(after.contains("retried") && after.contains("the handler was mended"), "{after}");
        assert_eq!((count(&desk).await, desk.rows.count().await), (0, 4));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_discard_needs_a_reason_and_the_number_of_what_it_discards() {
    for desk in desks().await {
        let of = |what: &str, counted: &str, reason: &str| {
            let more = [("at", "2"), ("what", what), ("count", counted), ("reason", reason)];
            [about(desk.order), more.map(|(name, value)| (name, value.to_owned())).to_vec()].concat()
        };
        for (refused, status) in [
            (of("letter", "1", ""), StatusCode::BAD_REQUEST),
            (of("letter", "1", "  "), StatusCode::BAD_REQUEST),
            (of("letter", "1", &"x".repeat(4_097)), StatusCode::BAD_REQUEST),
            (of("letter", "many", "a test order"), StatusCode::BAD_REQUEST),
            (of("letter", "3", "a test order"), StatusCode::CONFLICT),
            (of("aggregate", "1", "a test order"), StatusCode::CONFLICT),
            (of("aggregate", "4", "a test order"), StatusCode::CONFLICT),
        ] {
            let (answered, _, body) = send(&desk.router, "/letters/discard", &refused).await;
            assert_eq!(answered, status, "{refused:?}: {body}");
        }
        assert_eq!(count(&desk).await, 3);
        assert!(page(&desk.router, "/audit").await.contains("Nobody has acted yet."), "nothing was begun");

        let (status, _, _) = send(&desk.router, "/letters/discard", &of("letter", "1", "a test order")).await;
        assert_eq!((status, count(&desk).await), (StatusCode::SEE_OTHER, 2));
        let (status, _, _) = send(&desk.router, "/letters/discard", &of("letter", "1", "again")).await;
        assert_eq!(status, StatusCode::CONFLICT, "it is discarded already");
        // the number is that of now, and not that of a page from before
        let (status, _, _) = send(&desk.router, "/letters/discard", &of("aggregate", "3", "all")).await;
        assert_eq!((status, count(&desk).await), (StatusCode::CONFLICT, 2));
        let (status, headers, _) = send(&desk.router, "/letters/discard", &of("aggregate", "2", "the rest too")).await;
        assert_eq!((status, count(&desk).await), (StatusCode::SEE_OTHER, 0));
        let after = page(&desk.router, &headers[header::LOCATION].to_str().unwrap()[2..]).await;
        assert!(
            after.contains("discarded: 2") && after.contains("a test order") && after.contains("the rest too"),
            "{after}"
        );
        assert_eq!(desk.rows.count().await, 1);
        assert_eq!(desk.shop.log().max_id().await.unwrap(), Some(6), "no event was added or removed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_gets_the_outcome_as_json() {
    let desk = desks().await.remove(0);
    let (_, _, body) = send(&desk.router, "/letters/retry.json", &about(desk.order)).await;
    let told: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&told["act"], &told["outcome"]), (&"retry".into(), &"failed: refused again at notification 2".into()));
    let (_, _, body) = send(&desk.router, "/letters/dry-run.json", &about(desk.order)).await;
    let told: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(told["outcome"], "would fail at notification 2 after 0");
}
