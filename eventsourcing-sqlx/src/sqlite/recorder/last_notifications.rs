//! The last notifications of the log, read from its end.

use std::ops::ControlFlow;
use std::time::Instant;

use eventsourcing_core::recording::LastQuery;
use eventsourcing_core::{Notification, RecorderError};
use rusqlite::params;

use super::Inner;
use super::select::{SLICE, SLICE_OF_LOG, Slice, log_row, show};
use crate::json_array::json_array;
use crate::rows;

/// How many ids are searched for topics at a time, at most.
const LONGEST_SLICE: u64 = 1 << 20;

impl Inner {
    /// Searches slices of ids for topics, so that the search for a rare topic does not keep other tasks from the thread.
    pub(super) async fn select_last_notifications(&self, query: LastQuery) -> Result<Vec<Notification>, RecorderError> {
        let LastQuery { limit, up_to, topics, .. } = query;
        let topics = (!topics.is_empty()).then(|| json_array(&topics));
        let (mut end, mut width) = (up_to.unwrap_or(u64::MAX), u64::MAX);
        if topics.is_some() {
            end = end.min(self.max_notification_id().await?.unwrap_or(0));
            width = SLICE_OF_LOG;
        }
        let mut found: Vec<Notification> = Vec::new();
        self.read("select the last notifications", |connection| {
            let left = limit - found.len();
            let after = end.saturating_sub(width);
            let begun = Instant::now();
            let common = &self.sql.common;
            let statement =
                if topics.is_some() { &common.last_notifications_of_topics } else { &common.last_notifications };
            let mut select = connection.prepare_cached(statement.as_str())?;
            let (after_bound, end_bound, left) = (rows::to_bound(after), rows::to_bound(end), rows::to_count(left));
            let rows = match &topics {
                Some(topics) => select.query(params![after_bound, end_bound, left, topics])?,
                None => select.query(params![after_bound, end_bound, left])?,
            };
            let slice = show(rows, |row| {
                if let Some(notification) = log_row(row)?.shown {
                    // so that the next slice, or the next attempt, continues before it
                    end = notification.id.saturating_sub(1);
                    found.push(notification.to_owned());
                }
                Ok(ControlFlow::Continue(()))
            })?;
            if matches!(slice, Slice::Last) {
                if found.len() >= limit || after == 0 {
                    return Ok(Slice::Last);
                }
                end = after;
                width = if begun.elapsed() < SLICE { (width * 2).min(LONGEST_SLICE) } else { SLICE_OF_LOG };
            }
            Ok(if found.len() >= limit || end == 0 { Slice::Last } else { Slice::More })
        })
        .await?;
        found.reverse();
        Ok(found)
    }
}
