//! The log is searched from either end, a slice at a time.

use std::ops::ControlFlow;
use std::time::Instant;

use eventsourcing_core::recording::{NotificationVisitor, SearchQuery};
use eventsourcing_core::{RecorderError, Uuid};
use rusqlite::params;

use super::Inner;
use super::select::{SLICE, SLICE_OF_LOG, Slice, log_row, show};
use crate::json_array::json_array;
use crate::log_search::{FOUND_BY_KEY, FilterTexts, LogSearch};
use crate::rows;

/// How many ids are searched at a time, at most.
const LONGEST_SLICE: u64 = 1 << 20;

const SEARCH: &str = "search the log";

impl Inner {
    /// Searches slices of ids, so that the search for a rare topic does not keep other tasks from the thread.
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
        let FilterTexts { topics, beginnings, except, except_beginnings } = FilterTexts::of(&query.filter);
        let [topics, beginnings, except, except_beginnings] =
            [topics, beginnings, except, except_beginnings].map(|texts| json_array(&texts));
        // without a filter, the limit ends the search
        let mut width = if query.filter.is_empty() { u64::MAX } else { SLICE_OF_LOG };
        self.read(SEARCH, |connection| {
            let (window, begun) = (search.window(width), Instant::now());
            let mut select = connection.prepare_cached(search.statement(&self.sql.common).as_str())?;
            let rows = select.query(params![
                rows::to_bound(window.0),
                rows::to_bound(window.1),
                rows::to_count(search.limit()),
                aggregate.as_ref().map(|id| id.as_bytes().as_slice()),
                topics,
                beginnings,
                except,
                except_beginnings,
            ])?;
            let slice = show(rows, |row| match log_row(row)?.shown {
                Some(notification) => Ok(search.take(notification, visit)),
                None => Ok(ControlFlow::Continue(())),
            })?;
            if matches!(slice, Slice::Last) {
                search.pass(window);
                if width < u64::MAX {
                    width = if begun.elapsed() < SLICE { (width * 2).min(LONGEST_SLICE) } else { SLICE_OF_LOG };
                }
            }
            Ok(if search.is_over() { Slice::Last } else { Slice::More })
        })
        .await?;
        Ok(Some(search.looked_to()))
    }

    /// The number of versions of an aggregate. They have no gaps.
    async fn version_count(&self, id: Uuid) -> Result<u64, RecorderError> {
        let mut count = 0;
        self.read(SEARCH, |connection| {
            let mut select = connection.prepare_cached(self.sql.common.version_count.as_str())?;
            let versions: i64 = select.query_row([id.as_bytes().as_slice()], |row| row.get(0))?;
            count = versions.unsigned_abs();
            Ok(Slice::Last)
        })
        .await?;
        Ok(count)
    }
}
