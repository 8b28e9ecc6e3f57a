//! A database whose default isolation is `serializable`: consumers and projections beside writers work as in any other.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::sync::Arc;

use eventsourcing_core::projection::ViewTransaction as _;
use eventsourcing_core::recording::NotificationQuery;
use eventsourcing_core::{Tracking, ViewError, Views as _};
use eventsourcing_sqlx::PostgresViews;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgPool};
use tokio::task::{JoinSet, yield_now};

use common::counted::{COUNTED, InPostgres, TABLE, postgres_pool, run};
use common::followed::{is_followed_whole, universe};
use common::foreign::Foreign;
use common::store::Store;
use common::{PATIENCE, Schema, connect, one_event, server};

/// A new database with a schema.
struct Database {
    name: String,
    store: Store,
}

impl Database {
    async fn new() -> Self {
        let mut schema = Schema::new();
        let name = schema.name.clone();
        let mut outsider = connect(&server()).await;
        for statement in [
            format!("CREATE DATABASE {name}"),
            format!("ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'"),
        ] {
            outsider.execute(AssertSqlSafe(statement)).await.unwrap();
        }
        schema.config.dbname.clone_from(&name);
        // the setting is in force for whoever does not say otherwise
        let mut plain = connect(&schema.config).await;
        let level: String = sqlx::query_scalar("SHOW transaction_isolation").fetch_one(&mut plain).await.unwrap();
        assert_eq!(level, "serializable");
        let store = Store::Postgres(Box::new(schema));
        store.open().await.close().await;
        Self { name, store }
    }

    async fn pool(&self, connections: u32) -> PgPool {
        let Store::Postgres(schema) = &self.store else { unreachable!("it is PostgreSQL's") };
        postgres_pool(&schema.config, connections).await
    }

    async fn drop(self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        connect(&server()).await.execute(AssertSqlSafe(drop)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_default_isolation_of_serializable_hides_no_event_from_followers() {
    let database = Database::new().await;
    let store = &database.store;
    store.hinder_commits().await;
    let foreign = Foreign::of(store).await;
    is_followed_whole(16, 2_000, async || store.open().await, Some(foreign), true).await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runners_at_default_serializable_count_each_event_once() {
    let database = Database::new().await;
    let pool = database.pool(4).await;
    sqlx::raw_sql(TABLE).execute(&pool).await.unwrap();
    let mut runners = Vec::new();
    for _ in 0..2 {
        let views = PostgresViews::open(pool.clone()).await.unwrap();
        runners.push(run(&universe(database.store.open().await), InPostgres, views).await);
    }
    let recorder = database.store.open().await;
    let mut writing = JoinSet::new();
    for _ in 0..8 {
        let recorder = Arc::clone(&recorder);
        writing.spawn(async move {
            for _ in 0..50 {
                recorder.insert_events(one_event()).await.unwrap();
                yield_now().await;
            }
        });
    }
    writing.join_all().await;
    for runner in runners {
        runner.wait_for(8 * 50, PATIENCE).await.unwrap();
        let status = runner.status().await.unwrap();
        assert!(status.last_error.is_none(), "{status:?}");
        runner.stop().await.unwrap();
    }
    assert_eq!(recorder.select_notifications(NotificationQuery::after(0, usize::MAX)).await.unwrap().len(), 8 * 50);
    assert_eq!(sqlx::query_scalar::<_, i64>(COUNTED).fetch_one(&pool).await.unwrap(), 8 * 50);
    database.drop().await;
}

/// Waits until a session of the database waits for a lock.
async fn somebody_waits(pool: &PgPool) {
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    while sqlx::query_scalar::<_, i64>(waits).fetch_one(pool).await.unwrap() < 1 {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_runner_that_waited_at_serializable_is_told_the_new_position() {
    let database = Database::new().await;
    let views = PostgresViews::open(database.pool(4).await).await.unwrap();
    views.begin("counted", &Tracking::new("Universe", 0, 1)).await.unwrap().commit().await.unwrap();
    let step = Tracking::new("Universe", 1, 2);
    let first = views.begin("counted", &step).await.unwrap();
    let second = tokio::spawn({
        let views = views.clone();
        async move { views.begin("counted", &step).await }
    });
    somebody_waits(&database.pool(1).await).await;
    first.commit().await.unwrap();
    let refused = second.await.unwrap();
    assert!(matches!(refused, Err(ViewError::AlreadyProcessed { recorded: 2, .. })), "{refused:?}");
    database.drop().await;
}

/// The twin: the same in transactions with the database's default isolation.
#[tokio::test]
async fn who_waited_for_a_position_at_serializable_learns_nothing_of_it() {
    let database = Database::new().await;
    let pool = database.pool(4).await;
    let views = PostgresViews::open(pool.clone()).await.unwrap();
    views.begin("counted", &Tracking::new("Universe", 0, 1)).await.unwrap().commit().await.unwrap();
    let step = "DELETE FROM eventsourcing_projections WHERE position = 1";
    let mut first = pool.begin().await.unwrap();
    sqlx::query(step).execute(&mut *first).await.unwrap();
    let mut other = pool.acquire().await.unwrap();
    let second = tokio::spawn(async move {
        let mut second = other.begin().await?;
        sqlx::query(step).execute(&mut *second).await
    });
    somebody_waits(&pool).await;
    first.commit().await.unwrap();
    let error = second.await.unwrap().unwrap_err();
    assert_eq!(error.as_database_error().unwrap().code().unwrap(), "40001");
    database.drop().await;
}
