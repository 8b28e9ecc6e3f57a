//! When events were recorded, and what was recorded before a time.

use std::collections::HashMap;

use eventsourcing_core::Timestamp;

use super::reader::{Reader, Stored};
use crate::failure::Failure;

impl Reader {
    /// Adds to events of the log when they were recorded: one statement, and none without events.
    pub(crate) async fn timed(&self, mut rows: Vec<&mut Stored>) -> Result<(), Failure> {
        let positions: Vec<u64> = rows.iter().filter_map(|row| row.position).collect();
        if positions.is_empty() {
            return Ok(());
        }
        let times = self.application.log().recorded_times(&positions).await.map_err(|error| self.failed(&error))?;
        let times: HashMap<u64, Timestamp> = times.into_iter().map(|one| (one.notification_id, one.time)).collect();
        for row in &mut rows {
            row.recorded = row.position.and_then(|position| times.get(&position).copied());
        }
        Ok(())
    }

    /// The last position that was recorded before a time; 0 if there is none.
    pub(crate) async fn last_before(&self, time: Timestamp) -> Result<u64, Failure> {
        self.application.log().last_id_before(time).await.map_err(|error| self.failed(&error))
    }
}
