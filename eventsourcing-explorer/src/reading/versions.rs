//! The versions of an aggregate, with their places in the log.

use std::collections::HashMap;
use std::ops::ControlFlow;

use eventsourcing_core::recording::{EventPlace, EventQuery, StoredEventRef};
use eventsourcing_core::{Timestamp, Uuid};

use super::reader::{Reader, Stored};
use crate::failure::Failure;

/// The number of versions that one step of a search by time looks at.
const PROBES: u64 = 64;

impl Reader {
    /// At most `limit` versions of an aggregate up to a version, the last one first. States in the list may be left out.
    pub(crate) async fn versions(&self, id: Uuid, up_to: Option<u64>, limit: usize) -> Result<Vec<Stored>, Failure> {
        let (mapper, mut versions) = (self.application.mapper(), Vec::new());
        let mut visit = |row: StoredEventRef<'_>| {
            let version = Stored::in_list(mapper, &row.notification(0));
            versions.push(Stored { position: None, ..version });
            ControlFlow::Continue(())
        };
        let query = EventQuery::of(id).up_to(up_to).descending().limit(limit);
        let read = self.application.recorder().read_events(query, &mut visit).await;
        read.map_err(|error| self.failed(&error))?;
        Ok(versions)
    }

    /// The last version of an aggregate; `None` if there is no event of it. No state is kept.
    pub(crate) async fn last_version(&self, id: Uuid) -> Result<Option<u64>, Failure> {
        let mut last = None;
        let mut visit = |row: StoredEventRef<'_>| {
            last = Some(row.originator_version);
            ControlFlow::Break(())
        };
        let read = self.application.recorder().read_events(EventQuery::of(id).descending().limit(1), &mut visit).await;
        read.map_err(|error| self.failed(&error))?;
        Ok(last)
    }

    /// Adds to versions of an aggregate where they are in the log, and when they were recorded: one statement.
    pub(crate) async fn placed(&self, id: Uuid, mut versions: Vec<Stored>) -> Result<Vec<Stored>, Failure> {
        let asked: Vec<u64> = versions.iter().map(|version| version.event.originator_version).collect();
        let places: HashMap<u64, EventPlace> =
            self.places(id, &asked).await?.into_iter().map(|place| (place.originator_version, place)).collect();
        for version in &mut versions {
            if let Some(place) = places.get(&version.event.originator_version) {
                version.position = Some(place.notification_id);
                version.recorded = place.recorded_at;
            }
        }
        Ok(versions)
    }

    async fn places(&self, id: Uuid, versions: &[u64]) -> Result<Vec<EventPlace>, Failure> {
        let found = self.application.recorder().select_event_places(id, versions).await;
        found.map_err(|error| self.failed(&error))
    }

    /// The last version that was recorded before a time or at it; 0 if there is none. `None` if times are not known.
    ///
    /// Times never decrease from one version to the next, so a few statements find it, however long the history is.
    pub(crate) async fn version_at(&self, id: Uuid, last: u64, time: Timestamp) -> Result<Option<u64>, Failure> {
        // the version is between them: the one that is known to be recorded by then, and the one that is known not to be
        let (mut low, mut high) = (0, last + 1);
        while high - low > 1 {
            let step = (high - low).div_ceil(PROBES).max(1);
            let probes: Vec<u64> = (1..=PROBES).map(|probe| low + probe * step).filter(|probe| *probe < high).collect();
            let places = self.places(id, &probes).await?;
            let known = |place: &EventPlace| Some((place.originator_version, place.recorded_at?));
            let times: Vec<(u64, Timestamp)> = places.iter().filter_map(known).collect();
            if times.len() < probes.len() {
                return Ok(None);
            }
            let (before, after): (Vec<_>, Vec<_>) = times.into_iter().partition(|(_, recorded)| *recorded <= time);
            low = before.into_iter().map(|(version, _)| version).max().unwrap_or(low);
            high = after.into_iter().map(|(version, _)| version).min().unwrap_or(high);
        }
        Ok(Some(low))
    }
}
