//! What became of the snapshots of an application, since it was opened.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The numbers of an application's snapshots in this process, since the application was opened.
///
/// See [`Application::snapshot_counts`](crate::Application::snapshot_counts).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SnapshotCounts {
    /// The snapshots that were taken and stored.
    pub taken: u64,
    /// The snapshots that could not be taken or stored in the background; each failure is logged as a warning.
    pub failed: u64,
    /// The snapshots that were not taken because the queue was full, or because there was no Tokio runtime.
    pub skipped: u64,
    /// The loads that found a snapshot which they could not use, and replayed the events instead.
    pub missed: u64,
    /// The loads that started from a snapshot.
    pub used: u64,
}

/// As [`SnapshotCounts`], while the application is open.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    taken: AtomicU64,
    failed: AtomicU64,
    skipped: AtomicU64,
    missed: AtomicU64,
    used: AtomicU64,
}

impl Counts {
    pub(super) fn take(&self) {
        self.taken.fetch_add(1, Relaxed);
    }

    pub(super) fn fail(&self) {
        self.failed.fetch_add(1, Relaxed);
    }

    pub(super) fn skip(&self) {
        self.skipped.fetch_add(1, Relaxed);
    }

    pub(crate) fn miss(&self) {
        self.missed.fetch_add(1, Relaxed);
    }

    pub(crate) fn make_use(&self) {
        self.used.fetch_add(1, Relaxed);
    }

    pub(crate) fn all(&self) -> SnapshotCounts {
        SnapshotCounts {
            taken: self.taken.load(Relaxed),
            failed: self.failed.load(Relaxed),
            skipped: self.skipped.load(Relaxed),
            missed: self.missed.load(Relaxed),
            used: self.used.load(Relaxed),
        }
    }
}
