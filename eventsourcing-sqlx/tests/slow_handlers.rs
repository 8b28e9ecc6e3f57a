//! Handlers that exceed PostgreSQL's statement timeout, with a whole batch or with a single event.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use eventsourcing_core::projection::Recorded;
use eventsourcing_core::recording::Cause;
use eventsourcing_core::{OnFailure, Projection, ProjectionRunner, Recorder as _};
use eventsourcing_sqlx::{PostgresRecorder, PostgresViews};
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

use common::counted::postgres_pool;
use common::followed::universe;
use common::{PATIENCE, Schema, one_event};

/// Inserts a row for each event, and notes the number of events of each call.
#[derive(Clone, Debug)]
struct Slow {
    /// The statement that may take 150 ms, given the number of events and of earlier calls.
    statement: fn(usize, usize) -> String,
    calls: Arc<Mutex<Vec<usize>>>,
}

impl Slow {
    fn new(statement: fn(usize, usize) -> String) -> Self {
        Self { statement, calls: Arc::default() }
    }

    fn calls(&self) -> Vec<usize> {
        self.calls.lock().unwrap().clone()
    }
}

impl Projection for Slow {
    type View = PgConnection;
    const NAME: &'static str = "slow";
    const TOPICS: &'static [&'static str] = &["World.SomethingHappened"];

    async fn handle(&self, _: &str, events: &[Recorded<'_>], view: &mut PgConnection) -> Result<(), Cause> {
        let before = {
            let mut calls = self.calls.lock().unwrap();
            calls.push(events.len());
            calls.len() - 1
        };
        let insert = sqlx::query("INSERT INTO seen SELECT * FROM generate_series(1, $1)");
        insert.bind(i64::try_from(events.len())?).execute(&mut *view).await?;
        // only for this one: the machine may be slow with all others
        view.execute("SET LOCAL statement_timeout = 150").await?;
        view.execute(AssertSqlSafe((self.statement)(events.len(), before))).await?;
        Ok(())
    }
}

/// Processes a log of this number of events to its end, and returns the number that the projection has seen.
async fn follow(events: usize, projection: Slow, table: &'static str) -> i64 {
    let schema = Schema::new();
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    for _ in 0..events {
        recorder.insert_events(one_event()).await.unwrap();
    }
    let pool = postgres_pool(&schema.config, 4).await;
    sqlx::raw_sql(table).execute(&pool).await.unwrap();
    let views = PostgresViews::open(pool.clone()).await.unwrap();
    // an error that counts as a failure of the handler would be dead-lettered at once
    let on_failure = OnFailure::park(0, Duration::ZERO);
    let runner = ProjectionRunner::builder(&universe(Arc::new(recorder)), projection, views.clone());
    let runner = runner.on_failure(on_failure).start().await.unwrap();
    runner.wait_for(events as u64, PATIENCE).await.unwrap();
    runner.stop().await.unwrap();
    let letters = "SELECT count(*) FROM eventsourcing_dead_letters";
    assert_eq!(sqlx::query_scalar::<_, i64>(letters).fetch_one(&pool).await.unwrap(), 0);
    let seen = sqlx::query_scalar("SELECT count(*) FROM seen").fetch_one(&pool).await.unwrap();
    schema.drop().await;
    seen
}

const SEEN: &str = "CREATE TABLE seen (id bigint NOT NULL)";

#[tokio::test]
async fn a_batch_that_times_out_again_is_split_until_its_parts_are_fast_enough() {
    let projection = Slow::new(|events, _| format!("SELECT pg_sleep(0.03 * {events})"));
    assert_eq!(follow(16, projection.clone(), SEEN).await, 16);
    // sixteen sleep for half a second, and eight for a quarter
    assert_eq!(projection.calls()[..3], [16, 16, 8]);
}

#[tokio::test]
async fn a_batch_that_times_out_once_is_tried_again_as_it_is() {
    let projection = Slow::new(|_, before| format!("SELECT pg_sleep({})", if before == 0 { 1 } else { 0 }));
    assert_eq!(follow(4, projection.clone(), SEEN).await, 4);
    assert_eq!(projection.calls()[..2], [4, 4]);
}

/// A slow event cannot be told from a slow database.
#[tokio::test]
async fn an_event_that_times_out_alone_is_retried_and_never_parked() {
    let projection = Slow::new(|_, before| format!("SELECT pg_sleep({})", if before < 4 { 1 } else { 0 }));
    assert_eq!(follow(1, projection.clone(), SEEN).await, 1);
    assert_eq!(projection.calls()[..5], [1; 5]);
}
