//! A recorder that counts what is asked of the database.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use async_trait::async_trait;
use eventsourcing::recording::{
    EventPlace, EventQuery, EventVisitor, NotificationQuery, NotificationVisitor, OriginatorIdQuery, OriginatorQuery,
    OriginatorSummary, RecordedOriginator, RecordedTime, SearchQuery, StoredDictionary,
};
use eventsourcing::{Notification, Recorder, RecorderError, StoredEvent, Uuid};

/// Passes each call on, and counts it: a call is a statement, or one for each page of a long answer.
#[derive(Clone, Debug)]
pub(crate) struct Counting {
    inner: Arc<dyn Recorder>,
    calls: Arc<AtomicUsize>,
}

impl Counting {
    pub(crate) fn new(inner: Arc<dyn Recorder>) -> Self {
        Self { inner, calls: Arc::default() }
    }

    /// The number of calls since the last time.
    pub(crate) fn taken(&self) -> usize {
        self.calls.swap(0, Relaxed)
    }

    fn counted(&self) -> &dyn Recorder {
        self.calls.fetch_add(1, Relaxed);
        &*self.inner
    }
}

#[async_trait]
impl Recorder for Counting {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        self.counted().insert_events(events).await
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        self.counted().select_events(query).await
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        self.counted().select_notifications(query).await
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.counted().max_notification_id().await
    }

    async fn read_events(&self, query: EventQuery, visit: &mut EventVisitor<'_>) -> Result<(), RecorderError> {
        self.counted().read_events(query, visit).await
    }

    async fn read_notifications(
        &self,
        query: NotificationQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<(), RecorderError> {
        self.counted().read_notifications(query, visit).await
    }

    async fn search_notifications(
        &self,
        query: SearchQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<Option<u64>, RecorderError> {
        self.counted().search_notifications(query, visit).await
    }

    async fn select_originators_by_id(
        &self,
        query: OriginatorIdQuery,
    ) -> Result<Vec<OriginatorSummary>, RecorderError> {
        self.counted().select_originators_by_id(query).await
    }

    async fn select_originators(&self, query: OriginatorQuery) -> Result<Vec<RecordedOriginator>, RecorderError> {
        self.counted().select_originators(query).await
    }

    async fn select_recorded_times(&self, ids: &[u64]) -> Result<Vec<RecordedTime>, RecorderError> {
        self.counted().select_recorded_times(ids).await
    }

    async fn select_event_places(&self, id: Uuid, versions: &[u64]) -> Result<Vec<EventPlace>, RecorderError> {
        self.counted().select_event_places(id, versions).await
    }

    async fn select_dictionaries(&self, after: u32) -> Result<Vec<StoredDictionary>, RecorderError> {
        self.counted().select_dictionaries(after).await
    }

    async fn recorded_after(&self, after: u64) {
        // a wake-up within the process, and no question to the database
        self.inner.recorded_after(after).await;
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
