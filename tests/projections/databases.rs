//! Views in SQLite and PostgreSQL: opening them, closed pools, failed commits, and events in the same database.

use eventsourcing::ProjectionRunner;
use eventsourcing::database::{PostgresViews, SqliteViews};
use eventsourcing::prelude::*;
use eventsourcing::projection::{ViewTransaction as _, Views as _};
use futures::future::join_all;
use sqlx::SqlitePool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use super::places::{InSqlite, Place as _, Sqlite};
use super::{Account, Office, PATIENCE, common, deposits, postgres_pool, sqlite_pool};

#[tokio::test]
async fn an_error_that_a_handler_keeps_to_itself_is_none_that_commit_keeps_too() {
    let pool = postgres_pool().await;
    let views = PostgresViews::open(pool.clone()).await.unwrap();
    let mut transaction = views.begin("balances", &Tracking::new("Office", 0, 5)).await.unwrap();
    drop(sqlx::query("SELECT 1 / 0").execute(transaction.view()).await.unwrap_err());
    let error = transaction.commit().await.unwrap_err();
    assert!(error.to_string().contains("current transaction is aborted"), "{error}");
    assert_eq!(views.position("balances", "Office").await.unwrap(), 0);
}

#[tokio::test]
async fn views_whose_pool_is_closed_say_that_it_is_the_pool() {
    let (sqlite, _folder) = sqlite_pool().await;
    let postgres = postgres_pool().await;
    let (in_sqlite, in_postgres) =
        (SqliteViews::open(sqlite.clone()).await.unwrap(), PostgresViews::open(postgres.clone()).await.unwrap());
    sqlite.close().await;
    postgres.close().await;
    let tracking = Tracking::new("Office", 0, 1);
    let errors = [
        in_sqlite.position("balances", "Office").await.unwrap_err(),
        in_postgres.position("balances", "Office").await.unwrap_err(),
        in_sqlite.begin("balances", &tracking).await.map(|_| ()).unwrap_err(),
        in_postgres.begin("balances", &tracking).await.map(|_| ()).unwrap_err(),
    ];
    for error in errors {
        assert!(
            error.to_string().contains("connection pool of the view's database is closed") && !error.is_retryable(),
            "{error}"
        );
    }
}

#[test]
fn opening_views_outside_of_a_runtime_is_an_error_with_the_cure() {
    futures::executor::block_on(async {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (sqlite, postgres) = {
            let _inside = runtime.enter();
            let sqlite = SqlitePoolOptions::new().connect_lazy_with(SqliteConnectOptions::new());
            (sqlite, PgPoolOptions::new().connect_lazy_with(PgConnectOptions::new_without_pgpass()))
        };
        let errors = [
            SqliteViews::open(sqlite).await.map(|_| ()).unwrap_err(),
            PostgresViews::open(postgres).await.map(|_| ()).unwrap_err(),
        ];
        for error in errors {
            assert!(error.to_string().contains("open it inside `#[tokio::main]`"), "{error}");
        }
    });
}

#[tokio::test]
async fn many_who_open_views_at_once_make_one_table() {
    let pool = postgres_pool().await;
    for opened in join_all((0..10).map(|_| PostgresViews::open(pool.clone()))).await {
        opened.unwrap();
    }
    let (pool, _folder) = sqlite_pool().await;
    for opened in join_all((0..10).map(|_| SqliteViews::open(pool.clone()))).await {
        opened.unwrap();
    }
}

#[tokio::test]
async fn events_and_views_can_be_in_one_database() {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open_with(common::sqlite_file(&folder)).await.unwrap();
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let name = file.to_string_lossy().trim_end_matches("-wal").trim_end_matches("-shm").to_owned();
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(name)).await.unwrap();
    let table = "CREATE TABLE balances (id BLOB PRIMARY KEY, balance INTEGER NOT NULL, events INTEGER NOT NULL)";
    sqlx::query(table).execute(&pool).await.unwrap();
    let place = Sqlite { pool, _folder: folder };
    let runner = ProjectionRunner::start(&office, InSqlite, place.views().await).await.unwrap();
    let mut last = 0;
    for _ in 0..50 {
        last = deposits(&office, 4, 1).await;
    }
    runner.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(place.sums().await, (150, 200));
    // a handler that reads the account itself finds what the view is made of
    let accounts: Vec<Vec<u8>> = sqlx::query_scalar("SELECT id FROM balances").fetch_all(&place.pool).await.unwrap();
    let account: Account = office.repository().get(Uuid::from_slice(&accounts[0]).unwrap()).await.unwrap();
    assert_eq!(account.balance, 3);
    runner.stop().await.unwrap();
}
