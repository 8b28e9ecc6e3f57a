//! Transactions in plain statements: sqlx counts those that it begins, and counts wrong when SQLite rolls one back by itself.

use sqlx::SqliteConnection;

use crate::sql::sqlite::{BEGIN, COMMIT, ROLLBACK};

/// Begins a transaction that has the write lock.
pub(super) async fn begin(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query(BEGIN).execute(connection).await.map(drop)
}

pub(super) async fn commit(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query(COMMIT).execute(connection).await.map(drop)
}

pub(super) async fn rollback(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query(ROLLBACK).execute(connection).await.map(drop)
}

/// Leaves whatever transaction the connection may be in, and proves that it is in none: otherwise the `BEGIN` fails.
pub(super) async fn leave(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    // fails where there is no transaction, and what else can be wrong the next statement finds out
    drop(rollback(connection).await);
    sqlx::query("BEGIN").execute(&mut *connection).await?;
    rollback(connection).await
}
