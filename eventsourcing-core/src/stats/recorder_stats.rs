//! What a recorder has done in this process.

use super::{Durations, Sizes};

/// What a recorder has done in this process, since it was opened: its queue and its transactions.
///
/// It is a part of [`ApplicationStats`](crate::application::ApplicationStats). A recorder without a queue, such as that in memory, has none of
/// it: all numbers are 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecorderStats {
    /// The kind of database, as the semantic conventions of OpenTelemetry name it: `postgresql`, `sqlite` or `memory`. Empty if it is unknown.
    pub system: &'static str,
    /// The saves that wait for a transaction now.
    pub queued_saves: u64,
    /// The rows of the saves that are not answered yet, those of the transaction under way included.
    pub queued_rows: u64,
    /// The number of saves of each transaction, including those that were rolled back.
    pub batch_sizes: Sizes,
    /// How long saves waited for their transaction to begin, with [waiting for room](Self::queued_rows) in the queue.
    pub queue_wait: Durations,
    /// How long transactions took, with waiting for locks and for a connection, and with repetitions after a lost connection.
    pub transactions: Durations,
    /// How long those transactions waited that found the lock of the writer taken, where the recorder sees it; none elsewhere.
    ///
    /// SQLite's recorder sees it. In PostgreSQL the wait happens inside of the statement that appends, so it is a part of
    /// [`transactions`](Self::transactions) alone.
    pub lock_wait: Option<Durations>,
}
