//! Transactions of views: their time limits, and handlers that end or configure them.

use std::time::Duration;

use eventsourcing_core::projection::ViewTransaction as _;
use eventsourcing_core::{ViewError, Views as _};
use eventsourcing_sqlx::{PostgresTransaction, PostgresViews};
use sqlx::{AssertSqlSafe, Executor as _};
use tokio::time::timeout;

use super::common::{PATIENCE, Schema, until_done};
use super::{behind_a_proxy, config, impatient, opened, pool, tracking};

#[tokio::test]
async fn a_server_that_falls_silent_keeps_nobody_waiting_and_no_connection() {
    let schema = Schema::new();
    let (proxy, _, views) = behind_a_proxy(&schema, impatient(), 1).await;
    let transaction = until_done(async || views.begin("silent", &tracking(0, 1)).await).await;
    proxy.freeze();
    let error = timeout(PATIENCE, transaction.commit()).await.unwrap().unwrap_err();
    assert!(matches!(error, ViewError::Disconnected { .. }) && error.is_retryable(), "{error:?}");
    for _ in 0..3 {
        let error = timeout(PATIENCE, views.begin("silent", &tracking(0, 1))).await.unwrap().unwrap_err();
        assert!(error.is_retryable(), "{error:?}");
        let error = timeout(PATIENCE, views.position("silent", "Office")).await.unwrap().unwrap_err();
        assert!(error.is_retryable(), "{error:?}");
    }
    proxy.thaw();
    // the only connection that the pool may have is free again
    let processed = until_done(async || match views.begin("silent", &tracking(0, 1)).await {
        // a commit whose answer came too late
        Err(ViewError::AlreadyProcessed { .. }) => Ok(()),
        begun => begun?.commit().await,
    });
    processed.await;
    assert_eq!(until_done(async || views.position("silent", "Office").await).await, 1);
    schema.drop().await;
}

#[tokio::test]
async fn who_hangs_in_a_transaction_gives_way_to_its_successor() {
    let schema = Schema::new();
    let mut config = config();
    config.idle_in_transaction_session_timeout = Duration::from_millis(100);
    let views = opened(&pool(&schema, 2).await, &config).await;
    let hangs = until_done(async || views.begin("hangs", &tracking(0, 1)).await).await;
    // a machine that is busy may keep the successor waiting for as long as it may hang
    until_done(async || views.begin("hangs", &tracking(0, 1)).await?.commit().await).await;
    assert!(hangs.commit().await.unwrap_err().is_retryable());
    schema.drop().await;
}

/// The twin: without the time limit, the successor waits until its own limit.
#[tokio::test]
async fn without_the_limit_a_successor_waits_until_its_own_time_is_over() {
    let schema = Schema::new();
    let mut config = impatient();
    config.idle_in_transaction_session_timeout = Duration::ZERO;
    let views = opened(&pool(&schema, 2).await, &config).await;
    let hangs = until_done(async || views.begin("hangs", &tracking(0, 1)).await).await;
    let error = timeout(PATIENCE, views.begin("hangs", &tracking(0, 1))).await.unwrap().unwrap_err();
    // the server itself ended the statement
    assert!(matches!(error, ViewError::TimedOut { .. }) && error.is_retryable(), "{error:?}");
    hangs.commit().await.unwrap();
    schema.drop().await;
}

#[tokio::test]
async fn statements_of_handlers_have_the_time_limit_of_their_session() {
    let schema = Schema::new();
    let views = opened(&pool(&schema, 1).await, &impatient()).await;
    // longer than any statement of the library may take
    let sleep = async |transaction: &mut PostgresTransaction| {
        sqlx::query("SELECT pg_sleep(0.6)").execute(transaction.view()).await.map(drop)
    };
    let mut transaction = until_done(async || views.begin("slow", &tracking(0, 1)).await).await;
    sleep(&mut transaction).await.unwrap();
    drop(transaction);
    let mut transaction = until_done(async || views.begin_without_advance("slow", "Office").await).await;
    sleep(&mut transaction).await.unwrap();
    drop(transaction);
    schema.drop().await;
}

#[tokio::test]
async fn statements_of_handlers_are_planned_as_their_session_says() {
    let schema = Schema::new();
    let pool = pool(&schema, 1).await;
    let views = PostgresViews::open(pool.clone()).await.unwrap();
    for said in ["on", "off"] {
        pool.execute(AssertSqlSafe(format!("SET enable_seqscan = {said}"))).await.unwrap();
        let mut transaction = views.begin(said, &tracking(0, 1)).await.unwrap();
        let planned: String = sqlx::query_scalar("SHOW enable_seqscan").fetch_one(transaction.view()).await.unwrap();
        assert_eq!(planned, said);
        transaction.commit().await.unwrap();
        let mut transaction = views.begin_without_advance(said, "Office").await.unwrap();
        let planned: String = sqlx::query_scalar("SHOW enable_seqscan").fetch_one(transaction.view()).await.unwrap();
        assert_eq!(planned, said);
        transaction.commit().await.unwrap();
    }
    schema.drop().await;
}

#[tokio::test]
async fn a_handler_that_ends_the_transaction_is_found_out() {
    for ends in ["COMMIT", "ROLLBACK", "ROLLBACK; BEGIN", "COMMIT; BEGIN"] {
        let schema = Schema::new();
        let views = PostgresViews::open(pool(&schema, 1).await).await.unwrap();
        let mut transaction = views.begin("ends", &tracking(0, 1)).await.unwrap();
        transaction.view().execute(ends).await.unwrap();
        let error = transaction.commit().await.unwrap_err();
        assert!(matches!(error, ViewError::TransactionEnded) && !error.is_retryable(), "{ends}: {error:?}");
        // what comes next has a connection that is in no transaction
        let position = views.position("ends", "Office").await.unwrap().id;
        let next = tracking(position, position + 1);
        views.begin("ends", &next).await.unwrap().commit().await.unwrap();
        schema.drop().await;
    }
}

#[tokio::test]
async fn a_connection_can_begin_a_transaction_after_each_that_was_committed() {
    let schema = Schema::new();
    let pool = pool(&schema, 1).await;
    let views = PostgresViews::open(pool.clone()).await.unwrap();
    let of_session = "SELECT pg_backend_pid()";
    let first: i32 = sqlx::query_scalar(of_session).fetch_one(&pool).await.unwrap();
    for position in 0..5 {
        views.begin("again", &tracking(position, position + 1)).await.unwrap().commit().await.unwrap();
        drop(views.begin("again", &tracking(0, 1)).await.unwrap_err());
        let mut own = pool.begin().await.unwrap();
        let session: i32 = sqlx::query_scalar(of_session).fetch_one(&mut *own).await.unwrap();
        own.commit().await.unwrap();
        assert_eq!(session, first, "neither a commit nor a refusal costs a connection");
    }
    schema.drop().await;
}
