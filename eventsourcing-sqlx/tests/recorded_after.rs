//! A consumer that waits for new events is woken by saves of its own process, and in PostgreSQL by those of other processes.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use eventsourcing_core::Recorder;
use eventsourcing_core::recording::NotificationQuery;
use eventsourcing_sqlx::PostgresRecorder;
use futures::FutureExt as _;
use futures::future::join_all;
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::task::yield_now;
use tokio::time::timeout;

use common::store::on_each;
use common::{PATIENCE, Schema, connect, ids, one_event};

async fn woken(recorder: &dyn Recorder, after: u64) {
    timeout(PATIENCE, recorder.recorded_after(after)).await.expect("nobody woke who waits");
}

#[tokio::test]
async fn a_save_of_the_same_process_wakes_who_waits() {
    on_each(async |store| {
        let recorder = store.open().await;
        for last in 1..=20 {
            let mut waits = recorder.recorded_after(last - 1);
            assert!(futures::poll!(&mut waits).is_pending(), "there is no {last} yet");
            let recorded = recorder.insert_events(one_event()).await.unwrap();
            assert_eq!(ids(&recorded), [last]);
            timeout(PATIENCE, waits).await.expect("nobody woke who waits");
            // and who comes later does not wait
            assert!(recorder.recorded_after(last - 1).now_or_never().is_some());
        }
    })
    .await;
}

#[tokio::test]
async fn who_waits_is_woken_when_the_recorder_is_closed() {
    on_each(async |store| {
        let recorder = store.open().await;
        let mut waits = recorder.recorded_after(1_000);
        assert!(futures::poll!(&mut waits).is_pending());
        recorder.close().await;
        timeout(PATIENCE, waits).await.expect("nobody woke who waits");
    })
    .await;
}

/// Two recorders that look to PostgreSQL like two processes.
async fn two(schema: &Schema) -> (PostgresRecorder, PostgresRecorder) {
    let open = || PostgresRecorder::open("Universe", schema.config.clone());
    (open().await.unwrap(), open().await.unwrap())
}

#[tokio::test]
async fn a_save_of_another_process_wakes_who_waits_in_postgresql() {
    let schema = Schema::new();
    let (writer, follower) = two(&schema).await;
    for last in 1..=20 {
        let (recorded, ()) = tokio::join!(writer.insert_events(one_event()), woken(&follower, last - 1));
        assert_eq!(ids(&recorded.unwrap()), [last]);
        assert_eq!(ids(&follower.select_notifications(NotificationQuery::after(last - 1, 10)).await.unwrap()), [last]);
    }
    schema.drop().await;
}

#[tokio::test]
async fn who_begins_to_wait_later_learns_of_what_was_recorded_before() {
    let schema = Schema::new();
    let (writer, follower) = two(&schema).await;
    writer.insert_events(one_event()).await.unwrap();
    writer.close().await;
    // no more announcements come
    woken(&follower, 0).await;
    schema.drop().await;
}

#[tokio::test]
async fn a_listener_that_loses_its_connection_reconnects_and_misses_nothing() {
    let schema = Schema::new();
    let (writer, follower) = two(&schema).await;
    let mut outsider = connect(&schema.config).await;
    for last in 1..=5 {
        let save = async {
            while schema.kill_listeners(&mut outsider).await == 0 {
                yield_now().await;
            }
            writer.insert_events(one_event()).await.unwrap();
        };
        tokio::join!(woken(&follower, last - 1), save);
    }
    schema.drop().await;
}

#[tokio::test]
async fn no_more_notifies_than_transactions_and_the_last_is_the_last_event() {
    let schema = Schema::new();
    let (writer, other) = two(&schema).await;
    let channel: String = {
        let mut outsider = connect(&schema.config).await;
        let channel =
            format!("SELECT 'eventsourcing_' || replace(log_id::text, '-', '') FROM {}.universe_head", schema.name);
        sqlx::query_scalar(AssertSqlSafe(channel)).fetch_one(&mut outsider).await.unwrap()
    };
    let pool = PgPoolOptions::new().max_connections(1).connect_with(common::options(&schema.config)).await.unwrap();
    let mut listener = PgListener::connect_with(&pool).await.unwrap();
    listener.listen(&channel).await.unwrap();
    let save = async |recorder: &PostgresRecorder| {
        for _ in 0..20 {
            recorder.insert_events(one_event()).await.unwrap();
            yield_now().await;
        }
    };
    let savers = (0..32).map(|number| save(if number % 2 == 0 { &writer } else { &other }));
    join_all(savers).await;
    let mut announced = Vec::new();
    while announced.last() != Some(&640) {
        let next = timeout(PATIENCE, listener.recv()).await.expect("the last event was not announced").unwrap();
        announced.push(next.payload().parse::<u64>().unwrap());
    }
    let transactions = format!("SELECT count(DISTINCT xmin::text) FROM {}.universe_events", schema.name);
    let transactions = schema.number(transactions).await;
    assert!(
        i64::try_from(announced.len()).unwrap() <= transactions,
        "{} announcements of {transactions} transactions",
        announced.len()
    );
    drop(listener);
    pool.close().await;
    schema.drop().await;
}

#[tokio::test]
async fn without_the_setting_nobody_listens_and_nothing_is_announced() {
    let mut schema = Schema::new();
    schema.config.notify = false;
    let (writer, follower) = two(&schema).await;
    let mut waits = follower.recorded_after(0);
    assert!(futures::poll!(&mut waits).is_pending());
    for _ in 0..10 {
        writer.insert_events(one_event()).await.unwrap();
    }
    let asked = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%' || $1 || '%' AND query LIKE '%pg_notify%'";
    let mut outsider = connect(&schema.config).await;
    let asked: i64 =
        sqlx::query_scalar(asked).bind(format!("\"{}\"", schema.name)).fetch_one(&mut outsider).await.unwrap();
    assert_eq!(asked, 0);
    assert!(futures::poll!(&mut waits).is_pending(), "it was told by nobody");
    // its own saves it knows of
    follower.insert_events(one_event()).await.unwrap();
    timeout(PATIENCE, waits).await.expect("nobody woke who waits");
    schema.drop().await;
}
