//! A recorder that stores no command ids refuses them, and loses nothing.

use std::sync::Arc;

use eventsourcing::prelude::*;
use eventsourcing::recording::{EventQuery, MemoryRecorder, NotificationQuery};
use eventsourcing::{Recorder, RecorderError, StoredEvent};

use super::{Order, recorded};

#[derive(Debug, Default)]
struct Plain(MemoryRecorder);

#[async_trait::async_trait]
impl Recorder for Plain {
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

#[tokio::test]
async fn a_recorder_without_commands_refuses_them() {
    let shop = Application::builder("Shop").recorder(Arc::new(Plain::default())).open().unwrap();
    let mut order = Order::place("book");
    let error = shop.save(&mut order).command("request-1").await.unwrap_err();
    assert!(matches!(error, Error::Recorder(RecorderError::NoCommands)), "{error}");
    assert!(error.to_string().contains("give the application a recorder that stores them"), "{error}");
    assert_eq!((recorded(&shop).await, shop.command("request-1").await.unwrap()), (0, None));
    // and the order is not lost
    shop.save(&mut order).await.unwrap();
    let retried = shop.retry(order.id(), |order: &mut Order| order.note("gift")).command("request-1").await;
    assert!(matches!(retried, Err(Error::Recorder(RecorderError::NoCommands))), "{retried:?}");
    assert!(matches!(shop.prune_commands().await, Err(Error::Recorder(RecorderError::NoCommands))));
    assert_eq!(recorded(&shop).await, 1);
}
