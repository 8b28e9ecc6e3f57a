//! The events of an aggregate or a log, decoded and as they are stored.

use eventsourcing::prelude::*;
use eventsourcing::{EventStream, StoredEvent};
use futures::StreamExt as _;

use super::{Register, RegisterEvent, Universe, World, filled, in_each_database, number, worlds};

in_each_database! {
    events_are_listed_within_bounds
    pages_of_any_size_join
    events_of_no_one_are_none
    events_recorded_meanwhile_are_listed
    the_events_of_an_aggregate_are_listed_without_a_replay
    the_events_of_another_type_are_refused
    stored_events_need_neither_a_key_nor_a_type
    a_stream_begins_anew_with_other_bounds
}

fn events(universe: &Universe) -> EventStream<DomainEvent<RegisterEvent>> {
    universe.repository().events::<Register>(worlds())
}

async fn numbers(events: EventStream<DomainEvent<RegisterEvent>>) -> Vec<u64> {
    let events: Vec<_> = events.try_collect().await.unwrap();
    events.iter().map(number).collect()
}

async fn events_are_listed_within_bounds(universe: Universe) {
    filled(&universe, 9).await;
    assert_eq!(numbers(events(&universe)).await, (1..=9).collect::<Vec<_>>());
    assert_eq!(numbers(events(&universe).after(6)).await, [7, 8, 9]);
    assert_eq!(numbers(events(&universe).up_to(2)).await, [1, 2]);
    assert_eq!(numbers(events(&universe).after(3).up_to(8).limit(2)).await, [4, 5]);
    assert_eq!(numbers(events(&universe).descending()).await, (1..=9).rev().collect::<Vec<_>>());
    assert_eq!(numbers(events(&universe).descending().after(3).up_to(8).limit(2)).await, [8, 7]);
    for none in [events(&universe).after(9), events(&universe).up_to(0), events(&universe).limit(0)] {
        assert!(numbers(none).await.is_empty());
    }
    assert!(numbers(events(&universe).after(u64::MAX).up_to(u64::MAX)).await.is_empty());
}

async fn pages_of_any_size_join(universe: Universe) {
    filled(&universe, 250).await;
    let expected: Vec<u64> = (1..=250).collect();
    for size in [1, 7, 100, 249, 250, 251, 20_000] {
        assert_eq!(numbers(events(&universe).page_size(size)).await, expected, "pages of {size}");
        let limited = numbers(events(&universe).page_size(size).limit(120).descending()).await;
        assert_eq!(limited, (131..=250).rev().collect::<Vec<_>>(), "pages of {size}");
        let (mut joined, mut after) = (Vec::new(), 0);
        loop {
            let page = events(&universe).after(after).page(size).await.unwrap();
            joined.extend(page.iter().map(number));
            match page.last() {
                Some(last) if page.len() == size => after = last.originator_version,
                _ => break,
            }
        }
        assert_eq!(joined, expected, "pages of {size}");
    }
}

async fn events_of_no_one_are_none(universe: Universe) {
    assert!(numbers(events(&universe)).await.is_empty());
    let stored: Vec<StoredEvent> = universe.repository().stored_events(worlds()).try_collect().await.unwrap();
    assert!(stored.is_empty());
}

async fn events_recorded_meanwhile_are_listed(universe: Universe) {
    let mut register = filled(&universe, 2).await;
    let mut ascending = events(&universe).page_size(2);
    let mut descending = events(&universe).page_size(1).descending();
    assert_eq!(number(&ascending.try_next().await.unwrap().unwrap()), 1);
    assert_eq!(number(&descending.try_next().await.unwrap().unwrap()), 2);
    register.add(3);
    universe.save(&mut register).await.unwrap();
    assert_eq!(numbers(ascending).await, [2, 3]);
    assert_eq!(numbers(descending).await, [1]);
}

async fn the_events_of_an_aggregate_are_listed_without_a_replay(universe: Universe) {
    let mut world = World::new("Earth");
    world.find_moon("Luna");
    universe.save(&mut world).metadata(Metadata::new().with_actor("ada")).await.unwrap();
    let stream = universe.repository().events::<World>(world.id());
    let found: Vec<_> = stream.map(Result::unwrap).collect().await;
    assert_eq!(found.len(), 2);
    assert_eq!((found[1].originator_version, found[1].timestamp), (2, world.modified_on()));
    assert_eq!(found[1].metadata().actor(), Some("ada"));
}

async fn the_events_of_another_type_are_refused(universe: Universe) {
    let mut world = World::new("Earth");
    universe.save(&mut world).await.unwrap();
    let mut stream = universe.repository().events::<Register>(world.id());
    let refused = stream.try_next().await.unwrap_err();
    assert!(matches!(refused, Error::WrongAggregate { expected: "Register", .. }), "{refused}");
    // after an error it is over
    assert!(stream.try_next().await.unwrap().is_none());
}

async fn stored_events_need_neither_a_key_nor_a_type(universe: Universe) {
    let mut register = filled(&universe, 3).await;
    register.give_name("Earth").unwrap();
    universe.save(&mut register).await.unwrap();
    let state: &[u8] = b"no JSON";
    let unknown = StoredEvent::new(worlds(), 5, "Register.FromTheFuture", state, Uuid::new_v4());
    universe.recorder().insert_events(vec![unknown.clone()]).await.unwrap();
    let stored = |universe: &Universe| universe.repository().stored_events(worlds());
    let all: Vec<StoredEvent> = stored(&universe).page_size(2).try_collect().await.unwrap();
    let topics: Vec<_> = all.iter().map(|event| (event.originator_version, &*event.topic)).collect();
    assert_eq!(topics[2..], [(3, "Register.WorldAdded"), (4, "Register.WorldNamed"), (5, "Register.FromTheFuture")]);
    let last = stored(&universe).descending().page(1).await.unwrap();
    assert_eq!((&*last[0].topic, &*last[0].state), (&*unknown.topic, state));
    assert_eq!(stored(&universe).after(1).up_to(3).page(10).await.unwrap(), all[1..3]);
    // decoded, the events before it are returned, and then the error
    let mut decoded = events(&universe).after(3);
    assert_eq!(decoded.try_next().await.unwrap().unwrap().originator_version, 4);
    assert!(matches!(decoded.try_next().await, Err(Error::Mapper(_))));
    assert!(decoded.next().await.is_none());
}

async fn a_stream_begins_anew_with_other_bounds(universe: Universe) {
    filled(&universe, 4).await;
    let mut stream = events(&universe);
    assert_eq!(number(&stream.try_next().await.unwrap().unwrap()), 1);
    let mut stream = stream.after(2);
    assert_eq!(number(&stream.try_next().await.unwrap().unwrap()), 3);
    assert_eq!(numbers(stream.descending()).await, [4, 3]);
}
