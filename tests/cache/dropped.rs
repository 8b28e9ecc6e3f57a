//! Save futures that are dropped after any number of polls: no read is older than what was known before it.

use std::pin::pin;

use eventsourcing::prelude::*;
use futures::poll;

use super::{Store, World, in_each_database, read};

in_each_database! {
    a_save_that_is_dropped_after_any_number_of_polls_is_seen_once_it_is_recorded
    the_check_finds_states_that_are_too_old
}

/// The version of the aggregate that is recorded.
async fn recorded(store: &Store, id: Uuid) -> u64 {
    let last = eventsourcing::recording::EventQuery::of(id).descending().limit(1);
    eventsourcing::Recorder::select_events(&*store.recorder, last).await.unwrap()[0].originator_version
}

/// The number of reads that were older than what was recorded before them, until the save is recorded or gone.
async fn old_reads(store: &Store, universe: &Application, id: Uuid) -> usize {
    let mut old = 0;
    for _ in 0..20 {
        let known = recorded(store, id).await;
        let found = read(universe, id).await.version();
        let owned: World = universe.repository().get(id).await.unwrap();
        old += usize::from(found < known) + usize::from(owned.version() < known);
        tokio::task::yield_now().await;
    }
    old
}

async fn a_save_that_is_dropped_after_any_number_of_polls_is_seen_once_it_is_recorded(store: Store) {
    for universe in [store.cached(), store.single_writer()] {
        let mut world = World::of(2);
        universe.save(&mut world).await.unwrap();
        let id = world.id();
        let mut polls = 0;
        loop {
            world = universe.repository().get(id).await.unwrap();
            world.grow(1);
            let is_done = {
                let mut saving = pin!(universe.save(&mut world));
                let mut is_done = false;
                for _ in 0..polls {
                    is_done = poll!(&mut saving).is_ready();
                    if is_done {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
                is_done
            };
            assert_eq!(old_reads(&store, &universe, id).await, 0, "{polls} polls");
            if is_done {
                break;
            }
            // whoever saves again is seen in any case
            if polls % 2 == 0 {
                universe.retry(id, |world: &mut World| world.grow(1)).await.unwrap();
                assert_eq!(old_reads(&store, &universe, id).await, 0, "{polls} polls");
            }
            polls += 1;
        }
        let last = recorded(&store, id).await;
        assert_eq!(read(&universe, id).await.version(), last);
        // and without a query again, if that was promised
        universe.retry(id, |world: &mut World| world.grow(1)).await.unwrap();
        store.recorder.read_since();
        assert_eq!(read(&universe, id).await.version(), last + 1);
        let (events, _) = store.recorder.read_since();
        assert!(events <= 1);
    }
}

/// The twin: what the cache does not know of is not seen.
async fn the_check_finds_states_that_are_too_old(store: Store) {
    let universe = store.single_writer();
    let mut world = World::of(2);
    universe.save(&mut world).await.unwrap();
    world.grow(1);
    store.other().await.save(&mut world).await.unwrap();
    assert_eq!(old_reads(&store, &universe, world.id()).await, 40);
}
