//! Group commit: saves that wait for the database are recorded together, in one transaction.
//!
//! A save joins the queue and waits for its own answer. While a transaction is under way others join, and the next transaction
//! takes all of them, in the order in which they came. No save waits for a batch to fill, and the busier the application
//! is, the more saves share the cost of a round trip, of the append lock and of a flush to disk.
//!
//! ```text
//! save ─┐                  ┌ recorded ┐
//! save ─┼─ queue ─ batch ──┼ conflict ┼─ each its own answer
//! save ─┘   (bounded)      └ refused  ┘
//! ```
//!
//! Each save of a batch is recorded or refused on its own: a conflict is returned to the caller that has it, and the other saves are
//! recorded. A save whose future is dropped still completes or fails. When all handles of the application are dropped,
//! queued saves are still recorded. Closing the application waits for that.

use std::sync::Arc;
use std::time::Instant;

use eventsourcing_core::recording::Append;
use eventsourcing_core::stats::RecorderStats;
use eventsourcing_core::{Notification, RecorderError};
use tokio::sync::oneshot;

use super::leader::Leader;
use super::queue::{QueuedSave, SharedQueue, rows_of};
use super::storage::Storage;
use crate::errors::no_runtime;
use crate::runtime;

/// The writer of an application: its queue, and the tasks that record it.
#[derive(Debug)]
pub(crate) struct Writer<S: Storage> {
    shared: Arc<SharedQueue<S>>,
}

impl<S: Storage> Writer<S> {
    /// A writer whose queue holds this number of events.
    pub(crate) fn new(storage: Arc<S>, capacity: u32) -> Self {
        Self { shared: Arc::new(SharedQueue::new(storage, capacity)) }
    }

    /// Records all of an append or nothing. Waits for room in the queue first.
    pub(crate) async fn record(&self, append: Append) -> Result<Vec<Notification>, RecorderError> {
        if append.is_empty() {
            return Ok(Vec::new());
        }
        // before anything is queued, so that nothing is queued without a task to record it
        let runtime = runtime::for_tasks().ok_or_else(|| no_runtime("record events"))?;
        let (room, waits_since) = self.shared.room_for(rows_of(&append)).await?;
        let (answer, answered) = oneshot::channel();
        let (is_led, is_busy) = {
            let mut queue = self.shared.queue();
            // the clock is read only where there is something to wait for
            let joined = waits_since.or_else(|| (queue.is_led || queue.is_busy).then(Instant::now));
            queue.saves.push_back(QueuedSave { append, joined, answer, _room: room });
            (std::mem::replace(&mut queue.is_led, true), queue.is_busy)
        };
        if !is_led {
            let leader = Leader::new(Arc::clone(&self.shared));
            // where others are likely to join, the batch is left to a task, so that they can
            let leader = if is_busy { Some(leader) } else { leader.lead_now() };
            if let Some(leader) = leader {
                // a task of its own: a caller that drops this future stops waiting, and the transaction is not interrupted
                runtime.spawn(leader.lead());
            }
        }
        answered.await.unwrap_or_else(|ended| Err(RecorderError::OutcomeUnknown { source: ended.into() }))
    }

    /// What the queue and its transactions have counted.
    pub(crate) fn stats(&self, system: &'static str) -> RecorderStats {
        let mut stats = self.shared.stats();
        stats.system = system;
        stats.lock_wait = self.shared.storage.lock_wait();
        stats
    }

    /// Waits until all queued saves are answered. Later saves are refused: the application is closed.
    pub(crate) async fn close(&self) {
        self.shared.close().await;
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Mutex, mpsc};

    use eventsourcing_core::stats::Durations;
    use eventsourcing_core::{LogPosition, StoredEvent, Uuid};
    use tokio::sync::Notify;
    use tokio::task::yield_now;

    use super::*;
    use crate::append::storage::SaveOutcome;

    /// Its first transaction waits for the plug. In its second, the last save finds the database unreachable.
    struct Unreachable {
        transactions: AtomicUsize,
        plug: Notify,
        /// Sent when the second is being answered, and awaited then.
        answering: Mutex<(mpsc::Sender<()>, mpsc::Receiver<()>)>,
    }

    impl Storage for Unreachable {
        async fn record(&self, saves: &[&Append], _: bool) -> Vec<SaveOutcome> {
            let transaction = self.transactions.fetch_add(1, Ordering::SeqCst) + 1;
            if transaction == 1 {
                self.plug.notified().await;
            }
            let position = LogPosition::anchored(transaction as u64, Uuid::nil());
            let mut outcomes: Vec<_> = saves.iter().map(|_| SaveOutcome::Recorded(vec![position])).collect();
            if transaction == 2 {
                outcomes[saves.len() - 1] =
                    SaveOutcome::Unreachable(RecorderError::Disconnected { source: "the cable is cut".into() });
            }
            outcomes
        }

        fn recorded(self: &Arc<Self>, last: u64) {
            if last == 2 {
                let answering = self.answering.lock().unwrap();
                answering.0.send(()).unwrap();
                answering.1.recv().unwrap();
            }
        }

        fn lock_wait(&self) -> Option<Durations> {
            None
        }

        fn record_now(&self, _: &[&Append]) -> Option<Vec<SaveOutcome>> {
            None
        }
    }

    fn save() -> Append {
        Append::new(vec![StoredEvent::new(Uuid::new_v4(), 1, "World.SomethingHappened", [], Uuid::new_v4())])
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_save_made_after_others_failed_as_unreachable_is_tried() {
        let (answering, is_answering) = mpsc::channel();
        let (go_on, goes_on) = mpsc::channel();
        let (transactions, plug) = (AtomicUsize::new(0), Notify::new());
        let answering = Mutex::new((answering, goes_on));
        let storage = Arc::new(Unreachable { transactions, plug, answering });
        let writer = Writer::new(Arc::clone(&storage), 100);
        let mut saves: Vec<_> = (0..3).map(|_| Box::pin(writer.record(save()))).collect();
        assert!(futures::poll!(&mut saves[0]).is_pending());
        while storage.transactions.load(Ordering::SeqCst) == 0 {
            yield_now().await;
        }
        assert!(futures::poll!(&mut saves[1]).is_pending() && futures::poll!(&mut saves[2]).is_pending());
        storage.plug.notify_one();
        tokio::task::block_in_place(|| is_answering.recv().unwrap());
        let mut late = Box::pin(writer.record(save()));
        assert!(futures::poll!(&mut late).is_pending());
        go_on.send(()).unwrap();
        let answers = futures::future::join_all(saves).await;
        assert!(answers[0].is_ok() && answers[1].is_ok() && answers[2].is_err(), "{answers:?}");
        assert_eq!(late.await.unwrap()[0].id, 3);
    }
}
