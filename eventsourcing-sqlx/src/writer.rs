//! Group commit: saves that wait for the database are recorded together, in one transaction.
//!
//! A save joins the queue and waits for its own answer. While a transaction is under way others join, and the next transaction
//! takes all of them, in the order in which they came: nobody waits for a batch to fill, and the busier the application
//! is the more saves share the cost of a round trip, of the append lock and of a flush to disk.
//!
//! ```text
//! save ─┐                  ┌ recorded ┐
//! save ─┼─ queue ─ batch ──┼ conflict ┼─ each its own answer
//! save ─┘   (bounded)      └ refused  ┘
//! ```
//!
//! A save is recorded or not on its own account: a conflict is answered to the one that has it, and the others of its batch are
//! recorded. Whoever goes away leaves a save behind that is done or not done. When all handles of the application are dropped,
//! what is queued is still recorded; closing it waits for that.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use eventsourcing_core::persistence::Append;
use eventsourcing_core::{LogPosition, Notification, RecorderError, StoredEvent};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::yield_now;

use crate::error::no_runtime;
use crate::runtime;

/// The most rows of one transaction, unless a single save has more: enough for saves of some events by each of a thousand tasks.
const MAX_ROWS: usize = 4_096;

/// The most bytes of states of one transaction, unless a single save has more.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// How many rows an append writes or deletes.
fn rows_of(append: &Append) -> usize {
    let letters = append.letters.as_ref().map_or(0, |letters| letters.taken.len() + letters.parked.len());
    append.events.len() + usize::from(append.tracking.is_some()) + letters
}

pub(crate) fn bytes_of(append: &Append) -> usize {
    let letters = append.letters.iter().flat_map(|letters| &letters.parked).map(|letter| letter.state.len());
    append.events.iter().map(|event| event.state.len()).chain(letters).sum()
}

/// What a database does for its writer. There is never more than one call at a time.
pub(crate) trait Storage: Send + Sync + 'static {
    /// Records these saves in one transaction, and says what became of each, in their order.
    ///
    /// A save is recorded whole or not at all, and one that cannot be recorded takes no other with it. `were_sent` says that these
    /// may be recorded already: an earlier call with them was dropped.
    fn record(&self, saves: &[&Append], were_sent: bool) -> impl Future<Output = Vec<Outcome>> + Send;

    /// Events up to this id are recorded, and whoever recorded them knows: now those who wait for them may be told.
    fn recorded(self: &Arc<Self>, last: u64);

    /// As `record`, at once and on this thread, if that takes no longer than handing over to another would.
    fn record_now(&self, saves: &[&Append]) -> Option<Vec<Outcome>>;
}

/// What became of a save.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It is recorded, and its events are at these positions.
    Recorded(Vec<LogPosition>),
    /// It is not, for a reason of its own.
    Failed(RecorderError),
    /// The database refused the whole transaction, and the reason may lie in this save or in another.
    Suspect(RecorderError),
    /// The database cannot be reached, so nobody else who waits need try.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "SQLite is always within reach"))]
    Unreachable(RecorderError),
}

/// The queue of an application, and what works on it.
#[derive(Debug)]
pub(crate) struct Writer<S: Storage> {
    shared: Arc<Shared<S>>,
}

#[derive(Debug)]
struct Shared<S> {
    storage: Arc<S>,
    queue: Mutex<Queue>,
    /// A permit for each row that may be queued; closed with the application.
    room: Arc<Semaphore>,
    capacity: u32,
}

#[derive(Debug, Default)]
struct Queue {
    saves: VecDeque<Save>,
    /// Whether somebody is at work on the queue, and will see what joins it.
    is_led: bool,
    /// Whether the last transaction was shared, so that the next one is likely to be.
    is_busy: bool,
}

/// A save in the queue.
#[derive(Debug)]
struct Save {
    append: Append,
    answer: oneshot::Sender<Result<Vec<Notification>, RecorderError>>,
    /// Given back when the save is answered.
    _room: OwnedSemaphorePermit,
}

impl<S: Storage> Writer<S> {
    /// A writer whose queue holds so many events.
    pub(crate) fn new(storage: Arc<S>, capacity: u32) -> Self {
        let room = usize::try_from(capacity.max(1)).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let capacity = u32::try_from(room).unwrap_or(capacity);
        let room = Arc::new(Semaphore::new(room));
        Self { shared: Arc::new(Shared { storage, queue: Mutex::default(), room, capacity }) }
    }

    /// Records all of it or none; waits for room in the queue first.
    pub(crate) async fn record(&self, append: Append) -> Result<Vec<Notification>, RecorderError> {
        if append.is_empty() {
            return Ok(Vec::new());
        }
        // before anything is queued, so that nothing is left behind without anybody to work on it
        let runtime = runtime::for_tasks().ok_or_else(|| no_runtime("record events"))?;
        let room = self.shared.room_for(rows_of(&append)).await?;
        let (answer, answered) = oneshot::channel();
        let (is_led, is_busy) = {
            let mut queue = self.shared.queue();
            queue.saves.push_back(Save { append, answer, _room: room });
            (std::mem::replace(&mut queue.is_led, true), queue.is_busy)
        };
        if !is_led {
            let leader = Leader { shared: Arc::clone(&self.shared), parts: Vec::new(), was_sent: false, ended: false };
            // who is likely to have company does better to let it come
            let leader = if is_busy { Some(leader) } else { leader.lead_now() };
            if let Some(leader) = leader {
                // a task of its own: whoever drops this future no longer waits, and the transaction is not cut in half
                runtime.spawn(leader.lead());
            }
        }
        answered.await.unwrap_or_else(|ended| Err(RecorderError::OutcomeUnknown { source: ended.into() }))
    }

    /// Waits until all that is queued is answered; whoever comes later is told that the application is closed.
    pub(crate) async fn close(&self) {
        // those who wait for room are served in their order, and this one waits for all of it
        drop(self.shared.room.acquire_many(self.shared.capacity).await);
        self.shared.room.close();
    }
}

impl<S> Shared<S> {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        // nothing panics while it is held, and a queue is whole between two calls
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_idle(&self) -> bool {
        self.queue().saves.is_empty()
    }

    async fn room_for(&self, rows: usize) -> Result<OwnedSemaphorePermit, RecorderError> {
        // a save larger than the queue takes all of it
        let wanted = u32::try_from(rows).unwrap_or(u32::MAX).clamp(1, self.capacity);
        if let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(wanted) {
            return Ok(room);
        }
        Arc::clone(&self.room).acquire_many_owned(wanted).await.map_err(|_| RecorderError::Closed)
    }

    /// The saves of the next transaction; none, and the lead is given up, if nobody waits.
    fn next_batch(&self) -> Vec<Save> {
        let mut queue = self.queue();
        let (mut rows, mut bytes, mut saves) = (0, 0, 0);
        for save in &queue.saves {
            rows += rows_of(&save.append);
            bytes += bytes_of(&save.append);
            if saves > 0 && (rows > MAX_ROWS || bytes > MAX_BYTES) {
                break;
            }
            saves += 1;
        }
        queue.is_led = saves > 0;
        if saves > 0 {
            queue.is_busy = saves > 1;
        }
        queue.saves.drain(..saves).collect()
    }
}

/// Whoever works on the queue. There is one at a time.
struct Leader<S: Storage> {
    shared: Arc<Shared<S>>,
    /// What is left of the batch under way: the last part is being recorded.
    parts: Vec<Vec<Save>>,
    /// Whether the last part may be recorded already, by a leader before this one.
    was_sent: bool,
    ended: bool,
}

impl<S: Storage> Leader<S> {
    /// Records what is queued on this thread, if the storage is quick enough for that; the leader, if there is more to do.
    fn lead_now(mut self) -> Option<Self> {
        let batch = self.shared.next_batch();
        self.ended = batch.is_empty();
        if self.ended {
            return None;
        }
        let Some(outcomes) = self.shared.storage.record_now(&appends_of(&batch)) else {
            let mut queue = self.shared.queue();
            batch.into_iter().rev().for_each(|save| queue.saves.push_front(save));
            drop(queue);
            return Some(self);
        };
        let suspects = self.answer(batch, outcomes);
        let mut queue = self.shared.queue();
        suspects.into_iter().rev().for_each(|save| queue.saves.push_front(save));
        queue.is_led = !queue.saves.is_empty();
        self.ended = !queue.is_led;
        drop(queue);
        if self.ended { None } else { Some(self) }
    }

    /// Records what is queued until nobody waits any more.
    async fn lead(mut self) {
        loop {
            let mut was_shared = self.parts.len() > 1;
            if self.parts.is_empty() {
                let batch = self.shared.next_batch();
                if batch.is_empty() {
                    self.ended = true;
                    return;
                }
                was_shared = batch.len() > 1;
                self.parts.push(batch);
            }
            // a batch that is refused is taken apart, until the one that is refused is alone
            while let Some(part) = self.parts.last() {
                let were_sent = std::mem::take(&mut self.was_sent);
                let outcomes = self.shared.storage.record(&appends_of(part), were_sent).await;
                let part = self.parts.pop().unwrap_or_default();
                let mut suspects = self.answer(part, outcomes);
                if !suspects.is_empty() {
                    let half = suspects.split_off(suspects.len() / 2);
                    self.parts.push(half);
                    self.parts.push(suspects);
                    self.parts.retain(|part| !part.is_empty());
                }
            }
            // whoever was just answered and has more to save comes along with the next transaction; one who is alone would
            // only be kept waiting, by another thread that takes this task over
            if was_shared || !self.shared.is_idle() {
                yield_now().await;
            }
        }
    }

    /// Answers those saves whose outcome is certain, and returns the others.
    fn answer(&self, saves: Vec<Save>, outcomes: Vec<Outcome>) -> Vec<Save> {
        let are_several = saves.len() > 1;
        let mut suspects = Vec::new();
        let mut unreachable = None;
        // before anybody is answered: who is told and saves once more is not among those that waited, and is tried
        let is_unreachable = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Unreachable(_)));
        let waiting = if is_unreachable { std::mem::take(&mut self.shared.queue().saves) } else { VecDeque::new() };
        let mut last = None;
        for (save, outcome) in saves.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Recorded(positions) => {
                    last = last.max(positions.last().map(|position| position.id));
                    save.recorded(positions);
                }
                Outcome::Suspect(_) if are_several => suspects.push(save),
                Outcome::Failed(error) | Outcome::Suspect(error) => save.failed(error),
                Outcome::Unreachable(error) => {
                    unreachable = Some(error.clone());
                    save.failed(error);
                }
            }
        }
        if let Some(last) = last {
            self.shared.storage.recorded(last);
        }
        if let Some(error) = unreachable {
            waiting.into_iter().for_each(|save| save.failed(error.clone()));
        }
        suspects
    }
}

/// A leader that did not come to its end: its runtime was shut down, or it panicked.
impl<S: Storage> Drop for Leader<S> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        // its runtime was shut down: the next leader goes on with the batch, and finds what of it is recorded already
        if !std::thread::panicking()
            && let Some(background) = runtime::background()
        {
            let (shared, parts) = (Arc::clone(&self.shared), std::mem::take(&mut self.parts));
            let was_sent = !parts.is_empty();
            background.spawn(Self { shared, parts, was_sent, ended: false }.lead());
            return;
        }
        let waiting = {
            let mut queue = self.shared.queue();
            queue.is_led = false;
            std::mem::take(&mut queue.saves)
        };
        // those of the batch under way learn by their dropped channel that nothing is known of it; these were never sent
        let error = RecorderError::Disconnected { source: "the runtime that recorded events was shut down".into() };
        waiting.into_iter().for_each(|save| save.failed(error.clone()));
    }
}

impl Save {
    fn recorded(self, positions: Vec<LogPosition>) {
        let events = self.append.events.into_iter().zip(positions);
        let notification = |(mut event, position): (StoredEvent, LogPosition)| {
            event.append_id = position.anchor.unwrap_or(event.append_id);
            event.into_notification(position.id)
        };
        // whoever asked may be gone
        drop(self.answer.send(Ok(events.map(notification).collect())));
    }

    fn failed(self, error: RecorderError) {
        drop(self.answer.send(Err(error)));
    }
}

fn appends_of(saves: &[Save]) -> Vec<&Append> {
    saves.iter().map(|save| &save.append).collect()
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use eventsourcing_core::Uuid;
    use tokio::sync::Notify;

    use super::*;

    /// Keeps its first transaction waiting; of its second the last save finds the database out of reach.
    struct Unreachable {
        transactions: AtomicUsize,
        plug: Notify,
        /// Said when the second is being answered, and what is waited for then.
        answering: Mutex<(mpsc::Sender<()>, mpsc::Receiver<()>)>,
    }

    impl Storage for Unreachable {
        async fn record(&self, saves: &[&Append], _: bool) -> Vec<Outcome> {
            let transaction = self.transactions.fetch_add(1, Ordering::SeqCst) + 1;
            if transaction == 1 {
                self.plug.notified().await;
            }
            let position = LogPosition::anchored(transaction as u64, Uuid::nil());
            let mut outcomes: Vec<_> = saves.iter().map(|_| Outcome::Recorded(vec![position])).collect();
            if transaction == 2 {
                outcomes[saves.len() - 1] =
                    Outcome::Unreachable(RecorderError::Disconnected { source: "the cable is cut".into() });
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

        fn record_now(&self, _: &[&Append]) -> Option<Vec<Outcome>> {
            None
        }
    }

    fn save() -> Append {
        Append::new(vec![StoredEvent {
            originator_id: Uuid::new_v4(),
            originator_version: 1,
            topic: "World.SomethingHappened".into(),
            state: Vec::new().into(),
            checksum: None,
            append_id: Uuid::new_v4(),
        }])
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_save_that_comes_after_others_were_told_that_nothing_is_in_reach_is_tried() {
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
        let told = futures::future::join_all(saves).await;
        assert!(told[0].is_ok() && told[1].is_ok() && told[2].is_err(), "{told:?}");
        assert_eq!(late.await.unwrap()[0].id, 3);
    }
}
