//! The aggregates of the log, found by the index of their first events or by that of their versions.

use eventsourcing_core::recording::{OriginatorIdQuery, OriginatorQuery, OriginatorSummary, RecordedOriginator};
use eventsourcing_core::{RecorderError, Uuid};
use rusqlite::{Connection, params};

use super::Inner;
use super::columns::{text, uuid};
use super::error::StatementError;
use super::select::Slice;
use crate::rows;

/// How many aggregates are listed before other tasks get the thread.
const PAGE: usize = 512;

impl Inner {
    pub(super) async fn select_originators(
        &self,
        mut query: OriginatorQuery,
    ) -> Result<Vec<RecordedOriginator>, RecorderError> {
        let mut listed = Vec::new();
        self.read("list aggregates", |connection| {
            let limit = query.limit.min(PAGE);
            let mut page = Vec::new();
            for topic in &query.topics {
                self.add_originators(connection, topic, query.after, limit, &mut page)?;
            }
            // of several topics, each may have filled the page
            page.sort_unstable_by_key(|one| one.notification_id);
            page.truncate(limit);
            // so that the next page, or the next attempt, continues from here
            query.after = page.last().map_or(query.after, |last| last.notification_id);
            query.limit -= page.len();
            let is_last = page.len() < limit || query.limit == 0;
            listed.append(&mut page);
            Ok(if is_last { Slice::Last } else { Slice::More })
        })
        .await?;
        Ok(listed)
    }

    fn add_originators(
        &self,
        connection: &Connection,
        topic: &str,
        after: u64,
        limit: usize,
        page: &mut Vec<RecordedOriginator>,
    ) -> Result<(), StatementError> {
        let mut select = connection.prepare_cached(self.sql.common.originators.as_str())?;
        let mut found = select.query(params![topic, rows::to_bound(after), rows::to_count(limit)])?;
        while let Some(row) = found.next()? {
            page.push(RecordedOriginator::new(rows::from_id(row.get(0)?)?, uuid(row, 1)?));
        }
        Ok(())
    }

    pub(super) async fn select_originators_by_id(
        &self,
        mut query: OriginatorIdQuery,
    ) -> Result<Vec<OriginatorSummary>, RecorderError> {
        let mut found = Vec::new();
        self.read("find aggregates", |connection| {
            let mut select = connection.prepare_cached(self.sql.common.originators_by_id.as_str())?;
            for _ in 0..PAGE {
                if query.limit == 0 {
                    return Ok(Slice::Last);
                }
                let range = [query.first, query.last].map(Uuid::into_bytes);
                let mut next = select.query(params![range[0].as_slice(), range[1].as_slice()])?;
                let Some(row) = next.next()? else { return Ok(Slice::Last) };
                let id = uuid(row, 0)?;
                let last_version = rows::of_aggregate(rows::from_version(row.get(1)?), id)?;
                found.push(OriginatorSummary::new(id, last_version, text(row, 2)?));
                query = query.clone().limit(query.limit - 1).after(id);
            }
            Ok(Slice::More)
        })
        .await?;
        Ok(found)
    }

    pub(super) async fn count_originators(&self, topics: &[String]) -> Result<u64, RecorderError> {
        let (mut count, mut counted) = (0, 0);
        self.read("count aggregates", |connection| {
            if let Some(topic) = topics.get(counted) {
                let mut select = connection.prepare_cached(self.sql.common.count_originators.as_str())?;
                let of_topic: i64 = select.query_row([topic], |row| row.get(0))?;
                count += of_topic.unsigned_abs();
                counted += 1;
            }
            Ok(if counted < topics.len() { Slice::More } else { Slice::Last })
        })
        .await?;
        Ok(count)
    }
}
