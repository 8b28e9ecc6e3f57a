//! Reading: rows are shown where they were received, as they stream in.

use std::ops::ControlFlow;

use eventsourcing_core::RecorderError;
use eventsourcing_core::persistence::{
    EventQuery, EventVisitor, NotificationQuery, NotificationRef, NotificationVisitor, StoredEventRef,
};
use futures::TryStreamExt;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Connection, PgConnection, Postgres, Row};

use super::Inner;
use super::append::Failure;
use super::error::{Fault, fault};
use crate::rows;

/// How many rows are read that nobody wants, so that the connection can be used again, before it is closed instead.
const MAX_UNWANTED: usize = 1_000;

impl Inner {
    pub(super) async fn read_events(
        &self,
        query: EventQuery,
        visit: &mut EventVisitor<'_>,
    ) -> Result<(), RecorderError> {
        let statements = &self.sql.common;
        let statement = if query.descending { &statements.events_descending } else { &statements.events };
        let select = |query: &EventQuery| {
            sqlx::query(statement.text())
                .bind(query.originator_id)
                .bind(rows::to_after(query.after))
                .bind(rows::to_up_to(query.up_to))
                .bind(rows::to_count(query.limit.unwrap_or(usize::MAX)))
        };
        let show = |query: &mut EventQuery, row: &PgRow| {
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
        let statements = &self.sql.common;
        let statement =
            if query.topics.is_empty() { &statements.notifications } else { &statements.notifications_of_topics };
        let select = |query: &NotificationQuery| {
            let select = sqlx::query(statement.text())
                .bind(rows::to_bound(query.after))
                .bind(rows::to_up_to(query.up_to))
                .bind(rows::to_count(query.limit));
            if query.topics.is_empty() { select } else { select.bind(query.topics.clone()) }
        };
        let show = |query: &mut NotificationQuery, row: &PgRow| {
            let notification = notification(row)?;
            query.limit = query.limit.saturating_sub(1);
            query.after = notification.id;
            Ok(visit(notification))
        };
        self.read("select notifications", query, select, show).await
    }

    pub(super) async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        let show = |last: &mut Option<u64>, row: &PgRow| {
            *last = Some(rows::from_id(row.try_get(0)?)?);
            Ok(ControlFlow::Continue(()))
        };
        let mut last = None;
        let select = |_: &&mut Option<u64>| sqlx::query(self.sql.common.last.text());
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
        select: impl Fn(&Q) -> Query<'q, Postgres, PgArguments>,
        mut show: impl FnMut(&mut Q, &PgRow) -> Result<ControlFlow<()>, Failure>,
    ) -> Result<(), RecorderError> {
        let mut connection = self.acquire().await?;
        let statement = select(&query);
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
        let statement = select(&query);
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
        show: impl FnMut(&PgRow) -> Result<ControlFlow<()>, Failure>,
    ) -> Result<Streamed, sqlx::Error> {
        self.keep_session(connection).await?;
        let streamed = stream(connection, query.persistent(self.is_persistent()), show).await?;
        if streamed.is_whole {
            self.leave_session(connection, true).await?;
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
    mut show: impl FnMut(&PgRow) -> Result<ControlFlow<()>, Failure>,
) -> Result<Streamed, sqlx::Error> {
    let mut rows = query.fetch(connection);
    let mut ended = None;
    let mut unwanted = 0;
    while let Some(row) = rows.try_next().await? {
        match ended {
            None => match show(&row) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => ended = Some(Ok(())),
                Err(failure) => ended = Some(Err(failure)),
            },
            Some(outcome) if unwanted == MAX_UNWANTED => return Ok(Streamed { outcome, is_whole: false }),
            Some(_) => unwanted += 1,
        }
    }
    Ok(Streamed { outcome: ended.unwrap_or(Ok(())), is_whole: true })
}

/// The event of a row: columns as every statement selects them.
fn event(row: &PgRow) -> Result<StoredEventRef<'_>, Failure> {
    Ok(StoredEventRef {
        originator_id: row.try_get(0)?,
        originator_version: rows::from_version(row.try_get(1)?)?,
        topic: row.try_get(2)?,
        state: row.try_get(3)?,
        checksum: rows::from_checksum(row.try_get(4)?)?,
        append_id: row.try_get(5)?,
    })
}

/// The notification of a row: columns as every statement selects them.
fn notification(row: &PgRow) -> Result<NotificationRef<'_>, Failure> {
    Ok(NotificationRef {
        id: rows::from_id(row.try_get(0)?)?,
        originator_id: row.try_get(1)?,
        originator_version: rows::from_version(row.try_get(2)?)?,
        topic: row.try_get(3)?,
        state: row.try_get(4)?,
        checksum: rows::from_checksum(row.try_get(5)?)?,
        append_id: row.try_get(6)?,
    })
}
