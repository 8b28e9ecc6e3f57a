//! Saves in the queue of a recorder, which share a transaction.

use std::pin::Pin;
use std::task::Poll;

use eventsourcing_core::{Notification, Recorder, RecorderError};
use futures::future::{JoinAll, join_all};
use tokio::task::yield_now;

use super::{ids, one_event};

pub type Answer = Result<Vec<Notification>, RecorderError>;
pub type Insert<'r> = Pin<Box<dyn Future<Output = Answer> + Send + 'r>>;

/// Inserts that are queued behind one that waits for the lock, and so share the next transaction.
pub struct Queued<'r> {
    pub plug: Insert<'r>,
    pub inserts: Pin<Box<JoinAll<Insert<'r>>>>,
}

impl<'r> Queued<'r> {
    /// Queues the inserts, in this order; the store is locked.
    pub async fn behind_the_lock(recorder: &'r dyn Recorder, inserts: impl IntoIterator<Item = Insert<'r>>) -> Self {
        let mut plug = recorder.insert_events(one_event());
        assert!(futures::poll!(&mut plug).is_pending(), "the lock is free");
        // until its transaction is under way, those that come would join it
        for _ in 0..100 {
            yield_now().await;
        }
        let mut inserts = Box::pin(join_all(inserts));
        assert!(matches!(futures::poll!(&mut inserts), Poll::Pending), "the lock is free");
        Self { plug, inserts }
    }

    /// The results, once the lock is free. The first insert has the first id.
    pub async fn answers(self) -> Vec<Answer> {
        let (plug, answers) = tokio::join!(self.plug, self.inserts);
        assert_eq!(ids(&plug.unwrap()), [1]);
        answers
    }
}
