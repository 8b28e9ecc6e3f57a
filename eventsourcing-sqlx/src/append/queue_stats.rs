//! What a queue and its transactions count.

use std::time::Instant;

use eventsourcing_core::stats::{Histogram, RecorderStats};

use super::queue::QueuedSave;

/// The numbers of a queue since it was opened.
#[derive(Debug, Default)]
pub(super) struct QueueStats {
    batch_sizes: Histogram,
    queue_wait: Histogram,
    transactions: Histogram,
}

impl QueueStats {
    /// Counts a transaction with these saves, which has ended now.
    pub(super) fn count(&self, saves: &[QueuedSave], begun: Instant) {
        self.transactions.record_duration(begun.elapsed());
        self.batch_sizes.record(u64::try_from(saves.len()).unwrap_or(u64::MAX));
        for save in saves {
            let waited = save.joined.map(|joined| begun.saturating_duration_since(joined));
            self.queue_wait.record_duration(waited.unwrap_or_default());
        }
    }

    /// The numbers as those of a recorder.
    pub(super) fn write_to(&self, stats: &mut RecorderStats) {
        stats.batch_sizes = self.batch_sizes.sizes();
        stats.queue_wait = self.queue_wait.durations();
        stats.transactions = self.transactions.durations();
    }
}
