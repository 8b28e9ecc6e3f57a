//! Tracking positions: how far the logs of other applications are processed.

use eventsourcing_core::recording::TrackedPosition;
use eventsourcing_core::{LogPosition, RecorderError, Tracking};
use rusqlite::{Connection, OptionalExtension, params};
use tokio::time::{Instant, sleep};

use super::busy::PAUSE;
use super::error::StatementError;
use super::select::Slice;
use super::{Inner, columns};
use crate::rows;
use crate::sql::Statements;
use crate::time_limit::deadline;

impl Inner {
    /// The tracking position of an upstream; the start if none is stored.
    pub(super) async fn tracked_position(&self, upstream: &str) -> Result<LogPosition, RecorderError> {
        let mut position = LogPosition::START;
        self.read("look up a tracking position", |connection| {
            position = self.position_in(connection, upstream)?;
            Ok(Slice::Last)
        })
        .await?;
        Ok(position)
    }

    /// The tracking positions of all upstreams, by name.
    pub(super) async fn tracked_positions(&self) -> Result<Vec<TrackedPosition>, RecorderError> {
        let mut tracked = Vec::new();
        self.read("list the tracking positions", |connection| {
            tracked.clear();
            let mut select = connection.prepare_cached(self.sql.common.all_positions.as_str())?;
            let mut found = select.query([])?;
            while let Some(row) = found.next()? {
                let (upstream, position, anchor): (String, _, _) =
                    (row.get(0)?, row.get(1)?, columns::uuid_if_any(row, 2)?);
                tracked.push(TrackedPosition::new(upstream, rows::log_position(position, anchor)?));
            }
            Ok(Slice::Last)
        })
        .await?;
        Ok(rows::by_upstream(tracked))
    }

    /// Moves the position from exactly this one to any other.
    pub(super) async fn move_tracking(
        &self,
        upstream: &str,
        from: LogPosition,
        to: LogPosition,
    ) -> Result<(), RecorderError> {
        let deadline = deadline(self.config.lock_timeout);
        loop {
            // a single statement is a transaction of its own
            match self.connections.write(|connection| self.try_move(connection, upstream, from, to)) {
                Ok(true) => return Ok(()),
                Ok(false) => return rows::moved(upstream, from, to, self.tracked_position(upstream).await?),
                Err(failure) if self.is_busy(&failure) && Instant::now() < deadline => sleep(PAUSE).await,
                Err(StatementError::Driver(error)) => return Err(self.failed("move a tracking position", error)),
                Err(StatementError::Recorder(error)) => return Err(error),
            }
        }
    }

    /// Stores a first position, unless one is stored, and returns the stored one.
    pub(super) async fn initialize_tracking(
        &self,
        upstream: &str,
        position: LogPosition,
    ) -> Result<LogPosition, RecorderError> {
        Tracking::check_beginning(upstream, position)?;
        let deadline = deadline(self.config.lock_timeout);
        loop {
            // a single statement is a transaction of its own
            match self.connections.write(|connection| self.try_begin(connection, upstream, position)) {
                Ok(()) => return self.tracked_position(upstream).await,
                Err(failure) if self.is_busy(&failure) && Instant::now() < deadline => sleep(PAUSE).await,
                Err(StatementError::Driver(error)) => return Err(self.failed("begin tracking", error)),
                Err(StatementError::Recorder(error)) => return Err(error),
            }
        }
    }

    fn try_begin(&self, connection: &Connection, upstream: &str, position: LogPosition) -> Result<(), StatementError> {
        let mut begin = connection.prepare_cached(self.sql.common.initialize_tracking.as_str())?;
        let anchor = position.anchor.as_ref().map(|anchor| anchor.as_bytes().as_slice());
        begin.execute(params![upstream, rows::to_bound(position.id), anchor])?;
        Ok(())
    }

    fn try_move(
        &self,
        connection: &Connection,
        upstream: &str,
        from: LogPosition,
        to: LogPosition,
    ) -> Result<bool, StatementError> {
        let Statements { move_tracking, forget_tracking, .. } = &self.sql.common;
        let before = from.anchor.as_ref().map(|anchor| anchor.as_bytes().as_slice());
        let anchor = to.anchor.as_ref().map(|anchor| anchor.as_bytes().as_slice());
        let moved = if to.id > 0 {
            let mut statement = connection.prepare_cached(move_tracking.as_str())?;
            statement.execute(params![upstream, rows::to_bound(from.id), before, rows::to_bound(to.id), anchor])?
        } else {
            let mut statement = connection.prepare_cached(forget_tracking.as_str())?;
            statement.execute(params![upstream, rows::to_bound(from.id), before])?
        };
        Ok(moved == 1)
    }

    pub(super) fn position_in(&self, connection: &Connection, upstream: &str) -> Result<LogPosition, StatementError> {
        let mut select = connection.prepare_cached(self.sql.common.positions.as_str())?;
        let position =
            select.query_row([upstream], |row| Ok((row.get(0)?, columns::uuid_if_any(row, 1)?))).optional()?;
        let (position, anchor) = position.unwrap_or_default();
        Ok(rows::log_position(position, anchor)?)
    }

    /// Moves the position. The transaction has already checked the one before.
    pub(super) fn track(&self, connection: &Connection, tracking: &Tracking) -> Result<(), StatementError> {
        let Tracking { upstream, position, anchor, .. } = tracking;
        let mut track = connection.prepare_cached(self.sql.track.as_str())?;
        let anchor = anchor.as_ref().map(|anchor| anchor.as_bytes().as_slice());
        track.execute(params![upstream, rows::to_bound(*position), anchor])?;
        Ok(())
    }
}
