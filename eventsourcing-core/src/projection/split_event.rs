//! A recorded event that is split, read once for the handlers of its parts.

use std::sync::Arc;

use jiff::Timestamp;

use crate::codec::{Mapper, MapperError};
use crate::domain::{Metadata, Part, SplitTopic, StateReader};
use crate::recording::NotificationRef;

/// The parts of a recorded event, with what its recording says of all of them.
#[derive(Debug)]
pub(crate) struct SplitNotification {
    parts: Vec<Part>,
    timestamp: Timestamp,
    metadata: Option<Arc<Metadata>>,
}

/// One of the parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartOf<'n> {
    pub(super) part: &'n Part,
    /// Its place among all parts, from 0.
    pub(super) place: u32,
    of: &'n SplitNotification,
}

impl SplitNotification {
    /// Reads an event of a topic that is split.
    pub(crate) fn read(
        split: &SplitTopic,
        mapper: &Mapper,
        notification: NotificationRef<'_>,
    ) -> Result<Self, MapperError> {
        let read = |state: &mut StateReader<'_>| state.with_metadata(|state| split.read(state));
        let place = notification.location();
        let ((parts, metadata), timestamp) = mapper.read(&place, notification.state, notification.checksum, read)?;
        Ok(Self { parts, timestamp, metadata })
    }

    /// Returns the parts in order.
    pub(crate) fn parts(&self) -> impl Iterator<Item = PartOf<'_>> {
        (0..).zip(&self.parts).map(|(place, part)| PartOf { part, place, of: self })
    }
}

impl PartOf<'_> {
    /// Returns the topic that such events are recorded under.
    pub(crate) fn topic(&self) -> &'static str {
        self.part.topic()
    }

    pub(super) fn timestamp(&self) -> Timestamp {
        self.of.timestamp
    }

    pub(super) fn metadata(&self) -> Option<Arc<Metadata>> {
        self.of.metadata.clone()
    }
}
