//! The times at which events were recorded.

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::RecordedTime;
use rusqlite::OptionalExtension as _;

use super::Inner;
use super::select::Slice;
use crate::rows;

/// How many times are read before other tasks get the thread.
const PAGE: usize = 512;

impl Inner {
    pub(super) async fn select_recorded_times(&self, ids: &[u64]) -> Result<Vec<RecordedTime>, RecorderError> {
        let (mut times, mut asked) = (Vec::new(), 0);
        self.read("read the times of events", |connection| {
            let page = &ids[asked..ids.len().min(asked + PAGE)];
            let mut select = connection.prepare_cached(self.sql.common.recorded_times.as_str())?;
            let mut found = Vec::new();
            for id in page {
                let time = select.query_row([rows::to_bound(*id)], |row| row.get(0)).optional()?;
                found.extend(time.map(|time| rows::to_recorded_time(*id, time)).transpose()?);
            }
            // only now: the page is read again if it fails
            times.append(&mut found);
            asked += page.len();
            Ok(if asked < ids.len() { Slice::More } else { Slice::Last })
        })
        .await?;
        Ok(times)
    }
}
