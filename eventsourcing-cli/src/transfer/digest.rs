//! The digest of a log: SHA-256 over all of its events, equal for two logs with the same events in the same order.

use eventsourcing::recording::{NotificationRef, stamped};
use sha2::{Digest as _, Sha256};

/// The digest of events that are added in the order of the log.
///
/// Of an append id, the last four bytes do not count: a recorder replaces them each time it sends events to its database.
#[derive(Clone, Default)]
pub(crate) struct LogDigest {
    hash: Sha256,
    events: u64,
}

impl LogDigest {
    /// Adds an event with its JSON, however it is compressed and encrypted.
    pub(crate) fn add_json(&mut self, event: NotificationRef<'_>, json: &[u8]) {
        self.add_place(event);
        self.hash.update([0]);
        self.add_bytes(json);
    }

    /// Adds an event with its state as it is recorded.
    pub(crate) fn add_sealed(&mut self, event: NotificationRef<'_>) {
        self.add_place(event);
        self.hash.update([1]);
        match event.checksum {
            Some(checksum) => self.hash.update([&[1][..], &checksum.to_be_bytes()].concat()),
            None => self.hash.update([0]),
        }
        self.add_bytes(event.state);
    }

    fn add_place(&mut self, event: NotificationRef<'_>) {
        self.events += 1;
        self.hash.update(event.id.to_be_bytes());
        self.hash.update(event.originator_id.as_bytes());
        self.hash.update(event.originator_version.to_be_bytes());
        self.hash.update(stamped(event.append_id, 0).as_bytes());
        self.add_bytes(event.topic.as_bytes());
    }

    /// The length comes first, so that no two logs give the same bytes.
    fn add_bytes(&mut self, bytes: &[u8]) {
        self.hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.hash.update(bytes);
    }

    /// The number of events that were added.
    pub(crate) fn events(&self) -> u64 {
        self.events
    }

    /// The digest as text.
    pub(crate) fn finish(&self) -> String {
        let hash = self.hash.clone().finalize();
        let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256:{digits}")
    }
}
