//! The routes for probes: what they answer, to whom, and how often they ask the database.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use eventsourcing::prelude::*;
use eventsourcing::recording::{EventQuery, MemoryRecorder, NotificationQuery};
use eventsourcing::{Recorder, RecorderError, StoredEvent};
use eventsourcing_explorer::health;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

/// A recorder that counts how often its end is asked for, and does not answer on request.
#[derive(Debug, Default)]
struct Asked {
    inner: MemoryRecorder,
    questions: AtomicUsize,
    is_silent: AtomicBool,
}

#[async_trait]
impl Recorder for Asked {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        self.inner.insert_events(events).await
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        self.inner.select_events(query).await
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        self.inner.select_notifications(query).await
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.questions.fetch_add(1, SeqCst);
        if self.is_silent.load(SeqCst) {
            std::future::pending::<()>().await;
        }
        self.inner.max_notification_id().await
    }
}

fn application() -> (Arc<Asked>, Application) {
    let recorder = Arc::new(Asked::default());
    let application = Application::builder("Orders").recorder(Arc::<Asked>::clone(&recorder)).open().unwrap();
    (recorder, application)
}

async fn asked(router: &Router, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["cache-control"], "no-store");
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn said(status: StatusCode, word: &str) -> (StatusCode, String) {
    (status, word.to_owned())
}

#[tokio::test]
async fn a_process_whose_database_answers_is_ready_without_a_token() {
    let (_, orders) = application();
    let router = health(&orders).within(Duration::from_secs(60)).router();
    assert_eq!(asked(&router, "/readyz").await, said(StatusCode::OK, "ready"));
    assert_eq!(asked(&router, "/healthz").await, said(StatusCode::OK, "ok"));
}

#[tokio::test]
async fn many_probes_are_one_question() {
    let (recorder, orders) = application();
    let router = health(&orders).router();
    for _ in 0..100 {
        asked(&router, "/healthz").await;
    }
    assert_eq!(recorder.questions.load(SeqCst), 0, "liveness asks no database");
    let begun = std::time::Instant::now();
    futures::future::join_all((0..100).map(|_| asked(&router, "/readyz"))).await;
    // an answer holds for a second, however slow this machine is
    let most = 1 + usize::try_from(begun.elapsed().as_secs()).unwrap();
    let questions = recorder.questions.load(SeqCst);
    assert!(questions >= 1 && questions <= most, "{questions} questions");
}

/// The twin: without the routes, each question reaches the database.
#[tokio::test]
async fn each_question_to_the_application_is_one_to_the_database() {
    let (recorder, orders) = application();
    for _ in 0..5 {
        orders.readiness().await;
    }
    assert_eq!(recorder.questions.load(SeqCst), 5);
}

#[tokio::test(start_paused = true)]
async fn a_database_that_does_not_answer_is_unreachable_in_time() {
    let (recorder, orders) = application();
    recorder.is_silent.store(true, SeqCst);
    let router = health(&orders).within(Duration::from_millis(200)).router();
    let begun = tokio::time::Instant::now();
    assert_eq!(asked(&router, "/readyz").await, said(StatusCode::SERVICE_UNAVAILABLE, "unreachable"));
    assert_eq!(begun.elapsed(), Duration::from_millis(200));
    assert_eq!(asked(&router, "/healthz").await, said(StatusCode::OK, "ok"), "the process runs all the same");
}

#[tokio::test]
async fn the_worst_application_decides() {
    let (_, orders) = application();
    let closed = Application::builder("Closed").open().unwrap();
    closed.close().await;
    let router = health(&orders).also(&closed).router();
    let (status, word) = asked(&router, "/readyz").await;
    assert_eq!((status, word.as_str()), (StatusCode::SERVICE_UNAVAILABLE, "unreachable"));
}

#[tokio::test]
async fn nothing_but_a_word_is_disclosed_and_nothing_but_a_question_answered() {
    let (_, orders) = application();
    let router = health(&orders).router();
    for (method, path, status) in [("POST", "/readyz", 405), ("DELETE", "/healthz", 405), ("GET", "/readyz/x", 404)] {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        assert_eq!(router.clone().oneshot(request).await.unwrap().status().as_u16(), status, "{method} {path}");
    }
}
