//! The events of an aggregate: read from the recorder, decoded, and replayed.

use std::ops::ControlFlow;

use jiff::Timestamp;
use uuid::Uuid;

use super::handle::Shared;
use super::replay::check_type;
use crate::codec::{Mapper, MapperError};
use crate::domain::{Aggregate, AggregateEvent, DomainEvent, Root};
use crate::recording::{EventQuery, StateLocation, StoredEventRef};
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

/// Reads an event from its place, its state and its checksum: with its metadata or without.
type Read<E> = fn(&Mapper, &StateLocation<'_>, &[u8], Option<u32>) -> Result<DomainEvent<E>, MapperError>;

impl<E: AggregateEvent> Decoded<E> {
    /// Decodes an event, with its metadata.
    fn with_metadata<A: Aggregate<Event = E>>(mapper: &Mapper, stored: StoredEventRef<'_>) -> Result<Self> {
        Self::read::<A>(mapper, stored, Mapper::read_event)
    }

    /// Decodes an event without its metadata, which a replay does not use.
    pub(super) fn to_replay<A: Aggregate<Event = E>>(mapper: &Mapper, stored: StoredEventRef<'_>) -> Result<Self> {
        Self::read::<A>(mapper, stored, Mapper::read_to_replay)
    }

    fn read<A: Aggregate<Event = E>>(mapper: &Mapper, stored: StoredEventRef<'_>, read: Read<E>) -> Result<Self> {
        check_type::<A>(stored)?;
        let place = stored.location();
        let Some(topic) = E::RETIRED_TOPICS.iter().find(|topic| **topic == stored.topic) else {
            return Ok(Self::Event(read(mapper, &place, stored.state, stored.checksum)?));
        };
        let timestamp = mapper.read_timestamp(&place, stored.state, stored.checksum)?;
        let (originator_id, version) = (stored.originator_id, stored.originator_version);
        Ok(Self::Retired { topic, originator_id, version, timestamp })
    }

    /// Returns the time of the event.
    pub(super) fn timestamp(&self) -> Timestamp {
        match self {
            Self::Event(event) => event.timestamp,
            Self::Retired { timestamp, .. } => *timestamp,
        }
    }

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
        Decoded::with_metadata::<A>(&self.mapper, stored)
    }
}
