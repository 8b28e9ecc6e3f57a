//! Connection pools for views: an SQLite file in its own folder, and a PostgreSQL schema of its own.

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};
use tempfile::TempDir;

/// A pool for a new file `views.db`, which exists as long as its folder.
pub(crate) async fn sqlite_pool() -> (SqlitePool, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new().filename(folder.path().join("views.db")).create_if_missing(true);
    (SqlitePoolOptions::new().connect_with(options).await.unwrap(), folder)
}

/// A pool whose connections use a new schema.
pub(crate) async fn postgres_pool() -> PgPool {
    let variables = super::postgres();
    let schema = variable(&variables, "POSTGRES_SCHEMA");
    let options = postgres_options(&variables).options([("search_path", schema)]);
    let pool = PgPoolOptions::new().max_connections(5).connect_with(options).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).execute(&pool).await.unwrap();
    pool
}

/// How to connect to the server of these variables.
pub(crate) fn postgres_options(variables: &[(String, String)]) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host(variable(variables, "POSTGRES_HOST"))
        .port(variable(variables, "POSTGRES_PORT").parse().unwrap_or(5432))
        .username(variable(variables, "POSTGRES_USER"))
        .password(variable(variables, "POSTGRES_PASSWORD"))
        .database(variable(variables, "POSTGRES_DBNAME"))
}

/// The value of a variable, or nothing; the last one if it is given twice.
pub(crate) fn variable<'a>(variables: &'a [(String, String)], name: &str) -> &'a str {
    variables.iter().rev().find(|(is, _)| is == name).map_or("", |(_, value)| value)
}
