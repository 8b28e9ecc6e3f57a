//! Where a consumer begins: at the end of the log or after a position, stored when it starts.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "common/mod.rs"]
mod common;

use std::time::Duration;

use eventsourcing::following::Views;
use eventsourcing::prelude::*;
use eventsourcing::sqlx::{PostgresViews, SqliteViews};
use eventsourcing::system::{System, SystemRunner};
use eventsourcing::{MemoryViews, ProjectionRunner};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{PgConnection, SqliteConnection, SqlitePool};

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
struct Account {
    balance: i64,
}

#[aggregate]
impl Account {
    #[event("Opened")]
    fn open() -> Self {
        Self { balance: 0 }
    }

    #[event("Deposited")]
    fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
}

#[application(aggregates(Account))]
#[derive(Clone, Debug)]
struct Office;

/// Sums deposits.
struct Total;

#[projection("total")]
impl Total {
    #[on]
    async fn deposited(&self, event: &AccountDeposited, total: &mut i64) -> Result<()> {
        *total += event.amount;
        Ok(())
    }
}

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

/// Counts deposits in accounts of its own.
#[application(aggregates(Account))]
struct Mirror;

#[policy]
impl Mirror {
    #[on]
    async fn deposited(&self, _: &AccountDeposited, work: &mut UnitOfWork) -> Result<()> {
        work.save(&mut Account::open())
    }
}

/// Far longer than anything here takes: who hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);
const OFTEN: Duration = Duration::from_millis(2);

async fn open_office() -> Office {
    Office::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap()
}

/// Records so many events of a new account, each deposit of this amount.
async fn deposits(office: &Office, count: usize, amount: i64) {
    let mut account = Account::open();
    (1..count).for_each(|_| account.deposit(amount));
    office.save(&mut account).await.unwrap();
}

/// Starts from now with nothing in the log, and again once something is, which was recorded while it was down.
async fn handles_what_was_recorded_while_it_was_down<P, V>(projection: impl Fn() -> P, views: impl AsyncFn() -> V)
where
    P: eventsourcing::Projection<View = V::View>,
    V: Views,
{
    let office = open_office().await;
    for _ in 0..2 {
        let runner = ProjectionRunner::of(&office, projection(), views().await).from_now().start().await.unwrap();
        runner.stop().await.unwrap();
    }
    deposits(&office, 3, 1).await;
    // one that begins elsewhere does not move it either
    let runner = ProjectionRunner::of(&office, projection(), views().await).from_position(2).start().await.unwrap();
    runner.wait_for(3, PATIENCE).await.unwrap();
    runner.stop().await.unwrap();
    deposits(&office, 3, 1).await;
    let runner = ProjectionRunner::of(&office, projection(), views().await).from_now().start().await.unwrap();
    runner.wait_for(6, PATIENCE).await.unwrap();
    runner.stop().await.unwrap();
}

#[tokio::test]
async fn a_projection_from_now_on_an_empty_log_handles_all_that_comes_in_memory() {
    let views = MemoryViews::new(0);
    handles_what_was_recorded_while_it_was_down(|| Total, async || views.clone()).await;
    assert_eq!(views.read(|total| *total), 4);
}

#[tokio::test]
async fn a_projection_from_now_on_an_empty_log_handles_all_that_comes_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new().filename(folder.path().join("views.db")).create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    sqlx::query("CREATE TABLE deposits (amount INTEGER NOT NULL)").execute(&pool).await.unwrap();
    let views = async || SqliteViews::open(pool.clone()).await.unwrap();
    handles_what_was_recorded_while_it_was_down(|| InSqlite, views).await;
    let total: i64 = sqlx::query_scalar("SELECT sum(amount) FROM deposits").fetch_one(&pool).await.unwrap();
    assert_eq!(total, 4);
}

#[tokio::test]
async fn a_projection_from_now_on_an_empty_log_handles_all_that_comes_in_postgres() {
    let variables: std::collections::BTreeMap<String, String> = common::postgres().into_iter().collect();
    let variable = |name: &str| variables.get(name).cloned().unwrap_or_default();
    let schema = variable("POSTGRES_SCHEMA");
    let options = PgConnectOptions::new_without_pgpass()
        .host(&variable("POSTGRES_HOST"))
        .port(variable("POSTGRES_PORT").parse().unwrap_or(5432))
        .username(&variable("POSTGRES_USER"))
        .password(&variable("POSTGRES_PASSWORD"))
        .database(&variable("POSTGRES_DBNAME"))
        .options([("search_path", schema.as_str())]);
    let pool = PgPoolOptions::new().max_connections(5).connect_with(options).await.unwrap();
    let tables = format!("CREATE SCHEMA {schema}; CREATE TABLE {schema}.deposits (amount bigint NOT NULL)");
    sqlx::raw_sql(sqlx::AssertSqlSafe(tables)).execute(&pool).await.unwrap();
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
        let (office, mirror) = (open_office().await, Mirror::open_with(variables).await.unwrap());
        let system = System::new([eventsourcing::pipe![Office => Mirror]]).with(&office).with(&mirror);
        let start = || SystemRunner::of(&system).poll_interval(OFTEN).from_now::<Office, Mirror>().start();
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
    let office = open_office().await;
    deposits(&office, 5, 1).await;
    let views = MemoryViews::new(0);
    let start = || ProjectionRunner::of(&office, Total, views.clone()).poll_interval(OFTEN).from_now().start();
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
    let office = open_office().await;
    let views = MemoryViews::new(0);
    let runner = ProjectionRunner::of(&office, Total, views.clone()).from_now().start().await.unwrap();
    deposits(&office, 3, 1).await;
    runner.wait_for(3, PATIENCE).await.unwrap();
    assert_eq!(views.read(|total| *total), 2);
}

#[tokio::test]
async fn of_two_that_begin_now_neither_handles_anything_twice() {
    let office = open_office().await;
    deposits(&office, 5, 1).await;
    let views = MemoryViews::new(0);
    let start = || ProjectionRunner::of(&office, Total, views.clone()).poll_interval(OFTEN).from_now().start();
    let (one, other) = tokio::join!(start(), start());
    deposits(&office, 5, 10).await;
    one.unwrap().wait_for(10, PATIENCE).await.unwrap();
    other.unwrap().wait_for(10, PATIENCE).await.unwrap();
    assert_eq!(views.read(|total| *total), 40);
}

#[tokio::test]
async fn a_projection_begins_after_the_position_given_unless_it_has_begun() {
    let office = open_office().await;
    deposits(&office, 5, 1).await;
    let views = MemoryViews::new(0);
    let from = |position: u64| {
        let builder = ProjectionRunner::of(&office, Total, views.clone()).poll_interval(OFTEN);
        builder.from_position(position).start()
    };
    let error = from(6).await.unwrap_err();
    assert!(error.to_string().contains("after 6, because its last notification is 5"), "{error}");
    for position in [3, 1, 5] {
        from(position).await.unwrap().wait_for(5, PATIENCE).await.unwrap();
        assert_eq!(views.read(|total| *total), 2);
    }
}

#[tokio::test]
async fn a_follower_in_a_system_begins_where_it_is_told() {
    let office = open_office().await;
    deposits(&office, 5, 1).await;
    for (position, expected) in [(None, 1), (Some(2), 4), (Some(0), 5)] {
        let mirror = Mirror::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap();
        let system = System::new([eventsourcing::pipe![Office => Mirror]]).with(&office).with(&mirror);
        let builder = SystemRunner::of(&system).poll_interval(OFTEN);
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
