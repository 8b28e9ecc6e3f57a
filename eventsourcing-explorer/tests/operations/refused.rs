//! Who may not act, and what a form must have.

use axum::body::Body;
use axum::http::{StatusCode, header};
use eventsourcing::audit::MemoryAudit;
use eventsourcing_explorer::{Explorer, Operator, Scope};

use super::common::{TOKEN, answer, ask, page, plain, with};
use super::desk::{SELECTED, about, csrf, desks, encoded, form, send, sign_in};

const ACTS: [&str; 7] = [
    "/letters/dry-run",
    "/letters/retry",
    "/letters/discard",
    "/letters/reveal",
    "/reveal",
    "/rebuilds/switch",
    "/rebuilds/abort",
];

const PAGES: [&str; 15] = [
    "/projections",
    "/projections.json",
    "/system",
    "/system.json",
    "/letters",
    "/letters.json",
    "/rebuilds",
    "/rebuilds.json",
    "/storage",
    "/storage.json",
    "/verify",
    "/verify.json",
    "/audit",
    "/audit.json",
    "/audit.csv",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_token_nothing_is_shown_and_nothing_is_done() {
    let desk = desks().await.remove(0);
    for path in PAGES {
        let (status, _, body) = answer(&desk.router, plain("GET", path).body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
        assert!(!body.contains("notes"), "{body}");
    }
    for path in ACTS {
        let request = plain("POST", path).header("sec-fetch-site", "same-origin");
        let (status, _, _) = answer(&desk.router, request.body(Body::from(encoded(&about(desk.order)))).unwrap()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert!(page(&desk.router, "/audit").await.contains("Nobody has acted yet."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_host_another_site_and_another_method_are_refused() {
    let desk = desks().await.remove(0);
    for path in PAGES {
        let mut foreign = ask(path);
        foreign.headers_mut().insert(header::HOST, "evil.com".parse().unwrap());
        assert_eq!(answer(&desk.router, foreign).await.0, StatusCode::FORBIDDEN, "{path}");
        let other = with(path, &[("sec-fetch-site", "cross-site")]);
        assert_eq!(answer(&desk.router, other).await.0, StatusCode::FORBIDDEN, "{path}");
        let (status, _, _) = send(&desk.router, path, &[]).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    for path in ACTS {
        let (status, headers, _) = answer(&desk.router, ask(path)).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(headers[header::ALLOW], "POST");
        let cookie = sign_in(&desk.router).await;
        for site in ["cross-site", "same-site"] {
            let request = form(path, &cookie, Some(site), &about(desk.order));
            assert_eq!(answer(&desk.router, request).await.0, StatusCode::FORBIDDEN, "{path} {site}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_of_a_browser_needs_the_token_of_its_page() {
    let desk = desks().await.remove(0);
    let cookie = sign_in(&desk.router).await;
    let token = csrf(&desk.router, &cookie, SELECTED).await;
    let with_token = |token: &str| [about(desk.order), vec![("csrf", token.to_owned())]].concat();
    let refused = [
        form("/letters/retry", &cookie, Some("same-origin"), &about(desk.order)),
        form("/letters/retry", &cookie, Some("same-origin"), &with_token("")),
        form("/letters/retry", &cookie, Some("same-origin"), &with_token(&token.replace('a', "b"))),
        form("/letters/retry", &cookie, Some("same-origin"), &with_token(&cookie)),
        // an old browser, and what a browser sends that was given an address
        form("/letters/retry", &cookie, None, &with_token(&token)),
        form("/letters/retry", &cookie, Some("none"), &with_token(&token)),
    ];
    for request in refused {
        let shown = format!("{:?}", request.headers());
        assert_eq!(answer(&desk.router, request).await.0, StatusCode::FORBIDDEN, "{shown}");
    }
    assert!(page(&desk.router, "/audit").await.contains("Nobody has acted yet."));
    // the twin
    let request = form("/letters/retry", &cookie, Some("same-origin"), &with_token(&token));
    assert_eq!(answer(&desk.router, request).await.0, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_act_needs_its_scope_and_an_audit() {
    let desk = desks().await.remove(0);
    let scopes = [Scope::LettersRetry, Scope::LettersDiscard, Scope::Rebuild, Scope::Reveal, Scope::Payload];
    let needed = [0, 0, 1, 3, 3, 2, 2];
    for (path, needed) in ACTS.into_iter().zip(needed) {
        let others = scopes.into_iter().enumerate().filter(|(at, _)| *at != needed).map(|(_, scope)| scope);
        let router = Explorer::of(&desk.shop).token(TOKEN).audit(MemoryAudit::new()).allow(others).router().unwrap();
        let (status, _, body) = send(&router, path, &about(desk.order)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        assert!(body.contains(scopes[needed].name()), "{body}");

        let router = Explorer::of(&desk.shop).token(TOKEN).allow(scopes).router().unwrap();
        let (status, _, body) = send(&router, path, &about(desk.order)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        assert!(body.contains("has no audit"), "{body}");
    }
    // operators of the service bring their own
    let operator = |_: &axum::http::request::Parts| Some(Operator::new("bea"));
    let router = Explorer::of(&desk.shop).auth(operator).audit(MemoryAudit::new()).allow(scopes).router().unwrap();
    let page = answer(&router, plain("GET", "/letters").body(Body::empty()).unwrap()).await.2;
    assert!(!page.contains("name=\"csrf\"") && page.contains("Read-only"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn absurd_values_are_refused() {
    let desk = desks().await.remove(0);
    for path in [
        "/letters?at=18446744073709551615",
        "/letters?after=-1",
        "/letters?by=colour",
        "/audit?before=1e9",
        "/rebuilds?done=x",
        "/verify?application=Shop&from=-1",
    ] {
        assert_eq!(answer(&desk.router, ask(path)).await.0, StatusCode::BAD_REQUEST, "{path}");
    }
    for path in ["/letters?consumer=nobody&upstream=Shop", "/verify?application=Nobody"] {
        assert_eq!(answer(&desk.router, ask(path)).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    let bad = |name: &'static str, value: &str| {
        let kept = about(desk.order).into_iter().filter(|(other, _)| *other != name);
        kept.chain([(name, value.to_owned())]).collect::<Vec<_>>()
    };
    for (fields, status) in [
        (bad("aggregate", "7"), StatusCode::BAD_REQUEST),
        (bad("upstream", ""), StatusCode::BAD_REQUEST),
        (bad("upstream", "Elsewhere"), StatusCode::CONFLICT),
        (bad("reason", &"x".repeat(20_000)), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(send(&desk.router, "/letters/retry", &fields).await.0, status, "{fields:?}");
    }
    assert!(page(&desk.router, "/audit").await.contains("Nobody has acted yet."));
}
