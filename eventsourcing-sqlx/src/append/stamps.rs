//! Stamps, which distinguish two recordings of one attempt.

use std::sync::atomic::{AtomicU32, Ordering};

use uuid::Uuid;

/// A counter of stamps: events get one each time they are sent to the database. See
/// [`is_same_attempt`](eventsourcing_core::recording::is_same_attempt).
///
/// It starts at a random number. An attempt belongs to one process, so no two of its stamps are equal.
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
