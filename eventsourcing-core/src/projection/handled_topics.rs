//! The topics that the handlers of a projection get, collected when the program is compiled.

use std::marker::PhantomData;

use super::EventStruct;
use crate::domain::SplitTopic;

/// The topic of an event, the topics that it was recorded under before, and those of split events that it may be a part of.
pub type Topics = (&'static str, &'static [&'static str], &'static [SplitTopic]);

/// Returns the topics of an event.
pub const fn topics_of<E: EventStruct>() -> Topics {
    (E::TOPIC, E::OLD_TOPICS, E::SPLITS)
}

/// Returns the number of topics of all events. That of a split event counts once, whose parts are several of them.
pub const fn count(events: &[Topics]) -> usize {
    let (mut count, mut place) = (0, 0);
    while place < events.len() {
        let (_, old, splits) = events[place];
        count += 1 + old.len();
        let mut of_split = 0;
        while of_split < splits.len() {
            if is_new(events, place, of_split) {
                count += 1;
            }
            of_split += 1;
        }
        place += 1;
    }
    count
}

/// Returns the topics of all events, of which there are `N`.
pub const fn joined<const N: usize>(events: &[Topics]) -> [&'static str; N] {
    let (mut topics, mut next, mut place) = ([""; N], 0, 0);
    while place < events.len() {
        let (topic, old, splits) = events[place];
        topics[next] = topic;
        next += 1;
        let mut of_old = 0;
        while of_old < old.len() {
            topics[next] = old[of_old];
            next += 1;
            of_old += 1;
        }
        let mut of_split = 0;
        while of_split < splits.len() {
            if is_new(events, place, of_split) {
                topics[next] = splits[of_split].topic();
                next += 1;
            }
            of_split += 1;
        }
        place += 1;
    }
    topics
}

/// Whether no event before this one is a part of the same split event.
const fn is_new(events: &[Topics], place: usize, of_split: usize) -> bool {
    let topic = events[place].2[of_split].topic();
    let mut before = 0;
    while before < place {
        if is_split_into(events[before].2, topic) {
            return false;
        }
        before += 1;
    }
    true
}

/// Returns whether one of these topics is this one.
const fn is_split_into(splits: &[SplitTopic], topic: &str) -> bool {
    let mut place = 0;
    while place < splits.len() {
        if is_same(splits[place].topic().as_bytes(), topic.as_bytes()) {
            return true;
        }
        place += 1;
    }
    false
}

/// Whether handlers take the struct of an event, which is a part of a split one, and what they know of it.
#[derive(Debug)]
pub struct Handled<E>(PhantomData<E>);

impl<E: EventStruct> Handled<E> {
    /// The topic of the struct, and the topics of split events that it may be a part of.
    pub const TOPICS: Option<(&'static str, &'static [SplitTopic])> = Some((E::TOPIC, E::SPLITS));
}

/// The struct of an event that no handler takes.
pub trait NotHandled {
    /// Nothing.
    const TOPICS: Option<(&'static str, &'static [SplitTopic])> = None;
}

impl<E> NotHandled for Handled<E> {}

/// Fails at compile time if handlers of an own struct would not get the parts of an event that is split.
pub const fn gets_parts(handled: Option<(&'static str, &'static [SplitTopic])>, topic: &str, split: &str) {
    if let Some((own, splits)) = handled {
        assert!(
            !is_same(own.as_bytes(), topic.as_bytes()) || is_split_into(splits, split),
            "an own struct is a part of a split event, of which its handlers would not know: add the topic to its `impl EventStruct`: \
             `const SPLITS: &'static [SplitTopic] = &[SplitTopic::of::<WorldEvent>(\"World.Relocated\")];`"
        );
    }
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
