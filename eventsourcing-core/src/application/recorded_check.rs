//! Checks that the events an aggregate has applied and no longer holds are recorded.

use std::ops::ControlFlow;

use super::Shared;
use crate::Result;
use crate::codec::MapperError;
use crate::domain::MissingEvents;
use crate::recording::{EventQuery, StoredEvent, StoredEventRef};

impl Shared {
    /// Checks that events which were taken from or applied to an aggregate are recorded, and no others at their versions.
    pub(super) async fn check_recorded(&self, missing: &MissingEvents) -> Result<()> {
        let mut loaded = None;
        loop {
            match self.is_recorded(missing).await? {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(missing.error().into()),
                // another process stored the dictionary after this application opened
                Err(error) if error.unknown_dictionary().is_some_and(|id| loaded != Some(id)) => {
                    loaded = error.unknown_dictionary();
                    self.load_dictionaries().await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn is_recorded(&self, missing: &MissingEvents) -> Result<Result<bool, MapperError>> {
        let query = EventQuery::of(missing.originator_id).after(missing.first - 1).up_to(missing.last);
        let mut expected = missing.first;
        let mut outcome = Ok(false);
        let mut visit = |stored: StoredEventRef<'_>| {
            if stored.originator_version != expected {
                return ControlFlow::Break(());
            }
            expected += 1;
            if stored.originator_version == missing.last {
                // the timestamp tells the event that was taken from one that another writer recorded at its version
                let read = self.mapper.read_timestamp(&stored.location(), stored.state, stored.checksum);
                outcome = read.map(|timestamp| timestamp.as_microsecond() == missing.timestamp.as_microsecond());
            }
            ControlFlow::Continue(())
        };
        self.recorder.read_events(query, &mut visit).await?;
        Ok(outcome)
    }
}

/// Whether all missing events of an aggregate are among these events, which are about to be recorded.
pub(crate) fn are_among(missing: &MissingEvents, events: &[StoredEvent]) -> bool {
    let is_missing = |event: &&StoredEvent| {
        event.originator_id == missing.originator_id
            && (missing.first..=missing.last).contains(&event.originator_version)
    };
    events.iter().filter(is_missing).count() as u64 == missing.last - missing.first + 1
}
