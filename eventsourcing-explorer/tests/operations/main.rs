//! What operators see and do, on real projections in SQLite and PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod audited;
#[path = "../common/mod.rs"]
mod common;
mod desk;
mod hidden;
mod letters;
mod refused;
mod watched;
