//! How far the logs of other applications are processed: looked up here, and moved by the append that says so.

use std::ops::ControlFlow;

use eventsourcing_core::{LogPosition, RecorderError};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::Inner;
use super::append::Failure;
use crate::resolution::Positions;
use crate::rows;

impl Inner {
    /// The start if nothing of it is processed.
    pub(super) async fn tracked_position(&self, upstream: &str) -> Result<LogPosition, RecorderError> {
        let mut position = LogPosition::START;
        let upstreams = [upstream];
        let select =
            |_: &mut &mut LogPosition| sqlx::query(self.sql.common.positions.text()).bind(upstreams.as_slice());
        let show = |position: &mut &mut LogPosition, row: &PgRow| {
            **position = rows::log_position(row.try_get(1)?, row.try_get(2)?)?;
            Ok(ControlFlow::Continue(()))
        };
        self.read("look up a tracking position", &mut position, select, show).await?;
        Ok(position)
    }

    pub(super) async fn look_for_positions(
        &self,
        connection: &mut PgConnection,
        upstreams: &[&str],
    ) -> Result<Positions, Failure> {
        let found: Vec<(String, i64, Option<Uuid>)> = sqlx::query_as(self.sql.common.positions.text())
            .persistent(self.is_persistent())
            .bind(upstreams)
            .fetch_all(connection)
            .await?;
        let position = |(upstream, position, _)| Ok((upstream, rows::from_position(position)?));
        found.into_iter().map(position).collect()
    }
}
