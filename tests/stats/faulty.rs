//! A recorder that does not answer, or not for certain, on request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use async_trait::async_trait;
use eventsourcing::recording::{EventQuery, MemoryRecorder, NotificationQuery};
use eventsourcing::{Application, Notification, Recorder, RecorderError, StoredEvent};

#[derive(Debug, Default)]
pub(crate) struct Faulty {
    inner: MemoryRecorder,
    /// Appends record, and say that it is unknown whether they did.
    pub(crate) is_uncertain: AtomicBool,
    /// Appends and the end of the log are never answered.
    pub(crate) is_silent: AtomicBool,
    /// The database cannot be reached.
    pub(crate) is_gone: AtomicBool,
}

impl Faulty {
    /// An application that records with it.
    pub(crate) fn application() -> (Arc<Self>, Application) {
        let recorder = Arc::new(Self::default());
        let application = Application::builder("Bank").recorder(Arc::<Self>::clone(&recorder)).open().unwrap();
        (recorder, application)
    }

    async fn answers(&self) -> Result<(), RecorderError> {
        if self.is_silent.load(SeqCst) {
            std::future::pending::<()>().await;
        }
        match self.is_gone.load(SeqCst) {
            true => Err(RecorderError::Disconnected { source: "the cable is cut".into() }),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Recorder for Faulty {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        self.answers().await?;
        let recorded = self.inner.insert_events(events).await?;
        match self.is_uncertain.load(SeqCst) {
            true => Err(RecorderError::OutcomeUnknown { source: "the answer was lost".into() }),
            false => Ok(recorded),
        }
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        self.inner.select_events(query).await
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        self.inner.select_notifications(query).await
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.answers().await?;
        self.inner.max_notification_id().await
    }
}
