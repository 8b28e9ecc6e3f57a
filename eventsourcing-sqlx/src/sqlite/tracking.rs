//! How far the logs of other applications are processed.

use eventsourcing_core::{RecorderError, Tracking};
use rusqlite::{Connection, OptionalExtension, params};

use super::Inner;
use super::error::Failure;
use super::select::Slice;
use crate::rows;

impl Inner {
    /// 0 if nothing of it is processed.
    pub(super) async fn tracked_position(&self, upstream: &str) -> Result<u64, RecorderError> {
        let mut position = 0;
        self.read("look up a tracking position", |connection| {
            position = self.position_in(connection, upstream)?;
            Ok(Slice::Last)
        })
        .await?;
        Ok(position)
    }

    pub(super) fn position_in(&self, connection: &Connection, upstream: &str) -> Result<u64, Failure> {
        let mut select = connection.prepare_cached(self.sql.common.positions.as_str())?;
        let position: Option<i64> = select.query_row([upstream], |row| row.get(0)).optional()?;
        Ok(rows::from_position(position.unwrap_or_default())?)
    }

    /// Moves the position; the transaction has seen where it was.
    pub(super) fn track(&self, connection: &Connection, tracking: &Tracking) -> Result<(), Failure> {
        let Tracking { upstream, position, .. } = tracking;
        let mut track = connection.prepare_cached(self.sql.track.as_str())?;
        track.execute(params![upstream, rows::to_bound(*position)])?;
        Ok(())
    }
}
