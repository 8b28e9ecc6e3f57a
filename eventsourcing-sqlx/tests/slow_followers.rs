//! Consumers that are slower than writers: they keep two pages and no transaction, block no writer, and get every event.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use eventsourcing_core::recording::{
    EventQuery, MemoryRecorder, NotificationQuery, NotificationRef, NotificationVisitor,
};
use eventsourcing_core::{MemoryViews, Notification, ProjectionRunner, Recorder, RecorderError, StoredEvent, Uuid};
use futures::StreamExt as _;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use common::counted::InMemory;
use common::followed::{NEVER, universe};
use common::store::{Store, on_each};
use common::{PATIENCE, connect, events};

/// The events of each burst, during which the consumer reads nothing.
const BURST: u64 = 10_000;
const BURSTS: u64 = 10;
const PAGE: usize = 100;

/// Counts the events that are read from the log.
#[derive(Debug)]
struct Counting {
    recorder: Arc<dyn Recorder>,
    read: AtomicU64,
}

impl Counting {
    fn new(recorder: &Arc<dyn Recorder>) -> Arc<Self> {
        Arc::new(Self { recorder: Arc::clone(recorder), read: AtomicU64::new(0) })
    }

    /// Asserts that no more than a page and the next one are kept.
    fn assert_keeps_two_pages(&self, taken: u64) {
        let kept = self.read.load(Ordering::SeqCst) - taken;
        assert!(kept <= 2 * PAGE as u64, "{kept} are kept");
    }
}

#[async_trait]
impl Recorder for Counting {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        self.recorder.insert_events(events).await
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        self.recorder.select_events(query).await
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        self.recorder.select_notifications(query).await
    }

    async fn read_notifications(
        &self,
        query: NotificationQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<(), RecorderError> {
        let mut counting = |notification: NotificationRef<'_>| {
            self.read.fetch_add(1, Ordering::SeqCst);
            visit(notification)
        };
        self.recorder.read_notifications(query, &mut counting).await
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.recorder.max_notification_id().await
    }

    async fn recorded_after(&self, after: u64) {
        self.recorder.recorded_after(after).await;
    }
}

/// Lets writers record this number of events.
async fn burst(recorder: &Arc<dyn Recorder>, wanted: u64) {
    const WRITERS: u64 = 4;
    let mut writing = JoinSet::new();
    for _ in 0..WRITERS {
        let recorder = Arc::clone(recorder);
        writing.spawn(async move {
            let id = Uuid::new_v4();
            for saves in 0..wanted / WRITERS / 50 {
                recorder.insert_events(events(id, saves * 50 + 1..=saves * 50 + 50)).await.unwrap();
            }
        });
    }
    writing.join_all().await;
}

/// Whether a transaction is open for which the database must keep old row versions.
async fn is_held(store: &Store) -> bool {
    match store {
        Store::Postgres(schema) => {
            let held = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND query LIKE";
            schema.number(format!("{held} '%{}%'", schema.name)).await > 0
        }
        Store::Sqlite(_) => {
            let mut outsider = SqliteConnectOptions::new().filename(store.file()).connect().await.unwrap();
            // the log of changes is cut to nothing, unless somebody still reads of it
            let (is_busy, ..): (bool, i64, i64) =
                sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut outsider).await.unwrap();
            is_busy
        }
    }
}

/// Waits until no transaction is open: a consumer that reads nothing keeps none.
async fn until_held_by_nobody(store: &Store) {
    let released = async {
        while is_held(store).await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, released).await.unwrap();
}

/// A consumer that reads a little after each burst, and the rest at the end.
async fn is_slow(recorder: Arc<dyn Recorder>, store: Option<&Store>) {
    let counting = Counting::new(&recorder);
    let mut subscription =
        universe(Arc::clone(&counting) as _).subscribe(0).page_size(PAGE).poll_interval(NEVER).notifications();
    let mut taken = 0;
    let mut take = async |up_to: u64| {
        while taken < up_to {
            taken += 1;
            assert_eq!(subscription.try_next().await.unwrap().unwrap().item.id, taken);
            counting.assert_keeps_two_pages(taken);
        }
    };
    for number in 1..=BURSTS {
        burst(&recorder, BURST).await;
        take(number * 150).await;
        if let Some(store) = store {
            until_held_by_nobody(store).await;
        }
    }
    take(BURST * BURSTS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_consumer_keeps_two_pages_no_transaction_and_gets_everything() {
    on_each(async |store| is_slow(store.open().await, Some(store)).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_follower_in_memory_keeps_two_pages_and_gets_everything() {
    is_slow(Arc::new(MemoryRecorder::new()), None).await;
}

/// The twin: a consumer that reads everything at once and keeps it in memory.
#[tokio::test]
async fn an_eager_follower_keeps_all_that_nobody_takes() {
    let recorder: Arc<dyn Recorder> = Arc::new(MemoryRecorder::new());
    burst(&recorder, BURST).await;
    let counting = Counting::new(&recorder);
    let subscription = universe(Arc::clone(&counting) as _).subscribe(0).page_size(PAGE).notifications();
    let (keep, mut kept) = mpsc::unbounded_channel();
    let mut all = subscription.take(1_000);
    while let Some(followed) = all.next().await {
        keep.send(followed).unwrap();
    }
    kept.recv().await.unwrap().unwrap();
    assert_eq!(counting.read.load(Ordering::SeqCst) - 1, 999);
}

/// The twin: a consumer that keeps its transaction open between reads.
#[tokio::test]
async fn a_follower_that_keeps_its_transaction_is_found_out() {
    on_each(async |store| {
        // who closes a file last tidies it up
        let recorder = store.open().await;
        burst(&recorder, 1_000).await;
        let read = "SELECT notification_id FROM universe_events LIMIT 1";
        let mut postgres;
        let mut sqlite;
        match store {
            Store::Postgres(schema) => {
                postgres = connect(&schema.config).await;
                let read = format!("BEGIN; SET search_path TO {}; {read}", schema.name);
                postgres.execute(AssertSqlSafe(read)).await.unwrap();
            }
            Store::Sqlite(_) => {
                sqlite = SqliteConnectOptions::new().filename(store.file()).connect().await.unwrap();
                sqlite.execute(AssertSqlSafe(format!("BEGIN; {read}"))).await.unwrap();
            }
        }
        assert!(is_held(store).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_projection_keeps_two_batches_and_handles_everything() {
    on_each(async |store| {
        let recorder = store.open().await;
        let (counting, permits) = (Counting::new(&recorder), Arc::new(Semaphore::new(0)));
        let views = MemoryViews::new(0);
        let universe = universe(Arc::clone(&counting) as _);
        let runner = ProjectionRunner::builder(&universe, InMemory(Arc::clone(&permits)), views.clone());
        let runner = runner.batch_size(PAGE).start().await.unwrap();
        burst(&recorder, BURST).await;
        for permitted in (0..BURST).step_by(PAGE) {
            // a batch of which not all may be handled yet is not there yet
            runner.wait_for(permitted.saturating_sub(PAGE as u64), PATIENCE).await.unwrap();
            let read = counting.read.load(Ordering::SeqCst);
            let handled = runner.status().await.unwrap().position;
            assert!(read <= handled + 2 * PAGE as u64, "{read} are read and {handled} handled");
            permits.add_permits(PAGE);
        }
        runner.wait_for(BURST, PATIENCE).await.unwrap();
        assert_eq!(views.read(|counted| *counted), BURST);
        runner.stop().await.unwrap();
    })
    .await;
}
