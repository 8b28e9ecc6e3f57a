//! The leader of a queue: it records what is queued, batch by batch. A queue has one leader at a time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::Append;
use tokio::task::yield_now;

use super::queue::{QueuedSave, SharedQueue};
use super::storage::{SaveOutcome, Storage};
use crate::runtime;

pub(super) struct Leader<S: Storage> {
    shared: Arc<SharedQueue<S>>,
    /// The rest of the batch under way. The last part is being recorded.
    parts: Vec<Vec<QueuedSave>>,
    /// Whether the last part may be recorded already, by the leader before this one.
    was_sent: bool,
    ended: bool,
}

impl<S: Storage> Leader<S> {
    /// A leader of this queue. Its `is_led` must be set already.
    pub(super) fn new(shared: Arc<SharedQueue<S>>) -> Self {
        Self { shared, parts: Vec::new(), was_sent: false, ended: false }
    }

    /// Records what is queued on this thread, if the storage is quick enough for that. Returns the leader if there is more to do.
    pub(super) fn lead_now(mut self) -> Option<Self> {
        let batch = self.shared.next_batch();
        self.ended = batch.is_empty();
        if self.ended {
            return None;
        }
        let begun = Instant::now();
        let Some(outcomes) = self.shared.storage.record_now(&appends_of(&batch)) else {
            self.shared.queue().put_back(batch);
            return Some(self);
        };
        self.shared.stats.count(&batch, begun);
        let suspects = self.answer(batch, outcomes);
        let mut queue = self.shared.queue();
        queue.put_back(suspects);
        queue.is_led = !queue.saves.is_empty();
        self.ended = !queue.is_led;
        drop(queue);
        if self.ended { None } else { Some(self) }
    }

    /// Records what is queued until the queue is empty.
    pub(super) async fn lead(mut self) {
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
            // a refused batch is split in halves, until the save that is refused is alone
            while let Some(part) = self.parts.last() {
                let were_sent = std::mem::take(&mut self.was_sent);
                let begun = Instant::now();
                let outcomes = self.shared.storage.record(&appends_of(part), were_sent).await;
                let part = self.parts.pop().unwrap_or_default();
                self.shared.stats.count(&part, begun);
                let mut suspects = self.answer(part, outcomes);
                if !suspects.is_empty() {
                    let half = suspects.split_off(suspects.len() / 2);
                    self.parts.push(half);
                    self.parts.push(suspects);
                    self.parts.retain(|part| !part.is_empty());
                }
            }
            // a caller that was just answered and saves again joins the next transaction; a lone caller would only be delayed,
            // by another thread that takes this task over
            if was_shared || !self.shared.is_idle() {
                yield_now().await;
            }
        }
    }

    /// Answers those saves whose outcome is certain, and returns the others.
    fn answer(&self, saves: Vec<QueuedSave>, outcomes: Vec<SaveOutcome>) -> Vec<QueuedSave> {
        let are_several = saves.len() > 1;
        let mut suspects = Vec::new();
        let mut unreachable = None;
        // taken before any save is answered: a caller that then saves once more is not among those that waited, and is tried
        let is_unreachable = outcomes.iter().any(|outcome| matches!(outcome, SaveOutcome::Unreachable(_)));
        let waiting = if is_unreachable { std::mem::take(&mut self.shared.queue().saves) } else { VecDeque::new() };
        let mut last = None;
        for (save, outcome) in saves.into_iter().zip(outcomes) {
            match outcome {
                SaveOutcome::Recorded(positions) => {
                    last = last.max(positions.last().map(|position| position.id));
                    save.recorded(positions);
                }
                SaveOutcome::Suspect(_) if are_several => suspects.push(save),
                SaveOutcome::Failed(error) | SaveOutcome::Suspect(error) => save.failed(error),
                SaveOutcome::Unreachable(error) => {
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

/// Handles a leader that did not finish: its runtime was shut down, or it panicked.
impl<S: Storage> Drop for Leader<S> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        // its runtime was shut down: the next leader goes on with the batch, and finds which saves are recorded already
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
        // the saves of the batch under way get an unknown outcome from their dropped channels; these were never sent
        let error = RecorderError::Disconnected { source: "the runtime that recorded events was shut down".into() };
        waiting.into_iter().for_each(|save| save.failed(error.clone()));
    }
}

fn appends_of(saves: &[QueuedSave]) -> Vec<&Append> {
    saves.iter().map(|save| &save.append).collect()
}
