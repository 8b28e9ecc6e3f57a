//! What the states of an application's aggregates look like, before there are any.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::AggregateEvent;
use crate::persistence::sketches;

/// How many states are drawn in all, and at least of each topic.
const SKETCHES: (u32, u32) = (1_000, 20);

/// How states of a topic are drawn: as many as wanted, from a time on.
type Draw = fn(&str, Timestamp, u32) -> Vec<Vec<u8>>;

/// The topics of the aggregates that were named, and how their states are drawn.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    topics: BTreeMap<&'static str, Draw>,
}

impl Schema {
    pub(super) fn add<E: AggregateEvent>(&mut self) {
        self.topics.extend(E::TOPICS.iter().map(|topic| (*topic, sketches::<E> as Draw)));
    }

    /// Whether events of this topic are recorded; nothing if it was not said of any aggregate.
    pub(crate) fn records(&self, topic: &str) -> Option<bool> {
        (!self.topics.is_empty()).then(|| self.topics.contains_key(topic))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// States of all topics, with times of the coming year.
    pub(super) fn sketches(&self) -> Vec<Vec<u8>> {
        let topics = u32::try_from(self.topics.len()).unwrap_or(u32::MAX).max(1);
        let of_each = (SKETCHES.0 / topics).max(SKETCHES.1);
        let now = Timestamp::now();
        self.topics.iter().flat_map(|(topic, draw)| draw(topic, now, of_each)).collect()
    }
}
