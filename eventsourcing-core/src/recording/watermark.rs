//! The last notification id that a recorder knows of, and the tasks that wait for a greater one.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// The last notification id that a recorder knows to be recorded.
///
/// It implements the wait of [`Recorder::recorded_after`](crate::recording::Recorder::recorded_after).
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::recording::Watermark;
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
    /// Notes that ids up to this one are recorded, and wakes the tasks that wait for it. A lower id than before changes nothing.
    pub fn raise(&self, id: u64) {
        self.last.fetch_max(id, Ordering::SeqCst);
        self.raised.notify_waiters();
    }

    /// Returns the greatest id that is known to be recorded; 0 if none is.
    pub fn last(&self) -> u64 {
        self.last.load(Ordering::SeqCst)
    }

    /// Waits until an id greater than this one is known to be recorded.
    pub async fn passed(&self, after: u64) {
        loop {
            let mut raised = std::pin::pin!(self.raised.notified());
            // registered before the check, so that a notification between the check and the wait is not missed
            raised.as_mut().enable();
            if self.last() > after {
                return;
            }
            raised.await;
        }
    }
}
