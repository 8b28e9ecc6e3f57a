//! Queues of retries: after a conflict, commands of this process on one aggregate are serialized.
//!
//! The queue saves work and is not needed for correctness: the recorder refuses the second of two conflicting saves in any case. A
//! caller whose queue does not move stops waiting and tries without its turn.

use std::cell::Cell;
use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use tokio::time::timeout;
use uuid::Uuid;

/// How long a queue may stand still before waiting callers leave it.
const PATIENCE: Duration = Duration::from_secs(1);

/// The queues of an application, by aggregate id. A queue exists while at least one caller is in it.
#[derive(Default)]
pub(crate) struct Turns {
    queues: Arc<Mutex<HashMap<Uuid, Arc<Queue>>>>,
}

#[derive(Default)]
struct Queue {
    turn: Arc<AsyncMutex<()>>,
    /// The number of turns that are over.
    over: AtomicU64,
}

impl Turns {
    /// Whether commands on this aggregate are queued at the moment.
    pub(super) fn are_taken(&self, id: Uuid) -> bool {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&id)
    }

    /// Waits for a turn; none if the queue stands still, or if waiting could never end.
    pub(super) async fn take(&self, id: Uuid) -> Option<Turn> {
        // without a runtime there is no timer to end a wait, and a caller inside a command may hold the turn of this very aggregate
        if Handle::try_current().is_err() || DECISIONS.get() > 0 {
            return None;
        }
        let place = self.enter(id);
        let mut turn = pin!(Arc::clone(&place.queue.turn).lock_owned());
        loop {
            let over = place.queue.over.load(Ordering::Relaxed);
            match timeout(PATIENCE, &mut turn).await {
                Ok(guard) => return Some(Turn { _guard: guard, place }),
                Err(_) if place.queue.over.load(Ordering::Relaxed) != over => {}
                Err(_) => return None,
            }
        }
    }

    fn enter(&self, id: Uuid) -> QueuePlace {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = Arc::clone(queues.entry(id).or_default());
        QueuePlace { id, queue, queues: Arc::clone(&self.queues) }
    }
}

/// The turn of one command. It ends when this is dropped.
pub(super) struct Turn {
    // dropped before the place, so that the next turn begins first
    _guard: OwnedMutexGuard<()>,
    place: QueuePlace,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.place.queue.over.fetch_add(1, Ordering::Relaxed);
    }
}

/// A caller's place in a queue. The queue is removed with its last place.
struct QueuePlace {
    id: Uuid,
    queue: Arc<Queue>,
    queues: Arc<Mutex<HashMap<Uuid, Arc<Queue>>>>,
}

impl Drop for QueuePlace {
    fn drop(&mut self) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        // one reference is in the map and one in this place; no other place can be taken without this lock
        if Arc::strong_count(&self.queue) <= 2 {
            queues.remove(&self.id);
        }
    }
}

thread_local! {
    /// The number of nested commands that run on this thread.
    static DECISIONS: Cell<u32> = const { Cell::new(0) };
}

/// Runs a command. A command inside it does not queue: the two could wait for each other.
pub(super) fn deciding<T>(decide: impl FnOnce() -> T) -> T {
    struct Deciding;
    impl Drop for Deciding {
        fn drop(&mut self) {
            DECISIONS.set(DECISIONS.get() - 1);
        }
    }
    DECISIONS.set(DECISIONS.get() + 1);
    let _deciding = Deciding;
    decide()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_queue_is_gone_with_those_who_were_in_it() {
        let (turns, id) = (Turns::default(), Uuid::new_v4());
        let first = turns.take(id).await;
        assert!(first.is_some() && turns.are_taken(id));
        // one caller waits and leaves before its turn
        let mut second = Box::pin(turns.take(id));
        assert!(futures::poll!(&mut second).is_pending());
        drop(second);
        let mut third = Box::pin(turns.take(id));
        assert!(futures::poll!(&mut third).is_pending());
        drop(first);
        let third = third.await;
        assert!(third.is_some() && turns.are_taken(id));
        drop(third);
        assert!(!turns.are_taken(id));
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_that_stands_still_is_left() {
        let (turns, id) = (Turns::default(), Uuid::new_v4());
        let _held = turns.take(id).await;
        assert!(turns.take(id).await.is_none());
        assert!(turns.take(Uuid::new_v4()).await.is_some());
    }

    #[tokio::test]
    async fn a_decision_inside_another_takes_no_turn() {
        let (turns, id) = (Turns::default(), Uuid::new_v4());
        assert!(deciding(|| futures::executor::block_on(turns.take(id))).is_none());
        assert!(turns.take(id).await.is_some());
    }
}
