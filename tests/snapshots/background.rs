//! The task that takes snapshots: bounded, and off the path of saves, loads and closing.

use std::sync::atomic::Ordering::SeqCst;

use eventsourcing::RecorderError;
use eventsourcing::prelude::*;
use serde::{Deserialize, Serialize};
use tokio::task::yield_now;
use tokio::time::timeout;
use tracing::subscriber::set_default;

use super::common::PATIENCE;
use super::common::office::{Office, deposits};
use super::logger::Logger;
use super::{Store, World, saved, until};

/// Lets one snapshot wait at the gate of the recorder.
async fn gated(store: &Store, universe: &Application) -> World {
    store.recorder.is_gated.store(true, SeqCst);
    let mut world = World::of(5);
    universe.save(&mut world).await.unwrap();
    let waits = async {
        while store.recorder.waiting.load(SeqCst) == 0 {
            yield_now().await;
        }
    };
    timeout(PATIENCE, waits).await.unwrap();
    world
}

#[tokio::test]
async fn a_snapshot_that_waits_holds_up_neither_saves_nor_loads() {
    let store = Store::in_memory();
    let universe = store.program();
    let mut world = gated(&store, &universe).await;
    world.grow(7);
    universe.save(&mut world).await.unwrap();
    assert_eq!(universe.repository().get::<World>(world.id()).await.unwrap(), world);
    assert_eq!(universe.snapshot_counts().taken, 0);
    store.recorder.gate.add_permits(10);
    until(&universe, |counts| counts.taken == 2).await;
    assert_eq!(store.recorder.versions(), [5, 12]);
}

#[tokio::test]
async fn an_aggregate_is_in_the_queue_once() {
    let store = Store::in_memory();
    let universe = store.program();
    let mut world = gated(&store, &universe).await;
    for _ in 0..10 {
        world.grow(5);
        universe.save(&mut world).await.unwrap();
    }
    let mut last = World::of(5);
    universe.save(&mut last).await.unwrap();
    store.recorder.gate.add_permits(100);
    until(&universe, |counts| counts.taken == 3).await;
    assert_eq!((store.recorder.versions(), universe.snapshot_counts().skipped), (vec![5, 55, 5], 0));
}

#[tokio::test]
async fn what_a_full_queue_has_no_room_for_is_skipped_and_counted() {
    let store = Store::in_memory();
    let universe = store.program();
    gated(&store, &universe).await;
    let mut worlds: Vec<World> = (0..1_030).map(|_| World::of(5)).collect();
    universe.save(&mut worlds).await.unwrap();
    assert_eq!(universe.snapshot_counts().skipped, 6);
    store.recorder.gate.add_permits(2_000);
    until(&universe, |counts| counts.taken == 1 + 1_024).await;
}

#[tokio::test]
async fn closing_waits_for_no_snapshot() {
    let store = Store::in_memory();
    let universe = store.program();
    gated(&store, &universe).await;
    timeout(PATIENCE, universe.close()).await.unwrap();
    store.recorder.gate.add_permits(10);
    assert_eq!((store.recorder.versions(), universe.snapshot_counts().taken), (vec![], 0));
}

#[tokio::test]
async fn an_application_that_was_dropped_takes_no_more_snapshots() {
    let store = Store::in_memory();
    let universe = store.program();
    gated(&store, &universe).await;
    let mut worlds: Vec<World> = (0..10).map(|_| World::of(5)).collect();
    universe.save(&mut worlds).await.unwrap();
    let weak = std::sync::Arc::downgrade(&store.recorder);
    drop(universe);
    store.recorder.gate.add_permits(100);
    // the task has gone with its reference to the recorder
    let ends = async {
        while weak.strong_count() > 1 {
            yield_now().await;
        }
    };
    timeout(PATIENCE, ends).await.unwrap();
    assert_eq!(store.recorder.versions(), [5]);
}

#[tokio::test]
async fn a_failure_is_logged_and_counted_and_fails_no_save() {
    let (store, logger) = (Store::in_memory(), Logger::default());
    let _guard = set_default(logger.clone());
    let universe = store.program();
    let fault = RecorderError::StorageFull { source: "disk".into() };
    let mut world = World::of(4);
    universe.save(&mut world).await.unwrap();
    *store.recorder.fault.lock().unwrap() = Some(fault);
    world.grow(1);
    universe.save(&mut world).await.unwrap();
    until(&universe, |counts| counts.failed == 1).await;
    let logged = logger.logged();
    assert!(
        logged.contains("WARN\nmessage=a snapshot was not taken; the aggregate is loaded from its events"),
        "{logged}"
    );
    assert!(logged.contains("the database has no space left"), "{logged}");
    *store.recorder.fault.lock().unwrap() = None;
    assert_eq!(universe.repository().get::<World>(world.id()).await.unwrap(), world);
}

/// An aggregate whose name cannot be written.
#[aggregate]
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Trap {
    #[serde(serialize_with = "panics")]
    name: String,
}

fn panics<S: serde::Serializer>(name: &str, serializer: S) -> Result<S::Ok, S::Error> {
    assert!(name.is_empty(), "a trap");
    serializer.serialize_str(name)
}

#[aggregate(snapshot_every = 1)]
impl Trap {
    #[event("Set")]
    fn set(name: &str) -> Self {
        Self { name: name.to_owned() }
    }
}

#[tokio::test]
async fn a_panic_of_the_aggregate_is_counted_and_ends_nothing() {
    let store = Store::in_memory();
    let universe = store.program();
    universe.save(&mut Trap::set("mouse")).await.unwrap();
    until(&universe, |counts| counts.failed == 1).await;
    universe.save(&mut Trap::set("")).await.unwrap();
    until(&universe, |counts| counts.taken == 1).await;
}

#[test]
fn without_a_runtime_snapshots_are_skipped_and_counted() {
    let store = Store::in_memory();
    futures::executor::block_on(async {
        let universe = store.program();
        let mut world = World::of(5);
        universe.save(&mut world).await.unwrap();
        assert_eq!((universe.snapshot_counts().skipped, universe.snapshot_counts().taken), (1, 0));
        assert_eq!(universe.take_snapshot::<World>(world.id()).await.unwrap(), 5);
    });
}

#[test]
fn a_runtime_that_ended_leaves_the_queue_to_the_next() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = Store::in_memory();
    let (universe, mut world) = (store.program(), World::of(5));
    runtime().block_on(universe.save(&mut world)).unwrap();
    assert_eq!(universe.snapshot_counts().taken, 0);
    runtime().block_on(async {
        saved(&universe, 5).await;
        until(&universe, |counts| counts.taken == 2).await;
    });
}

/// A process application that makes a world for each deposit.
#[application]
struct Creator;

#[policy]
impl Creator {
    #[on]
    async fn deposited(&self, _: &super::common::office::AccountDeposited, work: &mut UnitOfWork) -> Result<()> {
        let mut world = World::of(3);
        work.save(&mut world)?;
        world.grow(4);
        work.save(&mut world)
    }
}

#[tokio::test]
async fn what_a_policy_saves_is_followed_by_snapshots() {
    let memory = [("PERSISTENCE_MODULE", "memory")];
    let (office, creator) = (Office::open_with(memory).await.unwrap(), Creator::open_with(memory).await.unwrap());
    let last = deposits(&office, 3, 7).await;
    let runner = creator.follow(&office).start().await.unwrap();
    runner.wait_for(last, PATIENCE).await.unwrap();
    until(&creator, |counts| counts.taken == 2).await;
    runner.stop().await.unwrap();
}
