//! Snapshots: loads start from them, and nothing that is wrong with one is an error or a wrong state.
#![cfg(all(feature = "sqlite", feature = "postgres", feature = "zstd", feature = "chacha20poly1305"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod background;
mod code;
#[path = "../common/mod.rs"]
mod common;
mod faults;
#[path = "../common/logger.rs"]
mod logger;
mod reading;
mod sealed;
mod settings;
mod taking;
mod unfit;
mod watched;

use std::sync::Arc;

use eventsourcing::ApplicationBuilder;
use eventsourcing::application::SnapshotCounts;
use eventsourcing::prelude::*;
use eventsourcing::recording::MemoryRecorder;
use serde::{Deserialize, Serialize};
use tokio::task::yield_now;
use tokio::time::timeout;

use common::PATIENCE;
use watched::Watched;

#[aggregate]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct World {
    name: String,
    history: Vec<String>,
}

#[aggregate(snapshot_every = 5)]
impl World {
    #[event("Started")]
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), history: Vec::new() }
    }

    #[event("SomethingHappened")]
    fn make_it_so(&mut self, what: &str) {
        self.history.push(what.to_owned());
    }
}

impl World {
    /// A world with this many events, which are pending.
    fn of(events: usize) -> Self {
        let mut world = Self::new("Earth");
        world.grow(events - 1);
        world
    }

    fn grow(&mut self, events: usize) {
        for _ in 0..events {
            self.make_it_so(&format!("change {}", self.version() + 1));
        }
    }
}

/// An aggregate without snapshots.
#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Note {
    text: String,
}

#[aggregate]
impl Note {
    #[event("Written")]
    fn write(text: &str) -> Self {
        Self { text: text.to_owned() }
    }
}

#[application]
#[derive(Debug)]
pub(crate) struct Universe;

/// A store that several programs use.
pub(crate) struct Store {
    recorder: Arc<Watched>,
}

impl Store {
    fn in_memory() -> Self {
        Self { recorder: Arc::new(Watched::new(Arc::new(MemoryRecorder::new()))) }
    }

    async fn new(variables: Vec<(String, String)>) -> Self {
        let universe = Universe::open_with(variables).await.unwrap();
        Self { recorder: Arc::new(Watched::new(Arc::clone(universe.recorder()))) }
    }

    fn builder(&self) -> ApplicationBuilder {
        let recorder: Arc<Watched> = Arc::clone(&self.recorder);
        Application::builder("Universe").recorder(recorder)
    }

    /// A program that shares the database with the others, and no knowledge of types.
    fn program(&self) -> Application {
        self.builder().open().unwrap()
    }

    /// A program that loads aggregates from their events.
    fn without_snapshots(&self) -> Application {
        self.builder().snapshots(false).open().unwrap()
    }
}

/// Waits until the counts are as wanted.
pub(crate) async fn until(application: &Application, is_so: impl Fn(SnapshotCounts) -> bool) {
    let wait = async {
        while !is_so(application.snapshot_counts()) {
            yield_now().await;
        }
    };
    let found = timeout(PATIENCE, wait).await;
    assert!(found.is_ok(), "the counts stay at {:?}", application.snapshot_counts());
}

/// Saves a world with this many events, and waits for its snapshot.
pub(crate) async fn saved(application: &Application, events: usize) -> World {
    let before = application.snapshot_counts().taken;
    let mut world = World::of(events);
    application.save(&mut world).await.unwrap();
    until(application, |counts| counts.taken == before + 1).await;
    world
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
