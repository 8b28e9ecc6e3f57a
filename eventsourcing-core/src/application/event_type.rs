//! What an application knows of the events of a registered aggregate type.

use crate::codec::{Mapper, MapperError};
use crate::domain::{AggregateEvent, StateReader};
use crate::recording::NotificationRef;
use crate::state::shape::Trace;

/// The topics of an aggregate's events, how their shapes are traced and how they are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventType {
    pub(crate) topics: &'static [&'static str],
    pub(crate) old_topics: &'static [&'static str],
    pub(crate) retired_topics: &'static [&'static str],
    personal: &'static [(&'static str, &'static [&'static str])],
    trace: fn(&str, u32) -> Trace,
    read: fn(&Mapper, NotificationRef<'_>) -> Result<(), MapperError>,
}

impl EventType {
    pub(crate) fn of<E: AggregateEvent>() -> Self {
        Self {
            topics: E::TOPICS,
            old_topics: E::OLD_TOPICS,
            retired_topics: E::RETIRED_TOPICS,
            personal: E::PERSONAL,
            trace: trace::<E>,
            read: read::<E>,
        }
    }

    /// Traces the shape in which events of a topic are read if they have this version, or the newest one if it is newer than that.
    pub(crate) fn trace(&self, topic: &str, version: u32) -> Trace {
        (self.trace)(topic, version)
    }

    /// Reads an event, to see whether it can be read. Of a retired one, the time is read.
    pub(crate) fn read(&self, mapper: &Mapper, notification: NotificationRef<'_>) -> Result<(), MapperError> {
        (self.read)(mapper, notification)
    }

    /// Returns JSON Pointers to the personal fields of events of this topic.
    pub(crate) fn personal(&self, topic: &str) -> &'static [&'static str] {
        self.personal.iter().find(|(of, _)| *of == topic).map_or(&[], |(_, pointers)| pointers)
    }

    /// Returns whether events of this topic are read as this type.
    pub(crate) fn has_topic(&self, topic: &str) -> bool {
        [self.topics, self.old_topics, self.retired_topics].iter().any(|topics| topics.contains(&topic))
    }
}

fn trace<E: AggregateEvent>(topic: &str, version: u32) -> Trace {
    let mut trace = Trace::of_version(version);
    // there is no event to read: the type asks for its fields, and is refused
    drop(E::read(topic, &mut StateReader::tracing(&mut trace)));
    trace
}

fn read<E: AggregateEvent>(mapper: &Mapper, notification: NotificationRef<'_>) -> Result<(), MapperError> {
    let (location, state, checksum) = (notification.location(), notification.state, notification.checksum);
    if E::RETIRED_TOPICS.contains(&notification.topic) {
        return mapper.read_timestamp(&location, state, checksum).map(drop);
    }
    mapper.read_event::<E>(&location, state, checksum).map(drop)
}
