//! The aggregates of the log, found by the index of their first events or by that of their versions.

use std::ops::ControlFlow;

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::{OriginatorIdQuery, OriginatorQuery, OriginatorSummary, RecordedOriginator};
use sqlx::Row;

use super::Inner;
use super::select::ShownRow;
use crate::rows;

/// How many aggregates one statement lists, at most.
const PAGE: usize = 1_000;

/// What is still to be listed, and what is.
struct Left {
    query: OriginatorIdQuery,
    found: Vec<OriginatorSummary>,
}

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

    pub(super) async fn select_originators_by_id(
        &self,
        query: OriginatorIdQuery,
    ) -> Result<Vec<OriginatorSummary>, RecorderError> {
        let mut left = Left { query, found: Vec::new() };
        // each statement lists a part, and if the connection breaks, the retry continues after the last received one
        while left.query.limit > 0 {
            let limit = left.query.limit.min(PAGE);
            let listed = left.found.len();
            let select = |left: &mut &mut Left| {
                sqlx::query(self.sql.common.originators_by_id.text())
                    .bind(left.query.first)
                    .bind(left.query.last)
                    .bind(rows::to_count(left.query.limit.min(PAGE)))
            };
            let show = |left: &mut &mut Left, row: ShownRow<'_>| {
                let id = row.try_get(0)?;
                let last_version = rows::of_aggregate(rows::from_version(row.try_get(1)?), id)?;
                left.found.push(OriginatorSummary::new(id, last_version, row.try_get::<&str, _>(2)?));
                left.query = left.query.clone().limit(left.query.limit - 1).after(id);
                Ok(ControlFlow::Continue(()))
            };
            self.read("find aggregates", &mut left, select, show).await?;
            if left.found.len() - listed < limit {
                break;
            }
        }
        Ok(left.found)
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
