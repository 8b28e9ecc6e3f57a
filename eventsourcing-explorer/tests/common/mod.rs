//! What the test suites share: a shop, its databases, and requests.
#![allow(dead_code, reason = "each test suite uses a part of this")]

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use eventsourcing::prelude::*;
use eventsourcing_explorer::Explorer;
use http_body_util::BodyExt as _;
use serde::Serialize;
use tower::ServiceExt as _;

pub(crate) const TOKEN: &str = "a-token-of-the-tests-0123456789";

#[application(aggregates(Order, Cart))]
#[derive(Clone)]
pub(crate) struct Shop;

#[application]
#[derive(Clone)]
pub(crate) struct Payments;

#[aggregate]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Order {
    pub(crate) customer: String,
    pub(crate) cents: u64,
    pub(crate) notes: u64,
    pub(crate) last_note: Option<String>,
}

#[aggregate]
impl Order {
    #[event("Placed")]
    pub(crate) fn place(customer: String, cents: u64) -> Self {
        Self { customer, cents, notes: 0, last_note: None }
    }

    #[event("Noted")]
    pub(crate) fn note(&mut self, text: String) {
        assert!(!(text == PANICS && PANICKING.load(Relaxed)), "the text with which a replay panics");
        self.notes += 1;
        self.last_note = Some(text);
    }
}

/// A note of an order with which its code panics, once this is set.
pub(crate) const PANICS: &str = "panic";
pub(crate) static PANICKING: AtomicBool = AtomicBool::new(false);

/// It is `Debug` alone, so its states are no JSON.
#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cart {
    pub(crate) sku: String,
}

#[aggregate]
impl Cart {
    #[event("Filled")]
    pub(crate) fn fill(sku: String) -> Self {
        Self { sku }
    }
}

/// A type that the application has not registered.
#[aggregate]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Parcel {
    weight: u64,
}

#[aggregate]
impl Parcel {
    #[event("Packed")]
    pub(crate) fn pack(weight: u64, colour: String) -> Self {
        let _ = &colour;
        Self { weight }
    }

    #[event("Weighed")]
    pub(crate) fn weigh(&mut self, weight: u64) {
        self.weight = weight;
    }
}

/// A shop in memory.
pub(crate) async fn in_memory() -> Shop {
    Shop::builder().variables(Vec::<(String, String)>::new()).open().await.expect("an application")
}

/// An order whose amount is more than a double can represent.
pub(crate) fn place(customer: &str) -> Order {
    Order::place(customer.to_owned(), 9_007_199_254_740_993)
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

/// A JSON page, parsed without a number that is changed: floats are not used.
pub(crate) async fn json(router: &Router, path: &str) -> serde_json::Value {
    serde_json::from_str(&page(router, path).await).expect("JSON")
}

/// The page at a path, which has the status 200.
pub(crate) async fn page(router: &Router, path: &str) -> String {
    let (status, _, body) = answer(router, ask(path)).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    body
}
