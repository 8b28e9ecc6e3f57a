//! How far the logs of other applications are processed.

use eventsourcing_core::{LogPosition, RecorderError, Tracking};
use rusqlite::{Connection, OptionalExtension, params};

use super::Inner;
use super::error::Failure;
use super::select::Slice;
use crate::rows;

impl Inner {
    /// The start if nothing of it is processed.
    pub(super) async fn tracked_position(&self, upstream: &str) -> Result<LogPosition, RecorderError> {
        let mut position = LogPosition::START;
        self.read("look up a tracking position", |connection| {
            position = self.position_in(connection, upstream)?;
            Ok(Slice::Last)
        })
        .await?;
        Ok(position)
    }

    pub(super) fn position_in(&self, connection: &Connection, upstream: &str) -> Result<LogPosition, Failure> {
        let mut select = connection.prepare_cached(self.sql.common.positions.as_str())?;
        let position =
            select.query_row([upstream], |row| Ok((row.get(0)?, super::select::uuid_if_any(row, 1)?))).optional()?;
        let (position, anchor) = position.unwrap_or_default();
        Ok(rows::log_position(position, anchor)?)
    }

    /// Moves the position; the transaction has seen where it was.
    pub(super) fn track(&self, connection: &Connection, tracking: &Tracking) -> Result<(), Failure> {
        let Tracking { upstream, position, anchor, .. } = tracking;
        let mut track = connection.prepare_cached(self.sql.track.as_str())?;
        let anchor = anchor.as_ref().map(|anchor| anchor.as_bytes().as_slice());
        track.execute(params![upstream, rows::to_bound(*position), anchor])?;
        Ok(())
    }
}
