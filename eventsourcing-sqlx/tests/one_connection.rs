//! Consumers, projections and saves with one connection to read and one for views: none of them deadlocks.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use eventsourcing_core::recording::EventQuery;
use eventsourcing_core::{Application, Projection, Recorder, Tracking, ViewError, Views};
use eventsourcing_sqlx::{PostgresRecorder, PostgresViews, SqliteConfig, SqliteRecorder, SqliteViews};
use futures::future::join_all;
use sqlx::postgres::PgPoolOptions;
use tokio::task::yield_now;
use tokio::time::timeout;

use common::counted::{COUNTED, InPostgres, InSqlite, TABLE, postgres_pool, run, sqlite_pool};
use common::followed::universe;
use common::{PATIENCE, Schema, one_event, options};

const WRITERS: u64 = 8;
const EACH: u64 = 25;
const EVENTS: u64 = WRITERS * EACH;

/// Saves, and reads what it saved.
async fn save(recorder: &dyn Recorder) {
    for _ in 0..EACH {
        let events = one_event();
        let query = EventQuery::of(events[0].originator_id);
        recorder.insert_events(events).await.unwrap();
        assert_eq!(recorder.select_events(query).await.unwrap().len(), 1);
        yield_now().await;
    }
}

/// Consumes the log, and records its position with each event.
async fn track(universe: &Application) {
    let mut subscription = universe.subscribe(0).page_size(7).notifications();
    for id in 1..=EVENTS {
        let followed = subscription.try_next().await.unwrap().unwrap();
        assert_eq!(followed.item.id, id);
        universe.recorder().insert_tracked(vec![], followed.tracking).await.unwrap();
    }
}

/// Runs writers, a consumer that saves, and two runners of one view at the same time.
async fn all_is_done<P, V>(universe: &Application, projections: [P; 2], views: V)
where
    P: Projection,
    V: Views<View = P::View> + Clone,
{
    let recorder = universe.recorder();
    let all = async {
        let [one, other] = projections;
        let runners = [run(universe, one, views.clone()).await, run(universe, other, views).await];
        let writers = join_all((0..WRITERS).map(|_| save(&**recorder)));
        tokio::join!(writers, track(universe));
        for runner in runners {
            runner.wait_for(EVENTS, PATIENCE).await.unwrap();
            runner.stop().await.unwrap();
        }
    };
    timeout(PATIENCE, all).await.expect("they wait for one another");
    assert_eq!(recorder.tracked_position("Universe").await.unwrap(), EVENTS);
}

/// A schema whose recorders have one connection beside the one that writes.
fn narrow() -> Schema {
    let mut schema = Schema::new();
    (schema.config.pool_size, schema.config.max_overflow) = (1, 0);
    schema
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_postgres_connection_serves_consumers_projections_and_saves() {
    let schema = narrow();
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    let pool = postgres_pool(&schema.config, 1).await;
    sqlx::raw_sql(TABLE).execute(&pool).await.unwrap();
    let views = PostgresViews::open(pool.clone()).await.unwrap();
    all_is_done(&universe(Arc::new(recorder)), [InPostgres, InPostgres], views).await;
    let counted: i64 = sqlx::query_scalar(COUNTED).fetch_one(&pool).await.unwrap();
    assert_eq!(counted.cast_unsigned(), EVENTS);
    pool.close().await;
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_to_a_file_serves_consumers_projections_and_saves() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("universe.db");
    let mut config = SqliteConfig::new(path.to_str().unwrap());
    config.lock_timeout = PATIENCE;
    let recorder = SqliteRecorder::open("Universe", config).await.unwrap();
    let pool = sqlite_pool(path.to_str().unwrap(), 1).await;
    sqlx::raw_sql(TABLE).execute(&pool).await.unwrap();
    let views = SqliteViews::open(pool.clone()).await.unwrap();
    all_is_done(&universe(Arc::new(recorder)), [InSqlite, InSqlite], views).await;
    let counted: u64 = sqlx::query_scalar(COUNTED).fetch_one(&pool).await.unwrap();
    assert_eq!(counted, EVENTS);
}

/// The twin: a task that asks for a second connection while it holds the only one waits for itself.
#[tokio::test]
async fn who_needs_two_connections_of_one_hangs() {
    let schema = narrow();
    PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap().close().await;
    // soon, as nobody will give the connection back, and not before a busy machine has made one
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(3));
    let search_path = [("search_path", schema.config.schema.as_str())];
    let pool = pool.connect_with(options(&schema.config).options(search_path)).await.unwrap();
    let views = PostgresViews::open(pool.clone()).await.unwrap();
    let held = views.begin("counted", &Tracking::new("Universe", 0, 1)).await.unwrap();
    let error = views.position("counted", "Universe").await.unwrap_err();
    assert!(matches!(error, ViewError::PoolTimeout { .. }), "{error:?}");
    drop(held);
    pool.close().await;
    schema.drop().await;
}
