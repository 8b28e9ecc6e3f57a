//! What an application guarantees, the same in memory, in SQLite and in PostgreSQL.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod blame;
#[path = "../common/mod.rs"]
mod common;
mod history;
mod listing;
mod log;
mod lost_answers;
mod names;
mod opening;
mod reading;
mod refusals;
mod retrying;
mod saving;
mod taking;
mod timers;
mod topics;
mod tracking;
mod turns;

use common::office::{Account, AccountEvent, Archive, Note, Office, office};

/// A test of each function in each database.
macro_rules! in_each_database {
    ($($name:ident)*) => {
        mod memory { $(#[tokio::test] async fn $name() {
            super::$name(crate::office().await).await;
        })* }
        mod sqlite_file { $(#[tokio::test] async fn $name() {
            let folder = tempfile::tempdir().unwrap();
            super::$name(crate::Office::open_with(crate::common::sqlite_file(&folder)).await.unwrap()).await;
        })* }
        mod sqlite_memory { $(#[tokio::test] async fn $name() {
            super::$name(crate::Office::open_with(crate::common::sqlite(":memory:")).await.unwrap()).await;
        })* }
        mod postgres { $(#[tokio::test] async fn $name() {
            super::$name(crate::Office::open_with(crate::common::postgres()).await.unwrap()).await;
        })* }
    };
}
use in_each_database;
