//! The aggregate cache: reads are as current as without it, and seldom need the events.
#![cfg(all(feature = "sqlite", feature = "postgres", feature = "zstd", feature = "chacha20poly1305"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "../common/mod.rs"]
mod common;
mod current;
mod dropped;
mod forwarding;
mod joined;
mod limits;
mod reads;
mod settings;
mod single_writer;
mod watched;

use std::cell::Cell;
use std::sync::Arc;

use eventsourcing::ApplicationBuilder;
use eventsourcing::prelude::*;
use eventsourcing::recording::MemoryRecorder;
use serde::{Deserialize, Serialize};

use watched::Watched;

type Variables = Vec<(String, String)>;

thread_local! {
    /// The worlds that this thread has cloned.
    static CLONES: Cell<usize> = const { Cell::new(0) };
}

/// The number of worlds that this thread has cloned since the last call.
pub(crate) fn clones() -> usize {
    CLONES.replace(0)
}

/// A value that counts its clones.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counted;

impl Clone for Counted {
    fn clone(&self) -> Self {
        CLONES.set(CLONES.get() + 1);
        Self
    }
}

#[aggregate]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct World {
    name: String,
    history: Vec<String>,
    counted: Counted,
}

#[aggregate(snapshots)]
impl World {
    #[event("Started")]
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), history: Vec::new(), counted: Counted }
    }

    #[event("SomethingHappened")]
    fn make_it_so(&mut self, what: &str) {
        self.history.push(what.to_owned());
    }
}

impl World {
    /// A world with this many events, which are pending.
    fn of(events: u64) -> Self {
        let mut world = Self::new("Earth");
        world.grow(events - 1);
        world
    }

    fn grow(&mut self, events: u64) {
        for _ in 0..events {
            self.make_it_so(&format!("change {}", self.version() + 1));
        }
    }

    /// The next event of a world at this version, made without the world.
    fn next(id: Uuid, version: u64) -> DomainEvent<WorldEvent> {
        let event = WorldEvent::SomethingHappened(WorldSomethingHappened { what: format!("change {}", version + 1) });
        DomainEvent::new(id, version + 1, Timestamp::UNIX_EPOCH, event)
    }
}

/// An aggregate that cannot be cloned.
#[aggregate]
#[derive(Debug, PartialEq)]
pub(crate) struct Diary {
    pages: Vec<String>,
}

#[aggregate]
impl Diary {
    #[event("Begun")]
    fn begin() -> Self {
        Self { pages: Vec::new() }
    }

    #[event("Written")]
    fn write(&mut self, page: &str) {
        self.pages.push(page.to_owned());
    }
}

impl Diary {
    /// A diary with this many events, which are pending.
    fn of(events: u64) -> Self {
        let mut diary = Self::begin();
        (1..events).for_each(|page| diary.write(&page.to_string()));
        diary
    }
}

#[application]
#[derive(Debug)]
pub(crate) struct Universe;

/// A store that several programs use.
pub(crate) struct Store {
    recorder: Arc<Watched>,
    variables: Option<Variables>,
}

impl Store {
    fn in_memory() -> Self {
        Self { recorder: Arc::new(Watched::new(Arc::new(MemoryRecorder::new()))), variables: None }
    }

    async fn new(variables: Variables) -> Self {
        let universe = Universe::open_with(variables.clone()).await.unwrap();
        Self { recorder: Arc::new(Watched::new(Arc::clone(universe.recorder()))), variables: Some(variables) }
    }

    fn builder(&self) -> ApplicationBuilder {
        let recorder: Arc<Watched> = Arc::clone(&self.recorder);
        Application::builder("Universe").recorder(recorder)
    }

    /// A program without a cache.
    fn program(&self) -> Application {
        self.builder().open().unwrap()
    }

    /// A program with a cache.
    fn cached(&self) -> Application {
        self.builder().cache(100).open().unwrap()
    }

    /// A program with a cache that asks the database for nothing that is cached.
    fn single_writer(&self) -> Application {
        self.builder().cache(100).cache_fast_forward(false).open().unwrap()
    }

    /// Another program on the same database, with connections of its own if it has any.
    async fn other(&self) -> Application {
        match &self.variables {
            Some(variables) => Application::clone(&Universe::open_with(variables.clone()).await.unwrap()),
            None => self.program(),
        }
    }
}

/// Reads a world, and says which version it is.
pub(crate) async fn read(application: &Application, id: Uuid) -> Arc<World> {
    application.repository().read(id).await.unwrap()
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
