//! The aggregates of the log, found by the index of their first events.

use std::ops::ControlFlow;

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::{OriginatorQuery, RecordedOriginator};
use sqlx::Row;

use super::Inner;
use super::select::ShownRow;
use crate::rows;

impl Inner {
    pub(super) async fn select_originators(
        &self,
        query: OriginatorQuery,
    ) -> Result<Vec<RecordedOriginator>, RecorderError> {
        let OriginatorQuery { topics, after, limit, .. } = query;
        let mut found: Vec<RecordedOriginator> = Vec::new();
        // if the connection breaks, the retry continues after the last received one
        let select = |found: &mut &mut Vec<RecordedOriginator>| {
            let after = found.last().map_or(after, |last| last.notification_id);
            sqlx::query(self.sql.common.originators.text())
                .bind(topics.clone())
                .bind(rows::to_bound(after))
                .bind(rows::to_count(limit.saturating_sub(found.len())))
        };
        let show = |found: &mut &mut Vec<RecordedOriginator>, row: ShownRow<'_>| {
            found.push(RecordedOriginator::new(rows::from_id(row.try_get(0)?)?, row.try_get(1)?));
            Ok(ControlFlow::Continue(()))
        };
        self.read("list aggregates", &mut found, select, show).await?;
        Ok(found)
    }

    pub(super) async fn count_originators(&self, topics: &[String]) -> Result<u64, RecorderError> {
        let mut count = 0_i64;
        let select = |_: &mut &mut i64| sqlx::query(self.sql.common.count_originators.text()).bind(topics.to_vec());
        let show = |count: &mut &mut i64, row: ShownRow<'_>| {
            **count = row.try_get(0)?;
            Ok(ControlFlow::Continue(()))
        };
        self.read("count aggregates", &mut count, select, show).await?;
        Ok(count.unsigned_abs())
    }
}
