//! Consumers that are notified late or never: they get every event all the same.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use eventsourcing_core::recording::{EventQuery, NotificationQuery};
use eventsourcing_core::{Notification, Recorder, RecorderError, StoredEvent};
use eventsourcing_sqlx::PostgresRecorder;
use futures::FutureExt as _;
use tokio::sync::Notify;
use tokio::time::timeout;

use common::followed::{NEVER, assert_same, end, follow, is_followed_whole, log, universe};
use common::foreign::Foreign;
use common::store::{Store, on_each};
use common::{PATIENCE, Schema, connect, one_event};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_whose_listener_is_killed_all_the_time_get_everything() {
    let schema = Schema::new();
    let open = || PostgresRecorder::open("Universe", schema.config.clone());
    let (writer, recorder) = (open().await.unwrap(), open().await.unwrap());
    let subscribe = universe(Arc::new(recorder)).subscribe(0);
    let mut looks = tokio::spawn(follow(subscribe.clone()));
    // this one waits for a listener that lives long enough to learn what was recorded before it
    let waits = tokio::spawn(follow(subscribe.poll_interval(NEVER)));
    let kills = Arc::new(AtomicI64::new(0));
    let writing = tokio::spawn({
        let (writer, kills) = (writer.clone(), Arc::clone(&kills));
        async move {
            while kills.load(Ordering::SeqCst) < 6 {
                writer.insert_events(one_event()).await.unwrap();
            }
            end(&writer).await;
        }
    });
    let mut outsider = connect(&schema.config).await;
    let kill = async {
        loop {
            kills.fetch_add(schema.kill_listeners(&mut outsider).await, Ordering::SeqCst);
        }
    };
    let got = tokio::select! {
        got = &mut looks => got.unwrap(),
        () = kill => unreachable!("it kills as long as it may"),
    };
    writing.await.unwrap();
    let log = log(&writer, &[]).await;
    assert_same(&got, &log);
    assert_same(&waits.await.unwrap(), &log);
    schema.drop().await;
}

/// A store in PostgreSQL without LISTEN and NOTIFY.
fn unheard() -> Store {
    let mut schema = Schema::new();
    schema.config.notify = false;
    Store::Postgres(Box::new(schema))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_listens_followers_that_look_often_get_everything() {
    let store = unheard();
    store.open().await.close().await;
    let foreign = Foreign::of(&store).await;
    is_followed_whole(8, 1_000, async || store.open().await, Some(foreign), false).await;
    store.remove().await;
}

/// The twin: only notifications and polling tell a consumer of new events.
#[tokio::test]
async fn without_listen_a_consumer_that_does_not_poll_sees_only_own_saves() {
    let store = unheard();
    let (writer, recorder) = (store.open().await, store.open().await);
    let watched = Between::new(Arc::clone(&recorder), Arc::clone(&writer), 0, false);
    let mut subscription = universe(Arc::clone(&watched) as _).subscribe(0).poll_interval(NEVER).notifications();
    tokio::select! {
        next = subscription.next() => panic!("there is nothing yet: {next:?}"),
        () = watched.waits.notified() => {}
    }
    for _ in 0..20 {
        writer.insert_events(one_event()).await.unwrap();
        assert!(subscription.next().now_or_never().is_none());
    }
    recorder.insert_events(one_event()).await.unwrap();
    for id in 1..=21 {
        let next = timeout(PATIENCE, subscription.try_next()).await.expect("nobody woke who waits");
        assert_eq!(next.unwrap().unwrap().item.id, id);
    }
    store.remove().await;
}

/// A recorder on which another process records after a poll found nothing and before the wait begins.
#[derive(Debug)]
struct Between {
    recorder: Arc<dyn Recorder>,
    other: Arc<dyn Recorder>,
    /// The number of events that are still to be recorded so.
    left: AtomicU64,
    /// The twin: a wait is notified only of events that are recorded after it begins.
    forgets: bool,
    /// Notified when a consumer waits.
    waits: Notify,
}

impl Between {
    fn new(recorder: Arc<dyn Recorder>, other: Arc<dyn Recorder>, events: u64, forgets: bool) -> Arc<Self> {
        Arc::new(Self { recorder, other, left: AtomicU64::new(events), forgets, waits: Notify::new() })
    }
}

#[async_trait]
impl Recorder for Between {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        self.recorder.insert_events(events).await
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        self.recorder.select_events(query).await
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        let found = self.recorder.select_notifications(query).await?;
        if found.is_empty() && self.left.load(Ordering::SeqCst) > 0 {
            self.left.fetch_sub(1, Ordering::SeqCst);
            self.other.insert_events(one_event()).await?;
        }
        Ok(found)
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.recorder.max_notification_id().await
    }

    async fn recorded_after(&self, mut after: u64) {
        if self.forgets {
            after = self.max_notification_id().await.unwrap().unwrap_or_default();
        }
        self.waits.notify_one();
        self.recorder.recorded_after(after).await;
    }
}

#[tokio::test]
async fn what_is_recorded_between_a_look_and_the_wait_is_not_missed() {
    on_each(async |store| {
        let recorder = store.open().await;
        let others = [Arc::clone(&recorder), store.open().await];
        for (other, poll_interval) in others.into_iter().zip([NEVER, store.told_or(Duration::from_millis(5))]) {
            let after = recorder.max_notification_id().await.unwrap().unwrap_or_default();
            let between = Between::new(Arc::clone(&recorder), other, 10, false);
            let mut subscription = universe(between).subscribe(after).poll_interval(poll_interval).notifications();
            for id in after + 1..=after + 10 {
                let next = timeout(PATIENCE, subscription.try_next()).await.expect("nobody woke who waits");
                assert_eq!(next.unwrap().unwrap().item.id, id);
            }
        }
    })
    .await;
}

/// The twin: a wait from the end of the log, instead of the end of the last read.
#[tokio::test]
async fn who_waits_only_for_what_comes_later_misses_what_was_recorded_between() {
    on_each(async |store| {
        let recorder = store.open().await;
        let between = Between::new(Arc::clone(&recorder), Arc::clone(&recorder), 1, true);
        let mut subscription = universe(Arc::clone(&between) as _).subscribe(0).poll_interval(NEVER).notifications();
        tokio::select! {
            biased;
            next = subscription.next() => panic!("it did not miss {next:?}"),
            () = between.waits.notified() => {}
        }
        assert_eq!(recorder.max_notification_id().await.unwrap(), Some(1));
        assert!(subscription.next().now_or_never().is_none());
    })
    .await;
}
