//! The log is searched from either end, a slice at a time.

use std::ops::ControlFlow;
use std::time::Instant;

use eventsourcing_core::recording::{NotificationVisitor, SearchQuery};
use eventsourcing_core::{RecorderError, Uuid};
use sqlx::Row;

use super::Inner;
use super::select::{FIRST_SLICE, ShownRow, log_row, next_slice};
use crate::log_search::{FOUND_BY_KEY, FilterTexts, LogSearch};
use crate::rows;

const SEARCH: &str = "search the log";

impl Inner {
    /// Searches slices of ids, so that no statement takes long.
    pub(super) async fn search_notifications(
        &self,
        query: SearchQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<Option<u64>, RecorderError> {
        let last = self.max_notification_id().await?.unwrap_or(0);
        let aggregate = query.filter.originator_id;
        let by_key = match aggregate {
            Some(id) => self.version_count(id).await? <= FOUND_BY_KEY,
            None => false,
        };
        let Some(mut search) = LogSearch::new(&query, last, by_key) else { return Ok(None) };
        let texts = FilterTexts::of(&query.filter);
        // without a filter, the limit ends the search
        let mut width = if query.filter.is_empty() { u64::MAX } else { FIRST_SLICE };
        let statement = search.statement(&self.sql.common);
        while !search.is_over() {
            let window = search.window(width);
            // if the connection breaks, the retry continues after the last notification
            let select = |search: &mut &mut LogSearch| {
                let (after, up_to) = search.window(width);
                sqlx::query(statement.text())
                    .bind(rows::to_bound(after))
                    .bind(rows::to_bound(up_to))
                    .bind(rows::to_count(search.limit()))
                    .bind(aggregate)
                    .bind(texts.topics.clone())
                    .bind(texts.beginnings.clone())
                    .bind(texts.except.clone())
                    .bind(texts.except_beginnings.clone())
            };
            let show = |search: &mut &mut LogSearch, row: ShownRow<'_>| match log_row(row)?.shown {
                Some(notification) => Ok(search.take(notification, visit)),
                None => Ok(ControlFlow::Continue(())),
            };
            let begun = Instant::now();
            self.read(SEARCH, &mut search, select, show).await?;
            search.pass(window);
            width = if width == u64::MAX { width } else { next_slice(width, begun.elapsed()) };
        }
        Ok(Some(search.looked_to()))
    }

    /// The number of versions of an aggregate. They have no gaps.
    async fn version_count(&self, id: Uuid) -> Result<u64, RecorderError> {
        let mut count = 0_u64;
        let select = |_: &mut &mut u64| sqlx::query(self.sql.common.version_count.text()).bind(id);
        let show = |count: &mut &mut u64, row: ShownRow<'_>| {
            **count = row.try_get::<i64, _>(0)?.unsigned_abs();
            Ok(ControlFlow::Continue(()))
        };
        self.read(SEARCH, &mut count, select, show).await?;
        Ok(count)
    }
}
