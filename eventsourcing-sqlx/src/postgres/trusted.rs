//! Versions that need not be looked up again: the connection that writes recorded them itself.
//!
//! An append needs the version before each of its events, and looking for it takes a quarter of what recording an event takes.
//! A version that was recorded and acknowledged on a connection is there for as long as that connection leads to the same process of
//! the same server, unless somebody deletes it. An append therefore says what it trusts in, and which server process and which
//! version of the head's row it saw: deleting events changes that row. Where either is another, the append function looks up all.

use std::collections::HashMap;
use std::mem;

use eventsourcing_core::{StoredEvent, Uuid};

/// How many aggregates are remembered, in each of two generations.
const GENERATION: usize = 8_192;

/// The last versions of aggregates that were recorded on a connection.
#[derive(Debug, Default)]
pub(super) struct Trusted {
    /// The server's process and the version of the head's row; none if they are not known, and nothing is trusted.
    server: Option<String>,
    recent: HashMap<Uuid, u64>,
    older: HashMap<Uuid, u64>,
}

impl Trusted {
    /// Trusts in what will be recorded on a connection to this server.
    pub(super) fn on(server: Option<String>) -> Self {
        Self { server, ..Self::default() }
    }

    /// What the append is told of the server; nothing that one could be if nothing is trusted.
    pub(super) fn server(&self) -> &str {
        self.server.as_deref().unwrap_or_default()
    }

    /// Whether this version was recorded on this connection, and was the last then.
    pub(super) fn has(&self, originator_id: Uuid, version: u64) -> bool {
        self.recent.get(&originator_id).or_else(|| self.older.get(&originator_id)) == Some(&version)
    }

    /// Remembers what was recorded and acknowledged.
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
