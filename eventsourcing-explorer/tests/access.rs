//! Who gets a page, and what a page allows a browser to do.

#[path = "common/mod.rs"]
mod common;

use axum::Router;
use axum::body::Body;
use axum::http::{StatusCode, header};
use common::{Payments, Shop, TOKEN, answer, ask, page, plain, router, with};
use eventsourcing_explorer::{Explorer, ExplorerError, Operator, Scope};
use tower::ServiceExt as _;

const PAGES: [&str; 4] = ["/overview", "/overview.json", "/Shop/log", "/Shop/log.json"];

async fn shop() -> Shop {
    let shop = Shop::builder().variables(Vec::<(String, String)>::new()).open().await.expect("an application");
    shop.save(&mut common::Order::place("ada".to_owned(), 12)).await.expect("saved");
    shop
}

#[tokio::test]
async fn without_the_token_there_is_no_page() {
    let router = router(&shop().await);
    for path in PAGES.into_iter().chain(["/Shop/events/1", "/Shop/tail?after=0", "/Nothing/log"]) {
        let (status, headers, body) = answer(&router, plain("GET", path).body(Body::empty()).expect("a request")).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(headers[header::WWW_AUTHENTICATE], "Bearer");
        assert!(!body.contains("Placed"), "{body}");
        let wrong = plain("GET", path).header("authorization", "Bearer a-token-of-the-tests-012345678x");
        assert_eq!(answer(&router, wrong.body(Body::empty()).expect("a request")).await.0, StatusCode::UNAUTHORIZED);
    }
    page(&router, "/Shop/log").await;
}

#[tokio::test]
async fn foreign_hosts_and_other_sites_are_refused() {
    let router = router(&shop().await);
    for path in PAGES {
        let foreign = plain("GET", path).header("authorization", format!("Bearer {TOKEN}"));
        let mut foreign = foreign.body(Body::empty()).expect("a request");
        foreign.headers_mut().insert(header::HOST, "evil.com".parse().expect("a host"));
        assert_eq!(answer(&router, foreign).await.0, StatusCode::FORBIDDEN, "{path}");
        for other in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.com")] {
            assert_eq!(answer(&router, with(path, &[other])).await.0, StatusCode::FORBIDDEN, "{path} {other:?}");
        }
        assert_eq!(answer(&router, with(path, &[("sec-fetch-site", "same-origin")])).await.0, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_link_from_another_site_can_be_continued() {
    let router = router(&shop().await);
    let (_, _, body) = answer(&router, with("/Shop/log?topic=Order", &[("sec-fetch-site", "cross-site")])).await;
    assert!(body.contains("href=\"../Shop/log?topic=Order\""), "{body}");
}

#[tokio::test]
async fn a_configured_host_is_served() {
    let shop = shop().await;
    let router = Explorer::of(&shop).token(TOKEN).host("shop.example.com").router().expect("a router");
    let mut request = ask("/overview");
    request.headers_mut().insert(header::HOST, "shop.example.com".parse().expect("a host"));
    assert_eq!(answer(&router, request).await.0, StatusCode::OK);
}

#[tokio::test]
async fn pages_only_read() {
    let router = router(&shop().await);
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        for path in PAGES.into_iter().chain(["/Shop/events/1", "/Shop/tail"]) {
            let request = plain(method, path).header("authorization", format!("Bearer {TOKEN}"));
            let (status, headers, _) = answer(&router, request.body(Body::empty()).expect("a request")).await;
            assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(headers[header::ALLOW], "GET, HEAD");
        }
    }
}

#[tokio::test]
async fn every_answer_forbids_inline_code_frames_and_copies() {
    let router = router(&shop().await);
    for path in ["/overview", "/Shop/log.json", "/nothing", "/login", "/Shop/events/99"] {
        let (_, headers, _) = answer(&router, ask(path)).await;
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("data:"), "{policy}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store", "{path}");
    }
}

#[tokio::test]
async fn a_browser_signs_in_once_and_gets_a_cookie_for_the_mount() {
    let nested = Router::new().nest("/a/b", router(&shop().await));
    let form = format!("token={TOKEN}&then=Shop%2Flog%3Ftopic%3DOrder");
    let request = plain("POST", "/a/b/login").header("sec-fetch-site", "same-origin").header("origin", "null");
    let (status, headers, _) = answer(&nested, request.body(Body::from(form)).expect("a request")).await;
    assert_eq!(
        (status, &headers[header::LOCATION]),
        (StatusCode::SEE_OTHER, &"./Shop/log?topic=Order".parse().expect("a value"))
    );
    let cookie = headers[header::SET_COOKIE].to_str().expect("text").to_owned();
    assert!(cookie.contains("; Path=/a/b; HttpOnly; SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains(TOKEN), "{cookie}");

    let value = cookie.split(';').next().expect("a value").to_owned();
    let request = plain("GET", "/a/b/Shop/log").header("cookie", format!("theme=dark; {value}"));
    assert_eq!(answer(&nested, request.body(Body::empty()).expect("a request")).await.0, StatusCode::OK);
    let request = plain("GET", "/a/b/Shop/log").header("cookie", format!("{value}0"));
    assert_eq!(answer(&nested, request.body(Body::empty()).expect("a request")).await.0, StatusCode::UNAUTHORIZED);

    let request = plain("POST", "/a/b/logout").body(Body::empty()).expect("a request");
    let (_, headers, _) = answer(&nested, request).await;
    assert!(headers[header::SET_COOKIE].to_str().expect("text").contains("Max-Age=0"));
}

#[tokio::test]
async fn a_sign_in_leads_to_no_other_site() {
    let router = router(&shop().await);
    for then in [
        "https://evil.com/",
        "//evil.com/log",
        "/\\evil.com",
        "javascript:alert(1)/log",
        "Shop/log%0d%0aset-cookie:x",
        "Shop/tail",
        "",
    ] {
        let body = form(&[("token", TOKEN), ("then", then)]);
        let (status, headers, _) =
            answer(&router, plain("POST", "/login").body(Body::from(body)).expect("a request")).await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        let to = headers[header::LOCATION].to_str().expect("text");
        assert!(to.starts_with("./") && !to.contains("evil.com/"), "{then}: {to}");
    }
}

fn form(fields: &[(&str, &str)]) -> String {
    let mut form = String::new();
    for (name, value) in fields {
        let value: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
        form.push_str(&format!("{name}={value}&"));
    }
    form
}

#[tokio::test]
async fn a_wrong_token_and_a_long_form_get_no_cookie() {
    let router = router(&shop().await);
    for (body, expected) in
        [(form(&[("token", "wrong")]), StatusCode::UNAUTHORIZED), ("x".repeat(100_000), StatusCode::BAD_REQUEST)]
    {
        let (status, headers, _) =
            answer(&router, plain("POST", "/login").body(Body::from(body)).expect("a request")).await;
        assert_eq!(status, expected);
        assert!(!headers.contains_key(header::SET_COOKIE));
    }
}

#[tokio::test]
async fn absurd_parameters_are_refused() {
    let router = router(&shop().await);
    let long = format!("/Shop/log?topic={}", "x".repeat(10_000));
    for path in
        ["/Shop/log?limit=1000000000", "/Shop/log?before=-1", "/Shop/log?at=9e99", "/Shop/log?aggregate=x", &long]
    {
        assert_eq!(answer(&router, ask(path)).await.0, StatusCode::BAD_REQUEST, "{path}");
    }
    for path in [
        "/Shop/events/18446744073709551615",
        "/Shop/events/99999999999999999999999",
        "/Shop/events/0",
        "/Other/log",
        "/assets/explorer.css",
        "/a/b/c/d/e/f/g/h/i/j/k",
    ] {
        assert_eq!(answer(&router, ask(path)).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_permit_is_held_to_the_end_of_a_body() {
    let router = router(&shop().await);
    let (mut held, mut refused) = (Vec::new(), 0);
    for _ in 0..500 {
        let response = router.clone().oneshot(ask("/Shop/log")).await.expect("a response");
        match response.status() {
            StatusCode::OK => held.push(response),
            StatusCode::SERVICE_UNAVAILABLE => refused += 1,
            other => panic!("{other}"),
        }
    }
    assert_eq!((held.len(), refused), (64, 436));
    held.clear();
    page(&router, "/Shop/log").await;
}

#[tokio::test]
async fn streams_are_bounded_and_leave_requests_alone() {
    let router = router(&shop().await);
    let mut open = Vec::new();
    for _ in 0..100 {
        let response = router.clone().oneshot(ask("/Shop/tail?after=0")).await.expect("a response");
        if response.status() == StatusCode::OK {
            open.push(response);
        } else {
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        }
    }
    assert_eq!(open.len(), 32);
    page(&router, "/Shop/log").await;
    open.pop();
    assert_eq!(router.clone().oneshot(ask("/Shop/tail?after=0")).await.expect("a response").status(), StatusCode::OK);
}

#[tokio::test]
async fn an_explorer_without_access_rules_is_refused() {
    let shop = shop().await;
    assert!(matches!(Explorer::of(&shop).router(), Err(ExplorerError::NoToken { .. })));
    assert!(matches!(Explorer::of(&shop).token("short").router(), Err(ExplorerError::ShortToken { len: 5, .. })));
    assert!(matches!(Explorer::of(&shop).also(&shop).token(TOKEN).router(), Err(ExplorerError::SameName { .. })));
    assert!(matches!(Explorer::of(&shop).token(TOKEN).host("http://x").router(), Err(ExplorerError::BadHost { .. })));
    let everywhere = Explorer::of(&shop).serve(([0, 0, 0, 0], 0).into()).await;
    assert!(matches!(everywhere, Err(ExplorerError::NotLoopback { .. })), "{everywhere:?}");
}

#[tokio::test]
async fn the_service_decides_who_sees_what() {
    let payments = Payments::builder().variables(encrypted()).open().await.expect("an application");
    payments.save(&mut common::Order::place("Ada Lovelace".to_owned(), 12)).await.expect("saved");
    let explorer = || {
        Explorer::of(&payments).auth(|request| match request.headers.get("x-user")?.to_str().ok()? {
            "ada" => Some(Operator::new("ada").with_scope(Scope::Payload)),
            "grace" => Some(Operator::new("grace")),
            _ => None,
        })
    };
    let router = explorer().router().expect("a router");
    let asked = async |user: &str, path: &str| {
        answer(&router, plain("GET", path).header("x-user", user).body(Body::empty()).expect("a request")).await
    };
    for path in [
        "/Payments/log",
        "/Payments/events/1",
        "/Payments/events/1.json",
        "/Payments/log.json",
        "/overview",
        "/overview.json",
    ] {
        let (status, _, body) = asked("grace", path).await;
        assert_eq!(status, StatusCode::OK);
        assert!(!body.contains("Lovelace"), "{path}: {body}");
        assert_eq!(asked("mallory", path).await.0, StatusCode::UNAUTHORIZED);
    }
    let (_, _, body) = asked("grace", "/Payments/events/1").await;
    assert!(body.contains("customer") && body.contains("hidden · text"), "{body}");
    assert!(asked("ada", "/Payments/events/1").await.2.contains("Lovelace"));
    assert!(asked("ada", "/Payments/events/1.json").await.2.contains("Lovelace"));

    // the token shows values only if that is allowed
    for (show, shown) in [(false, false), (true, true)] {
        let router = explorer().token(TOKEN).show_payloads(show).router().expect("a router");
        assert_eq!(page(&router, "/Payments/events/1").await.contains("Lovelace"), shown);
    }
}

fn encrypted() -> Vec<(String, String)> {
    let key = eventsourcing::codec::cipher::ChaCha20Poly1305Cipher::create_key();
    vec![("CIPHER_KEY".to_owned(), key.as_str().to_owned())]
}
