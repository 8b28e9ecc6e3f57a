//! The start of a consumer: at the end of the log or after a position, stored when it starts.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "common/mod.rs"]
mod common;

use eventsourcing::database::{PostgresViews, SqliteViews};
use eventsourcing::prelude::*;
use eventsourcing::projection::Views;
use eventsourcing::system::{System, SystemRunner};
use eventsourcing::{MemoryViews, ProjectionRunner};
use sqlx::{PgConnection, SqliteConnection};

use common::office::{self, AccountDeposited, Mirror, Office, Total, deposits};
use common::pools::{postgres_pool, sqlite_pool};
use common::{OFTEN, PATIENCE};

/// Handles deposits, with a view in SQLite.
struct InSqlite;

#[projection("total")]
impl InSqlite {
    #[on]
    async fn deposited(&self, event: &AccountDeposited, view: &mut SqliteConnection) -> sqlx::Result<()> {
        sqlx::query("INSERT INTO deposits VALUES (?)").bind(event.amount).execute(view).await?;
        Ok(())
    }
}

/// Handles deposits, with a view in PostgreSQL.
struct InPostgres;

#[projection("total")]
impl InPostgres {
    #[on]
    async fn deposited(&self, event: &AccountDeposited, view: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::query("INSERT INTO deposits VALUES ($1)").bind(event.amount).execute(view).await?;
        Ok(())
    }
}

/// Starts from now on an empty log, and again after events were recorded while it was down.
async fn handles_what_was_recorded_while_it_was_down<P, V>(projection: impl Fn() -> P, views: impl AsyncFn() -> V)
where
    P: eventsourcing::Projection<View = V::View>,
    V: Views,
{
    let office = office::office().await;
    for _ in 0..2 {
        let runner = ProjectionRunner::builder(&office, projection(), views().await).from_now().start().await.unwrap();
        runner.stop().await.unwrap();
    }
    deposits(&office, 3, 1).await;
    // one that begins elsewhere does not move it either
    let runner =
        ProjectionRunner::builder(&office, projection(), views().await).from_position(2).start().await.unwrap();
    runner.wait_for(3, PATIENCE).await.unwrap();
    runner.stop().await.unwrap();
    deposits(&office, 3, 1).await;
    let runner = ProjectionRunner::builder(&office, projection(), views().await).from_now().start().await.unwrap();
    runner.wait_for(6, PATIENCE).await.unwrap();
    runner.stop().await.unwrap();
}

#[tokio::test]
async fn from_now_on_an_empty_log_handles_all_later_events_in_memory() {
    let views = MemoryViews::new(0);
    handles_what_was_recorded_while_it_was_down(|| Total, async || views.clone()).await;
    assert_eq!(views.read(|total| *total), 4);
}

#[tokio::test]
async fn from_now_on_an_empty_log_handles_all_later_events_in_sqlite() {
    let (pool, _folder) = sqlite_pool().await;
    sqlx::query("CREATE TABLE deposits (amount INTEGER NOT NULL)").execute(&pool).await.unwrap();
    let views = async || SqliteViews::open(pool.clone()).await.unwrap();
    handles_what_was_recorded_while_it_was_down(|| InSqlite, views).await;
    let total: i64 = sqlx::query_scalar("SELECT sum(amount) FROM deposits").fetch_one(&pool).await.unwrap();
    assert_eq!(total, 4);
}

#[tokio::test]
async fn from_now_on_an_empty_log_handles_all_later_events_in_postgres() {
    let pool = postgres_pool().await;
    sqlx::query("CREATE TABLE deposits (amount bigint NOT NULL)").execute(&pool).await.unwrap();
    let views = async || PostgresViews::open(pool.clone()).await.unwrap();
    handles_what_was_recorded_while_it_was_down(|| InPostgres, views).await;
    let total: i64 = sqlx::query_scalar("SELECT sum(amount)::bigint FROM deposits").fetch_one(&pool).await.unwrap();
    assert_eq!(total, 4);
}

#[tokio::test]
async fn a_follower_from_now_on_an_empty_log_handles_all_that_comes() {
    let folder = tempfile::tempdir().unwrap();
    let memory = vec![("PERSISTENCE_MODULE".to_owned(), "memory".to_owned())];
    for variables in [memory, common::sqlite_file(&folder), common::postgres()] {
        let (office, mirror) = (office::office().await, Mirror::open_with(variables).await.unwrap());
        let system = System::new([eventsourcing::pipe![Office => Mirror]]).with(&office).with(&mirror);
        let start = || SystemRunner::builder(&system).poll_interval(OFTEN).from_now::<Office, Mirror>().start();
        // stopped before its task may have come to anything: where it begins is stored by then
        start().await.unwrap().stop().await;
        deposits(&office, 3, 1).await;
        for expected in [2, 4] {
            let runner = start().await.unwrap();
            runner.settled(PATIENCE).await.unwrap();
            assert_eq!(mirror.log().max_id().await.unwrap(), Some(expected), "{:?}", mirror.recorder());
            runner.stop().await;
            deposits(&office, 3, 1).await;
        }
    }
}

#[tokio::test]
async fn a_projection_from_now_handles_nothing_that_was_there_before() {
    let office = office::office().await;
    deposits(&office, 5, 1).await;
    let views = MemoryViews::new(0);
    let start = || ProjectionRunner::builder(&office, Total, views.clone()).poll_interval(OFTEN).from_now().start();
    let runner = start().await.unwrap();
    // recorded before anything comes: what is recorded while it is down is neither left out nor the end from which it begins
    assert_eq!(views.position("total", "Office").await.unwrap(), office.log().last_position().await.unwrap());
    drop(runner);
    deposits(&office, 4, 10).await;
    let runner = start().await.unwrap();
    runner.wait_for(9, PATIENCE).await.unwrap();
    deposits(&office, 2, 100).await;
    runner.wait_for(11, PATIENCE).await.unwrap();
    assert_eq!(views.read(|total| *total), 130);

    // where nothing was there all is handled
    let office = office::office().await;
    let views = MemoryViews::new(0);
    let runner = ProjectionRunner::builder(&office, Total, views.clone()).from_now().start().await.unwrap();
    deposits(&office, 3, 1).await;
    runner.wait_for(3, PATIENCE).await.unwrap();
    assert_eq!(views.read(|total| *total), 2);
}

#[tokio::test]
async fn of_two_that_begin_now_neither_handles_anything_twice() {
    let office = office::office().await;
    deposits(&office, 5, 1).await;
    let views = MemoryViews::new(0);
    let start = || ProjectionRunner::builder(&office, Total, views.clone()).poll_interval(OFTEN).from_now().start();
    let (one, other) = tokio::join!(start(), start());
    deposits(&office, 5, 10).await;
    one.unwrap().wait_for(10, PATIENCE).await.unwrap();
    other.unwrap().wait_for(10, PATIENCE).await.unwrap();
    assert_eq!(views.read(|total| *total), 40);
}

#[tokio::test]
async fn a_projection_begins_after_the_position_given_unless_it_has_begun() {
    let office = office::office().await;
    deposits(&office, 5, 1).await;
    let views = MemoryViews::new(0);
    let from = |position: u64| {
        let builder = ProjectionRunner::builder(&office, Total, views.clone()).poll_interval(OFTEN);
        builder.from_position(position).start()
    };
    let error = from(6).await.unwrap_err();
    assert!(error.to_string().contains("position 6 is after the end of the log of `Office`"), "{error}");
    for position in [3, 1, 5] {
        from(position).await.unwrap().wait_for(5, PATIENCE).await.unwrap();
        assert_eq!(views.read(|total| *total), 2);
    }
}

#[tokio::test]
async fn a_follower_in_a_system_begins_where_it_is_told() {
    let office = office::office().await;
    deposits(&office, 5, 1).await;
    for (position, expected) in [(None, 1), (Some(2), 4), (Some(0), 5)] {
        let mirror = Mirror::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
        let system = System::new([eventsourcing::pipe![Office => Mirror]]).with(&office).with(&mirror);
        let builder = SystemRunner::builder(&system).poll_interval(OFTEN);
        let builder = match position {
            Some(position) => builder.from_position::<Office, Mirror>(position),
            None => builder.from_now::<Office, Mirror>(),
        };
        let runner = builder.start().await.unwrap();
        if position.is_none() {
            deposits(&office, 2, 1).await;
        }
        runner.settled(PATIENCE).await.unwrap();
        assert_eq!(mirror.log().max_id().await.unwrap(), Some(expected), "{position:?}");
        runner.stop().await;
    }
}
