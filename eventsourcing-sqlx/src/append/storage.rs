//! The part of group commit that each database implements: recording a batch of saves in one transaction.

use std::sync::Arc;

use eventsourcing_core::recording::Append;
use eventsourcing_core::stats::Durations;
use eventsourcing_core::{LogPosition, RecorderError};

/// The database behind a [`Writer`](super::Writer). There is never more than one call at a time.
pub(crate) trait Storage: Send + Sync + 'static {
    /// Records these saves in one transaction and returns the outcome of each, in their order.
    ///
    /// A save is recorded whole or not at all, and a save that is refused does not affect the others. `were_sent` says that these
    /// saves may be recorded already, because an earlier call with them was dropped.
    fn record(&self, saves: &[&Append], were_sent: bool) -> impl Future<Output = Vec<SaveOutcome>> + Send;

    /// Called once events up to this id are recorded and their saves are answered: now waiting readers may be notified.
    fn recorded(self: &Arc<Self>, last: u64);

    /// How long transactions waited for the lock of the writer, if that is known.
    fn lock_wait(&self) -> Option<Durations>;

    /// Records as [`record`](Self::record), synchronously on this thread, if that takes no longer than handing over to another task.
    fn record_now(&self, saves: &[&Append]) -> Option<Vec<SaveOutcome>>;
}

/// The outcome of a save.
#[derive(Debug)]
pub(crate) enum SaveOutcome {
    /// It is recorded, and its events have these positions.
    Recorded(Vec<LogPosition>),
    /// It is not recorded, for a reason of its own.
    Failed(RecorderError),
    /// The database refused the whole transaction, and the reason may lie in this save or in another.
    Suspect(RecorderError),
    /// The database cannot be reached, so the other saves in the queue need not be tried.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "SQLite is always within reach"))]
    Unreachable(RecorderError),
}
