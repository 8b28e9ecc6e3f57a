//! What became of the commands of an application, since it was opened.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The numbers of an application's commands in this process, since the application was opened.
///
/// See [`Application::command_counts`](crate::Application::command_counts).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandCounts {
    /// The command ids that were recorded.
    pub recorded: u64,
    /// The commands that had been recorded before, and were answered with the recordings of the first time.
    pub repeated: u64,
    /// The commands that were refused because their id was recorded with other content.
    pub reused: u64,
    /// The command ids that were deleted because they are no longer kept.
    pub pruned: u64,
    /// The attempts to delete them in the background that failed; each failure is logged as a warning.
    pub failed: u64,
}

/// As [`CommandCounts`], while the application is open.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) recorded: AtomicU64,
    pub(super) repeated: AtomicU64,
    pub(super) reused: AtomicU64,
    pub(super) pruned: AtomicU64,
    pub(super) failed: AtomicU64,
}

impl Counts {
    pub(super) fn all(&self) -> CommandCounts {
        CommandCounts {
            recorded: self.recorded.load(Relaxed),
            repeated: self.repeated.load(Relaxed),
            reused: self.reused.load(Relaxed),
            pruned: self.pruned.load(Relaxed),
            failed: self.failed.load(Relaxed),
        }
    }
}

/// Adds one to a number.
pub(super) fn count(number: &AtomicU64) {
    number.fetch_add(1, Relaxed);
}
