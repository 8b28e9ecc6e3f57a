//! The aggregate types of an application, and sample states drawn from their event types.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::event_type::EventType;
use crate::domain::AggregateEvent;
use crate::state::sketches;

/// The number of sample states in total, and the minimum for each topic.
const SKETCHES: (u32, u32) = (1_000, 20);

/// Draws sample states of a topic: the topic, the first timestamp, and the number of states.
type Draw = fn(&str, Timestamp, u32) -> Vec<Vec<u8>>;

/// The topics of the registered aggregate types, and how their sample states are drawn.
#[derive(Debug, Default)]
pub(crate) struct AggregateTypes {
    topics: BTreeMap<&'static str, Draw>,
    /// The topics that are read and not written any more, of events that have another topic today or are split.
    old_topics: BTreeSet<&'static str>,
    event_types: Vec<EventType>,
}

impl AggregateTypes {
    pub(super) fn add<E: AggregateEvent>(&mut self) {
        let recorded = E::TOPICS.iter().filter(|topic| !E::SPLIT_TOPICS.contains(topic));
        self.topics.extend(recorded.map(|topic| (*topic, draw::<E> as Draw)));
        self.old_topics.extend(E::OLD_TOPICS.iter().chain(E::SPLIT_TOPICS));
        self.event_types.push(EventType::of::<E>());
    }

    /// What is known of the events of each registered type.
    pub(crate) fn event_types(&self) -> &[EventType] {
        &self.event_types
    }

    /// Whether events of this topic are, or were, recorded; none if no aggregate type is registered.
    pub(crate) fn records(&self, topic: &str) -> Option<bool> {
        (!self.topics.is_empty()).then(|| self.topics.contains_key(topic) || self.old_topics.contains(topic))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// Sample states of all topics, with timestamps of the coming year.
    pub(super) fn sketches(&self) -> Vec<Vec<u8>> {
        let topics = u32::try_from(self.topics.len()).unwrap_or(u32::MAX).max(1);
        let of_each = (SKETCHES.0 / topics).max(SKETCHES.1);
        let now = Timestamp::now();
        self.topics.iter().flat_map(|(topic, draw)| draw(topic, now, of_each)).collect()
    }
}

/// Sample states as events of one type and topic contain them.
fn draw<E: AggregateEvent>(topic: &str, begin: Timestamp, count: u32) -> Vec<Vec<u8>> {
    sketches::sketches(begin, count, |state| drop(E::read(topic, state)))
}
