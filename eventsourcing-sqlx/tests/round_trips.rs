//! Round trips to PostgreSQL: one for a save, one for a page, one to open existing tables.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::ops::ControlFlow;

use eventsourcing_core::recording::{
    Append, EventQuery, NewCommand, NotificationQuery, ReplayItem, ReplayQuery, StoredSnapshot,
};
use eventsourcing_core::{Recorder, Timestamp, Tracking, Uuid};
use eventsourcing_sqlx::PostgresRecorder;

use common::proxy::{Cut, Proxy};
use common::{Schema, connect, events};

#[tokio::test]
async fn each_call_is_one_statement() {
    let mut schema = Schema::new();
    let proxy = Proxy::before(&mut schema.config, Cut::BeforeStatement).await;
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
    for count in 1..=3 {
        let command = || NewCommand::new(Uuid::new_v4().into(), Timestamp::now());
        let save = || Append::new(events(Uuid::new_v4(), 1..=count)).command(command());
        recorder.append(save()).await.unwrap();
        assert_eq!(proxy.statements(), 1, "a save with a command id");
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
    let snapshot = StoredSnapshot::new(aggregate, 1_000, "World", 5, *b"{}", Uuid::nil());
    assert!(recorder.insert_snapshot(snapshot, 1).await.unwrap());
    assert_eq!(proxy.statements(), 1, "a snapshot is stored, and older ones are deleted");
    let mut items = 0;
    let mut visit = |_: ReplayItem<'_>| {
        items += 1;
        ControlFlow::Continue(())
    };
    recorder.read_replay(ReplayQuery::of(aggregate, 5), &mut visit).await.unwrap();
    assert_eq!((proxy.statements(), items), (1, 104), "a snapshot and the events from its version on");
    recorder.close().await;
    schema.drop().await;
}

/// Whether twenty reads are twenty round trips, at least once in several attempts.
///
/// Once a second a connection goes through the pool, which pings it, so that slow reads are attempted again.
async fn each_read_is_one_round_trip(pre_ping: bool) -> bool {
    let mut schema = Schema::new();
    let proxy = Proxy::before(&mut schema.config, Cut::BeforeStatement).await;
    schema.config.max_overflow = 0;
    schema.config.pre_ping = pre_ping;
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    let read = async || drop(recorder.select_events(EventQuery::of(Uuid::nil())).await.unwrap());
    // the statement is prepared
    read().await;
    let mut found = false;
    for _ in 0..20 {
        read().await;
        proxy.requests();
        for _ in 0..20 {
            read().await;
        }
        found |= proxy.requests() == 20;
    }
    recorder.close().await;
    schema.drop().await;
    found
}

#[tokio::test]
async fn reads_in_a_row_are_one_round_trip_each() {
    assert!(each_read_is_one_round_trip(false).await);
}

#[tokio::test]
async fn reads_whose_connections_are_to_be_asked_before_are_more() {
    assert!(!each_read_is_one_round_trip(true).await);
}

#[tokio::test]
async fn readers_that_share_one_connection_all_have_their_turn() {
    let mut schema = Schema::new();
    schema.config.max_overflow = 0;
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    recorder.insert_events(events(Uuid::nil(), 1..=3)).await.unwrap();
    let readers = (0..16).map(|_| async {
        for _ in 0..50 {
            assert_eq!(recorder.select_events(EventQuery::of(Uuid::nil())).await.unwrap().len(), 3);
        }
    });
    futures::future::join_all(readers).await;
    recorder.close().await;
    schema.drop().await;
}

#[test]
fn a_recorder_and_its_reads_can_be_dropped_outside_of_a_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let schema = Schema::new();
    let recorder = runtime.block_on(async {
        let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
        assert_eq!(recorder.max_notification_id().await.unwrap(), None);
        recorder
    });
    // a read that waits for a lock, and is dropped later
    let mut begun = Box::pin(async { recorder.select_events(EventQuery::of(Uuid::nil())).await });
    runtime.block_on(async {
        let mut outsider = connect(&schema.config).await;
        let lock = format!("BEGIN; LOCK TABLE {}.universe_events IN ACCESS EXCLUSIVE MODE", schema.name);
        sqlx::raw_sql(sqlx::AssertSqlSafe(lock)).execute(&mut outsider).await.unwrap();
        assert!(futures::poll!(&mut begun).is_pending(), "the answer came at once");
    });
    drop(begun);
    drop(recorder);
    runtime.block_on(schema.drop());
}
