//! The events of an aggregate: read from the recorder, decoded, and replayed.

use std::ops::ControlFlow;

use jiff::Timestamp;
use uuid::Uuid;

use super::handle::Shared;
use super::replay::check_type;
use crate::domain::{Aggregate, AggregateEvent, DomainEvent, Root};
use crate::recording::{EventQuery, StoredEventRef};
use crate::{Error, Result};

/// An event that was read, before it is replayed.
pub(super) enum Decoded<E> {
    Event(DomainEvent<E>),
    /// A retired event: it counts as a version, and does nothing.
    Retired {
        topic: &'static str,
        originator_id: Uuid,
        version: u64,
        timestamp: Timestamp,
    },
}

impl<E: AggregateEvent> Decoded<E> {
    /// Applies the event to the aggregate, or creates the aggregate.
    pub(super) fn replay<A: Aggregate<Event = E>>(self, aggregate: &mut Option<A>) -> Result<()> {
        match self {
            Self::Event(event) => *aggregate = Some(event.replay(aggregate.take())?),
            Self::Retired { topic, originator_id, version, timestamp } => {
                Root::skip(aggregate, topic, originator_id, version, timestamp)?;
            }
        }
        Ok(())
    }
}

impl Shared {
    /// Passes events of an aggregate to a visitor, until it stops or fails.
    ///
    /// If a dictionary is missing, because another process stored it after this application opened, it is loaded, and the visitor gets the
    /// same event again.
    pub(super) async fn visit_events(
        &self,
        mut query: EventQuery,
        mut visit: impl FnMut(StoredEventRef<'_>) -> Result<ControlFlow<()>> + Send,
    ) -> Result<()> {
        let mut loaded = None;
        loop {
            let (mut outcome, mut last) = (Ok(()), None);
            let mut visit_row = |stored: StoredEventRef<'_>| match visit(stored) {
                Ok(flow) => {
                    last = Some(stored.originator_version);
                    flow
                }
                Err(error) => {
                    outcome = Err(error);
                    ControlFlow::Break(())
                }
            };
            self.recorder.read_events(query.clone(), &mut visit_row).await?;
            match outcome {
                Ok(()) => return Ok(()),
                Err(Error::Mapper(error)) if error.unknown_dictionary().is_some_and(|id| loaded != Some(id)) => {
                    loaded = error.unknown_dictionary();
                    self.load_dictionaries().await?;
                    if let Some(version) = last {
                        query.advance_after(version);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Decodes an event of this type of aggregate.
    pub(super) fn decode<A: Aggregate>(&self, stored: StoredEventRef<'_>) -> Result<Decoded<A::Event>> {
        check_type::<A>(stored)?;
        let (mapper, place) = (&self.mapper, stored.location());
        let Some(topic) = A::Event::RETIRED_TOPICS.iter().find(|topic| **topic == stored.topic) else {
            return Ok(Decoded::Event(mapper.read_event(&place, stored.state, stored.checksum)?));
        };
        let timestamp = mapper.read_timestamp(&place, stored.state, stored.checksum)?;
        let (originator_id, version) = (stored.originator_id, stored.originator_version);
        Ok(Decoded::Retired { topic, originator_id, version, timestamp })
    }
}
