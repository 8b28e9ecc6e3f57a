//! What the test suites share: a shop, its databases, and requests.
#![allow(dead_code, reason = "each test suite uses a part of this")]

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use eventsourcing::prelude::*;
use eventsourcing_explorer::Explorer;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

pub(crate) const TOKEN: &str = "a-token-of-the-tests-0123456789";

#[application]
#[derive(Clone)]
pub(crate) struct Shop;

#[application]
#[derive(Clone)]
pub(crate) struct Payments;

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Order {
    pub(crate) notes: u64,
}

#[aggregate]
impl Order {
    #[event("Placed")]
    pub(crate) fn place(customer: String, cents: u64) -> Self {
        let _ = (&customer, cents);
        Self { notes: 0 }
    }

    #[event("Noted")]
    pub(crate) fn note(&mut self, text: String) {
        let _ = &text;
        self.notes += 1;
    }
}

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cart {
    pub(crate) items: u64,
}

#[aggregate]
impl Cart {
    #[event("Filled")]
    pub(crate) fn fill(sku: String) -> Self {
        let _ = &sku;
        Self { items: 1 }
    }
}

/// The variables of each database: memory, an SQLite file, PostgreSQL with a schema of its own.
pub(crate) fn databases(folder: &tempfile::TempDir) -> Vec<Vec<(String, String)>> {
    let text = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let file = folder.path().join("shop.db");
    vec![text(&[]), text(&[("PERSISTENCE_MODULE", "sqlite"), ("SQLITE_DBNAME", &file.to_string_lossy())]), postgres()]
}

/// PostgreSQL is never skipped: without one a test fails and says what to do.
fn postgres() -> Vec<(String, String)> {
    assert!(
        std::env::var_os("EVENTSOURCING_TEST_POSTGRES").is_some(),
        "no PostgreSQL to test with: run `cargo xtask test`"
    );
    let given = std::env::vars().filter(|(name, _)| name.starts_with("POSTGRES_"));
    let own = [
        ("PERSISTENCE_MODULE", "postgres".to_owned()),
        ("POSTGRES_SCHEMA", format!("test_{}", Uuid::new_v4().simple())),
    ];
    given.chain(own.map(|(name, value)| (name.to_owned(), value))).collect()
}

/// An explorer of a shop, with the token of the tests.
pub(crate) fn router(shop: &Shop) -> Router {
    Explorer::of(shop).token(TOKEN).router().expect("a router")
}

/// A request with the token, from the same site.
pub(crate) fn ask(path: &str) -> Request<Body> {
    with(path, &[])
}

/// The same, with further headers.
pub(crate) fn with(path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = plain("GET", path).header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).expect("a request")
}

/// A request without the token.
pub(crate) fn plain(method: &str, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path).header(header::HOST, "localhost:4040")
}

/// The answer to a request.
pub(crate) async fn answer(router: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let response = router.clone().oneshot(request).await.expect("no error but a status");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    (parts.status, parts.headers, String::from_utf8(body.to_vec()).expect("text"))
}

/// The page at a path, which has the status 200.
pub(crate) async fn page(router: &Router, path: &str) -> String {
    let (status, _, body) = answer(router, ask(path)).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    body
}
