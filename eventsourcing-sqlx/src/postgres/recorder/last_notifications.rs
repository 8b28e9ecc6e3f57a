//! The last notifications of the log, read from its end.

use std::ops::ControlFlow;
use std::time::Instant;

use eventsourcing_core::recording::LastQuery;
use eventsourcing_core::{Notification, RecorderError};

use super::Inner;
use super::select::{FIRST_SLICE, ShownRow, log_row, next_slice};
use crate::rows;

/// What is left to read.
struct Last {
    /// The notifications, last one first.
    found: Vec<Notification>,
    /// The greatest id of those before them.
    end: u64,
}

impl Inner {
    /// Searches slices of ids for topics, so that no statement takes long.
    pub(super) async fn select_last_notifications(&self, query: LastQuery) -> Result<Vec<Notification>, RecorderError> {
        let LastQuery { limit, up_to, topics, .. } = query;
        let mut last = Last { found: Vec::new(), end: up_to.unwrap_or(u64::MAX) };
        let mut width = u64::MAX;
        if !topics.is_empty() {
            last.end = last.end.min(self.max_notification_id().await?.unwrap_or(0));
            width = FIRST_SLICE;
        }
        let common = &self.sql.common;
        let statement =
            if topics.is_empty() { &common.last_notifications } else { &common.last_notifications_of_topics };
        while last.found.len() < limit && last.end > 0 {
            let after = last.end.saturating_sub(width);
            let select = |last: &mut &mut Last| {
                let select = sqlx::query(statement.text())
                    .bind(rows::to_bound(after))
                    .bind(rows::to_bound(last.end))
                    .bind(rows::to_count(limit.saturating_sub(last.found.len())));
                if topics.is_empty() { select } else { select.bind(topics.clone()) }
            };
            let show = |last: &mut &mut Last, row: ShownRow<'_>| {
                if let Some(notification) = log_row(row)?.shown {
                    // if the connection breaks, the retry continues before it
                    last.end = notification.id.saturating_sub(1);
                    last.found.push(notification.to_owned());
                }
                Ok(ControlFlow::Continue(()))
            };
            let begun = Instant::now();
            self.read("select the last notifications", &mut last, select, show).await?;
            last.end = after;
            if after == 0 {
                break;
            }
            width = next_slice(width, begun.elapsed());
        }
        last.found.reverse();
        Ok(last.found)
    }
}
