//! Reading: rows are passed to the visitor without a copy, on the caller's thread, in slices of time.
//!
//! A read of ten events takes less time than waking another thread. A long read yields to the runtime after each slice,
//! and continues after the last row. Events that are recorded meanwhile come after that row, so none is missed.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::{
    EventQuery, EventVisitor, LogPosition, NotificationQuery, NotificationVisitor, StoredEventRef,
};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, Rows, params};
use tokio::task::yield_now;
use tokio::time::sleep;

use super::Inner;
use super::busy::PAUSE;
use super::columns::{blob, text, uuid};
use super::error::StatementError;
use crate::json_array::json_array;
use crate::log_read::{LogRead, LogRow};
use crate::rows;
use crate::sql::Statements;
use crate::time_limit::deadline;

/// How long a read may block the runtime's thread.
pub(super) const SLICE: Duration = Duration::from_micros(500);

/// How many rows are read between two looks at the clock.
const ROWS: u32 = 32;

const SELECT_NOTIFICATIONS: &str = "select notifications";

/// How many notification ids are searched for topics at a time.
pub(super) const SLICE_OF_LOG: u64 = 2_048;

/// How a slice ended.
pub(super) enum Slice {
    /// There are no more rows, or the visitor wants no more.
    Last,
    /// There may be more rows.
    More,
}

impl Inner {
    pub(super) async fn read_events(
        &self,
        mut query: EventQuery,
        visit: &mut EventVisitor<'_>,
    ) -> Result<(), RecorderError> {
        self.read("select events", |connection| self.show_events(connection, &mut query, visit)).await
    }

    /// Passes a slice of the events to the visitor. The query then selects the rest.
    pub(super) fn show_events(
        &self,
        connection: &Connection,
        query: &mut EventQuery,
        visit: &mut EventVisitor<'_>,
    ) -> Result<Slice, StatementError> {
        let statements = &self.sql.common;
        let statement = if query.descending { &statements.events_descending } else { &statements.events };
        let mut select = connection.prepare_cached(statement.as_str())?;
        let rows = select.query(params![
            query.originator_id.as_bytes().as_slice(),
            rows::to_after(query.after),
            rows::to_up_to(query.up_to),
            rows::to_count(query.limit.unwrap_or(usize::MAX)),
        ])?;
        show(rows, |row| {
            let event = event(row)?;
            // so that the next slice, or the next attempt, continues from here
            query.limit = query.limit.map(|limit| limit.saturating_sub(1));
            query.advance_after(event.originator_version);
            Ok(visit(event))
        })
    }

    pub(super) async fn read_notifications(
        &self,
        query: NotificationQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<(), RecorderError> {
        if !query.topics.is_empty() {
            return self.read_topics(query, visit).await;
        }
        let Statements { notifications, notifications_anchored, .. } = &self.sql.common;
        let mut log = LogRead::new(query);
        self.read(SELECT_NOTIFICATIONS, |connection| {
            log.begin();
            let is_anchored = log.query.anchor.is_some();
            let statement = if is_anchored { notifications_anchored } else { notifications };
            let limit = if is_anchored { log.rows() } else { log.query.limit };
            let mut select = connection.prepare_cached(statement.as_str())?;
            let rows = select.query(params![
                rows::to_bound(log.query.after),
                rows::to_bound(log.up_to()),
                rows::to_count(limit)
            ])?;
            let slice = show(rows, |row| Ok(log.take(&log_row(row)?, visit)?))?;
            log.end()?;
            Ok(slice)
        })
        .await
    }

    /// Searches the log for topics, slice by slice: the search for a rare topic reads the whole log, and may find no row that ends a
    /// slice.
    async fn read_topics(
        &self,
        query: NotificationQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<(), RecorderError> {
        let statement = &self.sql.common.notifications_of_topics;
        let topics = json_array(&query.topics);
        let last = self.max_notification_id().await?.unwrap_or(0);
        let end = last.min(query.up_to.unwrap_or(u64::MAX));
        let mut log = LogRead::new(query);
        self.read(SELECT_NOTIFICATIONS, |connection| {
            log.begin();
            let up_to = log.query.after.saturating_add(SLICE_OF_LOG).min(end).max(log.query.after);
            let mut select = connection.prepare_cached(statement.as_str())?;
            let rows = select.query(params![
                rows::to_bound(log.query.after),
                rows::to_bound(up_to),
                rows::to_count(log.rows()),
                topics
            ])?;
            let slice = show(rows, |row| Ok(log.take(&log_row(row)?, visit)?))?;
            log.end()?;
            if matches!(slice, Slice::More) || log.is_over() {
                return Ok(slice);
            }
            match log.query.after {
                after if after >= end => Ok(Slice::Last),
                after if after < up_to => Err(log.missing(up_to).into()),
                _ => Ok(Slice::More),
            }
        })
        .await
    }

    pub(super) async fn last_position(&self) -> Result<LogPosition, RecorderError> {
        let mut last = LogPosition::START;
        self.read("read the last position", |connection| {
            let mut select = connection.prepare_cached(self.sql.common.last_position.as_str())?;
            let mut found = select.query([])?;
            if let Some(row) = found.next()? {
                last = LogPosition::anchored(rows::from_id(row.get(0)?)?, uuid(row, 1)?);
            }
            Ok(Slice::Last)
        })
        .await?;
        Ok(last)
    }

    pub(super) async fn position_at(&self, id: u64) -> Result<Option<LogPosition>, RecorderError> {
        let mut found = None;
        self.read("look up a position", |connection| {
            let mut select = connection.prepare_cached(self.sql.common.append_id_at.as_str())?;
            let append_id = select.query_row([rows::to_bound(id)], |row| uuid(row, 0)).optional()?;
            found = append_id.map(|append_id| LogPosition::anchored(id, append_id));
            Ok(Slice::Last)
        })
        .await?;
        Ok(found)
    }

    pub(super) async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        let mut found = None;
        self.read("read the last notification id", |connection| {
            let mut select = connection.prepare_cached(self.sql.common.last.as_str())?;
            found = select.query_row([], |row| row.get::<_, i64>(0)).optional()?;
            Ok(Slice::Last)
        })
        .await?;
        match found {
            Some(last) => Ok(Some(rows::from_id(last)?).filter(|last| *last > 0)),
            None => Err(self.no_head()),
        }
    }

    /// Reads slice by slice, and retries while the database is busy.
    pub(super) async fn read(
        &self,
        operation: &'static str,
        mut slice: impl FnMut(&Connection) -> Result<Slice, StatementError>,
    ) -> Result<(), RecorderError> {
        let deadline = deadline(self.config.lock_timeout);
        loop {
            match self.connections.read(&mut slice) {
                Ok(Slice::Last) => return Ok(()),
                Ok(Slice::More) => yield_now().await,
                Err(failure) if self.is_busy(&failure) && tokio::time::Instant::now() < deadline => {
                    sleep(PAUSE).await;
                }
                Err(StatementError::Driver(error)) => return Err(self.failed(operation, error)),
                Err(StatementError::Recorder(error)) => return Err(error),
            }
        }
    }
}

/// Passes rows to the visitor until they end, the visitor wants no more, or the slice is over.
pub(super) fn show(
    mut rows: Rows<'_>,
    mut show: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, StatementError>,
) -> Result<Slice, StatementError> {
    let begun = Instant::now();
    let mut left = ROWS;
    while let Some(row) = rows.next()? {
        if show(row)?.is_break() {
            return Ok(Slice::Last);
        }
        left -= 1;
        if left == 0 {
            if begun.elapsed() >= SLICE {
                return Ok(Slice::More);
            }
            left = ROWS;
        }
    }
    Ok(Slice::Last)
}

/// The event of a row: columns as every statement selects them.
fn event<'r>(row: &'r Row<'_>) -> Result<StoredEventRef<'r>, StatementError> {
    let originator_id = uuid(row, 0)?;
    let version = rows::of_aggregate(rows::from_version(row.get(1)?), originator_id)?;
    let checksum = rows::of_aggregate(rows::from_checksum(row.get(4)?), originator_id)?;
    let event = StoredEventRef::new(originator_id, version, text(row, 2)?, blob(row, 3)?, uuid(row, 5)?);
    Ok(event.with_checksum(checksum))
}

/// The row of a statement that reads the log.
pub(super) fn log_row<'r>(row: &'r Row<'_>) -> Result<LogRow<'r>, StatementError> {
    let (id, append_id) = (rows::from_id(row.get(0)?)?, uuid(row, 6)?);
    if matches!(row.get_ref(4)?, ValueRef::Null) {
        return Ok(LogRow { id, append_id, shown: None });
    }
    let version = rows::of_notification(rows::from_version(row.get(2)?), id)?;
    let checksum = rows::of_notification(rows::from_checksum(row.get(5)?), id)?;
    let event = StoredEventRef::new(uuid(row, 1)?, version, text(row, 3)?, blob(row, 4)?, append_id);
    Ok(LogRow { id, append_id, shown: Some(event.with_checksum(checksum).notification(id)) })
}
