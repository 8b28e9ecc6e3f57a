//! The places of an aggregate's events in the log.

use std::ops::ControlFlow;

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::EventPlace;
use sqlx::Row;
use uuid::Uuid;

use super::Inner;
use super::select::ShownRow;
use crate::rows;

impl Inner {
    pub(super) async fn select_event_places(
        &self,
        originator_id: Uuid,
        versions: &[u64],
    ) -> Result<Vec<EventPlace>, RecorderError> {
        let bound: Vec<i64> = versions.iter().filter_map(|version| i64::try_from(*version).ok()).collect();
        let mut places: Vec<EventPlace> = Vec::new();
        let select = |places: &mut &mut Vec<EventPlace>| {
            // all of them again, if the connection broke
            places.clear();
            sqlx::query(self.sql.common.event_places.text()).bind(originator_id).bind(bound.clone())
        };
        let show = |places: &mut &mut Vec<EventPlace>, row: ShownRow<'_>| {
            let version = rows::from_version(row.try_get(0)?)?;
            places.push(rows::to_event_place(version, row.try_get(1)?, row.try_get(2)?)?);
            Ok(ControlFlow::Continue(()))
        };
        self.read("find events in the log", &mut places, select, show).await?;
        Ok(places)
    }
}
