//! Stamps: what tells two recordings of one attempt apart.

use std::sync::atomic::{AtomicU32, Ordering};

use uuid::Uuid;

/// Gives a stamp for each time that events are sent to the database; see
/// [`is_same_attempt`](eventsourcing_core::persistence::is_same_attempt).
///
/// Stamps are counted, from a random number on: an attempt belongs to one process, and no two of its stamps are equal.
#[derive(Debug)]
pub(crate) struct Stamps(AtomicU32);

impl Default for Stamps {
    fn default() -> Self {
        let random = Uuid::new_v4();
        let [a, b, c, d, ..] = random.into_bytes();
        Self(AtomicU32::new(u32::from_be_bytes([a, b, c, d])))
    }
}

impl Stamps {
    pub(crate) fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}
