//! The rules about times find recorders that break them.
#![cfg(feature = "conformance")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use eventsourcing_core::recording::conformance::{Fixture, Single, check, times};
use eventsourcing_core::recording::{EventQuery, MemoryRecorder, NotificationQuery, RecordedTime};
use eventsourcing_core::{Notification, Recorder, RecorderError, StoredEvent, Timestamp, Uuid};

/// What is wrong with the times of a recorder.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    /// A clock that runs backwards.
    Decreases,
    /// Each id has a time, whether there is an event or not.
    Invents,
    /// An event that is sent again gets the time of the second attempt.
    Renews,
    /// The last event before a time is one too early.
    FindsTheOneBefore,
}

#[derive(Debug)]
struct Timed {
    recorder: MemoryRecorder,
    fault: Fault,
    inserts: AtomicI64,
}

#[async_trait]
impl Recorder for Timed {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        self.inserts.fetch_add(1, Ordering::Relaxed);
        self.recorder.insert_events(events).await
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

    async fn select_recorded_times(&self, ids: &[u64]) -> Result<Vec<RecordedTime>, RecorderError> {
        let known = self.recorder.select_recorded_times(ids).await?;
        let at = |id: u64, second: i64| RecordedTime::new(id, Timestamp::from_second(second).expect("a valid second"));
        let backwards = |one: &RecordedTime| at(one.notification_id, 9_000 - one.notification_id.cast_signed());
        let inserts = self.inserts.load(Ordering::Relaxed);
        Ok(match self.fault {
            Fault::None | Fault::FindsTheOneBefore => known,
            Fault::Decreases => known.iter().map(backwards).collect(),
            Fault::Invents => ids.iter().map(|id| at(*id, 0)).collect(),
            Fault::Renews => known.iter().map(|one| at(one.notification_id, inserts)).collect(),
        })
    }

    async fn last_id_before(&self, time: Timestamp) -> Result<u64, RecorderError> {
        let last = self.recorder.last_id_before(time).await?;
        Ok(if self.fault == Fault::FindsTheOneBefore { last.saturating_sub(1) } else { last })
    }
}

fn breaks(fault: Fault, rule: impl AsyncFnOnce(&dyn Fixture)) -> bool {
    let timed = Timed { recorder: MemoryRecorder::new(), fault, inserts: 0.into() };
    catch_unwind(AssertUnwindSafe(|| check(async { Single::new(timed) }, rule))).is_err()
}

#[test]
fn each_rule_about_times_finds_its_fault() {
    assert!(breaks(Fault::Decreases, times::times_never_decrease));
    assert!(breaks(Fault::Invents, times::only_events_have_times));
    assert!(breaks(Fault::Renews, times::a_repeated_append_keeps_its_times));
    assert!(breaks(Fault::FindsTheOneBefore, times::the_last_event_before_a_time_is_found));
}

#[test]
fn a_recorder_without_a_fault_passes_the_rules_about_times() {
    assert!(!breaks(Fault::None, times::times_never_decrease));
    assert!(!breaks(Fault::None, times::only_events_have_times));
    assert!(!breaks(Fault::None, times::a_repeated_append_keeps_its_times));
    assert!(!breaks(Fault::None, times::the_last_event_before_a_time_is_found));
}

#[test]
fn the_events_of_one_save_have_one_time_in_memory() {
    futures::executor::block_on(async {
        let recorder = MemoryRecorder::new();
        let (id, append_id) = (Uuid::new_v4(), Uuid::new_v4());
        let event = |version| StoredEvent::new(id, version, "World.Started", *b"{}", append_id);
        recorder.insert_events((1..=1_000).map(event).collect()).await.expect("a free version");
        let ids: Vec<u64> = (1..=1_000).collect();
        let times = recorder.select_recorded_times(&ids).await.expect("memory");
        assert!(times.len() == 1_000 && times.iter().all(|one| one.time == times[0].time));
    });
}
