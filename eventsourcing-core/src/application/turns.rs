//! Turns: after a conflict, decisions of this process about one aggregate are made one after another.
//!
//! Turns save work and do not make results correct: the recorder refuses the second of two conflicting saves in any case. A caller that
//! waits for a turn in a queue in which nothing moves stops waiting and tries without one.

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

/// For how long a queue may stand still before those who wait leave it.
const PATIENCE: Duration = Duration::from_secs(1);

/// The queues of an application, by the ids of aggregates. A queue is there as long as somebody is in it.
#[derive(Default)]
pub(crate) struct Turns {
    queues: Arc<Mutex<HashMap<Uuid, Arc<Queue>>>>,
}

#[derive(Default)]
struct Queue {
    turn: Arc<AsyncMutex<()>>,
    /// How many turns are over.
    over: AtomicU64,
}

impl Turns {
    /// Whether decisions about this aggregate take turns at the moment.
    pub(super) fn are_taken(&self, id: Uuid) -> bool {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&id)
    }

    /// Waits for a turn; none if the queue stands still, or where waiting could never end.
    pub(super) async fn take(&self, id: Uuid) -> Option<Turn> {
        // without a runtime there is no clock that would end a wait. And who decides has a turn already, perhaps that of this aggregate
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

    fn enter(&self, id: Uuid) -> Place {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = Arc::clone(queues.entry(id).or_default());
        Place { id, queue, queues: Arc::clone(&self.queues) }
    }
}

/// The turn of one decision. It is over when this is dropped.
pub(super) struct Turn {
    // before the place, so that the next one's turn begins first
    _guard: OwnedMutexGuard<()>,
    place: Place,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.place.queue.over.fetch_add(1, Ordering::Relaxed);
    }
}

/// A place in a queue, which is removed with the last place in it.
struct Place {
    id: Uuid,
    queue: Arc<Queue>,
    queues: Arc<Mutex<HashMap<Uuid, Arc<Queue>>>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        // the map has one and this place has one; nobody takes another without this lock
        if Arc::strong_count(&self.queue) <= 2 {
            queues.remove(&self.id);
        }
    }
}

thread_local! {
    /// How many decisions are being made on this thread, one inside another.
    static DECISIONS: Cell<u32> = const { Cell::new(0) };
}

/// Makes a decision, in which another one takes no turn: the two could wait for each other.
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
        // one waits and leaves before it is its turn
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
