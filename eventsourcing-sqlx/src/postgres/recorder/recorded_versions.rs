//! The versions that the writer's connection recorded itself, which need no lookup.
//!
//! An append needs the version before each of its events, and looking it up takes a quarter of the time of recording an event.
//! A version that was recorded and acknowledged on a connection exists as long as the connection leads to the same process of
//! the same server, unless it is deleted. An append therefore passes the versions that it trusts in, with the server process and the
//! row version of the head: deleting events changes that row. If either has changed, the append function looks up all versions.

use std::collections::HashMap;
use std::mem;

use eventsourcing_core::{StoredEvent, Uuid};

/// How many aggregates are remembered, in each of two generations.
const GENERATION: usize = 8_192;

/// The last versions of aggregates that were recorded on a connection.
#[derive(Debug, Default)]
pub(super) struct RecordedVersions {
    /// The server process and the row version of the head; none if they are unknown, and no version is trusted.
    server: Option<String>,
    recent: HashMap<Uuid, u64>,
    older: HashMap<Uuid, u64>,
}

impl RecordedVersions {
    /// Remembers versions that are recorded on a connection to this server.
    pub(super) fn on(server: Option<String>) -> Self {
        Self { server, ..Self::default() }
    }

    /// The server as an append passes it; empty, which matches no server, if no version is trusted.
    pub(super) fn server(&self) -> &str {
        self.server.as_deref().unwrap_or_default()
    }

    /// Whether this version was recorded on this connection, and was the last then.
    pub(super) fn has(&self, originator_id: Uuid, version: u64) -> bool {
        self.recent.get(&originator_id).or_else(|| self.older.get(&originator_id)) == Some(&version)
    }

    /// Remembers the versions of events that were recorded and acknowledged.
    pub(super) fn add<'e>(&mut self, events: impl IntoIterator<Item = &'e StoredEvent>) {
        if self.server.is_none() {
            return;
        }
        for event in events {
            if self.recent.len() >= GENERATION {
                self.older = mem::take(&mut self.recent);
            }
            self.recent.insert(event.originator_id, event.originator_version);
        }
    }
}
