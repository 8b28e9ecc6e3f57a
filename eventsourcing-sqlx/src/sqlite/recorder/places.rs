//! The places of an aggregate's events in the log.

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::EventPlace;
use rusqlite::{OptionalExtension as _, params};
use uuid::Uuid;

use super::Inner;
use super::select::Slice;
use crate::rows;

/// How many places are read before other tasks get the thread.
const PAGE: usize = 512;

impl Inner {
    pub(super) async fn select_event_places(
        &self,
        originator_id: Uuid,
        versions: &[u64],
    ) -> Result<Vec<EventPlace>, RecorderError> {
        let (mut places, mut asked) = (Vec::new(), 0);
        let aggregate = originator_id.as_bytes().as_slice();
        self.read("find events in the log", |connection| {
            let page = &versions[asked..versions.len().min(asked + PAGE)];
            let mut select = connection.prepare_cached(self.sql.common.event_places.as_str())?;
            let mut found = Vec::new();
            for version in page {
                let Ok(bound) = i64::try_from(*version) else { continue };
                let place = select.query_row(params![aggregate, bound], |row| Ok((row.get(0)?, row.get(1)?)));
                if let Some((id, time)) = place.optional()? {
                    found.push(rows::to_event_place(*version, id, time)?);
                }
            }
            // only now: the page is read again if it fails
            places.append(&mut found);
            asked += page.len();
            Ok(if asked < versions.len() { Slice::More } else { Slice::Last })
        })
        .await?;
        Ok(places)
    }
}
