//! Trials of a failover from a primary to a standby: `cargo xtask failover` runs each on its own two servers.
#![cfg(all(feature = "sqlite", feature = "postgres", unix))]
#![allow(unreachable_pub, reason = "as in what the tests share")]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

#[path = "../common/mod.rs"]
mod common;

mod address;
mod pair;

mod asynchronous;
mod commands;
mod synchronous;

use std::time::Duration;

use eventsourcing_core::recording::EventQuery;
use eventsourcing_core::{Recorder as _, Uuid};
use eventsourcing_sqlx::{PostgresConfig, PostgresRecorder};

use address::Address;
use pair::Server;

async fn open(config: PostgresConfig) -> PostgresRecorder {
    PostgresRecorder::open("Universe", config).await.unwrap()
}

/// Opens a recorder directly on a server.
async fn open_on(server: &Server) -> PostgresRecorder {
    open(server.config.clone()).await
}

/// The configuration to reach a server by an address that may later lead to another one.
fn by(address: &Address, server: &Server) -> PostgresConfig {
    let mut config = server.config.clone();
    config.port = address.port;
    // a failover takes what it takes on a busy machine
    config.resolve_timeout = common::PATIENCE;
    config
}

/// The same with short time limits.
fn impatient(mut config: PostgresConfig) -> PostgresConfig {
    config.answer_timeout = Duration::from_secs(1);
    config.resolve_timeout = Duration::from_secs(1);
    config
}

/// The versions of an aggregate that are recorded.
async fn versions(recorder: &PostgresRecorder, id: Uuid) -> Vec<u64> {
    let found = recorder.select_events(EventQuery::of(id)).await.unwrap();
    found.iter().map(|event| event.originator_version).collect()
}
