//! A pooler in transaction mode, such as PgBouncer: nothing depends on two transactions having one session.
//!
//! The whole conformance suite can be run through one: let `POSTGRES_PORT` name it, and set `POSTGRES_TRANSACTION_POOLING=y`.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use eventsourcing_core::recording::{EventQuery, NotificationQuery};
use eventsourcing_core::{Recorder, RecorderError, Tracking, Uuid};
use eventsourcing_sqlx::PostgresRecorder;

use common::proxy::{Cut, Proxy};
use common::{Schema, events, ids, one_event};

/// Uses every operation of a recorder, and returns the number of messages that a pooler could not forward.
async fn unfit_messages(transaction_pooling: bool) -> usize {
    let mut schema = Schema::new();
    let proxy = Proxy::before(&mut schema.config, Cut::BeforeStatement).await;
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

/// The twin: the messages that a pooler would mix up without the setting.
#[tokio::test]
async fn without_the_setting_statements_are_prepared_outside_of_transactions() {
    assert!(unfit_messages(false).await > 0);
}
