//! What is particular to the SQLite recorder: names and files, tables, locks, and transactions that SQLite ends.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

#[path = "../common/mod.rs"]
mod common;
mod opening;
mod saving;
mod tables;

use std::path::Path;
use std::time::Duration;

use eventsourcing_core::RecorderError;
use eventsourcing_sqlx::{SqliteConfig, SqliteRecorder};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, SqliteConnection};

async fn open(dbname: &str) -> Result<SqliteRecorder, RecorderError> {
    let mut config = SqliteConfig::new(dbname);
    config.lock_timeout = Duration::from_millis(200);
    SqliteRecorder::open("Universe", config).await
}

async fn open_file(path: &Path) -> Result<SqliteRecorder, RecorderError> {
    open(path.to_str().unwrap()).await
}

/// A connection outside of the recorder.
async fn outsider(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    options.busy_timeout(Duration::from_secs(30)).connect().await.unwrap()
}

async fn run(connection: &mut SqliteConnection, sql: impl Into<String>) {
    sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(connection).await.unwrap();
}

async fn message(dbname: &str) -> String {
    open(dbname).await.unwrap_err().to_string()
}
