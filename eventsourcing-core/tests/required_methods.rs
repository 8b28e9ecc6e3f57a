//! A recorder with the required methods and no others fulfils the contract: the methods with defaults are correct, or refuse.
#![cfg(feature = "conformance")]

use async_trait::async_trait;
use eventsourcing_core::recording::conformance::Single;
use eventsourcing_core::recording::{EventQuery, MemoryRecorder, NotificationQuery};
use eventsourcing_core::{Notification, Recorder, RecorderError, StoredEvent, recorder_conformance};

recorder_conformance!(
    four_methods,
    Single::new(FourMethods::default()),
    without [dictionaries, tracking, letters, snapshots, commands]
);

#[derive(Debug, Default)]
struct FourMethods(MemoryRecorder);

#[async_trait]
impl Recorder for FourMethods {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        self.0.insert_events(events).await
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        self.0.select_events(query).await
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        self.0.select_notifications(query).await
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.0.max_notification_id().await
    }
}
