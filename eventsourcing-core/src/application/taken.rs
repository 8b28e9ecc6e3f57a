//! Whether the events that an aggregate has gone through and does not hold are recorded.

use std::ops::ControlFlow;

use serde::de::IgnoredAny;

use super::Shared;
use crate::Result;
use crate::domain::Taken;
use crate::persistence::{EventQuery, MapperError, StoredEventRef};

impl Shared {
    /// Makes sure that events which were taken or applied are recorded: all of them, and not others in their place.
    pub(super) async fn check_recorded(&self, taken: &Taken) -> Result<()> {
        let mut loaded = None;
        loop {
            match self.is_recorded(taken).await? {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(taken.error()),
                // it was made after this application opened
                Err(error) if error.unknown_dictionary().is_some_and(|id| loaded != Some(id)) => {
                    loaded = error.unknown_dictionary();
                    self.load_dictionaries().await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn is_recorded(&self, taken: &Taken) -> Result<Result<bool, MapperError>> {
        let query = EventQuery::of(taken.originator_id).after(taken.first - 1).up_to(taken.last);
        let mut expected = taken.first;
        let mut outcome = Ok(false);
        let mut visit = |stored: StoredEventRef<'_>| {
            if stored.originator_version != expected {
                return ControlFlow::Break(());
            }
            expected += 1;
            if stored.originator_version == taken.last {
                // the time tells the event that was taken from one that another writer recorded
                let read = self.mapper.read_struct::<IgnoredAny>(&stored.place(), stored.state, stored.checksum);
                outcome = read.map(|(_, timestamp)| timestamp.as_microsecond() == taken.timestamp.as_microsecond());
            }
            ControlFlow::Continue(())
        };
        self.recorder.read_events(query, &mut visit).await?;
        Ok(outcome)
    }
}
