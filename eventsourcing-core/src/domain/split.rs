//! Split events: one recorded event that became several others, and how handlers get these.

use std::any::{Any, type_name};
use std::fmt;

use super::{AggregateEvent, StateError, StateReader};

/// The struct of an event that is split: it is read as other events, its parts, and recorded no more.
///
/// `#[event("Relocated", split)]` generates it. Handlers take the structs of the parts, and a test gives this one as an event that is
/// recorded already. A later version of this library may add constants, each with a default.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::SplitEvent;
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Relocated { place: String, name: String }
///
/// impl SplitEvent for Relocated {
///     const TOPIC: &'static str = "World.Relocated";
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event that is split",
    label = "not the struct of a split event",
    note = "`#[aggregate]` implements `SplitEvent` for the struct of `#[event(\"…\", split)]`; \
            for a struct of your own, given as `#[event(struct = Relocated, split)]`, write `impl SplitEvent for Relocated`"
)]
pub trait SplitEvent: Send + Sync + 'static {
    /// The topic that it was recorded under, such as `World.Relocated`.
    const TOPIC: &'static str;

    /// The version of its shape.
    const VERSION: u32 = 1;
}

/// A topic whose events are split, and how they are read as their parts.
///
/// [`EventStruct::SPLITS`](crate::EventStruct::SPLITS) lists those that an event may be a part of.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::{AggregateEvent, EventStruct, SplitTopic};
/// # use eventsourcing::domain::{StateError, StateReader, StateWriter};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Clone, Debug)]
/// # enum WorldEvent { Moved(Moved) }
/// # impl AggregateEvent for WorldEvent {
/// #     const TOPICS: &'static [&'static str] = &["World.Moved", "World.Relocated"];
/// #     fn topic(&self) -> &'static str { "World.Moved" }
/// #     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> { let Self::Moved(event) = self; state.write(event) }
/// #     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> { state.read().map(Self::Moved) }
/// # }
///
/// /// An own struct of `#[event(struct = Moved)]`, of which some are recorded within `World.Relocated`.
/// #[derive(Clone, Debug, Serialize, Deserialize)]
/// struct Moved { place: String }
///
/// impl EventStruct for Moved {
///     const TOPIC: &'static str = "World.Moved";
///     const SPLITS: &'static [SplitTopic] = &[SplitTopic::of::<WorldEvent>("World.Relocated")];
/// }
/// assert_eq!(Moved::SPLITS[0].topic(), "World.Relocated");
/// ```
#[derive(Clone, Copy)]
pub struct SplitTopic {
    topic: &'static str,
    read: fn(&str, &mut StateReader<'_>) -> Result<Vec<Part>, StateError>,
}

impl SplitTopic {
    /// Creates a topic whose events `E` reads as an event with several [`parts`](AggregateEvent::parts).
    pub const fn of<E: AggregateEvent>(topic: &'static str) -> Self {
        Self { topic, read: read::<E> }
    }

    /// Returns the topic.
    pub const fn topic(&self) -> &'static str {
        self.topic
    }

    /// Reads an event of this topic as its parts.
    pub(crate) fn read(&self, state: &mut StateReader<'_>) -> Result<Vec<Part>, StateError> {
        (self.read)(self.topic, state)
    }
}

impl fmt::Debug for SplitTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SplitTopic").field(&self.topic).finish()
    }
}

fn read<E: AggregateEvent>(topic: &str, state: &mut StateReader<'_>) -> Result<Vec<Part>, StateError> {
    Ok(E::read(topic, state)?.into_parts().into_iter().map(E::into_part).collect())
}

/// A part of a split event, as the struct that handlers take.
///
/// [`AggregateEvent::into_part`] makes it.
pub struct Part {
    topic: &'static str,
    event: Box<dyn Any + Send + Sync>,
    copy: fn(&dyn Any) -> Option<Box<dyn Any>>,
    type_name: &'static str,
}

impl Part {
    /// Creates a part from the struct of an event and the topic that such events are recorded under.
    pub fn new<T: Clone + Send + Sync + 'static>(topic: &'static str, event: T) -> Self {
        Self { topic, event: Box::new(event), copy: copy::<T>, type_name: type_name::<T>() }
    }

    /// Returns the topic that such events are recorded under.
    pub fn topic(&self) -> &'static str {
        self.topic
    }

    /// Returns a copy of the event.
    pub(crate) fn event<T: 'static>(&self) -> Result<T, StateError> {
        let copied = (self.copy)(&*self.event).and_then(|copied| copied.downcast().ok());
        copied.map(|event| *event).ok_or(StateError::OtherPart { found: self.type_name, wanted: type_name::<T>() })
    }
}

/// Shows the topic, and not the event, whose values may be secret.
impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("topic", &self.topic).field("type", &self.type_name).finish_non_exhaustive()
    }
}

fn copy<T: Clone + 'static>(event: &dyn Any) -> Option<Box<dyn Any>> {
    Some(Box::new(event.downcast_ref::<T>()?.clone()))
}

/// Replaces each part that is split itself by its parts, for generated code.
pub fn flat<E: AggregateEvent>(parts: Vec<E>) -> Vec<E> {
    if !parts.iter().any(is_split) {
        return parts;
    }
    let flatten = |part: E| if is_split(&part) { flat(part.into_parts()) } else { vec![part] };
    parts.into_iter().flat_map(flatten).collect()
}

/// Returns whether an event is split.
pub(super) fn is_split<E: AggregateEvent>(event: &E) -> bool {
    // decided by the compiler for most types, which have none
    !E::SPLIT_TOPICS.is_empty() && E::SPLIT_TOPICS.contains(&event.topic())
}
