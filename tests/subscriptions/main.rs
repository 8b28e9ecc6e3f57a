//! A subscriber gets the whole log, each event once and in order, the same in memory, in SQLite and in PostgreSQL.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod beside_writers;
#[path = "../common/mod.rs"]
mod common;
mod delivery;
mod errors;
mod read_ahead;
mod steps;

use std::sync::Arc;
use std::time::Duration;

use eventsourcing::Recorder;
use eventsourcing::prelude::*;
use eventsourcing::recording::MemoryRecorder;

use common::PATIENCE;
use common::office::{Account, AccountEvent, Archive, Note, NoteBegun, NoteEvent, NoteLineAdded, Office, deposits};

/// A database for applications: each that opens it sees what the others recorded, as another process would.
struct Store {
    variables: Vec<(String, String)>,
    memory: Option<Arc<dyn Recorder>>,
}

impl Store {
    fn new(variables: Vec<(String, String)>) -> Self {
        Self { variables, memory: None }
    }

    fn in_memory() -> Self {
        Self { memory: Some(Arc::new(MemoryRecorder::new())), ..Self::new(Vec::new()) }
    }

    async fn office(&self) -> Office {
        let builder = Office::builder().variables(self.variables.clone());
        match &self.memory {
            Some(recorder) => builder.recorder(Arc::clone(recorder)).open().await.unwrap(),
            None => builder.open().await.unwrap(),
        }
    }

    /// Opens another application, in the same database if it is one.
    async fn archive(&self) -> Archive {
        match &self.memory {
            Some(_) => Archive::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap(),
            None => Archive::open_with(self.variables.clone()).await.unwrap(),
        }
    }
}

/// A test of each function in each database.
macro_rules! in_each_database {
    ($($name:ident)*) => {
        mod memory { $(#[tokio::test] async fn $name() {
            super::$name(crate::Store::in_memory()).await;
        })* }
        mod sqlite { $(#[tokio::test] async fn $name() {
            let folder = tempfile::tempdir().unwrap();
            super::$name(crate::Store::new(crate::common::sqlite_file(&folder))).await;
        })* }
        mod postgres { $(#[tokio::test] async fn $name() {
            super::$name(crate::Store::new(crate::common::postgres())).await;
        })* }
    };
}
use in_each_database;

/// A poll interval so long that polling finds nothing: only notified events arrive.
const NEVER: Duration = Duration::from_secs(100_000);

async fn next<T: Send + 'static>(subscription: &mut Subscription<T>) -> Tracked<T> {
    try_next(subscription).await.unwrap()
}

async fn try_next<T: Send + 'static>(subscription: &mut Subscription<T>) -> Result<Tracked<T>> {
    let next = tokio::time::timeout(PATIENCE, subscription.next()).await.expect("the subscription hangs");
    next.expect("a subscription has no end")
}
