//! Two processes that run a projection and are killed alternately while others record: each event takes effect exactly once.
//!
//! A few seconds here; `cargo xtask soak` makes it a minute, with a kill each second. The twin, which fails without one
//! transaction for the view and its position, is in `killed_projections.rs`.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use eventsourcing_core::{Environment, Projection, Recorder, Uuid, Views};
use eventsourcing_sqlx::{PostgresConfig, PostgresRecorder, PostgresViews, SqliteConfig, SqliteRecorder, SqliteViews};
use sqlx::{PgPool, SqlitePool};
use tokio::time::interval;

use common::counted::{COUNTED, InPostgres, InSqlite, TABLE, postgres_pool, run, sqlite_pool};
use common::followed::universe;
use common::process::{Process, is_child};
use common::watched::Watch;
use common::{Schema, connect, dice, events};

/// A time limit longer than the remaining events can take.
const PATIENCE: Duration = Duration::from_secs(600);

/// The number of kills, and the shortest time between two.
fn kills() -> (usize, Duration) {
    match std::env::var("EVENTSOURCING_SOAK_SECONDS") {
        Ok(seconds) => (seconds.parse().unwrap(), Duration::from_secs(1)),
        Err(_) => (10, Duration::from_millis(1)),
    }
}

/// Runs the projection until it is killed.
async fn child<P: Projection, V: Views<View = P::View>>(recorder: impl Recorder + 'static, projection: P, views: V) {
    let _runner = run(&universe(Arc::new(recorder)), projection, views).await;
    std::future::pending::<()>().await;
}

/// Kills the children alternately, each time after more was processed, and replaces them; kills the last two as well.
async fn kill(test: &str, variables: &[(&str, &str)], position: impl AsyncFn() -> u64) {
    let (kills, lifetime) = kills();
    let mut children = [Process::start(test, variables), Process::start(test, variables)];
    let mut ticks = interval(lifetime);
    let mut processed = 0;
    for kill in 0..kills {
        while position().await == processed {
            ticks.tick().await;
        }
        processed = position().await;
        ticks.tick().await;
        let victim = &mut children[kill % 2];
        assert_eq!(victim.child.try_wait().unwrap(), None, "a child ended by itself");
        victim.child.kill().await.unwrap();
        *victim = Process::start(test, variables);
    }
    for mut process in children {
        process.child.kill().await.unwrap();
    }
}

/// Records until it is told to stop, at a pace that the projection can keep up with.
async fn write(recorder: &dyn Recorder, is_over: &AtomicBool) {
    let mut pace = interval(Duration::from_millis(3));
    while !is_over.load(Ordering::Relaxed) {
        pace.tick().await;
        recorder.insert_events(events(Uuid::new_v4(), 1..=dice(3) + 1)).await.unwrap();
    }
}

/// Kills children while events are recorded, and returns the number of events.
async fn killed_beside_writers<P: Projection, V: Views<View = P::View>>(
    test: &str,
    variables: &[(&str, &str)],
    recorder: Arc<dyn Recorder>,
    projection: P,
    views: V,
) -> u64 {
    let is_over = AtomicBool::new(false);
    let kill = async {
        kill(test, variables, async || views.position(P::NAME, "Universe").await.unwrap().id).await;
        is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(kill, write(&*recorder, &is_over));
    let last = recorder.insert_events(events(Uuid::new_v4(), [1])).await.unwrap()[0].id;
    let position = views.position(P::NAME, "Universe").await.unwrap();
    println!("{last} events, of which {position} were processed by processes that were killed");
    let runner = run(&universe(recorder), projection, views).await;
    runner.wait_for(last, PATIENCE).await.unwrap();
    runner.stop().await.unwrap();
    last
}

#[tokio::test]
async fn killed_beside_writers_each_event_takes_effect_once_in_a_file() {
    let file = |name| std::env::var(name).unwrap();
    let open = async |file: &str| {
        let mut config = SqliteConfig::new(file);
        config.lock_timeout = PATIENCE;
        SqliteRecorder::open("Universe", config).await.unwrap()
    };
    if is_child() {
        let views = SqliteViews::open(sqlite_pool(&file("VIEWS"), 1).await).await.unwrap();
        return child(open(&file("SQLITE_DBNAME")).await, InSqlite, views).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (log, view) = (file("universe.db"), file("views.db"));
    let pool: SqlitePool = sqlite_pool(&view, 1).await;
    sqlx::raw_sql(TABLE).execute(&pool).await.unwrap();
    let views = SqliteViews::open(pool.clone()).await.unwrap();
    let variables = [("SQLITE_DBNAME", log.as_str()), ("VIEWS", view.as_str())];
    let test = "killed_beside_writers_each_event_takes_effect_once_in_a_file";
    let recorder = Arc::new(open(&log).await);
    let watch = Watch::start(None);
    let last = killed_beside_writers(test, &variables, recorder, InSqlite, views).await;
    watch.end().await;
    let counted: u64 = sqlx::query_scalar(COUNTED).fetch_one(&pool).await.unwrap();
    assert_eq!(counted, last);
}

#[tokio::test]
async fn killed_beside_writers_each_event_takes_effect_once_in_postgres() {
    let open = async |config: &PostgresConfig| PostgresRecorder::open("Universe", config.clone()).await.unwrap();
    if is_child() {
        let config = PostgresConfig::from_environment(&Environment::from_process("Universe")).unwrap();
        let views = PostgresViews::open(postgres_pool(&config, 1).await).await.unwrap();
        return child(open(&config).await, InPostgres, views).await;
    }
    let schema = Schema::new();
    let recorder = Arc::new(open(&schema.config).await);
    let pool: PgPool = postgres_pool(&schema.config, 1).await;
    sqlx::raw_sql(TABLE).execute(&pool).await.unwrap();
    let views = PostgresViews::open(pool.clone()).await.unwrap();
    let variables = [("POSTGRES_SCHEMA", schema.name.as_str()), ("POSTGRES_POOL_SIZE", "1")];
    let test = "killed_beside_writers_each_event_takes_effect_once_in_postgres";
    let watch = Watch::start(Some(connect(&schema.config).await));
    let last = killed_beside_writers(test, &variables, recorder, InPostgres, views).await;
    watch.end().await;
    let counted: i64 = sqlx::query_scalar(COUNTED).fetch_one(&pool).await.unwrap();
    assert_eq!(counted.cast_unsigned(), last);
    pool.close().await;
    schema.drop().await;
}
