//! A recorder that counts what is read of it, keeps what is stored in it, and fails or waits on request.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use eventsourcing::recording::{
    EventQuery, EventVisitor, LogPosition, NotificationQuery, NotificationVisitor, ReplayItem, ReplayQuery,
    ReplayVisitor, StoredDictionary, StoredSnapshot, TrackedPosition,
};
use eventsourcing::{Notification, Recorder, RecorderError, StoredEvent, Tracking, Uuid};
use tokio::sync::Semaphore;

#[derive(Debug)]
pub(crate) struct Watched {
    inner: Arc<dyn Recorder>,
    /// The events that were passed to visitors.
    events: AtomicUsize,
    /// The calls that concern snapshots.
    pub(crate) calls: AtomicUsize,
    stored: Mutex<Vec<StoredSnapshot>>,
    /// The error of each call that stores or reads snapshots.
    pub(crate) fault: Mutex<Option<RecorderError>>,
    /// Whether storing waits for a permit of the gate.
    pub(crate) is_gated: AtomicBool,
    pub(crate) gate: Semaphore,
    /// How many calls have come to the gate.
    pub(crate) waiting: AtomicUsize,
}

impl Watched {
    pub(crate) fn new(inner: Arc<dyn Recorder>) -> Self {
        Self {
            inner,
            events: AtomicUsize::default(),
            calls: AtomicUsize::default(),
            stored: Mutex::default(),
            fault: Mutex::default(),
            is_gated: AtomicBool::default(),
            gate: Semaphore::new(0),
            waiting: AtomicUsize::default(),
        }
    }

    /// The number of events that were read since the last call.
    pub(crate) fn events_read(&self) -> usize {
        self.events.swap(0, SeqCst)
    }

    /// The snapshots that were stored, in this order.
    pub(crate) fn stored(&self) -> Vec<StoredSnapshot> {
        self.stored.lock().unwrap().clone()
    }

    /// The versions of the snapshots that were stored.
    pub(crate) fn versions(&self) -> Vec<u64> {
        self.stored().iter().map(|snapshot| snapshot.originator_version).collect()
    }

    /// Stores a snapshot as another program would, in place of all others of the aggregate.
    pub(crate) async fn put(&self, snapshot: StoredSnapshot) {
        self.inner.delete_snapshots(snapshot.originator_id).await.unwrap();
        assert!(self.inner.insert_snapshot(snapshot, 1).await.unwrap());
    }

    fn call(&self) -> Result<(), RecorderError> {
        self.calls.fetch_add(1, SeqCst);
        self.fault.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Recorder for Watched {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        self.inner.insert_events(events).await
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        self.inner.select_events(query).await
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        self.inner.select_notifications(query).await
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.inner.max_notification_id().await
    }

    async fn read_events(&self, query: EventQuery, visit: &mut EventVisitor<'_>) -> Result<(), RecorderError> {
        let mut count = |event: eventsourcing::recording::StoredEventRef<'_>| {
            self.events.fetch_add(1, SeqCst);
            visit(event)
        };
        self.inner.read_events(query, &mut count).await
    }

    async fn read_notifications(
        &self,
        query: NotificationQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<(), RecorderError> {
        self.inner.read_notifications(query, visit).await
    }

    async fn insert_tracked(
        &self,
        events: Vec<StoredEvent>,
        tracking: Tracking,
    ) -> Result<Vec<Notification>, RecorderError> {
        self.inner.insert_tracked(events, tracking).await
    }

    async fn tracked_position(&self, upstream: &str) -> Result<LogPosition, RecorderError> {
        self.inner.tracked_position(upstream).await
    }

    async fn tracked_positions(&self) -> Result<Vec<TrackedPosition>, RecorderError> {
        self.inner.tracked_positions().await
    }

    async fn insert_dictionary(&self, dictionary: StoredDictionary) -> Result<bool, RecorderError> {
        self.inner.insert_dictionary(dictionary).await
    }

    async fn select_dictionaries(&self, after: u32) -> Result<Vec<StoredDictionary>, RecorderError> {
        self.inner.select_dictionaries(after).await
    }

    fn stats(&self) -> eventsourcing::stats::RecorderStats {
        self.inner.stats()
    }

    fn keeps_snapshots(&self) -> bool {
        self.inner.keeps_snapshots()
    }

    async fn insert_snapshot(&self, snapshot: StoredSnapshot, keep: usize) -> Result<bool, RecorderError> {
        self.call()?;
        if self.is_gated.load(SeqCst) {
            self.waiting.fetch_add(1, SeqCst);
            self.gate.acquire().await.unwrap().forget();
        }
        let is_kept = self.inner.insert_snapshot(snapshot.clone(), keep).await?;
        self.stored.lock().unwrap().push(snapshot);
        Ok(is_kept)
    }

    async fn delete_snapshots(&self, originator_id: Uuid) -> Result<(), RecorderError> {
        self.inner.delete_snapshots(originator_id).await
    }

    async fn read_replay(&self, query: ReplayQuery, visit: &mut ReplayVisitor<'_>) -> Result<(), RecorderError> {
        self.call()?;
        let mut count = |item: ReplayItem<'_>| -> ControlFlow<()> {
            if matches!(item, ReplayItem::Event(_)) {
                self.events.fetch_add(1, SeqCst);
            }
            visit(item)
        };
        self.inner.read_replay(query, &mut count).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
