//! Who follows a log while others record, slowly, refused, rolled back, gets exactly the log.
//!
//! A short run here; `cargo xtask soak` makes it a million events.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use eventsourcing_core::persistence::MemoryRecorder;
use eventsourcing_core::{Recorder, Uuid};
use futures::StreamExt as _;

use common::followed::{is_followed_whole, log, universe};
use common::foreign::Foreign;
use common::store::Store;
use common::watched::Watch;
use common::{Schema, connect, events, server};

/// How many events 64 writers record; fewer writers record fewer.
fn wanted() -> u64 {
    std::env::var("EVENTSOURCING_SOAK_EVENTS").map_or(4_000, |events| events.parse().unwrap())
}

/// So many writers, and how many events they record together.
fn rounds() -> [(u64, u64); 3] {
    [(1, wanted() / 20), (8, wanted() / 4), (64, wanted())]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_in_memory_beside_any_number_of_writers_get_exactly_the_log() {
    let watch = Watch::start(None);
    for (writers, events) in rounds() {
        let recorder: Arc<dyn Recorder> = Arc::new(MemoryRecorder::new());
        is_followed_whole(writers, events, async || Arc::clone(&recorder), None, true).await;
    }
    watch.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_of_a_file_beside_any_number_of_writers_get_exactly_the_log() {
    let watch = Watch::start(None);
    for (writers, events) in rounds() {
        let store = Store::Sqlite(tempfile::tempdir().unwrap());
        store.open().await.close().await;
        let foreign = Foreign::of(&store).await;
        is_followed_whole(writers, events, async || store.open().await, Some(foreign), false).await;
    }
    watch.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_of_postgres_beside_any_number_of_writers_get_exactly_the_log() {
    let watch = Watch::start(Some(connect(&server()).await));
    for (writers, events) in rounds() {
        let store = Store::Postgres(Box::new(Schema::new()));
        store.open().await.close().await;
        store.hinder_commits().await;
        let foreign = Foreign::of(&store).await;
        is_followed_whole(writers, events, async || store.open().await, Some(foreign), true).await;
        store.remove().await;
    }
    watch.end().await;
}

/// The twin: as soon as the lock is not held until the commit, who draws an id first may commit last, and is passed over.
#[tokio::test]
async fn without_the_lock_a_follower_misses_events() {
    let store = Store::Postgres(Box::new(Schema::new()));
    let recorder = store.open().await;
    let foreign = Foreign::of(&store).await.unlocked();
    let subscribe = universe(store.open().await).subscribe(0).poll_interval(Duration::from_millis(2));
    // one that follows all sees the gap, and does not pass it; one that follows a topic cannot tell
    let mut all = subscribe.clone().notifications();
    let mut followed = subscribe.topics(["World.SomethingHappened"]).notifications();
    let slow = foreign.begin(&events(Uuid::new_v4(), [1])).await;
    assert!(foreign.attempt(&events(Uuid::new_v4(), [1]), true).await);
    assert_eq!(followed.next().await.unwrap().unwrap().item.id, 2);
    let gap = all.next().await.unwrap().unwrap_err();
    assert!(gap.to_string().contains("notification id 2 right after 0"), "{gap}");
    slow.commit().await.unwrap();
    assert!(foreign.attempt(&events(Uuid::new_v4(), [1]), true).await);
    assert_eq!(followed.next().await.unwrap().unwrap().item.id, 3);
    assert_eq!(log(&*recorder, &[]).await.len(), 3);
    foreign.close().await;
    store.remove().await;
}
