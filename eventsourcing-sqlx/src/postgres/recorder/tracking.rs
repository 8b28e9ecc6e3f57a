//! Tracking positions: how far the logs of other applications are processed. Appends move them too.

use std::ops::ControlFlow;

use eventsourcing_core::recording::TrackedPosition;
use eventsourcing_core::{LogPosition, RecorderError, Tracking};
use sqlx::{Connection, PgConnection, Row};
use uuid::Uuid;

use super::Inner;
use super::answer_timeout::{self, within};
use super::error::{Fault, StatementError, fault};
use super::select::ShownRow;
use crate::append::Positions;
use crate::rows;
use crate::sql::Statements;
use crate::sql::postgres::BEGIN;

impl Inner {
    /// The tracking position of an upstream; the start if none is stored.
    pub(super) async fn tracked_position(&self, upstream: &str) -> Result<LogPosition, RecorderError> {
        let mut position = LogPosition::START;
        let upstreams = [upstream];
        let select =
            |_: &mut &mut LogPosition| sqlx::query(self.sql.common.positions.text()).bind(upstreams.as_slice());
        let show = |position: &mut &mut LogPosition, row: ShownRow<'_>| {
            **position = rows::log_position(row.try_get(1)?, row.try_get(2)?)?;
            Ok(ControlFlow::Continue(()))
        };
        self.read("look up a tracking position", &mut position, select, show).await?;
        Ok(position)
    }

    /// The tracking positions of all upstreams, by name.
    pub(super) async fn tracked_positions(&self) -> Result<Vec<TrackedPosition>, RecorderError> {
        let mut tracked = Vec::new();
        let select = |tracked: &mut &mut Vec<TrackedPosition>| {
            // after a lost connection, the list is read again from its beginning
            tracked.clear();
            sqlx::query(self.sql.common.all_positions.text())
        };
        let show = |tracked: &mut &mut Vec<TrackedPosition>, row: ShownRow<'_>| {
            let position = rows::log_position(row.try_get(1)?, row.try_get(2)?)?;
            tracked.push(TrackedPosition::new(row.try_get::<String, _>(0)?, position));
            Ok(ControlFlow::Continue(()))
        };
        self.read("list the tracking positions", &mut tracked, select, show).await?;
        Ok(rows::by_upstream(tracked))
    }

    /// Moves the position from exactly this one to any other.
    ///
    /// Of this and a concurrent append that moves it, one waits for the row and is then refused.
    pub(super) async fn move_tracking(
        &self,
        upstream: &str,
        from: LogPosition,
        to: LogPosition,
    ) -> Result<(), RecorderError> {
        self.check_writable()?;
        let operation = "move a tracking position";
        let mut connection = self.acquire().await?;
        let moved = match self.try_move(&mut connection, upstream, from, to).await {
            Ok(moved) => {
                connection.mark_clean();
                moved
            }
            // the position shows whether it was moved
            Err(error) if matches!(fault(&error, &self.name), Fault::Lost | Fault::StaleConnection) => {
                drop(connection);
                let mut connection = self.reconnect().await?;
                let moved = self.try_move(&mut connection, upstream, from, to).await;
                let moved = moved.map_err(|error| self.failed(operation, error))?;
                drop(connection.close().await);
                moved
            }
            Err(error) => return Err(self.failed(operation, error)),
        };
        if moved {
            return Ok(());
        }
        rows::moved(upstream, from, to, self.tracked_position(upstream).await?)
    }

    /// Stores a first position, unless one is stored, and returns the stored one.
    pub(super) async fn initialize_tracking(
        &self,
        upstream: &str,
        position: LogPosition,
    ) -> Result<LogPosition, RecorderError> {
        self.check_writable()?;
        Tracking::check_beginning(upstream, position)?;
        let failed = |failure| match failure {
            StatementError::Driver(error) => self.failed("begin tracking", error),
            StatementError::Recorder(error) => error,
        };
        let limit = answer_timeout::limit(&self.config);
        let mut connection = self.acquire().await?;
        match within(limit, self.try_begin(&mut connection, upstream, position)).await {
            Ok(()) => connection.mark_clean(),
            // the retry does nothing if the position was stored
            Err(StatementError::Driver(error))
                if matches!(fault(&error, &self.name), Fault::Lost | Fault::StaleConnection) =>
            {
                drop(connection);
                let mut connection = self.reconnect().await?;
                within(limit, self.try_begin(&mut connection, upstream, position)).await.map_err(failed)?;
                drop(connection.close().await);
            }
            Err(failure) => return Err(failed(failure)),
        }
        self.tracked_position(upstream).await
    }

    /// Of two callers that begin at different positions, the second finds the position of the first: the append lock serializes them.
    async fn try_begin(
        &self,
        connection: &mut PgConnection,
        upstream: &str,
        position: LogPosition,
    ) -> Result<(), StatementError> {
        let mut transaction = connection.begin_with(BEGIN).await?;
        self.lock(&mut transaction).await?;
        sqlx::query(self.sql.common.initialize_tracking.text())
            .persistent(false)
            .bind(upstream)
            .bind(rows::to_bound(position.id))
            .bind(position.anchor)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    async fn try_move(
        &self,
        connection: &mut PgConnection,
        upstream: &str,
        from: LogPosition,
        to: LogPosition,
    ) -> Result<bool, sqlx::Error> {
        let Statements { move_tracking, forget_tracking, .. } = &self.sql.common;
        let statement = if to.id > 0 { move_tracking } else { forget_tracking };
        self.keep_session(connection).await?;
        let statement = sqlx::query(statement.text()).bind(upstream).bind(rows::to_bound(from.id)).bind(from.anchor);
        let statement = if to.id > 0 { statement.bind(rows::to_bound(to.id)).bind(to.anchor) } else { statement };
        let moved = statement.persistent(self.is_persistent()).execute(&mut *connection).await?;
        self.leave_session(connection, true).await?;
        Ok(moved.rows_affected() == 1)
    }

    pub(super) async fn look_up_positions(
        &self,
        connection: &mut PgConnection,
        upstreams: &[&str],
    ) -> Result<Positions, StatementError> {
        let found: Vec<(String, i64, Option<Uuid>)> = sqlx::query_as(self.sql.common.positions.text())
            .persistent(self.is_persistent())
            .bind(upstreams)
            .fetch_all(connection)
            .await?;
        let position = |(upstream, position, anchor)| Ok((upstream, rows::log_position(position, anchor)?));
        found.into_iter().map(position).collect()
    }
}
