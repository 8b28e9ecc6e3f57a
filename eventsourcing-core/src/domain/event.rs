//! A domain event: an event with its aggregate, its version, its time and its metadata.

use std::fmt::{self, Debug};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::{Aggregate, AggregateError, Metadata, Part, StateError, StateReader, StateWriter};
use crate::state::NO_METADATA;

/// The events of one aggregate type: an enum with a variant for each event.
///
/// `#[aggregate]` generates it; the example of [`Aggregate`] shows a hand-written one. A later version of this library may add methods,
/// each with a default.
pub trait AggregateEvent: Clone + Debug + Send + Sync + 'static {
    /// The topics of all variants, each once: of the events that are recorded, and of those that are split.
    const TOPICS: &'static [&'static str];

    /// The topics that events were recorded under before, and that [`read`](Self::read) accepts too: from the names that an event or the
    /// aggregate had.
    const OLD_TOPICS: &'static [&'static str] = &[];

    /// The topics of events that no longer exist. Nothing happens when they are replayed, but each still counts as a version of its
    /// aggregate.
    const RETIRED_TOPICS: &'static [&'static str] = &[];

    /// Those of [`TOPICS`](Self::TOPICS) whose events are split: each is read as an event with several [`parts`](Self::parts), and recorded
    /// no more.
    const SPLIT_TOPICS: &'static [&'static str] = &[];

    /// The personal fields of events: topics, old ones too, with JSON Pointers into their states. `#[personal]` writes it.
    ///
    /// It only describes what tools should hide: see [`AggregateTopic::personal`](crate::application::AggregateTopic::personal).
    const PERSONAL: &'static [(&'static str, &'static [&'static str])] = &[];

    /// Returns the topic under which the event is recorded, such as `World.Started`.
    fn topic(&self) -> &'static str;

    /// Writes the fields of the event.
    ///
    /// # Errors
    /// [`StateError::IsSplit`] if it is split, and the errors of [`StateWriter::write`].
    fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError>;

    /// Reads the event that has this topic.
    ///
    /// # Errors
    /// [`StateError::UnknownTopic`] if the topic is not one of [`TOPICS`](Self::TOPICS) and [`OLD_TOPICS`](Self::OLD_TOPICS),
    /// [`StateError::Retired`] if it is one of [`RETIRED_TOPICS`](Self::RETIRED_TOPICS), [`StateError::Split`] if the event cannot be
    /// split, and the errors of [`StateReader::read`].
    fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError>;

    /// Returns the events that this one was split into, in their order; of an event that is not split, it returns the event itself.
    ///
    /// No part is split itself.
    fn parts(&self) -> &[Self] {
        std::slice::from_ref(self)
    }

    /// Takes the events that this one was split into, as [`parts`](Self::parts) returns them.
    fn into_parts(self) -> Vec<Self> {
        vec![self]
    }

    /// Returns a part of a split event as the struct that handlers take.
    fn into_part(self) -> Part {
        Part::new(self.topic(), self)
    }

    /// Returns whether the event is certain to be read as it was written, whatever its values are.
    ///
    /// Such an event is not read back before it is recorded: see [`StateCheck`](crate::codec::StateCheck). `#[aggregate]` knows it of an
    /// event whose fields are integers, booleans, characters, strings, ids or times, or options or lists of these, and have no
    /// `#[serde(…)]` attributes.
    fn is_exact(&self) -> bool {
        false
    }
}

/// An event of an aggregate, with the aggregate id, the version, the time and the metadata.
///
/// Aggregates create their domain events themselves. A function that decides without an aggregate may create them too;
/// [`Application::save`](crate::Application::save) accepts them as they are.
///
/// Two domain events are equal if they differ in nothing but their metadata.
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
#[derive(Clone)]
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
    pub(crate) metadata: Option<Arc<Metadata>>,
}

impl<E> DomainEvent<E> {
    /// Creates an event of an aggregate, without metadata.
    #[inline]
    pub const fn new(originator_id: Uuid, originator_version: u64, timestamp: Timestamp, event: E) -> Self {
        Self { originator_id, originator_version, timestamp, event, metadata: None }
    }

    /// Sets the metadata that the event is recorded with, on top of that of the save.
    #[must_use]
    pub fn with_metadata(self, metadata: Metadata) -> Self {
        Self { metadata: metadata.shared(), ..self }
    }

    /// Returns the metadata that the event was recorded with.
    ///
    /// It is empty if there is none, and for an event that is not recorded yet: metadata is added when the event is saved.
    pub fn metadata(&self) -> &Metadata {
        self.metadata.as_deref().unwrap_or(&NO_METADATA)
    }
}

/// Metadata tells of the save, and is not compared.
impl<E: PartialEq> PartialEq for DomainEvent<E> {
    fn eq(&self, other: &Self) -> bool {
        self.originator_id == other.originator_id
            && self.originator_version == other.originator_version
            && self.timestamp == other.timestamp
            && self.event == other.event
    }
}

impl<E: Eq> Eq for DomainEvent<E> {}

impl<E: Hash> Hash for DomainEvent<E> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.originator_id.hash(state);
        self.originator_version.hash(state);
        self.timestamp.hash(state);
        self.event.hash(state);
    }
}

impl<E: Debug> Debug for DomainEvent<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { originator_id, originator_version, timestamp, event, metadata } = self;
        let mut shown = f.debug_struct("DomainEvent");
        shown
            .field("originator_id", originator_id)
            .field("originator_version", originator_version)
            .field("timestamp", timestamp)
            .field("event", event);
        if let Some(metadata) = metadata {
            shown.field("metadata", metadata);
        }
        shown.finish()
    }
}

impl<E: AggregateEvent> DomainEvent<E> {
    /// Returns the events that the event was split into, in their order; of an event that is not split, it returns the event itself.
    ///
    /// All of them happened at this version and time, and have this metadata. A consumer that goes through the parts needs no code of its own for
    /// split events.
    pub fn parts(&self) -> &[E] {
        self.event.parts()
    }

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
