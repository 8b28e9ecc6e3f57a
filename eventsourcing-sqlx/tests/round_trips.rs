//! How often PostgreSQL is asked: once for a save, once for a page, once to open what is there.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use eventsourcing_core::persistence::{EventQuery, NotificationQuery};
use eventsourcing_core::{Recorder, Tracking, Uuid};
use eventsourcing_sqlx::{PostgresRecorder, SslMode};

use common::proxy::{Cut, Proxy};
use common::{Schema, events, server};

#[tokio::test]
async fn each_call_is_one_statement() {
    let mut schema = Schema::new();
    let server = server();
    let proxy = Proxy::start((server.host, server.port), Cut::BeforeStatement).await;
    schema.config.host = "127.0.0.1".to_owned();
    schema.config.port = proxy.port;
    schema.config.ssl_mode = SslMode::Disable;
    // an announcement is a statement too, of no save in particular
    schema.config.notify = false;
    // one connection: on another the statement would have to be prepared first
    schema.config.max_overflow = 0;
    let first = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    first.close().await;
    assert!(proxy.statements() > 5, "the tables were made");

    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    assert_eq!(proxy.statements(), 1, "opening what is up to date is one look, and no migration");

    let aggregate = Uuid::new_v4();
    for versions in [1..=1, 2..=2, 3..=102, 103..=1_102] {
        recorder.insert_events(events(aggregate, versions)).await.unwrap();
        assert_eq!(proxy.statements(), 1, "a save");
    }
    for after in 0..3 {
        let tracking = Tracking::new("Orders", after, after + 1);
        recorder.insert_tracked(events(Uuid::new_v4(), 1..=2), tracking).await.unwrap();
        assert_eq!(proxy.statements(), 1, "a save with tracking");
    }
    assert_eq!(recorder.tracked_position("Orders").await.unwrap(), 3);
    assert_eq!(proxy.statements(), 1, "a tracking position");
    recorder.select_events(EventQuery::of(aggregate)).await.unwrap();
    assert_eq!(proxy.statements(), 1, "all events of an aggregate");
    recorder.select_notifications(NotificationQuery::after(0, 1_000)).await.unwrap();
    assert_eq!(proxy.statements(), 1, "a page of the log");
    recorder.close().await;
    schema.drop().await;
}
