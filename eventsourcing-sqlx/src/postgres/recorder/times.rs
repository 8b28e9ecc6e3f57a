//! The times at which events were recorded.

use std::ops::ControlFlow;

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::RecordedTime;
use sqlx::Row;

use super::Inner;
use super::select::ShownRow;
use crate::rows;

impl Inner {
    pub(super) async fn select_recorded_times(&self, ids: &[u64]) -> Result<Vec<RecordedTime>, RecorderError> {
        let bound: Vec<i64> = ids.iter().copied().map(rows::to_bound).collect();
        let mut times: Vec<RecordedTime> = Vec::new();
        let select = |times: &mut &mut Vec<RecordedTime>| {
            // all of them again, if the connection broke
            times.clear();
            sqlx::query(self.sql.common.recorded_times.text()).bind(bound.clone())
        };
        let show = |times: &mut &mut Vec<RecordedTime>, row: ShownRow<'_>| {
            times.push(rows::to_recorded_time(rows::from_id(row.try_get(0)?)?, row.try_get(1)?)?);
            Ok(ControlFlow::Continue(()))
        };
        self.read("read the times of events", &mut times, select, show).await?;
        Ok(times)
    }
}
