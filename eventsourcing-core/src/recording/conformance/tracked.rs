//! Inserts with tracking, and lookups of tracked positions, for the rules.

use super::store::{Store, expect};
use crate::recording::{Notification, RecorderError, StoredEvent, Tracking};

/// Returns the tracking of a step of Orders.
pub(super) fn orders(after: u64, position: u64) -> Tracking {
    Tracking::new("Orders", after, position)
}

/// Asserts that an insert was refused because Orders is processed up to another event.
pub(super) fn assert_processed(
    outcome: Result<Vec<Notification>, RecorderError>,
    expected_after: u64,
    expected_recorded: u64,
    rule: &str,
) {
    match outcome {
        Err(RecorderError::AlreadyProcessed { upstream, after, recorded }) => {
            let (found, expected) =
                ((upstream.as_str(), after, recorded), ("Orders", expected_after, expected_recorded));
            assert_eq!(found, expected, "{rule}: the fields of the error");
        }
        Err(error) => panic!("{rule}: AlreadyProcessed was expected, and the error is: {error} ({error:?})"),
        Ok(notifications) => {
            panic!("{rule}: AlreadyProcessed was expected, and the insert was done: {notifications:?}")
        }
    }
}

/// Like [`Store::insert`] and [`Store::try_insert`], with tracking.
impl Store {
    pub(super) async fn try_insert_tracked(
        &self,
        events: &[StoredEvent],
        tracking: &Tracking,
    ) -> Result<Vec<Notification>, RecorderError> {
        self.patiently(|| self.recorder().insert_tracked(events.to_vec(), tracking.clone())).await
    }

    pub(super) async fn insert_tracked(&self, events: &[StoredEvent], tracking: &Tracking) -> Vec<Notification> {
        expect("insert_tracked", self.try_insert_tracked(events, tracking).await)
    }

    pub(super) async fn position(&self, upstream: &str) -> u64 {
        let look_up = || self.recorder().tracked_position(upstream);
        expect("tracked_position", self.patiently(look_up).await).id
    }
}
