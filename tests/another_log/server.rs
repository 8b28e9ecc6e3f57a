//! A log in memory that can be rolled back.

use std::sync::{Arc, PoisonError, RwLock};

use eventsourcing::prelude::*;
use eventsourcing::recording::{EventQuery, LogPosition, MemoryRecorder, NotificationQuery, NotificationVisitor};
use eventsourcing::{Recorder, RecorderError, StoredEvent};

use super::Office;

/// A recorder whose log can be replaced by another, as after a failover to a server that lagged.
#[derive(Clone, Debug, Default)]
pub(super) struct Server(Arc<RwLock<MemoryRecorder>>);

impl Server {
    pub(super) fn now(&self) -> MemoryRecorder {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) async fn office(&self) -> Office {
        Office::builder().recorder(Arc::new(self.clone())).open().await.unwrap()
    }

    /// Loses all events after an id.
    pub(super) async fn go_back(&self, id: u64) {
        let log = self.now().select_notifications(NotificationQuery::after(0, 1_000).up_to(id)).await.unwrap();
        let other = MemoryRecorder::new();
        for notification in log {
            other.insert_events(vec![notification.into_stored_event()]).await.unwrap();
        }
        *self.0.write().unwrap() = other;
    }
}

#[async_trait::async_trait]
impl Recorder for Server {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        self.now().insert_events(events).await
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        self.now().select_events(query).await
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        self.now().select_notifications(query).await
    }

    async fn read_notifications(
        &self,
        query: NotificationQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<(), RecorderError> {
        self.now().read_notifications(query, visit).await
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.now().max_notification_id().await
    }

    async fn insert_tracked(
        &self,
        events: Vec<StoredEvent>,
        tracking: Tracking,
    ) -> Result<Vec<Notification>, RecorderError> {
        self.now().insert_tracked(events, tracking).await
    }

    async fn tracked_position(&self, upstream: &str) -> Result<LogPosition, RecorderError> {
        self.now().tracked_position(upstream).await
    }
}
