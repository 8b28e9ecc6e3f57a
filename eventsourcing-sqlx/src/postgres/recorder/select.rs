//! Reading: rows are passed to the visitor as they stream in, without a copy.

use std::ops::{ControlFlow, Deref};
use std::task::Poll;
use std::time::{Duration, Instant};

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::{
    EventQuery, EventVisitor, LogPosition, NotificationQuery, NotificationVisitor, StoredEventRef,
};
use futures::TryStreamExt;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Connection, Decode, PgConnection, Postgres, Row, Type};

use super::Inner;
use super::answer_timeout::{self, within};
use super::error::{Fault, StatementError, fault};
use crate::log_read::{LogRead, LogRow};
use crate::rows;
use crate::sql::Statements;

/// How many unwanted rows, and bytes of them, are read so that the connection can be used again, before it is closed instead.
const MAX_UNWANTED: (usize, usize) = (1_000, 1 << 20);

const SELECT_NOTIFICATIONS: &str = "select notifications";

/// How long a statement that searches for topics should take: less than a server's limit for statements, and much longer than a
/// round trip.
const SLICE_TIME: Duration = Duration::from_millis(20);

/// How many notification ids are searched for topics at a time: at first, at least, and at most.
pub(super) const FIRST_SLICE: u64 = 4_096;
const SHORTEST_SLICE: u64 = 256;
const LONGEST_SLICE: u64 = 1 << 20;

impl Inner {
    /// The identity of the log: its id, with the database and schema, since a copy of the tables elsewhere has the same id.
    pub(super) async fn log_identity(&self) -> Result<String, RecorderError> {
        let mut log = String::new();
        let select = |_: &mut &mut String| sqlx::query(self.sql.channel.text());
        let show = |log: &mut &mut String, row: ShownRow<'_>| {
            **log = row.try_get(0)?;
            Ok(ControlFlow::Continue(()))
        };
        self.read("look up the log's id", &mut log, select, show).await?;
        if log.is_empty() {
            return Err(self.no_head());
        }
        Ok(format!("PostgreSQL {log} in {}.{}", self.config.dbname, self.config.schema))
    }

    /// Whether the server and the role allow writes.
    pub(super) async fn is_writable(&self) -> Result<bool, RecorderError> {
        if self.config.read_only {
            // through a pooler, the session does not know
            return Ok(false);
        }
        let mut is_writable = false;
        let select = |_: &mut &mut bool| sqlx::query(self.sql.writable.text());
        let show = |is_writable: &mut &mut bool, row: ShownRow<'_>| {
            **is_writable = row.try_get(0)?;
            Ok(ControlFlow::Continue(()))
        };
        self.read("ask whether events can be recorded", &mut is_writable, select, show).await?;
        Ok(is_writable)
    }

    pub(super) async fn read_events(
        &self,
        query: EventQuery,
        visit: &mut EventVisitor<'_>,
    ) -> Result<(), RecorderError> {
        let statements = &self.sql.common;
        let statement = if query.descending { &statements.events_descending } else { &statements.events };
        let select = |query: &mut EventQuery| {
            sqlx::query(statement.text())
                .bind(query.originator_id)
                .bind(rows::to_after(query.after))
                .bind(rows::to_up_to(query.up_to))
                .bind(rows::to_count(query.limit.unwrap_or(usize::MAX)))
        };
        let show = |query: &mut EventQuery, row: ShownRow<'_>| {
            let event = event(row)?;
            query.limit = query.limit.map(|limit| limit.saturating_sub(1));
            query.advance_after(event.originator_version);
            Ok(visit(event))
        };
        self.read("select events", query, select, show).await
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
        let sized = &self.sql.notifications_sized;
        let mut log = LogRead::new(query);
        let select = |log: &mut &mut LogRead| {
            log.begin();
            if let Some(bytes) = log.query.max_bytes {
                return sqlx::query(sized.text())
                    .bind(rows::to_bound(log.query.after))
                    .bind(rows::to_bound(log.up_to()))
                    .bind(rows::to_count(log.rows()))
                    .bind(rows::to_count(bytes));
            }
            let statement = if log.query.anchor.is_some() { notifications_anchored } else { notifications };
            let limit = if log.query.anchor.is_some() { log.rows() } else { log.query.limit };
            sqlx::query(statement.text())
                .bind(rows::to_bound(log.query.after))
                .bind(rows::to_bound(log.up_to()))
                .bind(rows::to_count(limit))
        };
        let show = |log: &mut &mut LogRead, row: ShownRow<'_>| Ok(log.take(&log_row(row)?, visit)?);
        self.read(SELECT_NOTIFICATIONS, &mut log, select, show).await?;
        log.end()
    }

    /// Searches the log for topics, slice by slice: the search for a rare topic reads the whole log, which takes too long for one
    /// statement.
    async fn read_topics(
        &self,
        query: NotificationQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<(), RecorderError> {
        let statement = match query.max_bytes {
            Some(_) => &self.sql.notifications_of_topics_sized,
            None => &self.sql.common.notifications_of_topics,
        };
        let mut log = LogRead::new(query);
        let end = log.up_to();
        let mut slice = FIRST_SLICE;
        // an id that exists in the log although its row was not found
        let mut reached = None;
        loop {
            let up_to = log.query.after.saturating_add(slice).min(end);
            let select = |log: &mut &mut LogRead| {
                log.begin();
                let select = sqlx::query(statement.text())
                    .bind(rows::to_bound(log.query.after))
                    .bind(rows::to_bound(up_to))
                    .bind(rows::to_count(log.rows()))
                    .bind(log.query.topics.clone());
                match log.query.max_bytes {
                    Some(bytes) => select.bind(rows::to_count(bytes)),
                    None => select,
                }
            };
            let show = |log: &mut &mut LogRead, row: ShownRow<'_>| Ok(log.take(&log_row(row)?, visit)?);
            let begun = Instant::now();
            self.read(SELECT_NOTIFICATIONS, &mut log, select, show).await?;
            log.end()?;
            if log.is_over() || up_to == end {
                return Ok(());
            }
            if log.query.after < up_to {
                if reached.is_some_and(|reached| up_to <= reached) {
                    return Err(log.missing(up_to));
                }
                let last = self.max_notification_id().await?.unwrap_or(0);
                if last < up_to {
                    // the slice went beyond the end of the log
                    return Ok(());
                }
                // either the log has grown since, or the row is missing, which the next round shows
                reached = Some(last);
                continue;
            }
            slice = next_slice(slice, begun.elapsed());
        }
    }

    pub(super) async fn last_position(&self) -> Result<LogPosition, RecorderError> {
        let show = |last: &mut &mut LogPosition, row: ShownRow<'_>| {
            **last = LogPosition::anchored(rows::from_id(row.try_get(0)?)?, row.try_get(1)?);
            Ok(ControlFlow::Continue(()))
        };
        let mut last = LogPosition::START;
        let select = |_: &mut &mut LogPosition| sqlx::query(self.sql.common.last_position.text());
        self.read("read the last position", &mut last, select, show).await?;
        Ok(last)
    }

    pub(super) async fn position_at(&self, id: u64) -> Result<Option<LogPosition>, RecorderError> {
        let show = |found: &mut &mut Option<LogPosition>, row: ShownRow<'_>| {
            **found = Some(LogPosition::anchored(id, row.try_get(0)?));
            Ok(ControlFlow::Continue(()))
        };
        let mut found = None;
        let select = |_: &mut &mut Option<LogPosition>| {
            sqlx::query(self.sql.common.append_id_at.text()).bind(rows::to_bound(id))
        };
        self.read("look up a position", &mut found, select, show).await?;
        Ok(found)
    }

    pub(super) async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        let show = |last: &mut Option<u64>, row: ShownRow<'_>| {
            *last = Some(rows::from_id(row.try_get(0)?)?);
            Ok(ControlFlow::Continue(()))
        };
        let mut last = None;
        let select = |_: &mut &mut Option<u64>| sqlx::query(self.sql.common.last.text());
        self.read("read the last notification id", &mut last, select, |last, row| show(last, row)).await?;
        match last {
            Some(last) => Ok(Some(last).filter(|last| *last > 0)),
            None => Err(self.no_head()),
        }
    }

    /// Runs a query and passes its rows to `show`, which also updates the query to select the rest.
    ///
    /// If the pooled connection was broken or its plan outdated, the rest is read on a new connection.
    pub(super) async fn read<'q, Q>(
        &self,
        operation: &'static str,
        mut query: Q,
        mut select: impl FnMut(&mut Q) -> Query<'q, Postgres, PgArguments>,
        mut show: impl FnMut(&mut Q, ShownRow<'_>) -> Result<ControlFlow<()>, StatementError>,
    ) -> Result<(), RecorderError> {
        let mut connection = self.acquire().await?;
        let statement = select(&mut query);
        let error = match self.stream(&mut connection, statement, |row| show(&mut query, row)).await {
            Ok(streamed) => {
                if streamed.is_whole {
                    connection.mark_clean();
                }
                return streamed.outcome.map_err(|failure| self.failure(operation, failure));
            }
            Err(error) => error,
        };
        if !matches!(fault(&error, &self.name), Fault::Lost | Fault::StaleConnection | Fault::NotPrimary) {
            return Err(self.failed(operation, error));
        }
        drop(connection);
        let mut connection = self.reconnect().await?;
        let statement = select(&mut query);
        let streamed = self.stream(&mut connection, statement, |row| show(&mut query, row)).await;
        let streamed = streamed.map_err(|error| self.failed(operation, error))?;
        drop(connection.close().await);
        streamed.outcome.map_err(|failure| self.failure(operation, failure))
    }

    /// The outer result is that of the connection, the inner one that of the values.
    async fn stream(
        &self,
        connection: &mut PgConnection,
        query: Query<'_, Postgres, PgArguments>,
        show: impl FnMut(ShownRow<'_>) -> Result<ControlFlow<()>, StatementError>,
    ) -> Result<Streamed, sqlx::Error> {
        let limit = answer_timeout::limit(&self.config);
        within(limit, self.keep_session(connection)).await?;
        let streamed = stream(connection, query.persistent(self.is_persistent()), limit, show).await?;
        if streamed.is_whole {
            within(limit, self.leave_session(connection, true)).await?;
        }
        Ok(streamed)
    }

    fn failure(&self, operation: &'static str, failure: StatementError) -> RecorderError {
        match failure {
            StatementError::Driver(error) => self.failed(operation, error),
            StatementError::Recorder(error) => error,
        }
    }
}

/// How far a result was read.
struct Streamed {
    outcome: Result<(), StatementError>,
    /// Whether it was read to its end, so that the connection can be used again.
    is_whole: bool,
}

async fn stream(
    connection: &mut PgConnection,
    query: Query<'_, Postgres, PgArguments>,
    limit: Duration,
    mut show: impl FnMut(ShownRow<'_>) -> Result<ControlFlow<()>, StatementError>,
) -> Result<Streamed, sqlx::Error> {
    let mut rows = query.fetch(connection);
    let mut ended = None;
    let mut unwanted = (0, 0);
    let mut seen = 0;
    loop {
        let mut next = rows.try_next();
        // a time limit is only set if there is a wait: most rows have already arrived
        let row = match futures::poll!(&mut next) {
            Poll::Ready(row) => row?,
            Poll::Pending => within(limit, next).await?,
        };
        let Some(row) = row else { break };
        match ended {
            None => match show(ShownRow { row: &row, is_checked: seen > 1 }) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => ended = Some(Ok(())),
                Err(failure) => ended = Some(Err(failure)),
            },
            Some(outcome) if unwanted.0 >= MAX_UNWANTED.0 || unwanted.1 >= MAX_UNWANTED.1 => {
                return Ok(Streamed { outcome, is_whole: false });
            }
            Some(_) => unwanted = (unwanted.0 + 1, unwanted.1 + bytes(&row)),
        }
        seen += 1;
    }
    Ok(Streamed { outcome: ended.unwrap_or(Ok(())), is_whole: true })
}

/// A row of a result.
#[derive(Clone, Copy)]
pub(super) struct ShownRow<'r> {
    row: &'r PgRow,
    /// Whether earlier rows of the result were read, so that its columns are known to have the right types. The first row may have
    /// been selected only for its position.
    is_checked: bool,
}

impl<'r> ShownRow<'r> {
    /// The value of a column. Its type is the same in each row of a result, and is checked once.
    pub(super) fn value<T: Decode<'r, Postgres> + Type<Postgres>>(self, column: usize) -> Result<T, sqlx::Error> {
        if self.is_checked { self.row.try_get_unchecked(column) } else { self.row.try_get(column) }
    }
}

impl Deref for ShownRow<'_> {
    type Target = PgRow;

    fn deref(&self) -> &PgRow {
        self.row
    }
}

/// How many bytes the values of a row have.
fn bytes(row: &PgRow) -> usize {
    let of = |column: usize| row.try_get_raw(column).ok()?.as_bytes().ok().map(<[u8]>::len);
    (0..row.len()).filter_map(of).sum()
}

/// The event of a row: columns as every statement selects them.
pub(super) fn event(row: ShownRow<'_>) -> Result<StoredEventRef<'_>, StatementError> {
    let originator_id = row.value(0)?;
    let version = rows::of_aggregate(rows::from_version(row.value(1)?), originator_id)?;
    let checksum = rows::of_aggregate(rows::from_checksum(row.value(4)?), originator_id)?;
    let event = StoredEventRef::new(originator_id, version, row.value(2)?, row.value(3)?, row.value(5)?);
    Ok(event.with_checksum(checksum))
}

/// The row of a statement that reads the log.
pub(super) fn log_row(row: ShownRow<'_>) -> Result<LogRow<'_>, StatementError> {
    let (id, append_id) = (rows::from_id(row.value(0)?)?, row.value(6)?);
    let Some(state) = row.value(4)? else { return Ok(LogRow { id, append_id, shown: None }) };
    let version = rows::of_notification(rows::from_version(row.value(2)?), id)?;
    let checksum = rows::of_notification(rows::from_checksum(row.value(5)?), id)?;
    let event = StoredEventRef::new(row.value(1)?, version, row.value(3)?, state, append_id);
    Ok(LogRow { id, append_id, shown: Some(event.with_checksum(checksum).notification(id)) })
}

/// How many ids the next statement searches: about as many as take [`SLICE_TIME`].
pub(super) fn next_slice(slice: u64, took: Duration) -> u64 {
    if took < SLICE_TIME / 2 {
        (slice * 2).min(LONGEST_SLICE)
    } else if took > SLICE_TIME {
        (slice / 2).max(SHORTEST_SLICE)
    } else {
        slice
    }
}
