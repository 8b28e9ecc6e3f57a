//! How the calls of the plain recorder meet: a fault that is a race waits for the other call, so that it shows in every run.

use eventsourcing_core::recording::Tracking;
use eventsourcing_core::{Notification, RecorderError, StoredEvent};
use tokio::task::yield_now;

use super::{PlainRecorder, State};

/// What has happened so far of that which faults wait for.
#[derive(Debug, Default)]
pub(super) struct Met {
    /// The number of calls that came to the point where the fault lets another call in.
    arrived: u64,
    /// The last notification id that a read of the log returned.
    last_seen: u64,
    /// The number of lookups of tracking positions.
    lookups: u64,
    /// The position up to which the insert that is to be overtaken processes, and `u64::MAX` once it is recorded.
    overtaken: Option<u64>,
}

impl Met {
    pub(super) fn see(&mut self, last: u64) {
        self.last_seen = self.last_seen.max(last);
    }

    pub(super) fn look_up(&mut self) {
        self.lookups += 1;
    }
}

impl PlainRecorder {
    /// Holds the first call until a second one has come to the same point; later calls pass.
    pub(super) async fn meet(&self) {
        self.state().met.arrived += 1;
        self.until(|state| state.met.arrived > 1).await;
    }

    /// Holds a call until a reader has read the log beyond this id.
    pub(super) async fn be_passed_by_a_reader(&self, id: u64) {
        self.until(|state| state.met.last_seen > id).await;
    }

    /// Holds the insert that wrote the first row until another insert has written the next one, or a reader has seen the first.
    pub(super) async fn be_interrupted(&self) {
        self.until(|state| state.drawn > 1 || state.met.last_seen > 0).await;
    }

    /// Holds a call until one of two readers has looked up a position, then the last id, and then a position again.
    pub(super) async fn be_looked_at(&self) {
        // of five lookups one reader has made three, and between two of these it looked up the last id
        let enough = self.state().met.lookups + 5;
        self.until(|state| state.met.lookups >= enough).await;
    }

    /// Holds the first insert that processes several events until another has processed some of them, but not all.
    pub(super) async fn be_overtaken(
        &self,
        events: Vec<StoredEvent>,
        tracking: Tracking,
    ) -> Result<Vec<Notification>, RecorderError> {
        let is_first = {
            let met = &mut self.state().met;
            let is_first = met.overtaken.is_none() && tracking.position > tracking.after + 1;
            if is_first {
                met.overtaken = Some(tracking.position);
            }
            is_first
        };
        if is_first {
            self.until(|state| self.position_in(state, &tracking.upstream).id > tracking.after).await;
        } else {
            self.until(|state| state.met.overtaken.is_some_and(|position| tracking.position < position)).await;
        }
        let outcome = self.process_at_once(events, Some(tracking));
        if is_first {
            self.state().met.overtaken = Some(u64::MAX);
        }
        outcome
    }

    /// Lets other tasks run: once, or until the condition holds if calls are to meet.
    ///
    /// If it never holds, the rule does not end, which fails the test.
    async fn until(&self, is_so: impl Fn(&State) -> bool) {
        yield_now().await;
        while self.waits && !is_so(&self.state()) {
            yield_now().await;
        }
    }
}
