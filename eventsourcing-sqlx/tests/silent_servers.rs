//! A server that stops answering: no caller waits without end, and no event is lost or duplicated once it answers again.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::ops::ControlFlow;
use std::time::Duration;

use eventsourcing_core::recording::{EventQuery, NotificationQuery, NotificationRef};
use eventsourcing_core::{Recorder, RecorderError, Tracking};
use eventsourcing_sqlx::PostgresRecorder;
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use tokio::time::timeout;

use common::proxy::{Cut, Proxy};
use common::{PATIENCE, Schema, ids, one_event, open_in_time, server, until_done};

/// A recorder behind a proxy, with short time limits.
async fn behind_a_proxy() -> (Schema, Proxy, PostgresRecorder) {
    let mut schema = Schema::new();
    let proxy = Proxy::before(&mut schema.config, Cut::BeforeAnswer).await;
    schema.config.answer_timeout = Duration::from_millis(500);
    schema.config.connect_timeout = Duration::from_millis(500);
    schema.config.resolve_timeout = Duration::from_secs(1);
    let recorder = open_in_time(&schema.config).await;
    let first = one_event();
    until_done(async || recorder.insert_events(first.clone()).await).await;
    until_done(async || recorder.max_notification_id().await).await;
    (schema, proxy, recorder)
}

#[tokio::test]
async fn a_server_that_falls_silent_keeps_neither_saves_nor_reads_waiting() {
    let (schema, proxy, recorder) = behind_a_proxy().await;
    let attempt = one_event();
    proxy.freeze();
    let saved = recorder.insert_events(attempt.clone());
    let tracked = recorder.insert_tracked(one_event(), Tracking::new("Orders", 0, 1));
    let read = recorder.select_events(EventQuery::of(attempt[0].originator_id));
    let log = recorder.select_notifications(NotificationQuery::after(0, 10));
    let last = recorder.max_notification_id();
    let calls = async { tokio::join!(saved, tracked, read, log, last) };
    let (saved, tracked, read, log, last) = timeout(PATIENCE, calls).await.expect("a call hangs");
    for error in [saved.unwrap_err(), tracked.unwrap_err(), read.unwrap_err(), log.unwrap_err(), last.unwrap_err()] {
        assert!(error.is_retryable(), "{error:?}");
    }
    proxy.thaw();
    // an error that says that the call may be made again is one that passes
    let recorded = until_done(async || recorder.insert_events(attempt.clone()).await).await;
    let log = until_done(async || recorder.select_notifications(NotificationQuery::after(0, 10)).await).await;
    assert_eq!(ids(&log), (1..=log.len() as u64).collect::<Vec<_>>());
    assert_eq!(log.iter().filter(|found| found.originator_id == attempt[0].originator_id).count(), 1);
    assert!(log.contains(&recorded[0]), "{recorded:?}");
    recorder.close().await;
    schema.drop().await;
}

#[tokio::test]
async fn a_server_that_falls_silent_keeps_neither_opening_nor_closing_waiting() {
    let (schema, proxy, recorder) = behind_a_proxy().await;
    proxy.freeze();
    let opened = timeout(PATIENCE, PostgresRecorder::open("Universe", schema.config.clone()));
    let error = opened.await.expect("opening hangs").unwrap_err();
    assert!(matches!(error, RecorderError::Open { .. }), "{error:?}");
    timeout(PATIENCE, recorder.close()).await.expect("closing hangs");
    proxy.thaw();
    schema.drop().await;
}

#[tokio::test]
async fn opening_does_not_wait_for_a_server_that_answers_nothing() {
    let (mut schema, proxy, recorder) = behind_a_proxy().await;
    recorder.close().await;
    proxy.swallow_statements();
    let opening = async {
        loop {
            match PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap_err() {
                // a machine that is busy may not even connect in time
                RecorderError::Open { cause, .. } if cause.starts_with("no answer within") => {}
                error => return error,
            }
        }
    };
    let error = timeout(PATIENCE, opening).await.expect("opening hangs");
    assert!(error.to_string().contains("the server did not answer within 0.5 seconds"), "{error}");
    (schema.config.host, schema.config.port) = (server().host, server().port);
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_does_not_wait_for_a_read_that_does_not_end() {
    let (schema, _proxy, recorder) = behind_a_proxy().await;
    let mut closed = None;
    let mut visit = |_: NotificationRef<'_>| {
        // this very read has a connection of the pool
        let closing = timeout(PATIENCE, recorder.close());
        closed = Some(block_in_place(|| Handle::current().block_on(closing)).is_ok());
        ControlFlow::Break(())
    };
    // an error of a time limit comes before the first row
    while recorder.read_notifications(NotificationQuery::after(0, 1), &mut visit).await.is_err() {}
    assert_eq!(closed, Some(true), "closing hangs");
    schema.drop().await;
}
