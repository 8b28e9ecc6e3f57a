//! A projection that counts events in each database.

use std::path::Path;

use eventsourcing::database::{PostgresViews, SqliteViews};
use eventsourcing::prelude::*;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, PgConnection, PgPool, SqliteConnection, SqlitePool};

use super::common::pools::{postgres_options, variable};
use super::{AccountDeposited, AccountOpened, PATIENCE};

const TABLE: &str = "CREATE TABLE counted (events bigint NOT NULL); INSERT INTO counted VALUES (0)";
const COUNT: &str = "UPDATE counted SET events = events + 1";
const COUNTED: &str = "SELECT events FROM counted";

pub(super) struct InSqlite;

#[projection("counted")]
impl InSqlite {
    #[on]
    async fn opened(&self, _: &AccountOpened, view: &mut SqliteConnection) -> sqlx::Result<()> {
        sqlx::query(COUNT).execute(view).await?;
        Ok(())
    }

    #[on]
    async fn deposited(&self, _: &AccountDeposited, view: &mut SqliteConnection) -> sqlx::Result<()> {
        sqlx::query(COUNT).execute(view).await?;
        Ok(())
    }
}

pub(super) struct InPostgres;

#[projection("counted")]
impl InPostgres {
    #[on]
    async fn opened(&self, _: &AccountOpened, view: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::query(COUNT).execute(view).await?;
        Ok(())
    }

    #[on]
    async fn deposited(&self, _: &AccountDeposited, view: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::query(COUNT).execute(view).await?;
        Ok(())
    }
}

/// Views that count events, and a pool to read the count.
pub(super) struct Counted<V, P> {
    pub(super) views: V,
    pool: P,
}

/// The number of counted events.
pub(super) trait Count {
    async fn count(&self) -> u64;
}

impl Count for Counted<SqliteViews, SqlitePool> {
    async fn count(&self) -> u64 {
        sqlx::query_scalar(COUNTED).fetch_one(&self.pool).await.unwrap()
    }
}

impl Count for Counted<PostgresViews, PgPool> {
    async fn count(&self) -> u64 {
        sqlx::query_scalar::<_, i64>(COUNTED).fetch_one(&self.pool).await.unwrap().unsigned_abs()
    }
}

impl Counted<PostgresViews, PgPool> {
    pub(super) async fn drop_schema(self, variables: &[(String, String)]) {
        let schema = variable(variables, "POSTGRES_SCHEMA");
        sqlx::raw_sql(AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE"))).execute(&self.pool).await.unwrap();
    }
}

pub(super) async fn in_file(file: &Path) -> Counted<SqliteViews, SqlitePool> {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true).busy_timeout(PATIENCE);
    let pool = SqlitePoolOptions::new().max_connections(2).connect_with(options).await.unwrap();
    sqlx::raw_sql(TABLE).execute(&pool).await.unwrap();
    Counted { views: SqliteViews::open(pool.clone()).await.unwrap(), pool }
}

pub(super) async fn in_postgres(variables: &[(String, String)]) -> Counted<PostgresViews, PgPool> {
    let schema = variable(variables, "POSTGRES_SCHEMA");
    let options = postgres_options(variables).options([("search_path", schema)]);
    let pool = PgPoolOptions::new().max_connections(2).connect_with(options).await.unwrap();
    let tables = format!("CREATE SCHEMA {schema}; {TABLE}");
    sqlx::raw_sql(AssertSqlSafe(tables)).execute(&pool).await.unwrap();
    Counted { views: PostgresViews::open(pool.clone()).await.unwrap(), pool }
}
