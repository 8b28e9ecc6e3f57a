//! Handlers that break the rules: they end their transaction, or wait for a lock that they hold themselves.

use std::time::Duration;

use eventsourcing::database::{PostgresViews, SqliteViews};
use eventsourcing::prelude::*;
use eventsourcing::projection::{Progress, Views as _};
use eventsourcing::{DeadLetters, OnFailure, ProjectionRunner, RunnerError, ViewError};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Executor as _, PgConnection, SqliteConnection, SqlitePool};

use super::{AccountDeposited, Note, Office, PATIENCE, common, deposits, office, postgres_pool, sqlite_pool};

/// Writes a row and ends the transaction.
struct Ends(&'static str);

#[projection("ends")]
impl Ends {
    #[on]
    async fn deposited(&self, event: &AccountDeposited, view: &mut SqliteConnection) -> sqlx::Result<()> {
        sqlx::query("INSERT INTO amounts VALUES (?)").bind(event.amount).execute(&mut *view).await?;
        // whatever comes of it
        drop(view.execute(self.0).await);
        Ok(())
    }
}

#[tokio::test]
async fn a_handler_that_ends_its_sqlite_transaction_stops_and_keeps_nothing() {
    for ends in ["COMMIT", "ROLLBACK", "ROLLBACK; BEGIN", "COMMIT; BEGIN"] {
        let office = office().await;
        let last = deposits(&office, 2, 5).await;
        let (pool, _folder) = sqlite_pool().await;
        pool.execute("CREATE TABLE amounts (amount INTEGER)").await.unwrap();
        let views = SqliteViews::open(pool.clone()).await.unwrap();
        let park = OnFailure::park(0, Duration::ZERO);
        let runner = ProjectionRunner::builder(&office, Ends(ends), views.clone()).on_failure(park);
        let error = runner.start().await.unwrap().wait_for(last, PATIENCE).await.unwrap_err();
        let RunnerError::Handler { notification_id: 2, source, .. } = &error else { panic!("{ends}: {error:?}") };
        assert!(matches!(source.downcast_ref(), Some(ViewError::TransactionEnded)), "{ends}: {error:?}");
        assert_eq!(views.position("ends", "Office").await.unwrap(), 0);
        let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM amounts").fetch_one(&pool).await.unwrap();
        assert_eq!(kept, 0, "{ends}");
        // the connections of the pool are in no transaction
        let runner = ProjectionRunner::start(&office, Ends("SELECT 1"), views).await.unwrap();
        runner.wait_for(last, PATIENCE).await.unwrap();
        runner.stop().await.unwrap();
        let mut own = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        own.execute("INSERT INTO amounts VALUES (7)").await.unwrap();
        own.commit().await.unwrap();
        let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM amounts").fetch_one(&pool).await.unwrap();
        assert_eq!(kept, 2, "{ends}");
    }
}

struct EndsInPostgres;

#[projection("ends")]
impl EndsInPostgres {
    #[on]
    async fn deposited(&self, _: &AccountDeposited, view: &mut PgConnection) -> sqlx::Result<()> {
        view.execute("COMMIT").await.map(drop)
    }
}

#[tokio::test]
async fn a_handler_that_ends_its_transaction_in_postgres_stops_the_projection() {
    let office = office().await;
    let last = deposits(&office, 2, 5).await;
    let views = PostgresViews::open(postgres_pool().await).await.unwrap();
    let runner = ProjectionRunner::start(&office, EndsInPostgres, views).await.unwrap();
    let error = runner.wait_for(last, PATIENCE).await.unwrap_err();
    assert!(matches!(error, RunnerError::View { source: ViewError::TransactionEnded, .. }), "{error:?}");
}

/// Saves to an application.
struct Saves(Office);

#[projection("saves")]
impl Saves {
    #[on]
    async fn deposited(&self, _: &AccountDeposited, _: &mut SqliteConnection) -> Result<()> {
        self.0.save(&mut Note::begin()).await?;
        Ok(())
    }
}

/// An application in a file, and a pool for the same file.
async fn in_a_file(folder: &tempfile::TempDir, more: &[(&str, &str)]) -> (Office, SqlitePool) {
    let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let office = Office::open_with(common::sqlite_file(folder).into_iter().chain(more)).await.unwrap();
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let name = file.to_string_lossy().trim_end_matches("-wal").trim_end_matches("-shm").to_owned();
    (office, SqlitePool::connect_with(SqliteConnectOptions::new().filename(name)).await.unwrap())
}

#[tokio::test]
async fn a_save_to_the_file_of_the_handler_s_view_is_refused_and_parked() {
    let folder = tempfile::tempdir().unwrap();
    let (own, pool) = in_a_file(&folder, &[]).await;
    let office = office().await;
    let last = deposits(&office, 3, 5).await;
    let views = SqliteViews::open(pool).await.unwrap();
    let park = OnFailure::park(0, Duration::ZERO);
    let runner =
        ProjectionRunner::builder(&office, Saves(own.clone()), views.clone()).on_failure(park).start().await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    let status = runner.status().await.unwrap();
    assert!(matches!(status.progress, Progress::Running), "{status:?}");
    let letters = DeadLetters::new(&office, Saves(own.clone()), views).list(0, 10).await.unwrap();
    let reason = letters[0].reason.clone().unwrap();
    assert!(reason.contains("keep the view in a separate file"), "{reason}");
    runner.stop().await.unwrap();
    // once no transaction of a view is open, the same task may save
    own.save(&mut Note::begin()).await.unwrap();
}

/// The library cannot see that a handler waits for a save on another task, so that the error names the cause.
#[tokio::test]
async fn a_save_blocked_by_a_view_s_transaction_says_that_it_is_a_view_s() {
    let folder = tempfile::tempdir().unwrap();
    let (office, pool) = in_a_file(&folder, &[("SQLITE_LOCK_TIMEOUT", "0.05")]).await;
    let save = async || {
        let office = office.clone();
        let saved = tokio::spawn(async move { office.save(&mut Note::begin()).await });
        let error = saved.await.unwrap().unwrap_err();
        assert!(error.is_retryable(), "{error:?}");
        chain(&error).join(": ")
    };
    let views = SqliteViews::open(pool.clone()).await.unwrap();
    let transaction = views.begin("saves", &Tracking::new("Other", 0, 1)).await.unwrap();
    let told = save().await;
    assert!(told.contains("keep the view in a separate file"), "{told}");
    drop(transaction);
    // the twin: another program holds it
    let outsider = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let told = save().await;
    assert!(!told.contains("view"), "{told}");
    outsider.rollback().await.unwrap();
}

/// The texts of an error and its sources.
fn chain(error: &dyn std::error::Error) -> Vec<String> {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect()
}

/// The twin: another file has its own lock.
#[tokio::test]
async fn a_save_to_another_file_than_that_of_the_view_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let (own, _) = in_a_file(&folder, &[]).await;
    let office = office().await;
    let last = deposits(&office, 3, 5).await;
    let (pool, _folder) = sqlite_pool().await;
    let views = SqliteViews::open(pool).await.unwrap();
    let runner = ProjectionRunner::start(&office, Saves(own.clone()), views).await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    runner.stop().await.unwrap();
    assert_eq!(own.recorder().max_notification_id().await.unwrap(), Some(2));
}
