//! The last notification id that a recorder knows of, and those who wait for a greater one.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// The last notification id that a recorder knows to be recorded, for [`Recorder::recorded_after`](super::Recorder::recorded_after).
///
/// # Examples
///
/// ```
/// use eventsourcing_core::persistence::Watermark;
/// # futures::executor::block_on(async {
/// let watermark = Watermark::default();
/// let waits = watermark.passed(4);
/// watermark.raise(5);
/// waits.await;
/// # });
/// ```
#[derive(Debug, Default)]
pub struct Watermark {
    last: AtomicU64,
    raised: Notify,
}

impl Watermark {
    /// Ids up to this one are recorded: wakes those who wait for it. A lower one than before changes nothing.
    pub fn raise(&self, id: u64) {
        self.last.fetch_max(id, Ordering::SeqCst);
        self.raised.notify_waiters();
    }

    /// The greatest id that is known to be recorded; 0 if none is.
    pub fn last(&self) -> u64 {
        self.last.load(Ordering::SeqCst)
    }

    /// Waits until an id greater than this one is known to be recorded.
    pub async fn passed(&self, after: u64) {
        loop {
            let mut raised = std::pin::pin!(self.raised.notified());
            // before the look, so that one that is raised between the look and the wait is not missed
            raised.as_mut().enable();
            if self.last() > after {
                return;
            }
            raised.await;
        }
    }
}
