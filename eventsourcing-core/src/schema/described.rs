//! The shapes of the events that the program reads.

use std::collections::{BTreeMap, BTreeSet};

use crate::application::event_type::EventType;

/// The lines of a shape: the path to a part, and its kind.
pub(super) type Lines = BTreeMap<String, String>;

/// Shapes by topic and version.
pub(super) type Shapes = BTreeMap<String, BTreeMap<u32, Lines>>;

/// The shapes that a program reads.
#[derive(Debug, Default)]
pub(super) struct Described {
    /// The shapes of events that are recorded today, with the older ones that steps convert.
    pub(super) current: Shapes,
    /// The same under the topics that events had before.
    pub(super) old: Shapes,
    /// The topics of events that are retired.
    pub(super) retired: BTreeSet<String>,
}

impl Described {
    pub(super) fn of(types: &[EventType]) -> Self {
        let mut described = Self::default();
        for of_type in types {
            for topic in of_type.topics {
                described.current.insert((*topic).to_owned(), versions(of_type, topic));
            }
            for topic in of_type.old_topics {
                described.old.insert((*topic).to_owned(), versions(of_type, topic));
            }
            described.retired.extend(of_type.retired_topics.iter().map(|topic| (*topic).to_owned()));
        }
        described
    }
}

/// The shape of each version of an event.
fn versions(of_type: &EventType, topic: &str) -> BTreeMap<u32, Lines> {
    let newest = of_type.trace(topic, u32::MAX);
    let known = newest.known();
    let mut versions = BTreeMap::from([(known, newest.into_shape().lines().into_iter().collect())]);
    for version in 1..known {
        versions.insert(version, of_type.trace(topic, version).into_shape().lines().into_iter().collect());
    }
    versions
}
