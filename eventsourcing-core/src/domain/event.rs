//! A domain event: what happened to which aggregate, at which version, when.

use std::fmt::Debug;

use jiff::Timestamp;
use uuid::Uuid;

use super::Aggregate;
use crate::persistence::{StateError, StateReader, StateWriter};
use crate::{Error, Result};

/// The events of one kind of aggregate: an enum with a variant for each.
///
/// `#[aggregate]` writes it; [`Aggregate`] shows one written by hand.
pub trait AggregateEvent: Clone + Debug + Send + Sync + 'static {
    /// The topics of all variants, each once.
    const TOPICS: &'static [&'static str];

    /// The topic under which this event is recorded, such as `World.Started`.
    fn topic(&self) -> &'static str;

    /// Writes the fields of this event.
    ///
    /// # Errors
    /// What [`StateWriter::write`] returns.
    fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError>;

    /// Reads the event of the topic.
    ///
    /// # Errors
    /// [`StateError::UnknownTopic`] for a topic not among [`TOPICS`](Self::TOPICS), and what [`StateReader::read`] returns.
    fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError>;
}

/// An event and its place: the aggregate it belongs to, its number there, its time.
///
/// Aggregates make these themselves. A function that decides without an aggregate may make them too, and
/// [`Application::save`](crate::Application::save) takes them as they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DomainEvent<E> {
    /// The id of the aggregate.
    pub originator_id: Uuid,
    /// The number of the event in its aggregate, from 1.
    pub originator_version: u64,
    /// When it happened, to the microsecond.
    pub timestamp: Timestamp,
    /// What happened.
    pub event: E,
}

impl<E: AggregateEvent> DomainEvent<E> {
    /// Applies the event to the aggregate, or makes the aggregate if there is none.
    ///
    /// The fold of all events of an aggregate equals the live one. It can be changed and saved where these events are recorded, and is
    /// [`Error::EventsMissing`] where they are not.
    ///
    /// # Errors
    /// [`Error::OriginatorIdMismatch`] and [`Error::OriginatorVersionMismatch`] if the event is another aggregate's or not
    /// the next one; [`Error::Apply`] if it does not apply; [`Error::NestedEvent`] if its body triggered another event.
    pub fn mutate<A: Aggregate<Event = E>>(self, aggregate: Option<A>) -> Result<Option<A>> {
        let mut aggregate = self.replay(aggregate)?;
        aggregate.root_mut().note_applied();
        Ok(Some(aggregate))
    }

    /// Applies an event that is recorded, or will be in the same transaction.
    pub(crate) fn replay<A: Aggregate<Event = E>>(self, aggregate: Option<A>) -> Result<A> {
        match aggregate {
            None => super::Root::replay_creation(self),
            Some(mut aggregate) => super::Root::replay(&mut aggregate, self).map(|()| aggregate),
        }
    }

    pub(crate) fn expect_version(&self, aggregate: &'static str, expected: u64) -> Result<()> {
        if self.originator_version == expected {
            return Ok(());
        }
        Err(Error::OriginatorVersionMismatch {
            aggregate,
            originator_id: self.originator_id,
            expected,
            found: self.originator_version,
        })
    }
}
