//! Reading: rows are shown where they were received, as they stream in.

use std::ops::{ControlFlow, Deref};
use std::task::Poll;
use std::time::{Duration, Instant};

use eventsourcing_core::RecorderError;
use eventsourcing_core::persistence::{
    EventQuery, EventVisitor, LogPosition, NotificationQuery, NotificationRef, NotificationVisitor, StoredEventRef,
};
use futures::TryStreamExt;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Connection, Decode, PgConnection, Postgres, Row, Type};

use super::Inner;
use super::answer::{self, within};
use super::append::Failure;
use super::error::{Fault, fault};
use crate::log_read::{LogRead, LogRow};
use crate::rows;
use crate::sql::Statements;

/// How many rows are read that nobody wants, and how many bytes of them, so that the connection can be used again, before it is
/// closed instead.
const MAX_UNWANTED: (usize, usize) = (1_000, 1 << 20);

const SELECT_NOTIFICATIONS: &str = "select notifications";

/// How long a statement that searches for topics should take: less than any limit that a server sets for statements, and long
/// beside a round trip.
const SLICE_TIME: Duration = Duration::from_millis(20);

/// How many places of the log are searched for topics at a time: at first, at least, and at most.
const FIRST_SLICE: u64 = 4_096;
const SHORTEST_SLICE: u64 = 256;
const LONGEST_SLICE: u64 = 1 << 20;

impl Inner {
    /// The id of the log, which its tables were made with, in this database and schema: a copy of the tables elsewhere has the same id.
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
            query.go_on_after(event.originator_version);
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

    /// Searches the log for topics, slice by slice: a rare one may be looked for in all of it, which takes longer than a statement
    /// should.
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
        // an id that the log reached although its row was not found
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
                // the log has come there since, or the row is missing, as it then is again
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

    /// Runs a query, and shows its rows to `show`, which also makes the query one for the rest.
    ///
    /// If the connection of the pool was broken or its plan too old, the rest is read on a new one.
    pub(super) async fn read<'q, Q>(
        &self,
        operation: &'static str,
        mut query: Q,
        mut select: impl FnMut(&mut Q) -> Query<'q, Postgres, PgArguments>,
        mut show: impl FnMut(&mut Q, ShownRow<'_>) -> Result<ControlFlow<()>, Failure>,
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

    /// The outer result is the connection's, the inner one that of the values.
    async fn stream(
        &self,
        connection: &mut PgConnection,
        query: Query<'_, Postgres, PgArguments>,
        show: impl FnMut(ShownRow<'_>) -> Result<ControlFlow<()>, Failure>,
    ) -> Result<Streamed, sqlx::Error> {
        let limit = answer::limit(&self.config);
        within(limit, self.keep_session(connection)).await?;
        let streamed = stream(connection, query.persistent(self.is_persistent()), limit, show).await?;
        if streamed.is_whole {
            within(limit, self.leave_session(connection, true)).await?;
        }
        Ok(streamed)
    }

    fn failure(&self, operation: &'static str, failure: Failure) -> RecorderError {
        match failure {
            Failure::Sqlx(error) => self.failed(operation, error),
            Failure::Recorder(error) => error,
        }
    }
}

/// How far a result was read.
struct Streamed {
    outcome: Result<(), Failure>,
    /// Whether it was read to its end, so that the connection can be used again.
    is_whole: bool,
}

async fn stream(
    connection: &mut PgConnection,
    query: Query<'_, Postgres, PgArguments>,
    limit: Duration,
    mut show: impl FnMut(ShownRow<'_>) -> Result<ControlFlow<()>, Failure>,
) -> Result<Streamed, sqlx::Error> {
    let mut rows = query.fetch(connection);
    let mut ended = None;
    let mut unwanted = (0, 0);
    let mut seen = 0;
    loop {
        let mut next = rows.try_next();
        // a limit is set only where something is waited for: most rows are here already
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
    /// Whether rows of the same result were shown before, so that its columns are known to have the right types. The first may be
    /// one that is shown for its position alone.
    is_checked: bool,
}

impl<'r> ShownRow<'r> {
    /// The value of a column, which has the same type in each row of a result: it is looked at once.
    fn value<T: Decode<'r, Postgres> + Type<Postgres>>(self, column: usize) -> Result<T, sqlx::Error> {
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
fn event(row: ShownRow<'_>) -> Result<StoredEventRef<'_>, Failure> {
    let originator_id = row.value(0)?;
    Ok(StoredEventRef {
        originator_id,
        originator_version: rows::of_aggregate(rows::from_version(row.value(1)?), originator_id)?,
        topic: row.value(2)?,
        state: row.value(3)?,
        checksum: rows::of_aggregate(rows::from_checksum(row.value(4)?), originator_id)?,
        append_id: row.value(5)?,
    })
}

/// The row of a statement that reads the log.
fn log_row(row: ShownRow<'_>) -> Result<LogRow<'_>, Failure> {
    let (id, append_id) = (rows::from_id(row.value(0)?)?, row.value(6)?);
    let Some(state) = row.value(4)? else { return Ok(LogRow { id, append_id, shown: None }) };
    let shown = NotificationRef {
        id,
        originator_id: row.value(1)?,
        originator_version: rows::of_notification(rows::from_version(row.value(2)?), id)?,
        topic: row.value(3)?,
        state,
        checksum: rows::of_notification(rows::from_checksum(row.value(5)?), id)?,
        append_id,
    };
    Ok(LogRow { id, append_id, shown: Some(shown) })
}

/// How much of the log the next statement searches: about as much as takes no longer than [`SLICE_TIME`].
fn next_slice(slice: u64, took: Duration) -> u64 {
    if took < SLICE_TIME / 2 {
        (slice * 2).min(LONGEST_SLICE)
    } else if took > SLICE_TIME {
        (slice / 2).max(SHORTEST_SLICE)
    } else {
        slice
    }
}
