//! `World` without macros: the macros write only what a person could, and both record the same bytes.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]
#![allow(unreachable_pub, reason = "the worlds are written as in a library")]

#[path = "by_hand/world.rs"]
mod by_hand;
#[path = "by_hand/macro_world.rs"]
mod by_macro;

use eventsourcing::codec::Mapper;
use eventsourcing::prelude::*;
use eventsourcing::{AggregateEvent, StoredEvent};

/// The stored events of an aggregate, with one fixed time and id.
fn stored<A: Aggregate>(aggregate: &A) -> Vec<StoredEvent> {
    let mapper = Mapper::new("tests");
    let timestamp = Timestamp::from_microsecond(1_763_871_064_800_139).unwrap();
    let events = aggregate.pending_events().iter().map(|pending| {
        DomainEvent::new(Uuid::from_u128(1), pending.originator_version, timestamp, pending.event.clone())
    });
    events.map(|event| mapper.to_stored_event(&event, Uuid::nil()).unwrap()).collect()
}

/// The aggregate that results from stored events.
fn replayed<A: Aggregate>(stored: &[StoredEvent]) -> A {
    let mapper = Mapper::new("tests");
    let events = stored.iter().map(|event| mapper.to_domain_event::<A::Event>(event).unwrap());
    events.fold(None, |aggregate, event| event.mutate(aggregate).unwrap()).unwrap()
}

fn worlds() -> (by_hand::World, by_macro::World) {
    let mut hand = by_hand::World::new("Earth");
    hand.make_it_so("dinosaurs");
    hand.make_it_so("\"trucks\" & 🦕");
    let mut written = by_macro::World::new("Earth");
    written.make_it_so("dinosaurs");
    written.make_it_so("\"trucks\" & 🦕");
    (hand, written)
}

#[test]
fn both_record_the_same_bytes() {
    let (hand, written) = worlds();
    assert_eq!(stored(&hand), stored(&written));
    let states: Vec<_> = stored(&hand).iter().map(|event| String::from_utf8_lossy(&event.state).into_owned()).collect();
    assert_eq!(
        states,
        [
            r#"{"timestamp":"2025-11-23T04:11:04.800139Z","name":"Earth"}"#,
            r#"{"timestamp":"2025-11-23T04:11:04.800139Z","what":"dinosaurs"}"#,
            r#"{"timestamp":"2025-11-23T04:11:04.800139Z","what":"\"trucks\" & 🦕"}"#,
        ]
    );
}

#[test]
fn each_replays_what_the_other_recorded() {
    let (hand, written) = worlds();
    let hand_of_written: by_hand::World = replayed(&stored(&written));
    let written_of_hand: by_macro::World = replayed(&stored(&hand));
    assert_eq!((&hand_of_written.name, &hand_of_written.history), (&hand.name, &hand.history));
    assert_eq!((written_of_hand.name.as_str(), written_of_hand.history()), (written.name.as_str(), written.history()));
    assert_eq!((hand_of_written.version(), written_of_hand.version()), (3, 3));
}

#[test]
fn both_say_which_events_create() {
    fn said<A: Aggregate>(aggregate: &A) -> Vec<bool> {
        aggregate.pending_events().iter().map(|event| A::is_creation(&event.event)).collect()
    }
    let (hand, written) = worlds();
    assert_eq!(said(&hand), [true, false, false]);
    assert_eq!(said(&written), said(&hand));
}

#[test]
fn both_know_the_same_topics_and_name() {
    assert_eq!(by_hand::WorldEvent::TOPICS, by_macro::WorldEvent::TOPICS);
    assert_eq!(by_hand::World::NAME, by_macro::World::NAME);
}
