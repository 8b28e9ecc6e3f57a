//! The evolution of events: what earlier versions of a program recorded is read by later ones, in the shape and under the name of today.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "../common/mod.rs"]
mod common;
mod consumers;
mod failing;
mod names;
mod program;
mod renamed;
mod rolling;
mod shapes;
mod splits;
mod unknown_fields;

use std::sync::Arc;

use eventsourcing::Recorder;
use eventsourcing::prelude::*;
use eventsourcing::recording::{EventQuery, MemoryRecorder};

use program::{first, second, third};

/// A database that several versions of a program use.
struct Store {
    recorder: Arc<dyn Recorder>,
    /// How the database is opened, unless it is in memory.
    variables: Option<Vec<(String, String)>>,
}

#[application]
struct Universe;

impl Store {
    fn in_memory() -> Self {
        Self { recorder: Arc::new(MemoryRecorder::new()), variables: None }
    }

    async fn new(variables: Vec<(String, String)>) -> Self {
        let universe = Universe::open_with(variables.clone()).await.unwrap();
        Self { recorder: Arc::clone(universe.recorder()), variables: Some(variables) }
    }

    /// Starts a program: it shares the database with the others, and no connection and no knowledge of types.
    async fn program(&self) -> Application {
        let recorder = match &self.variables {
            Some(variables) => Arc::clone(Universe::open_with(variables.clone()).await.unwrap().recorder()),
            None => Arc::clone(&self.recorder),
        };
        Application::builder("Universe").recorder(recorder).open().unwrap()
    }

    /// The recorded states of an aggregate, as text.
    async fn states(&self, id: Uuid) -> Vec<String> {
        let stored = self.recorder.select_events(EventQuery::of(id)).await.unwrap();
        stored.iter().map(|stored| String::from_utf8(stored.state.to_vec()).unwrap()).collect()
    }

    /// Records an event as some version of the program did: its state without the timestamp.
    async fn insert(&self, id: Uuid, version: u64, topic: &'static str, rest: &str) {
        let state = format!(r#"{{"timestamp":"2026-11-23T04:11:04.800139Z"{rest}}}"#).into_bytes();
        let stored = eventsourcing::StoredEvent::new(id, version, topic, state, Uuid::new_v4()).checksummed();
        self.recorder.insert_events(vec![stored]).await.unwrap();
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
            super::$name(crate::Store::new(crate::common::sqlite_file(&folder)).await).await;
        })* }
        mod postgres { $(#[tokio::test] async fn $name() {
            super::$name(crate::Store::new(crate::common::postgres()).await).await;
        })* }
    };
}
use in_each_database;
