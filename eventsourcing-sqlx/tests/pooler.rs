//! A pooler in transaction mode, such as PgBouncer: nothing depends on two transactions having one session.
//!
//! The whole conformance suite can be run through one: let `POSTGRES_PORT` name it, and set `POSTGRES_TRANSACTION_POOLING=y`.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use eventsourcing_core::persistence::{EventQuery, NotificationQuery};
use eventsourcing_core::{Recorder, RecorderError, Tracking, Uuid};
use eventsourcing_sqlx::{PostgresRecorder, SslMode};

use common::proxy::{Cut, Proxy};
use common::{Schema, events, ids, one_event, server};

/// Uses a recorder for all that it does; how many of its messages a pooler could not pass on.
async fn unfit_messages(transaction_pooling: bool) -> usize {
    let mut schema = Schema::new();
    let server = server();
    let proxy = Proxy::start((server.host, server.port), Cut::BeforeStatement).await;
    schema.config.host = "127.0.0.1".to_owned();
    schema.config.port = proxy.port;
    schema.config.ssl_mode = SslMode::Disable;
    schema.config.transaction_pooling = transaction_pooling;
    // makes the tables, and then opens what is there
    PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap().close().await;
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    let world = Uuid::new_v4();
    assert_eq!(ids(&recorder.insert_events(events(world, 1..=3)).await.unwrap()), [1, 2, 3]);
    let conflict = recorder.insert_events(events(world, [2])).await;
    assert!(matches!(conflict, Err(RecorderError::Conflict { tried: 2, recorded: 3, .. })), "{conflict:?}");
    // lost, found out under the lock, and recorded
    proxy.cut(1);
    assert_eq!(ids(&recorder.insert_events(one_event()).await.unwrap()), [4]);
    recorder.insert_tracked(vec![], Tracking::new("Orders", 0, 1)).await.unwrap();
    let again = recorder.insert_tracked(vec![], Tracking::new("Orders", 0, 1)).await;
    assert!(matches!(again, Err(RecorderError::AlreadyProcessed { .. })), "{again:?}");
    proxy.cut(1);
    let last = recorder.insert_tracked(one_event(), Tracking::new("Orders", 1, 2)).await;
    assert_eq!(ids(&last.unwrap()), [5]);
    assert_eq!(recorder.tracked_position("Orders").await.unwrap(), 2);
    assert_eq!(recorder.select_events(EventQuery::of(world)).await.unwrap().len(), 3);
    assert_eq!(recorder.select_notifications(NotificationQuery::after(0, 10)).await.unwrap().len(), 5);
    assert_eq!(recorder.max_notification_id().await.unwrap(), Some(5));
    recorder.close().await;
    schema.drop().await;
    proxy.unfit_for_a_pooler()
}

#[tokio::test]
async fn with_transaction_pooling_each_statement_is_whole_within_a_transaction() {
    assert_eq!(unfit_messages(true).await, 0);
}

/// The twin: what a pooler would mix up without the setting.
#[tokio::test]
async fn without_the_setting_statements_are_prepared_outside_of_transactions() {
    assert!(unfit_messages(false).await > 0);
}
