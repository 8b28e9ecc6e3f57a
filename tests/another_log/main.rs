//! A log that was rolled back, by a failover or a restore, and grew again: no consumer processes it as if it were the same.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "../common/mod.rs"]
mod common;
mod projections;
mod readers;
mod server;
mod systems;

use common::office::{Archive, Mirror, Office, Total, deposits};
use common::{OFTEN, PATIENCE};

#[track_caller]
fn assert_log_changed(error: &eventsourcing::Error, id: u64) {
    let is_it = matches!(error, eventsourcing::Error::LogChanged { position, .. } if position.id == id);
    assert!(is_it, "{error:?}");
}
