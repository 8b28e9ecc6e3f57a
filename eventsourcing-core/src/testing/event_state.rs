//! Events as a test writes them, in the one form in which they are compared and replayed: topic and JSON.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::domain::{
    Aggregate, AggregateEvent, DomainEvent, Metadata, SplitEvent, StateError, StateReader, StateWriter,
};
use crate::projection::EventStruct;
use crate::recording::{Notification, StoredEvent};

/// The keys of a state that belong to no event.
const TIMESTAMP: &str = "timestamp";
const METADATA: &str = "$metadata";
const CLASS_VERSION: &str = "class_version";

/// An event with its topic and its state, whatever its type is.
#[derive(Clone, Debug)]
pub struct EventState {
    pub(super) topic: String,
    /// The state as it is recorded, with the time of the event.
    pub(super) json: Vec<u8>,
    fields: Value,
    /// The metadata, which is compared only where a test asks for it.
    metadata: Option<Value>,
    /// The aggregate, the version and the time. None if a test gives an event without them.
    pub(super) location: Option<(Uuid, u64, Timestamp)>,
}

/// The time of events that are given without a location.
#[derive(Clone, Copy, Debug)]
pub struct Unlocated {
    pub(super) time: Timestamp,
}

impl EventState {
    fn written(
        topic: &str,
        time: Timestamp,
        metadata: Option<&Metadata>,
        write: impl FnOnce(&mut StateWriter<'_>) -> Result<(), StateError>,
    ) -> Self {
        let mut json = Vec::new();
        let metadata = match metadata.map(serde_json::to_string).transpose() {
            Ok(metadata) => metadata,
            Err(error) => panic!("the metadata of `{topic}` cannot be written: {error}"),
        };
        if let Err(error) = write(&mut StateWriter::new(time, &mut json).with_metadata(metadata.as_deref())) {
            panic!("the event `{topic}` cannot be written: {error}");
        }
        Self::of_json(topic, json, None)
    }

    fn of_json(topic: &str, json: Vec<u8>, location: Option<(Uuid, u64, Timestamp)>) -> Self {
        let mut fields: Value = match serde_json::from_slice(&json) {
            Ok(fields) => fields,
            Err(error) => panic!("the state of `{topic}` is not JSON: {error}"),
        };
        let mut removed = |key| fields.as_object_mut().and_then(|fields| fields.remove(key));
        let (metadata, _, time) = (removed(METADATA), removed(CLASS_VERSION), removed(TIMESTAMP));
        let time = time.and_then(|time| time.as_str().and_then(|time| time.parse().ok()));
        let location = location.map(|(id, version, unknown)| (id, version, time.unwrap_or(unknown)));
        Self { topic: topic.to_owned(), json, fields, metadata, location }
    }

    /// The metadata that the event was recorded with.
    pub(super) fn metadata(&self) -> Metadata {
        let Some(metadata) = &self.metadata else { return Metadata::new() };
        match serde_json::from_value(metadata.clone()) {
            Ok(metadata) => metadata,
            Err(error) => panic!("the metadata of `{}` cannot be read: {error}", self.topic),
        }
    }

    /// The event of a row that is neither compressed nor encrypted.
    pub(super) fn of_stored(stored: &StoredEvent) -> Self {
        let location = (stored.originator_id, stored.originator_version, Timestamp::UNIX_EPOCH);
        Self::of_json(&stored.topic, stored.state.to_vec(), Some(location))
    }

    /// The event of a notification that is neither compressed nor encrypted.
    pub(super) fn of_notification(notification: &Notification) -> Self {
        let location = (notification.originator_id, notification.originator_version, Timestamp::UNIX_EPOCH);
        Self::of_json(&notification.topic, notification.state.to_vec(), Some(location))
    }

    /// The event of an aggregate that this is the state of.
    #[track_caller]
    pub(super) fn read<A: Aggregate>(&self) -> A::Event {
        let (topic, topics) = (&self.topic, A::Event::TOPICS);
        if !topics.contains(&topic.as_str()) {
            panic!("`{topic}` is not an event of {}, whose events are `{}`", A::NAME, topics.join("`, `"));
        }
        match A::Event::read(topic, &mut StateReader::new(&self.json)) {
            Ok(event) => event,
            Err(error) => panic!("the event `{topic}` cannot be read back: {error}"),
        }
    }

    /// The domain event that this is, at the next version of an aggregate unless it says another.
    #[track_caller]
    pub(super) fn domain_event<A: Aggregate>(&self, next: (Uuid, u64, Timestamp)) -> DomainEvent<A::Event> {
        let (id, version, time) = self.location.unwrap_or(next);
        DomainEvent::new(id, version, time, self.read::<A>())
    }

    /// The same event with this location.
    pub(super) fn at(self, location: Option<(Uuid, u64, Timestamp)>) -> Self {
        Self { location, ..self }
    }

    /// Whether the other event, which was recorded, is this one. A location counts if this one has it.
    fn is(&self, recorded: &Self) -> bool {
        let is_there = self.location.is_none() || self.location == recorded.location;
        is_there && self.topic == recorded.topic && self.fields == recorded.fields
    }

    /// Appends the lines of the event, with its location or without.
    fn show(&self, with_location: bool, into: &mut String) {
        into.push_str(&self.topic);
        into.push(' ');
        // `{:#}` of a JSON value is its indented form
        let shown = write!(into, "{:#}", self.fields);
        debug_assert!(shown.is_ok(), "a string takes any text");
        into.push('\n');
        if let (true, Some((id, version, time))) = (with_location, self.location) {
            let shown = writeln!(into, "  version {version} of {id}\n  at {time}");
            debug_assert!(shown.is_ok(), "a string takes any text");
        }
    }
}

/// Whether these events were recorded, in this order.
pub(super) fn are_the_same(expected: &[EventState], recorded: &[EventState]) -> bool {
    expected.len() == recorded.len() && expected.iter().zip(recorded).all(|(expected, recorded)| expected.is(recorded))
}

/// The lines of expected and of recorded events. A location is shown where a test expects one.
pub(super) fn lines(expected: &[EventState], recorded: &[EventState]) -> [String; 2] {
    let with_location = expected.iter().any(|event| event.location.is_some());
    [expected, recorded].map(|events| {
        let mut lines = String::new();
        events.iter().for_each(|event| event.show(with_location, &mut lines));
        lines
    })
}

/// An event as a test writes it: the struct of an event, a value of the enum of an aggregate's events, or a [`DomainEvent`]. The struct of an
/// event that is split is one that is recorded already.
///
/// The parameter says which of these it is, and is inferred. Other crates need not implement it: they implement [`EventStruct`] or
/// [`AggregateEvent`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "not an event",
    note = "write the struct of an event, such as `AccountOpened {{ … }}`, or a value of the enum, such as `AccountEvent::Opened(…)`; \
            a struct of your own, given as `#[event(struct = Opened)]`, needs `impl EventStruct for Opened`"
)]
pub trait Event<Kind> {
    /// Returns the event with its topic and its state.
    #[doc(hidden)]
    fn state(self, unlocated: Unlocated) -> EventState;
}

/// The forms in which events are given: parameters of [`Event`] and [`Events`], which are inferred.
pub mod kind {
    /// The struct of an event.
    #[derive(Debug)]
    #[non_exhaustive]
    pub enum Struct {}
    /// The struct of an event that is split.
    #[derive(Debug)]
    #[non_exhaustive]
    pub enum Split {}
    /// A value of the enum of an aggregate's events.
    #[derive(Debug)]
    #[non_exhaustive]
    pub enum Enum {}
    /// A domain event.
    #[derive(Debug)]
    #[non_exhaustive]
    pub enum Domain {}
    /// A single event.
    #[derive(Debug)]
    pub struct One<Kind>(std::marker::PhantomData<Kind>);
    /// Any number of events of one type.
    #[derive(Debug)]
    pub struct Many<Kind>(std::marker::PhantomData<Kind>);
}

impl<E: EventStruct + Serialize> Event<kind::Struct> for E {
    fn state(self, unlocated: Unlocated) -> EventState {
        EventState::written(E::TOPIC, unlocated.time, None, |state| state.write_version(E::VERSION, &self))
    }
}

#[diagnostic::do_not_recommend]
impl<E: SplitEvent + Serialize> Event<kind::Split> for E {
    fn state(self, unlocated: Unlocated) -> EventState {
        EventState::written(E::TOPIC, unlocated.time, None, |state| state.write_version(E::VERSION, &self))
    }
}

#[diagnostic::do_not_recommend]
impl<E: AggregateEvent> Event<kind::Enum> for E {
    fn state(self, unlocated: Unlocated) -> EventState {
        EventState::written(self.topic(), unlocated.time, None, |state| self.write(state))
    }
}

#[diagnostic::do_not_recommend]
impl<E: AggregateEvent> Event<kind::Domain> for DomainEvent<E> {
    fn state(self, _: Unlocated) -> EventState {
        let Self { originator_id, originator_version, timestamp, event, metadata } = self;
        let state = EventState::written(event.topic(), timestamp, metadata.as_deref(), |state| event.write(state));
        state.at(Some((originator_id, originator_version, timestamp)))
    }
}

/// Events as a test writes them.
///
/// | events | written as |
/// |---|---|
/// | none | `()` |
/// | one | `AccountOpened { … }` |
/// | several of one type | `[AccountDeposited { amount: 1 }, AccountDeposited { amount: 2 }]`, or a `Vec` |
/// | of several types | `(AccountOpened { … }, AccountDeposited { … })`, up to twelve, or `[AccountEvent::Opened(…), …]` |
#[diagnostic::on_unimplemented(
    message = "`{Self}` are not events",
    label = "not an event, and not several",
    note = "write one event, a tuple or an array of events, or `()` for none"
)]
pub trait Events<Kind> {
    /// Returns the events with their topics and their states.
    #[doc(hidden)]
    fn states(self, unlocated: Unlocated) -> Vec<EventState>;
}

impl<Kind, E: Event<Kind>> Events<kind::One<Kind>> for E {
    fn states(self, unlocated: Unlocated) -> Vec<EventState> {
        vec![self.state(unlocated)]
    }
}

impl<Kind, E: Event<Kind>, const N: usize> Events<kind::Many<Kind>> for [E; N] {
    fn states(self, unlocated: Unlocated) -> Vec<EventState> {
        self.into_iter().map(|event| event.state(unlocated)).collect()
    }
}

impl<Kind, E: Event<Kind>> Events<kind::Many<Kind>> for Vec<E> {
    fn states(self, unlocated: Unlocated) -> Vec<EventState> {
        self.into_iter().map(|event| event.state(unlocated)).collect()
    }
}

impl Events<()> for () {
    fn states(self, _: Unlocated) -> Vec<EventState> {
        Vec::new()
    }
}

macro_rules! tuples {
    ($($event:ident $kind:ident)*) => {
        #[diagnostic::do_not_recommend]
        impl<$($kind, $event: Event<$kind>),*> Events<($($kind,)*)> for ($($event,)*) {
            #[expect(non_snake_case, reason = "the type's name names its value")]
            fn states(self, unlocated: Unlocated) -> Vec<EventState> {
                let ($($event,)*) = self;
                vec![$($event.state(unlocated)),*]
            }
        }
    };
}

tuples!(A Ka);
tuples!(A Ka B Kb);
tuples!(A Ka B Kb C Kc);
tuples!(A Ka B Kb C Kc D Kd);
tuples!(A Ka B Kb C Kc D Kd E Ke);
tuples!(A Ka B Kb C Kc D Kd E Ke F Kf);
tuples!(A Ka B Kb C Kc D Kd E Ke F Kf G Kg);
tuples!(A Ka B Kb C Kc D Kd E Ke F Kf G Kg H Kh);
tuples!(A Ka B Kb C Kc D Kd E Ke F Kf G Kg H Kh I Ki);
tuples!(A Ka B Kb C Kc D Kd E Ke F Kf G Kg H Kh I Ki J Kj);
tuples!(A Ka B Kb C Kc D Kd E Ke F Kf G Kg H Kh I Ki J Kj K Kk);
tuples!(A Ka B Kb C Kc D Kd E Ke F Kf G Kg H Kh I Ki J Kj K Kk L Kl);
