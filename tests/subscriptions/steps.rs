//! The calls of a subscription to its recorder, step by step.

use std::future::pending;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use eventsourcing::prelude::*;
use eventsourcing::recording::{EventQuery, LogPosition, MemoryRecorder, NotificationQuery};
use eventsourcing::{Recorder, RecorderError, StoredEvent};
use futures::{FutureExt as _, TryStreamExt as _};
use tokio::time::timeout;

use super::{NEVER, Note, NoteBegun, NoteEvent, Office, deposits, next};

/// A recorder that logs its calls, and records other events at the worst moments.
#[derive(Debug, Default)]
struct Witness {
    recorder: MemoryRecorder,
    asked: Mutex<Vec<String>>,
    /// Events to record after a poll found nothing, and before the wait begins.
    between: Mutex<Vec<Vec<StoredEvent>>>,
    /// Whether a wait ends at once, although there is no new event.
    tells_lies: bool,
}

impl Witness {
    fn write_down(&self, asked: String) {
        self.asked.lock().unwrap().push(asked);
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

#[async_trait::async_trait]
impl Recorder for Witness {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        self.recorder.insert_events(events).await
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        self.recorder.select_events(query).await
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        let found = self.recorder.select_notifications(query.clone()).await?;
        self.write_down(format!("{} to {:?}: {}", query.after, query.up_to, found.len()));
        if found.is_empty() {
            let between = self.between.lock().unwrap().pop();
            if let Some(events) = between {
                self.recorder.insert_events(events).await?;
            }
        }
        Ok(found)
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        let last = self.recorder.max_notification_id().await?;
        self.write_down(format!("last: {last:?}"));
        Ok(last)
    }

    async fn position_at(&self, notification_id: u64) -> Result<Option<LogPosition>, RecorderError> {
        let found = self.recorder.position_at(notification_id).await?;
        self.write_down(format!("at {notification_id}: {}", found.is_some()));
        Ok(found)
    }

    async fn last_position(&self) -> Result<LogPosition, RecorderError> {
        let last = self.recorder.last_position().await?;
        self.write_down(format!("last position: {}", last.id));
        Ok(last)
    }

    async fn recorded_after(&self, after: u64) {
        if !self.tells_lies {
            self.recorder.recorded_after(after).await;
        }
    }
}

async fn office(witness: &Arc<Witness>) -> Office {
    let recorder: Arc<dyn Recorder> = Arc::clone(witness) as _;
    Office::builder().recorder(recorder).variables([("PERSISTENCE_MODULE", "memory")]).open().await.unwrap()
}

/// The stored events of a new account.
async fn stored() -> Vec<StoredEvent> {
    let recorder = Arc::new(Witness::default());
    deposits(&office(&recorder).await, 1, 1).await;
    let id = recorder.select_notifications(NotificationQuery::after(0, 1)).await.unwrap()[0].originator_id;
    recorder.select_events(EventQuery::of(id)).await.unwrap()
}

#[tokio::test]
async fn what_is_recorded_between_a_look_and_the_wait_is_not_missed() {
    let witness = Arc::new(Witness::default());
    for _ in 0..5 {
        let events = stored().await;
        witness.between.lock().unwrap().push(events);
    }
    let office = office(&witness).await;
    let mut subscription = office.subscribe(0).poll_interval(NEVER).notifications();
    for id in 1..=5 {
        assert_eq!(next(&mut subscription).await.item.id, id);
    }
}

#[tokio::test]
async fn a_log_is_asked_for_once_a_page_and_not_while_there_is_nothing_new() {
    let witness = Arc::new(Witness::default());
    let office = office(&witness).await;
    deposits(&office, 10, 1).await;
    witness.asked();
    let mut subscription = office.subscribe(0).page_size(4).poll_interval(NEVER).notifications();
    for _ in 0..10 {
        next(&mut subscription).await;
    }
    assert_eq!(witness.asked(), ["last: Some(10)", "0 to None: 4", "4 to None: 4", "8 to None: 2"]);
    for _ in 0..10 {
        assert!(subscription.next().now_or_never().is_none());
    }
    assert_eq!(witness.asked(), ["10 to None: 0"]);
}

#[tokio::test]
async fn what_has_other_topics_is_looked_through_once() {
    let witness = Arc::new(Witness::default());
    let office = office(&witness).await;
    deposits(&office, 1_000, 1).await;
    witness.asked();
    let mut notes = office.subscribe(0).poll_interval(NEVER).events::<NoteEvent>();
    assert!(notes.next().now_or_never().is_none());
    assert_eq!(
        witness.asked(),
        ["last: Some(1000)", "last position: 1000", "0 to Some(1000): 0", "last position: 1000"]
    );
    for last in [1_001, 1_002] {
        let (followed, _) = tokio::join!(next(&mut notes), async { office.save(&mut Note::begin()).await.unwrap() });
        assert_eq!(followed.tracking.position, last);
        let expected = [format!("last position: {last}"), format!("{} to Some({last}): 1", last - 1)];
        assert_eq!(witness.asked(), expected);
        assert!(notes.next().now_or_never().is_none());
        assert_eq!(witness.asked(), [format!("last position: {last}")]);
    }
}

#[tokio::test]
async fn a_recorder_that_tells_of_nothing_new_is_not_asked_without_end() {
    let witness = Arc::new(Witness { tells_lies: true, ..Witness::default() });
    let office = office(&witness).await;
    witness.asked();
    let mut subscription = office.subscribe(0).poll_interval(NEVER).notifications();
    for _ in 0..100 {
        assert!(subscription.next().now_or_never().is_none());
    }
    // it believes once, and from then on waits
    assert_eq!(witness.asked(), ["last: None", "0 to None: 0", "0 to None: 0"]);
}

/// The number of calls to the log in a hundred intervals in which nothing is recorded.
async fn asked_while_idle(witness: &Witness, interval: Duration, following: impl Future<Output = ()>) -> usize {
    let mut following = pin!(following);
    // the first wait is shorter, so that those who began together part
    timeout(interval * 3 / 2, &mut following).await.unwrap_err();
    witness.asked();
    timeout(interval * 100, following).await.unwrap_err();
    witness.asked().len()
}

/// Counts notes.
struct Notes;

#[projection("notes")]
impl Notes {
    #[on]
    async fn begun(&self, _: &NoteBegun, view: &mut usize) -> Result<()> {
        *view += 1;
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_follower_asks_once_in_each_poll_interval() {
    let witness = Arc::new(Witness::default());
    let office = office(&witness).await;
    deposits(&office, 1, 1).await;
    for interval in [Duration::from_millis(100), Duration::from_secs(10)] {
        let notifications = async {
            office.subscribe(0).poll_interval(interval).notifications().try_for_each(async |_| Ok(())).await.unwrap();
        };
        assert_eq!(asked_while_idle(&witness, interval, notifications).await, 100);
        let notes = async {
            office.subscribe(0).poll_interval(interval).events::<NoteEvent>().next().await;
        };
        assert_eq!(asked_while_idle(&witness, interval, notes).await, 100);
        let projection = async {
            let runner = ProjectionRunner::builder(&office, Notes, MemoryViews::new(0)).poll_interval(interval);
            let _running = runner.start().await.unwrap();
            pending().await
        };
        assert_eq!(asked_while_idle(&witness, interval, projection).await, 100);
    }
}

#[tokio::test]
async fn a_page_of_large_events_ends_early() {
    let witness = Arc::new(Witness::default());
    let office = office(&witness).await;
    let mut note = Note::begin();
    for _ in 0..10 {
        note.add(&"x".repeat(1_500_000));
    }
    office.save(&mut note).await.unwrap();
    let mut subscription = office.subscribe(1).poll_interval(NEVER).notifications();
    let mut ends = Vec::new();
    for id in 2..=11 {
        witness.asked();
        assert_eq!(next(&mut subscription).await.item.id, id);
        if !witness.asked().is_empty() {
            ends.push(id);
        }
    }
    assert_eq!(ends, [2, 5, 8, 11], "a page is read where the one before has more than four megabytes");
}

#[test]
fn in_memory_no_runtime_is_needed() {
    futures::executor::block_on(async {
        let office = office(&Arc::new(Witness::default())).await;
        let mut subscription = office.subscribe(0).notifications();
        for id in 1..=3 {
            assert!(subscription.next().now_or_never().is_none());
            deposits(&office, 1, 1).await;
            assert_eq!(subscription.next().await.unwrap().unwrap().item.id, id);
        }
    });
}
