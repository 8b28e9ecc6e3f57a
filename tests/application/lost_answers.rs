//! A save whose answer was lost: saving again completes it, without a conflict with itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use eventsourcing::prelude::*;
use eventsourcing::recording::{EventQuery, MemoryRecorder, NotificationQuery};
use eventsourcing::{Recorder, RecorderError, StoredEvent};

use super::{Account, Office};

/// Records events and loses the answer.
#[derive(Debug, Default)]
pub(super) struct LosesAnswers {
    recorder: MemoryRecorder,
    loses: AtomicBool,
}

#[async_trait::async_trait]
impl Recorder for LosesAnswers {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        let recorded = self.recorder.insert_events(events).await?;
        if self.loses.load(Ordering::Relaxed) {
            return Err(RecorderError::OutcomeUnknown { source: "the line went dead".into() });
        }
        Ok(recorded)
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        self.recorder.select_events(query).await
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        self.recorder.select_notifications(query).await
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.recorder.max_notification_id().await
    }
}

#[tokio::test]
async fn a_save_whose_answer_was_lost_is_never_in_conflict_with_itself() {
    let recorder = Arc::new(LosesAnswers::default());
    let office = Office::builder()
        .recorder(recorder.clone())
        .variables([("PERSISTENCE_MODULE", "memory")])
        .open()
        .await
        .unwrap();
    let mut stale = Account::open();
    office.save(&mut stale.clone()).await.unwrap();

    let mut account = Account::open();
    recorder.loses.store(true, Ordering::Relaxed);
    let error = office.save(&mut account).await.unwrap_err();
    assert!(matches!(error, Error::Recorder(RecorderError::OutcomeUnknown { .. })), "{error}");
    recorder.loses.store(false, Ordering::Relaxed);
    let mut clone = account.clone();

    // not even if it was refused in between for somebody else's fault
    let error = office.save((&mut account, &mut stale)).await.unwrap_err();
    let other = stale.id();
    assert!(matches!(error, Error::AlreadyExists { originator_id, .. } if originator_id == other), "{error}");
    account.deposit(1);
    let recorded = office.save(&mut account).await.unwrap();
    assert_eq!(recorded.iter().map(|it| (it.id, it.originator_version)).collect::<Vec<_>>(), [(2, 1), (3, 2)]);
    // a clone is another attempt, whatever it holds
    assert!(matches!(office.save(&mut clone).await.unwrap_err(), Error::AlreadyExists { recorded: 2, .. }));
}
