//! Read-ahead: while the caller handles a page of the log, the next one is read.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use eventsourcing::prelude::*;
use eventsourcing::recording::{EventQuery, LogPosition, MemoryRecorder, NotificationQuery, NotificationVisitor};
use eventsourcing::{Notification, Recorder, RecorderError, StoredEvent};
use futures::StreamExt as _;
use tokio::sync::Notify;

use super::{Office, deposits};

/// A recorder that counts reads of the log, and lets one of them fail or hang.
#[derive(Debug, Default)]
struct Watched {
    recorder: MemoryRecorder,
    reads: AtomicUsize,
    was_read: Notify,
    /// The read that fails.
    failing: AtomicUsize,
    /// The read that never ends, and a value that is dropped with it.
    stopping: AtomicUsize,
    stopped: Mutex<Option<Arc<()>>>,
}

impl Watched {
    /// Waits until the log was read this number of times.
    async fn until_read(&self, times: usize) {
        loop {
            let was_read = self.was_read.notified();
            if self.reads.load(Ordering::SeqCst) >= times {
                return;
            }
            was_read.await;
        }
    }

    async fn read(&self) -> Result<(), RecorderError> {
        let number = self.reads.fetch_add(1, Ordering::SeqCst) + 1;
        let stopped =
            (number == self.stopping.load(Ordering::SeqCst)).then(|| self.stopped.lock().unwrap().clone()).flatten();
        self.was_read.notify_waiters();
        if let Some(_held) = stopped {
            std::future::pending::<()>().await;
        }
        if number == self.failing.load(Ordering::SeqCst) { Err(RecorderError::Closed) } else { Ok(()) }
    }
}

#[async_trait]
impl Recorder for Watched {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        self.recorder.insert_events(events).await
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        self.recorder.select_events(query).await
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        self.read().await?;
        self.recorder.select_notifications(query).await
    }

    async fn read_notifications(
        &self,
        query: NotificationQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<(), RecorderError> {
        self.read().await?;
        self.recorder.read_notifications(query, visit).await
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.recorder.max_notification_id().await
    }

    async fn position_at(&self, notification_id: u64) -> Result<Option<LogPosition>, RecorderError> {
        self.recorder.position_at(notification_id).await
    }

    async fn last_position(&self) -> Result<LogPosition, RecorderError> {
        self.recorder.last_position().await
    }

    async fn recorded_after(&self, after: u64) {
        self.recorder.recorded_after(after).await;
    }
}

/// An application with this number of events in its log, and its recorder.
async fn recorded(events: usize) -> (Office, Arc<Watched>) {
    let recorder = Arc::new(Watched::default());
    let office = Application::builder("Office").recorder(Arc::clone(&recorder) as Arc<dyn Recorder>).open().unwrap();
    let office = Office::from(office);
    deposits(&office, events, 1).await;
    (office, recorder)
}

/// The two ways to read a log, with pages of ten.
fn ways(office: &Office) -> [(&'static str, BoxedIds); 2] {
    let read = NotificationLogReader::new(office.log()).page_size(10).read(1).map(|read| read.map(|read| read.id));
    let subscription = office.subscribe(0).page_size(10).notifications().map(|read| read.map(|read| read.item.id));
    [("reader", read.boxed()), ("subscription", subscription.boxed())]
}

type BoxedIds = futures::stream::BoxStream<'static, eventsourcing::Result<u64>>;

async fn take(ids: &mut BoxedIds, count: usize) -> Vec<u64> {
    ids.take(count).map(|id| id.unwrap()).collect().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_third_page_is_read_while_the_caller_has_the_second() {
    for way in [0, 1] {
        let (office, recorder) = recorded(50).await;
        let (name, mut ids) = ways(&office).into_iter().nth(way).unwrap();
        assert_eq!(take(&mut ids, 10).await, (1..=10).collect::<Vec<_>>(), "{name}");
        assert_eq!(recorder.reads.load(Ordering::SeqCst), 1, "{name}: who wants one page is read no other");
        assert_eq!(take(&mut ids, 1).await, [11], "{name}");
        recorder.until_read(3).await;
        assert_eq!(take(&mut ids, 39).await, (12..=50).collect::<Vec<_>>(), "{name}");
    }
}

#[tokio::test]
async fn a_runtime_that_may_not_run_again_reads_nothing_ahead() {
    for way in [0, 1] {
        let (office, recorder) = recorded(50).await;
        let (name, mut ids) = ways(&office).into_iter().nth(way).unwrap();
        take(&mut ids, 20).await;
        tokio::task::yield_now().await;
        assert_eq!(recorder.reads.load(Ordering::SeqCst), 2, "{name}");
        assert_eq!(take(&mut ids, 30).await, (21..=50).collect::<Vec<_>>(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_after_a_page_was_read_ahead_is_read_too() {
    for way in [0, 1] {
        let (office, recorder) = recorded(25).await;
        let (name, mut ids) = ways(&office).into_iter().nth(way).unwrap();
        assert_eq!(take(&mut ids, 20).await.len(), 20, "{name}");
        // the log ended with this page when it was read, and no longer does
        recorder.until_read(3).await;
        deposits(&office, 30, 1).await;
        assert_eq!(take(&mut ids, 35).await, (21..=55).collect::<Vec<_>>(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_a_page_that_was_read_ahead_is_not_told_once_it_is_over() {
    for way in [0, 1] {
        let (office, recorder) = recorded(40).await;
        recorder.failing.store(3, Ordering::SeqCst);
        let (name, mut ids) = ways(&office).into_iter().nth(way).unwrap();
        assert_eq!(take(&mut ids, 20).await.len(), 20, "{name}");
        recorder.until_read(3).await;
        assert_eq!(take(&mut ids, 20).await, (21..=40).collect::<Vec<_>>(), "{name}");
        assert!(recorder.reads.load(Ordering::SeqCst) >= 4, "{name}: it was read again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_dropped_reads_nothing_any_more() {
    for way in [0, 1] {
        let (office, recorder) = recorded(40).await;
        let held = Arc::new(());
        *recorder.stopped.lock().unwrap() = Some(Arc::clone(&held));
        recorder.stopping.store(3, Ordering::SeqCst);
        let (name, mut ids) = ways(&office).into_iter().nth(way).unwrap();
        assert_eq!(take(&mut ids, 20).await.len(), 20, "{name}");
        recorder.until_read(3).await;
        assert_eq!(Arc::strong_count(&held), 3, "{name}: it is being read");
        drop(ids);
        while Arc::strong_count(&held) > 2 {
            tokio::task::yield_now().await;
        }
    }
}
