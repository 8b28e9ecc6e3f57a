//! The trait of an aggregate: what `#[aggregate]` writes, and what anyone may write by hand.

use jiff::Timestamp;
use uuid::Uuid;

use super::{AggregateEvent, DomainEvent, Root};
use crate::Result;

/// An aggregate whose state is the fold of its events.
///
/// `#[aggregate]` on an impl block writes this trait; writing it by hand is the same, only longer. An implementer
/// keeps a [`Root`] in a field, and says how its events make it ([`create`](Self::create)) and change it
/// ([`apply`](Self::apply)). Both must depend on nothing but their arguments: they run again at every replay.
///
/// # Examples
///
/// ```
/// use eventsourcing_core::{Aggregate, AggregateEvent, ApplyError, Root, Uuid};
/// use eventsourcing_core::persistence::{StateError, StateReader, StateWriter};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug)]
/// struct Counter { total: u64, root: Root<Counter> }
///
/// #[derive(Clone, Debug, Serialize, Deserialize)]
/// struct Opened {}
/// #[derive(Clone, Debug, Serialize, Deserialize)]
/// struct Counted { by: u64 }
/// #[derive(Clone, Debug)]
/// enum CounterEvent { Opened(Opened), Counted(Counted) }
///
/// impl AggregateEvent for CounterEvent {
///     const TOPICS: &'static [&'static str] = &["Counter.Opened", "Counter.Counted"];
///     fn topic(&self) -> &'static str {
///         match self { Self::Opened(_) => "Counter.Opened", Self::Counted(_) => "Counter.Counted" }
///     }
///     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> {
///         match self { Self::Opened(event) => state.write(event), Self::Counted(event) => state.write(event) }
///     }
///     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
///         match topic {
///             "Counter.Opened" => state.read().map(Self::Opened),
///             "Counter.Counted" => state.read().map(Self::Counted),
///             _ => Err(StateError::UnknownTopic),
///         }
///     }
/// }
///
/// impl Aggregate for Counter {
///     type Event = CounterEvent;
///     const NAME: &'static str = "Counter";
///     fn root(&self) -> &Root<Self> { &self.root }
///     fn root_mut(&mut self) -> &mut Root<Self> { &mut self.root }
///     fn create(event: CounterEvent) -> Result<Self, ApplyError> {
///         match event {
///             CounterEvent::Opened(_) => Ok(Counter { total: 0, root: Root::default() }),
///             _ => Err(ApplyError::NotACreation),
///         }
///     }
///     fn apply(&mut self, event: CounterEvent) -> Result<(), ApplyError> {
///         match event {
///             CounterEvent::Counted(event) => { self.total += event.by; Ok(()) }
///             CounterEvent::Opened(_) => Err(ApplyError::IsACreation),
///         }
///     }
/// }
///
/// let mut counter = Counter::create_from(Uuid::new_v4(), CounterEvent::Opened(Opened {}))?;
/// counter.trigger(CounterEvent::Counted(Counted { by: 2 }))?;
/// assert_eq!((counter.total, counter.version()), (2, 2));
/// assert_eq!(counter.pending_events().len(), 2);
/// # Ok::<(), eventsourcing_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an aggregate",
    label = "not an aggregate",
    note = "write `#[aggregate]` on the struct and on the impl block that holds its `#[event]` methods"
)]
pub trait Aggregate: Sized + Send + Sync + 'static {
    /// The enum of this aggregate's events.
    type Event: AggregateEvent;

    /// The name of the aggregate in topics and messages.
    const NAME: &'static str;

    /// The id, version, times and pending events.
    fn root(&self) -> &Root<Self>;

    /// The same, to change.
    fn root_mut(&mut self) -> &mut Root<Self>;

    /// The aggregate that a creation event makes, with a default root.
    ///
    /// # Errors
    /// [`ApplyError::NotACreation`] for an event that changes an aggregate rather than making one.
    fn create(event: Self::Event) -> Result<Self, ApplyError>;

    /// Changes the state as the event says.
    ///
    /// # Errors
    /// [`ApplyError::IsACreation`] for a creation event.
    fn apply(&mut self, event: Self::Event) -> Result<(), ApplyError>;

    /// The id of the aggregate, under which its events are recorded; nil if no creation event made it.
    fn id(&self) -> Uuid {
        self.root().id()
    }

    /// The number of its last event, from 1.
    fn version(&self) -> u64 {
        self.root().version()
    }

    /// When its first event happened, to the microsecond, in UTC.
    fn created_on(&self) -> Timestamp {
        self.root().created_on()
    }

    /// When its last event happened, to the microsecond, in UTC.
    fn modified_on(&self) -> Timestamp {
        self.root().modified_on()
    }

    /// The events that are not recorded yet, oldest first.
    fn pending_events(&self) -> &[DomainEvent<Self::Event>] {
        self.root().pending_events()
    }

    /// Takes the events that are not recorded yet, oldest first, to record or apply them elsewhere.
    ///
    /// Saving takes them itself, once they are recorded; [`pending_events`](Self::pending_events) looks at them and leaves them.
    /// The aggregate remembers that events were taken: until they are recorded, for instance by
    /// [`save`](crate::Application::save) of the events, saving the aggregate is [`Error::EventsMissing`](crate::Error::EventsMissing),
    /// because its history would have a hole.
    #[must_use = "the events leave the aggregate and are lost if they are dropped; `pending_events` only looks at them"]
    fn collect_events(&mut self) -> Vec<DomainEvent<Self::Event>> {
        self.root_mut().collect_events()
    }

    /// Makes an aggregate by a creation event, which becomes its first pending event.
    ///
    /// # Errors
    /// [`Error::Apply`](crate::Error::Apply) if the event makes no aggregate.
    fn create_from(id: Uuid, event: Self::Event) -> Result<Self> {
        let topic = event.topic();
        Root::try_create(id, event, |event| event, |event| Self::create(event.clone()))
            .map_err(|reason| crate::Error::Apply { aggregate: Self::NAME, topic, originator_id: id, reason })
    }

    /// Applies an event and keeps it as pending, at the next version.
    ///
    /// # Errors
    /// [`Error::Apply`](crate::Error::Apply) if the event does not apply; nothing is pending then.
    fn trigger(&mut self, event: Self::Event) -> Result<()> {
        let (topic, originator_id) = (event.topic(), self.id());
        Root::trigger_checked(self, event, |event| event, |aggregate, event| aggregate.apply(event.clone()))
            .map_err(|reason| crate::Error::Apply { aggregate: Self::NAME, topic, originator_id, reason })
    }
}

/// Why an event does not apply to an aggregate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// The event changes an aggregate, and there is none.
    #[error("it makes no aggregate, so it cannot be the first of one")]
    NotACreation,
    /// The event makes an aggregate, and there is one.
    #[error("it makes an aggregate, so it can only be the first of one")]
    IsACreation,
    /// The method's body returned an error.
    #[error("the body of its method returned an error, although the recorded event did not when it happened")]
    Refused,
}
