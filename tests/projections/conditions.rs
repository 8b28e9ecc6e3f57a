//! Errors of the view's database in handlers: transient ones are retried, and no event is dead-lettered for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use eventsourcing::database::{PostgresViews, SqliteViews};
use eventsourcing::prelude::*;
use eventsourcing::{EventEnvelope, OnFailure, ProjectionRunner, RunnerError};
use sqlx::{AssertSqlSafe, PgConnection, QueryBuilder, SqliteConnection};

use super::{AccountDeposited, PATIENCE, deposits, office, postgres_pool, sqlite_pool};

/// Gets an error of this code in the first two attempts.
struct Troubled {
    code: &'static str,
    tries: Arc<AtomicU32>,
}

#[projection("troubled")]
impl Troubled {
    #[on]
    async fn deposited(&self, _: &AccountDeposited, view: &mut PgConnection) -> sqlx::Result<()> {
        if self.tries.fetch_add(1, Ordering::Relaxed) < 2 {
            let raise = format!("DO $$ BEGIN RAISE EXCEPTION 'trouble' USING ERRCODE = '{}'; END $$", self.code);
            sqlx::raw_sql(AssertSqlSafe(raise)).execute(view).await?;
        }
        Ok(())
    }
}

/// The number of events that are dead-lettered by a handler that gets an error of this code.
async fn parked_in_postgres(code: &'static str) -> (u64, Option<RunnerError>) {
    let office = office().await;
    let last = deposits(&office, 2, 1).await;
    let views = PostgresViews::open(postgres_pool().await).await.unwrap();
    let troubled = Troubled { code, tries: Arc::default() };
    let runner =
        ProjectionRunner::builder(&office, troubled, views).on_failure(OnFailure::park(0, std::time::Duration::ZERO));
    let runner = runner.start().await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    let status = runner.status().await.unwrap();
    runner.stop().await.unwrap();
    (status.dead_letters, status.last_error)
}

#[tokio::test]
async fn trouble_that_passes_puts_nothing_aside_in_postgres() {
    for code in ["57014", "53100", "53200", "53400", "58030", "25006", "40001", "40P01", "55P03", "08006", "57P01"] {
        let (parked, met) = parked_in_postgres(code).await;
        assert_eq!(parked, 0, "{code}: {met:?}");
        assert!(met.is_some(), "{code}");
    }
}

/// The twin: an error of the handler's own statement is dead-lettered.
#[tokio::test]
async fn trouble_of_the_handler_s_own_is_put_aside_in_postgres() {
    for code in ["22012", "23505", "42P01", "P0001"] {
        assert_eq!(parked_in_postgres(code).await.0, 1, "{code}");
    }
}

/// Finds the database full in the first two attempts.
struct Full(Arc<AtomicU32>);

#[projection("full")]
impl Full {
    #[on]
    async fn deposited(&self, _: &AccountDeposited, view: &mut SqliteConnection) -> sqlx::Result<()> {
        let pages = if self.0.fetch_add(1, Ordering::Relaxed) < 2 { 10 } else { 1_000_000 };
        sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"))).execute(&mut *view).await?;
        sqlx::query("INSERT INTO big VALUES (zeroblob(1000000))").execute(view).await?;
        Ok(())
    }
}

#[tokio::test]
async fn a_full_database_puts_nothing_aside_in_sqlite() {
    let office = office().await;
    let last = deposits(&office, 2, 1).await;
    let (pool, _folder) = sqlite_pool().await;
    sqlx::query("CREATE TABLE big (bytes BLOB)").execute(&pool).await.unwrap();
    let views = SqliteViews::open(pool).await.unwrap();
    let runner = ProjectionRunner::builder(&office, Full(Arc::default()), views);
    let runner = runner.on_failure(OnFailure::park(0, std::time::Duration::ZERO));
    let runner = runner.start().await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    let status = runner.status().await.unwrap();
    assert_eq!(status.dead_letters, 0, "{status:?}");
    assert!(status.last_error.is_some());
    runner.stop().await.unwrap();
}

/// Writes a batch in one statement, with four parameters for each event.
struct Bulky;

#[projection("bulky")]
impl Bulky {
    #[on]
    async fn deposited(&self, events: &[EventEnvelope<AccountDeposited>], view: &mut PgConnection) -> sqlx::Result<()> {
        let mut insert = QueryBuilder::new("INSERT INTO bulky (a, b, c, d) ");
        insert.push_values(events, |mut row, event| {
            for _ in 0..4 {
                row.push_bind(event.event.amount);
            }
        });
        insert.build().execute(view).await?;
        Ok(())
    }
}

#[tokio::test]
async fn a_batch_with_more_parameters_than_a_statement_may_have_is_taken_apart() {
    let office = office().await;
    let last = deposits(&office, 16_500, 1).await;
    let pool = postgres_pool().await;
    sqlx::query("CREATE UNLOGGED TABLE bulky (a bigint, b bigint, c bigint, d bigint)").execute(&pool).await.unwrap();
    let views = PostgresViews::open(pool.clone()).await.unwrap();
    let runner = ProjectionRunner::builder(&office, Bulky, views).batch_size(16_500).start().await.unwrap();
    // far enough to see that it is under way, one by one
    runner.wait_for(last.min(100), PATIENCE).await.unwrap();
    let handled: i64 = sqlx::query_scalar("SELECT count(*) FROM bulky").fetch_one(&pool).await.unwrap();
    assert!(handled > 0);
    drop(runner);
}
