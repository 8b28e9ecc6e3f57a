//! A handler whose table does not exist: the error says how tables are created.

use eventsourcing::database::{PostgresViews, SqliteViews};
use eventsourcing::prelude::*;
use eventsourcing::projection::{Projection, Views};
use sqlx::{PgConnection, SqliteConnection};

use super::{AccountOpened, PATIENCE, deposits, office, postgres_pool, sqlite_pool};

struct WithoutTables;

#[projection("without_tables")]
impl WithoutTables {
    #[on]
    async fn opened(&self, _: &AccountOpened, view: &mut SqliteConnection) -> sqlx::Result<()> {
        sqlx::query("INSERT INTO accounts DEFAULT VALUES").execute(view).await?;
        Ok(())
    }
}

struct InPostgres;

#[projection("in_postgres")]
impl InPostgres {
    #[on]
    async fn opened(&self, _: &AccountOpened, view: &mut PgConnection) -> std::result::Result<(), OfHandler> {
        sqlx::query("INSERT INTO accounts DEFAULT VALUES").execute(view).await?;
        Ok(())
    }
}

/// An error of the handler's own, whose source is the driver's.
#[derive(Debug, thiserror::Error)]
#[error("the account cannot be inserted: {0}")]
struct OfHandler(#[from] sqlx::Error);

struct WithAnotherTable;

#[projection("with_another_table")]
impl WithAnotherTable {
    #[tables]
    async fn tables(&self, prefix: &str, view: &mut SqliteConnection) -> sqlx::Result<()> {
        let create = format!("CREATE TABLE {prefix}persons (id INTEGER PRIMARY KEY)");
        sqlx::query(sqlx::AssertSqlSafe(create)).execute(view).await?;
        Ok(())
    }

    #[on]
    async fn opened(&self, _: &AccountOpened, _: &EventContext, view: &mut SqliteConnection) -> sqlx::Result<()> {
        sqlx::query("INSERT INTO accounts DEFAULT VALUES").execute(view).await?;
        Ok(())
    }
}

/// The error with which the projection stops.
async fn refusal<P: Projection<View = V::View>, V: Views>(projection: P, views: V) -> String {
    let office = office().await;
    let last = deposits(&office, 1, 0).await;
    let runner = ProjectionRunner::start(&office, projection, views).await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap_err().to_string()
}

const CURE: &str = "create the table in a `#[tables]` method of the projection, which runs before its first event, \
     or in the database before the projection is started";

#[tokio::test]
async fn a_missing_table_in_sqlite_is_an_error_that_names_the_cure() {
    let (pool, _folder) = sqlite_pool().await;
    let said = refusal(WithoutTables, SqliteViews::open(pool).await.unwrap()).await;
    assert!(said.contains("no such table: accounts") && said.ends_with(CURE), "{said}");
}

#[tokio::test]
async fn a_missing_table_in_postgres_is_an_error_that_names_the_cure() {
    let said = refusal(InPostgres, PostgresViews::open(postgres_pool().await).await.unwrap()).await;
    assert!(said.contains("the account cannot be inserted") && said.contains("relation \"accounts\""), "{said}");
    assert!(said.ends_with(CURE), "{said}");
}

#[tokio::test]
async fn a_table_that_the_tables_method_leaves_out_is_an_error_that_says_so() {
    let (pool, _folder) = sqlite_pool().await;
    let said = refusal(WithAnotherTable, SqliteViews::open(pool).await.unwrap()).await;
    assert!(said.contains("no such table: accounts"), "{said}");
    assert!(said.contains("the `#[tables]` method of the projection did not create it under this name"), "{said}");
}
