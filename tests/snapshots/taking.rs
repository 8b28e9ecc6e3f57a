//! When snapshots are taken: after saves that reach a multiple, and on request.

use eventsourcing::prelude::*;

use super::{Note, Store, World, in_each_database, saved, until};

in_each_database! {
    a_save_that_reaches_a_multiple_is_followed_by_a_snapshot
    each_aggregate_of_a_save_has_its_own_snapshot
    a_snapshot_is_taken_on_request_and_says_of_which_version
    a_snapshot_of_the_past_is_kept_or_refused
    the_snapshots_of_an_aggregate_are_deleted_on_request
}

async fn a_save_that_reaches_a_multiple_is_followed_by_a_snapshot(store: Store) {
    let universe = store.program();
    let mut world = World::of(1);
    for _ in 0..3 {
        universe.save(&mut world).await.unwrap();
        world.grow(1);
    }
    universe.save(&mut world).await.unwrap();
    assert_eq!((world.version(), universe.snapshot_counts().taken), (4, 0));
    // beyond the multiple, and not only at it
    world.grow(2);
    universe.save(&mut world).await.unwrap();
    until(&universe, |counts| counts.taken == 1).await;
    world.grow(3);
    universe.save(&mut world).await.unwrap();
    world.grow(1);
    universe.save(&mut world).await.unwrap();
    until(&universe, |counts| counts.taken == 2).await;
    assert_eq!(store.recorder.versions(), [6, 10]);
    // a save without events reaches nothing
    universe.save(&mut world).await.unwrap();
    assert_eq!(universe.repository().get::<World>(world.id()).await.unwrap(), world);
    let counts = universe.snapshot_counts();
    assert_eq!((counts.taken, counts.failed, counts.skipped, counts.missed, counts.used), (2, 0, 0, 0, 1));
}

async fn each_aggregate_of_a_save_has_its_own_snapshot(store: Store) {
    let universe = store.program();
    let (mut one, mut short, mut note) = (World::of(5), World::of(4), Note::write("a note"));
    let mut worlds = vec![World::of(6), World::of(3), World::of(20)];
    universe.save((&mut one, &mut note, &mut worlds, &mut short)).await.unwrap();
    until(&universe, |counts| counts.taken == 3).await;
    assert_eq!(store.recorder.versions(), [5, 6, 20]);
    for world in worlds.iter().chain([&one, &short]) {
        assert_eq!(universe.repository().get::<World>(world.id()).await.unwrap(), *world);
    }
    assert_eq!(universe.snapshot_counts().used, 3);
}

async fn a_snapshot_is_taken_on_request_and_says_of_which_version(store: Store) {
    let universe = store.program();
    let mut world = World::of(3);
    universe.save(&mut world).await.unwrap();
    assert_eq!(universe.take_snapshot::<World>(world.id()).await.unwrap(), 3);
    // there is one of this version
    assert_eq!(universe.take_snapshot::<World>(world.id()).await.unwrap(), 3);
    assert_eq!((store.recorder.versions(), universe.snapshot_counts().taken), (vec![3], 1));
    let id = Uuid::new_v4();
    let missing = universe.take_snapshot::<World>(id).await.unwrap_err();
    assert_eq!(missing.to_string(), format!("no World with the id {id} is recorded"));
    let error = universe.take_snapshot::<Note>(id).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no snapshot of Note can be taken: its type has none; \
         write `#[aggregate(snapshots)]` on the impl block with its `#[event]` methods"
    );
}

async fn a_snapshot_of_the_past_is_kept_or_refused(store: Store) {
    let universe = store.builder().keep_snapshots(2).open().unwrap();
    let world = saved(&universe, 10).await;
    universe.take_snapshot_at::<World>(world.id(), 4).await.unwrap();
    store.recorder.events_read();
    let past: World = universe.repository().get_at(world.id(), 6).await.unwrap();
    assert_eq!((past.version(), past.history.len(), store.recorder.events_read()), (6, 5, 3));
    let error = universe.take_snapshot_at::<World>(world.id(), 3).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the snapshot of World {} at version 3 is not kept, because 2 later ones are stored; \
             keep more with `keep_snapshots` of the application's builder",
            world.id()
        )
    );
    let error = universe.take_snapshot_at::<World>(world.id(), 11).await.unwrap_err();
    assert!(matches!(error, Error::VersionNotFound { version: 11, current: 10, .. }), "{error}");
}

async fn the_snapshots_of_an_aggregate_are_deleted_on_request(store: Store) {
    let universe = store.program();
    let (one, other) = (saved(&universe, 5).await, saved(&universe, 5).await);
    universe.recorder().delete_snapshots(one.id()).await.unwrap();
    assert_eq!(universe.repository().get::<World>(one.id()).await.unwrap(), one);
    assert_eq!(universe.snapshot_counts().used, 0);
    assert_eq!(universe.repository().get::<World>(other.id()).await.unwrap(), other);
    assert_eq!(universe.snapshot_counts().used, 1);
}
