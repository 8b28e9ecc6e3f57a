//! The queue of saves that wait to be recorded.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use eventsourcing_core::recording::Append;
use eventsourcing_core::stats::RecorderStats;
use eventsourcing_core::{LogPosition, Notification, RecorderError, StoredEvent};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::queue_stats::QueueStats;

/// The most rows of one transaction, unless a single save has more: enough for saves of some events by each of a thousand tasks.
const MAX_ROWS: usize = 4_096;

/// The most bytes of states of one transaction, unless a single save has more.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// How many rows an append writes or deletes.
pub(super) fn rows_of(append: &Append) -> usize {
    let letters = append.letters.as_ref().map_or(0, |letters| letters.taken.len() + letters.parked.len());
    append.events.len() + usize::from(append.tracking.is_some()) + usize::from(append.command.is_some()) + letters
}

/// How many bytes the states of an append's events and dead letters have.
pub(crate) fn bytes_of(append: &Append) -> usize {
    let letters = append.letters.iter().flat_map(|letters| &letters.parked).map(|letter| letter.state.len());
    let content =
        append.command.iter().filter_map(|command| command.content.as_ref()).map(|content| content.state.len());
    append.events.iter().map(|event| event.state.len()).chain(letters).chain(content).sum()
}

/// The queue of an application, with the storage that records it.
#[derive(Debug)]
pub(super) struct SharedQueue<S> {
    pub(super) storage: Arc<S>,
    queue: Mutex<Queue>,
    /// A permit for each row that may be queued; closed with the application.
    room: Arc<Semaphore>,
    capacity: u32,
    pub(super) stats: QueueStats,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) saves: VecDeque<QueuedSave>,
    /// Whether a leader is at work on the queue, which will see what joins it.
    pub(super) is_led: bool,
    /// Whether the last transaction was shared, so that the next one is likely to be.
    pub(super) is_busy: bool,
}

/// A save in the queue.
#[derive(Debug)]
pub(super) struct QueuedSave {
    pub(super) append: Append,
    /// When its caller began to wait for others; none if it did not have to.
    pub(super) joined: Option<Instant>,
    pub(super) answer: oneshot::Sender<Result<Vec<Notification>, RecorderError>>,
    /// Given back when the save is answered.
    pub(super) _room: OwnedSemaphorePermit,
}

impl<S> SharedQueue<S> {
    /// An empty queue with room for this number of rows.
    pub(super) fn new(storage: Arc<S>, capacity: u32) -> Self {
        let room = usize::try_from(capacity.max(1)).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let capacity = u32::try_from(room).unwrap_or(capacity);
        let (queue, stats) = (Mutex::default(), QueueStats::default());
        Self { storage, queue, room: Arc::new(Semaphore::new(room)), capacity, stats }
    }

    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        // nothing panics while it is held, and a queue is whole between two calls
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.queue().saves.is_empty()
    }

    /// The numbers of the queue, as those of its recorder.
    pub(super) fn stats(&self) -> RecorderStats {
        let mut stats = RecorderStats::default();
        stats.queued_saves = u64::try_from(self.queue().saves.len()).unwrap_or(u64::MAX);
        // a queue that is closed has room that nobody gets
        let free = u64::try_from(self.room.available_permits()).unwrap_or(u64::MAX);
        stats.queued_rows = u64::from(self.capacity).saturating_sub(free);
        self.stats.write_to(&mut stats);
        stats
    }

    /// Waits for room for this number of rows, and returns since when, if there was none at once.
    ///
    /// A save larger than the queue takes all of its room.
    pub(super) async fn room_for(&self, rows: usize) -> Result<(OwnedSemaphorePermit, Option<Instant>), RecorderError> {
        let wanted = u32::try_from(rows).unwrap_or(u32::MAX).clamp(1, self.capacity);
        if let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(wanted) {
            return Ok((room, None));
        }
        let waits_since = Instant::now();
        let room = Arc::clone(&self.room).acquire_many_owned(wanted).await.map_err(|_| RecorderError::Closed)?;
        Ok((room, Some(waits_since)))
    }

    /// Waits until all queued saves are answered, and refuses later ones.
    pub(super) async fn close(&self) {
        // permits are granted in the order of requests, and this one waits for all of them
        drop(self.room.acquire_many(self.capacity).await);
        self.room.close();
    }

    /// The saves of the next transaction. If there are none, the lead is given up.
    pub(super) fn next_batch(&self) -> Vec<QueuedSave> {
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

impl Queue {
    /// Puts saves back at the front, in their order.
    pub(super) fn put_back(&mut self, saves: Vec<QueuedSave>) {
        saves.into_iter().rev().for_each(|save| self.saves.push_front(save));
    }
}

impl QueuedSave {
    pub(super) fn recorded(self, positions: Vec<LogPosition>) {
        let events = self.append.events.into_iter().zip(positions);
        let notification = |(mut event, position): (StoredEvent, LogPosition)| {
            event.append_id = position.anchor.unwrap_or(event.append_id);
            event.into_notification(position.id)
        };
        // the caller may have dropped its future
        drop(self.answer.send(Ok(events.map(notification).collect())));
    }

    pub(super) fn failed(self, error: RecorderError) {
        drop(self.answer.send(Err(error)));
    }
}
