//! Reading: rows are shown where SQLite has them, on the caller's thread, a slice of time after the other.
//!
//! A read of ten events is done in less time than waking another thread takes. A long one yields to the runtime again and again,
//! and goes on after the last row that it showed. What is recorded meanwhile comes after that row, so nothing is missed.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use eventsourcing_core::RecorderError;
use eventsourcing_core::persistence::{
    EventQuery, EventVisitor, NotificationQuery, NotificationRef, NotificationVisitor, StoredEventRef,
};
use rusqlite::types::{Type, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, Rows, params};
use tokio::task::yield_now;
use tokio::time::sleep;
use uuid::Uuid;

use super::Inner;
use super::error::Failure;
use super::open::PAUSE;
use crate::deadline::deadline;
use crate::rows;

/// How long a read keeps the runtime's thread to itself.
const SLICE: Duration = Duration::from_micros(500);

/// How many rows are read before the clock is looked at.
const ROWS: u32 = 32;

/// How many places of the log are searched for topics at a time.
const PLACES: u64 = 2_048;

/// How a slice ended.
pub(super) enum Slice {
    /// There is no more to show, or nobody wants more.
    Last,
    /// There may be more after what was shown.
    More,
}

impl Inner {
    pub(super) async fn read_events(
        &self,
        mut query: EventQuery,
        visit: &mut EventVisitor<'_>,
    ) -> Result<(), RecorderError> {
        let statements = &self.sql.common;
        let statement = if query.descending { &statements.events_descending } else { &statements.events };
        self.read("select events", |connection| {
            let mut select = connection.prepare_cached(statement.as_str())?;
            let rows = select.query(params![
                query.originator_id.as_bytes().as_slice(),
                rows::to_after(query.after),
                rows::to_up_to(query.up_to),
                rows::to_count(query.limit.unwrap_or(usize::MAX)),
            ])?;
            show(rows, |row| {
                let event = event(row)?;
                // so that the next slice, or the next try, goes on from here
                query.limit = query.limit.map(|limit| limit.saturating_sub(1));
                query.go_on_after(event.originator_version);
                Ok(visit(event))
            })
        })
        .await
    }

    pub(super) async fn read_notifications(
        &self,
        mut query: NotificationQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<(), RecorderError> {
        let statements = &self.sql.common;
        if query.topics.is_empty() {
            return self
                .read("select notifications", |connection| {
                    let mut select = connection.prepare_cached(statements.notifications.as_str())?;
                    let rows = select.query(params![
                        rows::to_bound(query.after),
                        rows::to_up_to(query.up_to),
                        rows::to_count(query.limit)
                    ])?;
                    show(rows, |row| show_notification(row, &mut query, visit))
                })
                .await;
        }
        let topics = json_array(&query.topics);
        let end = self.max_notification_id().await?.unwrap_or(0).min(query.up_to.unwrap_or(u64::MAX));
        self.read("select notifications", |connection| {
            if query.limit == 0 || query.after >= end {
                return Ok(Slice::Last);
            }
            // rare topics are searched for long, and no row of theirs would end the slice
            let up_to = query.after.saturating_add(PLACES).min(end);
            let mut select = connection.prepare_cached(statements.notifications_of_topics.as_str())?;
            let rows = select.query(params![
                rows::to_bound(query.after),
                rows::to_bound(up_to),
                rows::to_count(query.limit),
                topics
            ])?;
            let mut is_wanted = true;
            let slice = show(rows, |row| {
                let flow = show_notification(row, &mut query, visit)?;
                is_wanted = flow.is_continue();
                Ok(flow)
            })?;
            if matches!(slice, Slice::Last) && is_wanted {
                query.after = up_to;
                return Ok(Slice::More);
            }
            Ok(slice)
        })
        .await
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

    /// Reads slice by slice; again if others are at work on the same memory, or hold a lock that comes before reading.
    pub(super) async fn read(
        &self,
        operation: &'static str,
        mut slice: impl FnMut(&Connection) -> Result<Slice, Failure>,
    ) -> Result<(), RecorderError> {
        let deadline = deadline(self.config.lock_timeout);
        loop {
            match self.connections.read(&mut slice) {
                Ok(Slice::Last) => return Ok(()),
                Ok(Slice::More) => yield_now().await,
                Err(failure) if self.is_passing(&failure) && tokio::time::Instant::now() < deadline => {
                    sleep(PAUSE).await;
                }
                Err(Failure::Sqlite(error)) => return Err(self.failed(operation, error)),
                Err(Failure::Recorder(error)) => return Err(error),
            }
        }
    }
}

/// Shows rows until they end, nobody wants more, or the slice is over.
fn show(
    mut rows: Rows<'_>,
    mut show: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, Failure>,
) -> Result<Slice, Failure> {
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

fn show_notification(
    row: &Row<'_>,
    query: &mut NotificationQuery,
    visit: &mut NotificationVisitor<'_>,
) -> Result<ControlFlow<()>, Failure> {
    let notification = notification(row)?;
    query.limit = query.limit.saturating_sub(1);
    query.after = notification.id;
    Ok(visit(notification))
}

/// The event of a row: columns as every statement selects them.
fn event<'r>(row: &'r Row<'_>) -> Result<StoredEventRef<'r>, Failure> {
    Ok(StoredEventRef {
        originator_id: uuid(row, 0)?,
        originator_version: rows::from_version(row.get(1)?)?,
        topic: text(row, 2)?,
        state: blob(row, 3)?,
        checksum: rows::from_checksum(row.get(4)?)?,
        append_id: uuid(row, 5)?,
    })
}

/// The notification of a row: columns as every statement selects them.
fn notification<'r>(row: &'r Row<'_>) -> Result<NotificationRef<'r>, Failure> {
    Ok(NotificationRef {
        id: rows::from_id(row.get(0)?)?,
        originator_id: uuid(row, 1)?,
        originator_version: rows::from_version(row.get(2)?)?,
        topic: text(row, 3)?,
        state: blob(row, 4)?,
        checksum: rows::from_checksum(row.get(5)?)?,
        append_id: uuid(row, 6)?,
    })
}

/// A column of 16 bytes.
pub(super) fn uuid(row: &Row<'_>, column: usize) -> Result<Uuid, rusqlite::Error> {
    let bytes = blob(row, column)?;
    Uuid::from_slice(bytes)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, Box::new(error)))
}

/// A column of 16 bytes, or of none.
pub(super) fn uuid_if_any(row: &Row<'_>, column: usize) -> Result<Option<Uuid>, rusqlite::Error> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        _ => uuid(row, column).map(Some),
    }
}

fn blob<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r [u8], rusqlite::Error> {
    match row.get_ref(column)? {
        ValueRef::Blob(bytes) => Ok(bytes),
        other => Err(wrong_type(row, column, other)),
    }
}

fn text<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r str, rusqlite::Error> {
    match row.get_ref(column)? {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).map_err(|error| rusqlite::Error::Utf8Error(column, error)),
        other => Err(wrong_type(row, column, other)),
    }
}

fn wrong_type(row: &Row<'_>, column: usize, found: ValueRef<'_>) -> rusqlite::Error {
    let name = row.as_ref().column_name(column).map(str::to_owned).unwrap_or_default();
    rusqlite::Error::InvalidColumnType(column, name, found.data_type())
}

/// The texts as a JSON array, which is one value to bind and always the same statement.
fn json_array(texts: &[String]) -> String {
    let mut json = String::from("[");
    for text in texts {
        if json.len() > 1 {
            json.push(',');
        }
        json.push('"');
        for c in text.chars() {
            match c {
                '"' => json.push_str("\\\""),
                '\\' => json.push_str("\\\\"),
                c if c.is_ascii_control() => json.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => json.push(c),
            }
        }
        json.push('"');
    }
    json.push(']');
    json
}

#[cfg(test)]
mod tests {
    use super::json_array;

    #[test]
    fn any_text_survives_the_way_through_json() {
        let texts = ["World.Started".to_owned(), "a\"b\\c\n\u{1}\u{7f}ü😀".to_owned()];
        let expected = "[\"World.Started\",\"a\\\"b\\\\c\\u000a\\u0001\\u007fü😀\"]";
        assert_eq!(json_array(&texts), expected);
        assert_eq!(json_array(&[]), "[]");
    }
}
