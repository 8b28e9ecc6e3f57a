//! A domain event: an event with its aggregate, its version and its time.

use std::fmt::Debug;

use jiff::Timestamp;
use uuid::Uuid;

use super::{Aggregate, AggregateError, StateError, StateReader, StateWriter};

/// The events of one aggregate type: an enum with a variant for each event.
///
/// `#[aggregate]` generates it; the example of [`Aggregate`] shows a hand-written one. A later version of this library may add methods,
/// each with a default.
pub trait AggregateEvent: Clone + Debug + Send + Sync + 'static {
    /// The topics of all variants, each once.
    const TOPICS: &'static [&'static str];

    /// The topics that events were recorded under before, and that [`read`](Self::read) accepts too: from the names that an event or the
    /// aggregate had.
    const OLD_TOPICS: &'static [&'static str] = &[];

    /// The topics of events that no longer exist. Nothing happens when they are replayed, but each still counts as a version of its
    /// aggregate.
    const RETIRED_TOPICS: &'static [&'static str] = &[];

    /// Returns the topic under which the event is recorded, such as `World.Started`.
    fn topic(&self) -> &'static str;

    /// Writes the fields of the event.
    ///
    /// # Errors
    /// The errors of [`StateWriter::write`].
    fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError>;

    /// Reads the event that has this topic.
    ///
    /// # Errors
    /// [`StateError::UnknownTopic`] if the topic is not one of [`TOPICS`](Self::TOPICS) and [`OLD_TOPICS`](Self::OLD_TOPICS),
    /// [`StateError::Retired`] if it is one of [`RETIRED_TOPICS`](Self::RETIRED_TOPICS), and the errors of [`StateReader::read`].
    fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError>;

    /// Returns whether the event is certain to be read as it was written, whatever its values are.
    ///
    /// Such an event is not read back before it is recorded: see [`StateCheck`](crate::codec::StateCheck). `#[aggregate]` knows it of an
    /// event whose fields are integers, booleans, characters, strings, ids or times, or options or lists of these, and have no
    /// `#[serde(…)]` attributes.
    fn is_exact(&self) -> bool {
        false
    }
}

/// An event of an aggregate, with the aggregate id, the version and the time.
///
/// Aggregates create their domain events themselves. A function that decides without an aggregate may create them too;
/// [`Application::save`](crate::Application::save) accepts them as they are.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::{DomainEvent, Timestamp, Uuid};
///
/// #[derive(Debug, PartialEq)]
/// struct Started { name: String }
///
/// let started = DomainEvent::new(Uuid::new_v4(), 1, Timestamp::UNIX_EPOCH, Started { name: "Earth".to_owned() });
/// assert_eq!((started.originator_version, started.event.name.as_str()), (1, "Earth"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DomainEvent<E> {
    /// The aggregate id.
    pub originator_id: Uuid,
    /// The version: the number of the event in its aggregate, from 1.
    pub originator_version: u64,
    /// The time of the event, with microsecond precision.
    pub timestamp: Timestamp,
    /// The event itself.
    pub event: E,
}

impl<E> DomainEvent<E> {
    /// Creates an event of an aggregate.
    #[inline]
    pub const fn new(originator_id: Uuid, originator_version: u64, timestamp: Timestamp, event: E) -> Self {
        Self { originator_id, originator_version, timestamp, event }
    }
}

impl<E: AggregateEvent> DomainEvent<E> {
    /// Applies the event to the aggregate, or creates the aggregate if the argument is `None`.
    ///
    /// The fold of all events of an aggregate equals the aggregate itself. The result can be changed and saved where these events are
    /// recorded; elsewhere a save fails with [`AggregateError::EventsMissing`].
    ///
    /// # Errors
    /// [`AggregateError::OriginatorIdMismatch`] if the event belongs to another aggregate,
    /// [`AggregateError::OriginatorVersionMismatch`] if it does not have the next version, [`AggregateError::Apply`] if it does not
    /// apply, and [`AggregateError::NestedEvent`] if the body of its method triggered another event.
    pub fn mutate<A: Aggregate<Event = E>>(self, aggregate: Option<A>) -> Result<Option<A>, AggregateError> {
        let mut aggregate = self.replay(aggregate)?;
        aggregate.root_mut().note_applied();
        Ok(Some(aggregate))
    }

    /// Applies an event that is recorded, or will be recorded in the same transaction.
    pub(crate) fn replay<A: Aggregate<Event = E>>(self, aggregate: Option<A>) -> Result<A, AggregateError> {
        match aggregate {
            None => super::Root::replay_creation(self),
            Some(mut aggregate) => super::Root::replay(&mut aggregate, self).map(|()| aggregate),
        }
    }

    pub(crate) fn expect_version(&self, aggregate: &'static str, expected: u64) -> Result<(), AggregateError> {
        if self.originator_version == expected {
            return Ok(());
        }
        Err(AggregateError::OriginatorVersionMismatch {
            aggregate,
            originator_id: self.originator_id,
            expected,
            found: self.originator_version,
        })
    }
}
