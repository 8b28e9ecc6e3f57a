//! Events are added to a log together with aggregates, and by several at once.

use eventsourcing::prelude::*;
use futures::future::join_all;

use super::{NoName, Register, RegisterEvent, Universe, World, filled, in_each_database, number, worlds};

in_each_database! {
    a_log_and_an_aggregate_are_saved_together
    a_conflict_of_the_log_leaves_the_aggregate_unsaved
    the_first_event_of_two_at_once_is_a_conflict
    appenders_that_retry_lose_no_event
    a_retry_loads_a_log_beside_an_aggregate
    a_check_refuses_an_event
    the_save_of_a_log_is_repeated_once
}

async fn numbers(universe: &Universe) -> Vec<u64> {
    let events: Vec<DomainEvent<RegisterEvent>> =
        universe.repository().events::<Register>(worlds()).try_collect().await.unwrap();
    events.iter().map(number).collect()
}

async fn a_log_and_an_aggregate_are_saved_together(universe: Universe) {
    let mut world = World::new("Earth");
    let mut register: Register = universe.repository().log(worlds()).await.unwrap();
    register.add(1);
    let recorded = universe.save((&mut world, &mut register)).await.unwrap();
    assert_eq!(recorded.iter().map(|one| &*one.topic).collect::<Vec<_>>(), ["World.Started", "Register.WorldAdded"]);
    // both go on
    world.find_moon("Luna");
    register.add(2);
    universe.save((&mut world, &mut register)).await.unwrap();
    assert_eq!(numbers(&universe).await, [1, 2]);
}

async fn a_conflict_of_the_log_leaves_the_aggregate_unsaved(universe: Universe) {
    let mut behind = filled(&universe, 1).await;
    filled(&universe, 1).await;
    let mut world = World::new("Earth");
    behind.add(2);
    let conflict = universe.save((&mut world, &mut behind)).await.unwrap_err();
    assert!(matches!(conflict, Error::Conflict { tried: 2, recorded: 2, .. }), "{conflict}");
    assert!(!universe.repository().exists(world.id()).await.unwrap());
}

async fn the_first_event_of_two_at_once_is_a_conflict(universe: Universe) {
    let mut late = Register::empty(worlds());
    late.add(2);
    filled(&universe, 1).await;
    // and not `AlreadyExists`: opening it again helps
    let conflict = universe.save(&mut late).await.unwrap_err();
    assert!(matches!(conflict, Error::Conflict { tried: 1, recorded: 1, .. }), "{conflict}");
}

async fn appenders_that_retry_lose_no_event(universe: Universe) {
    let append = |number: u64| {
        let universe = &universe;
        async move { universe.retry(worlds(), |register: &mut Register| register.add(number)).await.unwrap() }
    };
    join_all((1..=20).map(append)).await;
    let mut added = numbers(&universe).await;
    added.sort_unstable();
    assert_eq!(added, (1..=20).collect::<Vec<_>>());
}

async fn a_retry_loads_a_log_beside_an_aggregate(universe: Universe) {
    let mut world = World::new("Earth");
    universe.save(&mut world).await.unwrap();
    let find = |(world, register): &mut (World, Register)| {
        world.find_moon("Luna");
        register.add(world.version());
    };
    // the log is empty at first
    for _ in 0..2 {
        universe.retry_all((world.id(), worlds()), find).await.unwrap();
    }
    assert_eq!(numbers(&universe).await, [2, 3]);
    let all = |registers: &mut Vec<Register>| registers.iter_mut().for_each(|register| register.add(0));
    universe.retry_all(vec![worlds(), Register::id_of("others")], all).await.unwrap();
    assert_eq!(universe.repository().get::<Register>(worlds()).await.unwrap().version(), 3);
}

async fn a_check_refuses_an_event(universe: Universe) {
    let mut register = filled(&universe, 1).await;
    assert_eq!(register.give_name(""), Err(NoName));
    assert_eq!((register.version(), register.pending_events().len()), (1, 0));
    let refused = universe.retry(worlds(), |register: &mut Register| register.give_name("")).await.unwrap();
    assert_eq!(refused, Err(NoName));
    register.give_name("Earth").unwrap();
    universe.save(&mut register).await.unwrap();
    assert_eq!(numbers(&universe).await, [1, 0]);
}

async fn the_save_of_a_log_is_repeated_once(universe: Universe) {
    let mut register = Register::empty(worlds());
    register.add(1);
    // whether it is recorded is not known to the one who dropped it
    drop(futures::poll!(std::pin::pin!(universe.save(&mut register))));
    universe.save(&mut register).await.unwrap();
    register.add(2);
    universe.save(&mut register).await.unwrap();
    assert_eq!(numbers(&universe).await, [1, 2]);
}
