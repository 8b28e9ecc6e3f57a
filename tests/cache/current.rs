//! Writers and readers at the same time: each state is whole, and none is older than what was known before it was read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use eventsourcing::prelude::*;
use tokio::task::JoinSet;

use super::Store;

const WRITERS: u64 = 4;
const SAVES: u64 = 25;

/// An aggregate whose parts belong together.
#[aggregate]
#[derive(Clone, Debug)]
struct Pair {
    left: u64,
    right: u64,
    sum: Vec<u64>,
}

#[aggregate]
impl Pair {
    #[event("Made")]
    fn new() -> Self {
        Self { left: 0, right: 0, sum: Vec::new() }
    }

    #[event("Moved")]
    fn shift(&mut self, by: u64) {
        self.left += by;
        self.sum.push(by);
        self.right += by;
    }
}

impl Pair {
    /// Whether all parts are of one version.
    fn is_whole(&self) -> bool {
        let is_same = self.left == self.right && self.left == self.sum.iter().sum::<u64>();
        is_same && self.sum.len() as u64 + 1 == self.version() && self.pending_events().is_empty()
    }
}

/// Lets writers and readers of one aggregate run until the writers are done. Returns how many reads were too old.
async fn contest(writing: Application, reading: Application) -> u64 {
    let mut pair = Pair::new();
    writing.save(&mut pair).await.unwrap();
    let id = pair.id();
    reading.repository().read::<Pair>(id).await.unwrap();
    let (known, left) = (Arc::new(AtomicU64::new(1)), Arc::new(AtomicU64::new(WRITERS)));
    let mut tasks = JoinSet::new();
    for _ in 0..WRITERS {
        let (writing, known, left) = (writing.clone(), Arc::clone(&known), Arc::clone(&left));
        tasks.spawn(async move {
            for by in 0..SAVES {
                let mut version = 0;
                let shift = |pair: &mut Pair| {
                    assert!(pair.is_whole());
                    pair.shift(by);
                    version = pair.version();
                };
                writing.retry(id, shift).await.unwrap();
                known.fetch_max(version, SeqCst);
            }
            left.fetch_sub(1, SeqCst);
            0
        });
    }
    for number in 0..8 {
        let (reading, known, left) = (reading.clone(), Arc::clone(&known), Arc::clone(&left));
        tasks.spawn(async move {
            let mut old = 0;
            let mut is_over = false;
            while !is_over {
                // once more after the last save
                is_over = left.load(SeqCst) == 0;
                let before = known.load(SeqCst);
                let version = if number % 2 == 0 {
                    let pair: Arc<Pair> = reading.repository().read(id).await.unwrap();
                    assert!(pair.is_whole());
                    pair.version()
                } else {
                    let mut pair: Pair = reading.repository().get(id).await.unwrap();
                    assert!(pair.is_whole());
                    let version = pair.version();
                    // what is done to a copy is not seen by others
                    pair.shift(1000);
                    version
                };
                old += u64::from(version < before);
                // and it is known to this reader now
                known.fetch_max(version, SeqCst);
                tokio::task::yield_now().await;
            }
            old
        });
    }
    let old = tasks.join_all().await.into_iter().sum();
    let last: Pair = writing.repository().get(id).await.unwrap();
    assert_eq!(last.version(), 1 + WRITERS * SAVES);
    old
}

/// Tests in each database, with threads.
macro_rules! on_threads {
    ($($name:ident)*) => {
        mod memory { $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)] async fn $name() {
            super::$name(crate::Store::in_memory()).await;
        })* }
        mod sqlite { $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)] async fn $name() {
            let folder = tempfile::tempdir().unwrap();
            super::$name(crate::Store::new(crate::common::sqlite_file(&folder)).await).await;
        })* }
        mod postgres { $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)] async fn $name() {
            super::$name(crate::Store::new(crate::common::postgres()).await).await;
        })* }
    };
}

on_threads! {
    no_read_is_torn_or_older_than_what_was_known_before_it
    the_contest_finds_reads_that_are_too_old
}

async fn no_read_is_torn_or_older_than_what_was_known_before_it(store: Store) {
    let (cached, single) = (store.cached(), store.single_writer());
    assert_eq!(contest(cached.clone(), cached).await, 0);
    assert_eq!(contest(single.clone(), single).await, 0);
    // writers in another program
    assert_eq!(contest(store.other().await, store.cached()).await, 0);
}

/// The twin: a cache that promises to be the only writer, and is not.
async fn the_contest_finds_reads_that_are_too_old(store: Store) {
    assert!(contest(store.other().await, store.single_writer()).await > 0);
}
