//! A recorder that counts what is read of it, and waits, fails or is replaced on request.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use eventsourcing::recording::{
    Append, EventQuery, EventVisitor, LogPosition, NotificationQuery, ReplayItem, ReplayQuery, ReplayVisitor,
    StoredEventRef, StoredSnapshot, Tracking,
};
use eventsourcing::{Notification, Recorder, RecorderError, StoredEvent, Uuid};
use tokio::sync::Semaphore;

#[derive(Debug)]
pub(crate) struct Watched {
    inner: Mutex<Arc<dyn Recorder>>,
    /// The events that were passed to visitors.
    events: AtomicUsize,
    /// The queries for events.
    queries: AtomicUsize,
    /// The result of the next query, if it is not that of the database.
    pub(crate) read_fault: Mutex<Option<RecorderError>>,
    /// The result of the next append, after it is recorded.
    pub(crate) append_fault: Mutex<Option<RecorderError>>,
    pub(crate) panics: AtomicBool,
    /// Where queries wait after they have read, and appends after they have recorded.
    pub(crate) reads: Gate,
    pub(crate) appends: Gate,
    /// Where queries wait before they read, and appends before they record.
    pub(crate) before_reads: Gate,
    pub(crate) before_appends: Gate,
}

/// A gate that lets all pass until it is closed.
#[derive(Debug)]
pub(crate) struct Gate {
    is_closed: AtomicBool,
    permits: Semaphore,
    /// How many have come to the gate.
    arrived: AtomicUsize,
}

impl Gate {
    fn new() -> Self {
        Self { is_closed: AtomicBool::default(), permits: Semaphore::new(0), arrived: AtomicUsize::default() }
    }

    pub(crate) fn close(&self) {
        self.is_closed.store(true, SeqCst);
    }

    /// Lets all pass that wait, and all that come.
    pub(crate) fn open(&self) {
        self.is_closed.store(false, SeqCst);
        self.permits.add_permits(1000);
    }

    /// Forgets what it was used for.
    pub(crate) fn reset(&self) {
        self.permits.forget_permits(usize::MAX);
        self.arrived.store(0, SeqCst);
    }

    /// Waits until this many have come to the closed gate.
    pub(crate) async fn arrived(&self, count: usize) {
        while self.arrived.load(SeqCst) < count {
            tokio::task::yield_now().await;
        }
    }

    async fn pass(&self) {
        if self.is_closed.load(SeqCst) {
            self.arrived.fetch_add(1, SeqCst);
            self.permits.acquire().await.unwrap().forget();
        }
    }
}

impl Watched {
    pub(crate) fn new(inner: Arc<dyn Recorder>) -> Self {
        Self {
            inner: Mutex::new(inner),
            events: AtomicUsize::default(),
            queries: AtomicUsize::default(),
            read_fault: Mutex::default(),
            append_fault: Mutex::default(),
            panics: AtomicBool::default(),
            reads: Gate::new(),
            appends: Gate::new(),
            before_reads: Gate::new(),
            before_appends: Gate::new(),
        }
    }

    /// The number of events that were read since the last call, and in how many queries.
    pub(crate) fn read_since(&self) -> (usize, usize) {
        (self.events.swap(0, SeqCst), self.queries.swap(0, SeqCst))
    }

    /// Replaces the log by another one, as a failover to an old copy does.
    pub(crate) fn swap(&self, other: Arc<dyn Recorder>) -> Arc<dyn Recorder> {
        std::mem::replace(&mut *self.inner.lock().unwrap(), other)
    }

    fn inner(&self) -> Arc<dyn Recorder> {
        Arc::clone(&self.inner.lock().unwrap())
    }

    fn begin_query(&self) -> Result<(), RecorderError> {
        self.queries.fetch_add(1, SeqCst);
        assert!(!self.panics.swap(false, SeqCst), "the recorder panics");
        self.read_fault.lock().unwrap().take().map_or(Ok(()), Err)
    }

    async fn answer<T>(&self, recorded: Result<T, RecorderError>) -> Result<T, RecorderError> {
        self.appends.pass().await;
        match self.append_fault.lock().unwrap().take() {
            Some(error) => Err(error),
            None => recorded,
        }
    }
}

#[async_trait]
impl Recorder for Watched {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        self.before_appends.pass().await;
        let recorded = self.inner().insert_events(events).await;
        self.answer(recorded).await
    }

    async fn insert_tracked(
        &self,
        events: Vec<StoredEvent>,
        tracking: Tracking,
    ) -> Result<Vec<Notification>, RecorderError> {
        let recorded = self.inner().insert_tracked(events, tracking).await;
        self.answer(recorded).await
    }

    async fn append(&self, append: Append) -> Result<Vec<Notification>, RecorderError> {
        let recorded = self.inner().append(append).await;
        self.answer(recorded).await
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        self.inner().select_events(query).await
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        self.inner().select_notifications(query).await
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.inner().max_notification_id().await
    }

    async fn read_events(&self, query: EventQuery, visit: &mut EventVisitor<'_>) -> Result<(), RecorderError> {
        self.before_reads.pass().await;
        self.begin_query()?;
        let mut count = |event: StoredEventRef<'_>| {
            self.events.fetch_add(1, SeqCst);
            visit(event)
        };
        let read = self.inner().read_events(query, &mut count).await;
        self.reads.pass().await;
        read
    }

    async fn tracked_position(&self, upstream: &str) -> Result<LogPosition, RecorderError> {
        self.inner().tracked_position(upstream).await
    }

    fn stats(&self) -> eventsourcing::stats::RecorderStats {
        self.inner().stats()
    }

    fn keeps_snapshots(&self) -> bool {
        self.inner().keeps_snapshots()
    }

    async fn insert_snapshot(&self, snapshot: StoredSnapshot, keep: usize) -> Result<bool, RecorderError> {
        self.inner().insert_snapshot(snapshot, keep).await
    }

    async fn delete_snapshots(&self, originator_id: Uuid) -> Result<(), RecorderError> {
        self.inner().delete_snapshots(originator_id).await
    }

    async fn read_replay(&self, query: ReplayQuery, visit: &mut ReplayVisitor<'_>) -> Result<(), RecorderError> {
        self.before_reads.pass().await;
        self.begin_query()?;
        let mut count = |item: ReplayItem<'_>| -> ControlFlow<()> {
            if matches!(item, ReplayItem::Event(_)) {
                self.events.fetch_add(1, SeqCst);
            }
            visit(item)
        };
        let read = self.inner().read_replay(query, &mut count).await;
        self.reads.pass().await;
        read
    }

    async fn close(&self) {
        self.inner().close().await;
    }
}
