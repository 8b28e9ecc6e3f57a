//! Event-sourced logs, and events that are read directly: the same in memory, in SQLite and in PostgreSQL.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod appending;
#[path = "../common/mod.rs"]
mod common;
mod evolution;
mod last;
mod listing;
mod misuse;
mod opening;
mod policies;
mod searching;

use eventsourcing::prelude::*;

/// An application with worlds and a register of them.
#[application]
pub(crate) struct Universe;

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct World {
    name: String,
    moons: u64,
}

#[aggregate]
impl World {
    #[event("Started")]
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), moons: 0 }
    }

    #[event("MoonFound")]
    pub(crate) fn find_moon(&mut self, name: &str) {
        let _ = name;
        self.moons += 1;
    }
}

/// The worlds, in the order in which they were registered.
#[aggregate]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Register {}

/// Why nothing is registered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct NoName;

#[aggregate(log, derive(PartialEq))]
impl Register {
    #[event("WorldAdded")]
    pub(crate) fn add(&mut self, number: u64) {}

    #[event("WorldNamed")]
    pub(crate) fn give_name(&mut self, name: &str) -> Result<(), NoName> {
        if name.is_empty() { Err(NoName) } else { Ok(()) }
    }
}

/// The id of the register of worlds.
pub(crate) fn worlds() -> Uuid {
    Register::id_of("worlds")
}

/// Saves a register with these numbers of events, in saves of a thousand.
pub(crate) async fn filled(universe: &Universe, events: u64) -> Register {
    let mut register: Register = universe.repository().log(worlds()).await.unwrap();
    for number in 1..=events {
        register.add(number);
        if number % 1_000 == 0 {
            universe.save(&mut register).await.unwrap();
        }
    }
    universe.save(&mut register).await.unwrap();
    register
}

/// The number of an event that added a world.
pub(crate) fn number(event: &DomainEvent<RegisterEvent>) -> u64 {
    match &event.event {
        RegisterEvent::WorldAdded(added) => added.number,
        RegisterEvent::WorldNamed(_) => 0,
    }
}

/// A test of each function in each database.
macro_rules! in_each_database {
    ($($name:ident)*) => {
        mod memory { $(#[tokio::test] async fn $name() {
            super::$name(crate::Universe::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap()).await;
        })* }
        mod sqlite { $(#[tokio::test] async fn $name() {
            let folder = tempfile::tempdir().unwrap();
            super::$name(crate::Universe::open_with(crate::common::sqlite_file(&folder)).await.unwrap()).await;
        })* }
        mod postgres { $(#[tokio::test] async fn $name() {
            super::$name(crate::Universe::open_with(crate::common::postgres()).await.unwrap()).await;
        })* }
    };
}
use in_each_database;
