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
use tokio::task::JoinSet;

use common::followed::{end, follow, is_followed_whole, log, universe};
use common::foreign::Foreign;
use common::store::Store;
use common::{Schema, events};

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
    for (writers, events) in rounds() {
        let recorder: Arc<dyn Recorder> = Arc::new(MemoryRecorder::new());
        is_followed_whole(writers, events, async || Arc::clone(&recorder), None, true).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_of_a_file_beside_any_number_of_writers_get_exactly_the_log() {
    for (writers, events) in rounds() {
        let store = Store::Sqlite(tempfile::tempdir().unwrap());
        store.open().await.close().await;
        let foreign = Foreign::of(&store).await;
        is_followed_whole(writers, events, async || store.open().await, Some(foreign), false).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_of_postgres_beside_any_number_of_writers_get_exactly_the_log() {
    for (writers, events) in rounds() {
        let store = Store::Postgres(Box::new(Schema::new()));
        store.open().await.close().await;
        store.hinder_commits().await;
        let foreign = Foreign::of(&store).await;
        is_followed_whole(writers, events, async || store.open().await, Some(foreign), true).await;
        store.remove().await;
    }
}

/// The twin: what passes the others fails as soon as the lock is not held until the commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_lock_a_follower_misses_events() {
    // luck may help it for a while
    for _ in 0..20 {
        let store = Store::Postgres(Box::new(Schema::new()));
        let recorder = store.open().await;
        let foreign = Arc::new(Foreign::of(&store).await.unlocked());
        let subscribe = universe(store.open().await).subscribe(0).page_size(7).poll_interval(Duration::from_millis(2));
        let follower = tokio::spawn(follow(subscribe));
        let mut writing = JoinSet::new();
        for _ in 0..8 {
            let foreign = Arc::clone(&foreign);
            writing.spawn(async move {
                let id = Uuid::new_v4();
                for version in 1..=50 {
                    assert!(foreign.attempt(&events(id, [version]), true).await);
                }
            });
        }
        writing.join_all().await;
        end(&*recorder).await;
        let (got, log) = (follower.await.unwrap(), log(&*recorder, &[]).await);
        foreign.close().await;
        store.remove().await;
        assert_eq!(log.len(), 8 * 50);
        if got.len() < log.len() {
            return;
        }
    }
    panic!("nothing was missed");
}
