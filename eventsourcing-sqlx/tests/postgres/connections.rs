//! Connections: all in use, closed, and with time limits beyond any clock.

use std::ops::ControlFlow;
use std::time::Duration;

use eventsourcing_core::recording::{EventQuery, NotificationQuery, NotificationRef};
use eventsourcing_core::{Recorder as _, RecorderError, Uuid};
use sqlx::{AssertSqlSafe, Connection as _};
use tokio::runtime::Handle;

use super::common::proxy::{Cut, Proxy};
use super::common::{PATIENCE, Schema, connect, ids, one_event, open_in_time, until_done};
use super::{open, until_waiting};

#[tokio::test]
async fn all_connections_in_use_is_an_error_of_its_own() {
    let mut schema = Schema::new();
    schema.config.max_overflow = 0;
    // who holds the connection does so until the end
    schema.config.answer_timeout = PATIENCE * 2;
    open(&schema).await.close().await;
    schema.config.connect_timeout = Duration::from_millis(300);
    let recorder = open_in_time(&schema.config).await;
    let mut outsider = connect(&schema.config).await;
    let mut transaction = outsider.begin().await.unwrap();
    let lock = format!("LOCK TABLE {}.universe_events IN ACCESS EXCLUSIVE MODE", schema.name);
    sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut *transaction).await.unwrap();
    let waiting = until_done(async || recorder.select_events(EventQuery::of(Uuid::new_v4())).await);
    let asking = async {
        until_waiting(&schema).await;
        let error = loop {
            match recorder.max_notification_id().await.unwrap_err() {
                // a server that is busy may not take a connection in time, and then counts as one that is not there
                RecorderError::Disconnected { .. } => {}
                error => break error,
            }
        };
        transaction.rollback().await.unwrap();
        error
    };
    let (found, error) = tokio::join!(waiting, asking);
    assert!(matches!(error, RecorderError::PoolTimeout { .. }), "{error:?}");
    let expected = "no database connection was free within 0.3 seconds; try again, or raise POSTGRES_MAX_OVERFLOW";
    assert_eq!(error.to_string(), expected);
    assert_eq!(found, []);
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_that_use_all_connections_keep_nobody_from_recording() {
    let mut schema = Schema::new();
    schema.config.max_overflow = 0;
    let recorder = open(&schema).await;
    recorder.insert_events(one_event()).await.unwrap();
    let mut recorded = Vec::new();
    let mut visit = |_: NotificationRef<'_>| {
        // the only connection of the pool is in the middle of this read
        let insert = recorder.insert_events(one_event());
        recorded = ids(&tokio::task::block_in_place(|| Handle::current().block_on(insert)).unwrap());
        ControlFlow::Break(())
    };
    recorder.read_notifications(NotificationQuery::after(0, 1), &mut visit).await.unwrap();
    assert_eq!(recorded, [2]);
    schema.drop().await;
}

#[tokio::test]
async fn a_closed_recorder_says_so() {
    let schema = Schema::new();
    let recorder = open(&schema).await;
    recorder.close().await;
    for error in [
        recorder.insert_events(one_event()).await.unwrap_err(),
        recorder.max_notification_id().await.unwrap_err(),
        recorder.select_events(EventQuery::of(Uuid::new_v4())).await.unwrap_err(),
    ] {
        assert!(matches!(error, RecorderError::Closed), "{error:?}");
    }
    schema.drop().await;
}

#[tokio::test]
async fn times_longer_than_the_clock_can_count_are_long_ones() {
    let mut schema = Schema::new();
    let config = &mut schema.config;
    let proxy = Proxy::before(config, Cut::BeforeAnswer).await;
    (config.connect_timeout, config.resolve_timeout) = (Duration::MAX, Duration::MAX);
    (config.lock_timeout, config.conn_max_age) = (Some(Duration::MAX), Some(Duration::MAX));
    config.idle_in_transaction_session_timeout = Duration::MAX;
    let recorder = open(&schema).await;
    assert_eq!(ids(&recorder.insert_events(one_event()).await.unwrap()), [1]);
    // an answer that is lost, so that the outcome must be found out
    proxy.cut(1);
    assert_eq!(ids(&recorder.insert_events(one_event()).await.unwrap()), [2]);
    assert!(proxy.is_done(), "nothing was cut");
    recorder.close().await;
    schema.drop().await;
}
