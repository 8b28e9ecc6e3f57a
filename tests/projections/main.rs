//! A projection applies each event to its view exactly once, in memory, in SQLite and in PostgreSQL, whatever fails.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "../common/mod.rs"]
mod common;
mod conditions;
mod databases;
mod dead_letters;
mod failing;
mod many;
mod missing_tables;
mod overstepping;
mod places;
mod rebuilding;
mod running;
mod views;

use common::PATIENCE;
use common::office::{Account, AccountDeposited, AccountOpened, Branch, Note, NoteBegun, Office, deposits, office};
use common::pools::{postgres_pool, sqlite_pool};
