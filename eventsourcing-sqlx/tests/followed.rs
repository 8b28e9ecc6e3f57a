//! A consumer gets exactly the log, beside writers that are slow, refused or rolled back.
//!
//! A short run by default; `cargo xtask soak` runs it with a million events.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use eventsourcing_core::recording::MemoryRecorder;
use eventsourcing_core::{Recorder, Uuid};

use common::followed::{is_followed_whole, log, universe};
use common::foreign::Foreign;
use common::store::Store;
use common::watched::Watch;
use common::{Schema, connect, events, server};

/// The number of events that 64 writers record; fewer writers record fewer.
fn wanted() -> u64 {
    std::env::var("EVENTSOURCING_SOAK_EVENTS").map_or(4_000, |events| events.parse().unwrap())
}

/// A number of writers, and the number of events that they record together.
fn rounds() -> [(u64, u64); 3] {
    [(1, wanted() / 20), (8, wanted() / 4), (64, wanted())]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consumers_in_memory_beside_any_number_of_writers_get_the_log() {
    let watch = Watch::start(None);
    for (writers, events) in rounds() {
        let recorder: Arc<dyn Recorder> = Arc::new(MemoryRecorder::new());
        is_followed_whole(writers, events, async || Arc::clone(&recorder), None, true).await;
    }
    watch.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consumers_of_a_file_beside_any_number_of_writers_get_the_log() {
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
async fn consumers_in_postgres_beside_any_number_of_writers_get_the_log() {
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

/// The twin: if the lock is released before the commit, the first id may be committed last, and a consumer misses it.
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
