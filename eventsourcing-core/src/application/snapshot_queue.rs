//! The queue of snapshots that are to be taken, and the task that takes them.
//!
//! The task lives until the queue is empty. It keeps the application open only while it takes a snapshot.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use futures::FutureExt as _;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tracing::instrument::WithSubscriber as _;

use super::due_snapshot::Due;
use super::handle::Shared;

/// The most snapshots that wait. Snapshots of more aggregates are skipped: the next save or load of theirs tries again.
const LONGEST: usize = 1_024;

/// The queue of an application.
#[derive(Debug)]
pub(super) struct Queue {
    application: Weak<Shared>,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Debug, Default)]
struct Waiting {
    due: VecDeque<Due>,
    /// The task, while it runs.
    task: Option<AbortHandle>,
    is_closed: bool,
}

impl Queue {
    pub(super) fn new(application: Weak<Shared>) -> Self {
        Self { application, waiting: Arc::default() }
    }

    /// Adds a snapshot, unless it is in the queue already. Returns whether it is in the queue.
    pub(super) fn push(&self, due: Due) -> bool {
        let Ok(runtime) = Handle::try_current() else { return false };
        let mut waiting = lock(&self.waiting);
        if waiting.is_closed {
            return false;
        }
        if !waiting.due.iter().any(|other| other.key() == due.key()) {
            if waiting.due.len() >= LONGEST {
                return false;
            }
            waiting.due.push_back(due);
        }
        // a task whose runtime was shut down has finished, and left the queue to the next one
        if waiting.task.as_ref().is_none_or(AbortHandle::is_finished) {
            let work = work(self.application.clone(), Arc::clone(&self.waiting));
            // its log messages go to the caller's subscriber
            waiting.task = Some(runtime.spawn(work.with_current_subscriber()).abort_handle());
        }
        true
    }

    /// Empties the queue and ends the task, at its next await.
    pub(super) fn close(&self) {
        let mut waiting = lock(&self.waiting);
        waiting.is_closed = true;
        waiting.due.clear();
        if let Some(task) = waiting.task.take() {
            task.abort();
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.close();
    }
}

/// Takes the snapshots of the queue, one after the other.
async fn work(application: Weak<Shared>, waiting: Arc<Mutex<Waiting>>) {
    while let Some(due) = next(&waiting) {
        let Some(shared) = application.upgrade() else { return };
        take(&shared, due).await;
        drop(shared);
        // other tasks of the program come first
        tokio::task::yield_now().await;
    }
}

/// The next snapshot. If there is none, the task has ended, as seen by those who add one.
fn next(waiting: &Mutex<Waiting>) -> Option<Due> {
    let mut waiting = lock(waiting);
    let next = waiting.due.pop_front();
    if next.is_none() {
        waiting.task = None;
    }
    next
}

/// Takes a snapshot. A failure is logged and counted.
async fn take(shared: &Shared, due: Due) {
    let (application, aggregate, id) = (shared.name.as_str(), due.name, due.id);
    // the code of the program, which it runs, may panic
    let taken = AssertUnwindSafe((due.take)(shared, id, due.version)).catch_unwind().await;
    match taken {
        Ok(Ok(Some(version))) => tracing::debug!(application, aggregate, %id, version, "a snapshot was taken"),
        Ok(Ok(None)) => {}
        Ok(Err(error)) => {
            shared.snapshots.counts().fail();
            tracing::warn!(application, aggregate, %id, %error, "a snapshot was not taken; the aggregate is loaded from its events");
        }
        Err(_) => {
            shared.snapshots.counts().fail();
            tracing::warn!(application, aggregate, %id, "a snapshot was not taken, because the code of the aggregate panicked");
        }
    }
}

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    // the queue is whole between two calls
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}
