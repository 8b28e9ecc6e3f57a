//! The contract of `#[aggregate]` and `#[event]`, one module for each area.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]
#![allow(unreachable_pub, reason = "aggregates are written here as in a library")]

mod applications;
mod attributes;
mod bodies;
mod creation;
mod derives;
mod exact;
mod faults;
mod identity;
mod literals;
mod names;
mod nested;
mod parameters;
mod paths;
mod places;
mod refusals;
mod unrecorded;

use eventsourcing::codec::Mapper;
use eventsourcing::prelude::*;

/// The aggregate that results from its own events.
fn fold<A: Aggregate>(aggregate: &A) -> A {
    let mut copy = None;
    for event in aggregate.pending_events() {
        copy = event.clone().mutate(copy).unwrap();
    }
    copy.unwrap()
}

/// The state of the last event, as JSON without its time.
fn recorded<A: Aggregate>(aggregate: &A) -> String {
    let event = aggregate.pending_events().last().unwrap();
    let mapper = Mapper::new("tests");
    let stored = mapper.to_stored_event(event, Uuid::new_v4()).unwrap();
    let back: DomainEvent<A::Event> = mapper.to_domain_event(&stored).unwrap();
    assert_eq!(format!("{back:?}"), format!("{event:?}"), "what is read is what was recorded");
    let state = String::from_utf8(stored.state.to_vec()).unwrap();
    let time = format!(r#""timestamp":"{:.6}""#, event.timestamp);
    assert!(state.starts_with(&format!("{{{time}")), "{state}");
    state.replacen(&format!("{time},"), "", 1).replacen(&time, "", 1)
}

/// The topic of the last event.
fn topic<A: Aggregate>(aggregate: &A) -> &'static str {
    use eventsourcing::AggregateEvent as _;
    aggregate.pending_events().last().unwrap().event.topic()
}

#[application]
struct Memory;

async fn memory() -> Memory {
    Memory::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap()
}
