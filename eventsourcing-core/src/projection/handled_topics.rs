//! The topics that the handlers of a projection get, collected when the program is compiled.

use super::EventStruct;

/// The topic of an event, and the topics that it was recorded under before.
pub type Topics = (&'static str, &'static [&'static str]);

/// Returns the topics of an event.
pub const fn topics_of<E: EventStruct>() -> Topics {
    (E::TOPIC, E::OLD_TOPICS)
}

/// Returns the number of topics of all events.
pub const fn count(events: &[Topics]) -> usize {
    let (mut count, mut place) = (0, 0);
    while place < events.len() {
        count += 1 + events[place].1.len();
        place += 1;
    }
    count
}

/// Returns the topics of all events, of which there are `N`.
pub const fn joined<const N: usize>(events: &[Topics]) -> [&'static str; N] {
    let (mut topics, mut next, mut place) = ([""; N], 0, 0);
    while place < events.len() {
        let (topic, old) = events[place];
        topics[next] = topic;
        next += 1;
        let mut of_old = 0;
        while of_old < old.len() {
            topics[next] = old[of_old];
            next += 1;
            of_old += 1;
        }
        place += 1;
    }
    topics
}

/// Fails at compile time if two handlers of a projection handle the same topic.
pub const fn are_distinct(topics: &[&str]) {
    let mut place = 0;
    while place < topics.len() {
        let mut other = 0;
        while other < place {
            assert!(
                !is_same(topics[place].as_bytes(), topics[other].as_bytes()),
                "two handlers of this projection handle events of the same topic; merge them into one handler"
            );
            other += 1;
        }
        place += 1;
    }
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut place = 0;
    while place < one.len() && place < other.len() && one[place] == other[place] {
        place += 1;
    }
    place == one.len() && place == other.len()
}
