//! What became of the reads of the aggregate cache, since the application was opened.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The numbers of an application's aggregate cache in this process, since the application was opened.
///
/// See [`Application::cache_counts`](crate::Application::cache_counts).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheCounts {
    /// The reads that were answered from a cached state, with new events applied to it or not.
    pub hits: u64,
    /// The reads that loaded the aggregate from its events or its snapshot, or found none.
    pub misses: u64,
    /// The hits for which new events were applied to the cached state.
    pub forwarded: u64,
    /// The aggregates that are in the cache now.
    pub entries: u64,
}

/// As [`CacheCounts`], while the application is open.
#[derive(Debug, Default)]
pub(super) struct Counts {
    hits: AtomicU64,
    misses: AtomicU64,
    forwarded: AtomicU64,
}

impl Counts {
    pub(super) fn hit(&self) {
        self.hits.fetch_add(1, Relaxed);
    }

    pub(super) fn miss(&self) {
        self.misses.fetch_add(1, Relaxed);
    }

    pub(super) fn forward(&self) {
        self.forwarded.fetch_add(1, Relaxed);
    }

    pub(super) fn all(&self, entries: u64) -> CacheCounts {
        CacheCounts {
            hits: self.hits.load(Relaxed),
            misses: self.misses.load(Relaxed),
            forwarded: self.forwarded.load(Relaxed),
            entries,
        }
    }
}
