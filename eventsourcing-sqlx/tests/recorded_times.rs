//! When events were recorded: times that never decrease, events that have none, and the first event of a time.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use eventsourcing_core::recording::RecordedTime;
use eventsourcing_core::{Recorder, StoredEvent, Timestamp, Uuid};

use common::one_event;
use common::store::{Store, on_each};

async fn times(recorder: &dyn Recorder) -> Vec<RecordedTime> {
    let last = recorder.max_notification_id().await.unwrap().unwrap_or_default();
    let mut times = recorder.select_recorded_times(&(1..=last).collect::<Vec<_>>()).await.unwrap();
    times.sort_unstable_by_key(|one| one.notification_id);
    times
}

/// The events of a new aggregate.
fn events_of(count: u64) -> Vec<StoredEvent> {
    common::events(Uuid::new_v4(), 1..=count)
}

/// Sets the time of some events from outside.
async fn set(store: &Store, time: Option<Timestamp>, condition: &str) {
    let value = match (time, store) {
        (None, _) => "NULL".to_owned(),
        (Some(time), Store::Postgres(_)) => format!("'{time}'"),
        (Some(time), Store::Sqlite(_)) => time.as_microsecond().to_string(),
    };
    store.run(&format!("UPDATE universe_events SET recorded_at = {value} WHERE {condition}")).await;
}

#[tokio::test]
async fn each_event_has_a_time_and_those_of_one_save_have_the_same() {
    on_each(async |store| {
        let recorder = store.open().await;
        for count in [1, 5, 1] {
            recorder.insert_events(events_of(count)).await.unwrap();
        }
        let times = times(&*recorder).await;
        assert_eq!(times.iter().map(|one| one.notification_id).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
        assert!(times[1..6].iter().all(|one| one.time == times[1].time), "{times:?}");
        recorder.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_set_times_back() {
    on_each(async |store| {
        let recorder = store.open().await;
        recorder.insert_events(one_event()).await.unwrap();
        let later: Timestamp = "2100-01-01T00:00:00.000123Z".parse().unwrap();
        set(store, Some(later), "notification_id = 1").await;
        // one event, and several
        recorder.insert_events(one_event()).await.unwrap();
        recorder.insert_events(events_of(3)).await.unwrap();
        assert!(times(&*recorder).await.iter().all(|one| one.time == later));
        recorder.close().await;
    })
    .await;
}

#[tokio::test]
async fn events_without_a_time_count_as_recorded_before_those_after_them() {
    on_each(async |store| {
        let recorder = store.open().await;
        recorder.insert_events(events_of(2_000)).await.unwrap();
        recorder.insert_events(events_of(2_000)).await.unwrap();
        recorder.insert_events(events_of(1)).await.unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        // as after a migration, and as an old program leaves some that is still running
        set(store, None, "notification_id <= 2000 OR notification_id = 3000").await;
        set(store, Some(at(10)), "notification_id BETWEEN 2001 AND 2999").await;
        set(store, Some(at(20)), "notification_id BETWEEN 3001 AND 4000").await;
        set(store, Some(at(30)), "notification_id = 4001").await;
        assert_eq!(times(&*recorder).await.len(), 2_000);
        for (second, last) in [(0, 2_000), (10, 2_000), (20, 3_000), (30, 4_000), (31, 4_001)] {
            let found = recorder.last_id_before(at(second)).await.unwrap();
            // the event at 3000 belongs to either side
            assert!(found == last || (second == 20 && found == 2_999), "{found} before second {second}");
        }
        set(store, None, "TRUE").await;
        assert_eq!(recorder.last_id_before(at(0)).await.unwrap(), 4_001);
        assert_eq!(times(&*recorder).await, []);
        recorder.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_time_that_no_recorder_wrote_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::Sqlite(folder);
    let recorder = store.open().await;
    recorder.insert_events(one_event()).await.unwrap();
    store.run(&format!("UPDATE universe_events SET recorded_at = {}", i64::MAX)).await;
    let error = recorder.select_recorded_times(&[1]).await.unwrap_err().to_string();
    assert!(error.contains("time of recording 9223372036854775807 of notification 1"), "{error}");
}
