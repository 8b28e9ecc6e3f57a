//! A projection of the kennel with its views in the database of the events, and statements beside the library.

use std::time::Duration;

use eventsourcing::Environment;
use eventsourcing::database::{PostgresViews, SqliteViews};
use eventsourcing::prelude::*;
use eventsourcing::sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use eventsourcing::sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection, query};

use super::common::{Database, DogRegistered, Kennel};

/// A projection whose view is nothing.
struct Names;

#[projection("names")]
impl Names {
    #[on]
    async fn registered(&self, event: &DogRegistered, view: &mut SqliteConnection) -> Result<(), String> {
        let _ = view;
        if event.name == "Fido" { Err("Fido is no name for a dog".to_owned()) } else { Ok(()) }
    }
}

/// The same with a view in PostgreSQL.
struct PostgresNames;

#[projection("names")]
impl PostgresNames {
    #[on]
    async fn registered(&self, event: &DogRegistered, view: &mut PgConnection) -> Result<(), String> {
        let _ = view;
        if event.name == "Fido" { Err("Fido is no name for a dog".to_owned()) } else { Ok(()) }
    }
}

/// Runs the projection up to the end of the log, with its views in the database of the events.
pub(crate) async fn project(database: &Database, kennel: &Kennel) {
    let last = kennel.log().max_id().await.unwrap().unwrap_or_default();
    let park = OnFailure::park(0, Duration::ZERO);
    let long = Duration::from_secs(600);
    if database.is_postgres() {
        let environment = Environment::from_variables("Kennel", database.variables.clone());
        let views = PostgresViews::from_environment(&environment).await.unwrap();
        let runner = ProjectionRunner::builder(kennel, PostgresNames, views).on_failure(park).start().await.unwrap();
        runner.wait_for(last, long).await.unwrap();
        runner.stop().await.unwrap();
    } else {
        let options = SqliteConnectOptions::new().filename(database.file()).create_if_missing(true);
        let views = SqliteViews::open(SqlitePool::connect_with(options).await.unwrap()).await.unwrap();
        let runner = ProjectionRunner::builder(kennel, Names, views).on_failure(park).start().await.unwrap();
        runner.wait_for(last, long).await.unwrap();
        runner.stop().await.unwrap();
    }
}

/// Runs a statement beside the library.
pub(crate) async fn run_sql(database: &Database, sql: &str) {
    let sql = sql.replace("{schema}", &database.schema().map(|schema| format!("{schema}.")).unwrap_or_default());
    if database.is_postgres() {
        let environment = Environment::from_variables("Kennel", database.variables.clone());
        let views = PostgresViews::from_environment(&environment).await.unwrap();
        query(AssertSqlSafe(sql)).execute(views.pool()).await.unwrap();
    } else {
        let mut connection = SqliteConnection::connect(&database.file()).await.unwrap();
        query(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
}
