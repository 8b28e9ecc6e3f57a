//! The shapes of recorded events: the lock file, and the audit of a log.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod audit;
#[path = "../common/mod.rs"]
mod common;
mod lock;
mod programs;
mod retyped;
mod shapes;
