//! Connections that are lost silently, as after a network failover: no caller waits for them, and none keeps its place in a pool.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::ops::ControlFlow;
use std::time::Duration;

use eventsourcing_core::recording::{NotificationQuery, NotificationRef};
use eventsourcing_core::{Recorder, Uuid};
use eventsourcing_sqlx::PostgresRecorder;
use tokio::time::timeout;

use common::proxy::{Cut, Proxy};
use common::{PATIENCE, Schema, connect, events, ids, one_event, open_in_time, server, until_done};

/// A recorder behind a proxy, with one connection to read and short time limits.
async fn behind_a_proxy(notify: bool, pre_ping: bool) -> (Schema, Proxy, PostgresRecorder) {
    let mut schema = Schema::new();
    let config = &mut schema.config;
    let proxy = Proxy::before(config, Cut::BeforeAnswer).await;
    (config.pool_size, config.max_overflow) = (0, 1);
    (config.notify, config.pre_ping) = (notify, pre_ping);
    (config.answer_timeout, config.connect_timeout) = (Duration::from_millis(500), Duration::from_secs(2));
    let recorder = open_in_time(&schema.config).await;
    let first = one_event();
    until_done(async || recorder.insert_events(first.clone()).await).await;
    until_done(async || recorder.max_notification_id().await).await;
    (schema, proxy, recorder)
}

#[tokio::test]
async fn a_silently_lost_connection_frees_its_place_in_the_pool() {
    for pre_ping in [false, true] {
        let (schema, proxy, recorder) = behind_a_proxy(false, pre_ping).await;
        for last in 2..=4 {
            // on its way back to the pool
            proxy.abandon();
            until_done(async || recorder.max_notification_id().await).await;
            let attempt = one_event();
            until_done(async || recorder.insert_events(attempt.clone()).await).await;
            // in it, and the one that writes with it
            proxy.abandon();
            assert_eq!(until_done(async || recorder.max_notification_id().await).await, Some(last));
        }
        proxy.abandon();
        timeout(PATIENCE, recorder.close()).await.unwrap();
        schema.drop().await;
    }
}

#[tokio::test]
async fn a_notify_on_a_lost_connection_frees_its_place_in_the_pool() {
    let (schema, proxy, recorder) = behind_a_proxy(true, false).await;
    let mut outsider = connect(&server()).await;
    let announced = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle' AND query LIKE '%pg_notify%' \
                     AND query LIKE '%' || $1 || '%'";
    for last in [3, 5, 7] {
        let (attempt, next) = (one_event(), one_event());
        until_done(async || recorder.insert_events(attempt.clone()).await).await;
        // the only connection of the pool is that of the announcement, which is over
        while sqlx::query_scalar::<_, i64>(announced).bind(&schema.name).fetch_one(&mut outsider).await.unwrap() < 1 {
            tokio::task::yield_now().await;
        }
        proxy.abandon();
        until_done(async || recorder.insert_events(next.clone()).await).await;
        assert_eq!(until_done(async || recorder.max_notification_id().await).await, Some(last));
    }
    timeout(PATIENCE, recorder.close()).await.unwrap();
    schema.drop().await;
}

#[tokio::test]
async fn a_waiting_consumer_is_notified_although_its_listener_was_lost() {
    let (schema, proxy, recorder) = behind_a_proxy(true, false).await;
    let mut direct = schema.config.clone();
    (direct.host, direct.port) = (server().host, server().port);
    let other = open_in_time(&direct).await;
    // until it listens, which the first that it hears of shows
    let mut last = 1;
    let mut record = async || {
        let attempt = one_event();
        last = ids(&until_done(async || other.insert_events(attempt.clone()).await).await)[0];
        last
    };
    let first = record().await;
    timeout(PATIENCE, recorder.recorded_after(first - 1)).await.expect("it does not listen");
    let mut outsider = connect(&server()).await;
    let listens = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle' AND query LIKE '%' || $1 || '%' \
                   AND query LIKE '%replace(log_id%' AND query NOT LIKE '%pg_notify%'";
    while sqlx::query_scalar::<_, i64>(listens).bind(&schema.name).fetch_one(&mut outsider).await.unwrap() < 1 {
        tokio::task::yield_now().await;
    }
    proxy.abandon();
    let second = record().await;
    timeout(PATIENCE, recorder.recorded_after(second - 1)).await.expect("it hears nothing any more");
    recorder.close().await;
    other.close().await;
    schema.drop().await;
}

#[tokio::test]
async fn the_rest_of_a_read_that_is_broken_off_is_not_pulled() {
    const EVENTS: u64 = 4_000;
    const BYTES: usize = 10_000;
    let (schema, proxy, recorder) = behind_a_proxy(false, false).await;
    let mut direct = schema.config.clone();
    (direct.host, direct.port, direct.answer_timeout) = (server().host, server().port, PATIENCE);
    let other = PostgresRecorder::open("Universe", direct).await.unwrap();
    let mut large = events(Uuid::new_v4(), 1..=EVENTS);
    large.iter_mut().for_each(|event| event.state = vec![b'x'; BYTES].into());
    other.insert_events(large).await.unwrap();
    proxy.answered();
    let mut visit = |_: NotificationRef<'_>| ControlFlow::Break(());
    recorder.read_notifications(NotificationQuery::after(1, usize::MAX), &mut visit).await.unwrap();
    // there is one connection: this waits until it is free, or there is another
    until_done(async || recorder.max_notification_id().await).await;
    let all = usize::try_from(EVENTS).unwrap() * BYTES;
    assert!(proxy.answered() < all / 2, "all of it was pulled");
    recorder.close().await;
    other.close().await;
    schema.drop().await;
}
