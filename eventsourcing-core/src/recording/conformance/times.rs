//! Times at which events were recorded. A recorder may store none.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::Fixture;
use super::store::{Store, expect};
use crate::recording::{RecordedTime, StoredEvent};

/// From one notification id to the next, times do not decrease, whoever recorded the events.
pub async fn times_never_decrease(fixture: &dyn Fixture) {
    let rule = "times never decrease";
    let store = Store::open(fixture).await;
    for events in [1, 3, 1, 20, 2] {
        store.insert(&events_of(events)).await;
        let other = Store::open(fixture).await;
        other.insert(&events_of(1)).await;
    }
    let ids: Vec<u64> = (1..=32).collect();
    let times = times(&store, &ids).await;
    assert!(times.is_sorted_by_key(|one| one.time), "{rule}: {times:?}");
}

/// Each id has at most one time, in whatever order ids are asked for, and an id without an event has none.
pub async fn only_events_have_times(fixture: &dyn Fixture) {
    let rule = "only events have times";
    let store = Store::open(fixture).await;
    store.insert(&events_of(3)).await;
    let all = times(&store, &[1, 2, 3]).await;
    let mixed = times(&store, &[9, 3, 0, u64::MAX, 1, 3]).await;
    let expected: Vec<_> = all.iter().filter(|one| one.notification_id != 2).copied().collect();
    assert_eq!(mixed, expected, "{rule}");
    assert_eq!(times(&store, &[]).await, [], "{rule}: none was asked for");
}

/// An event that is sent again keeps its time.
pub async fn a_repeated_append_keeps_its_times(fixture: &dyn Fixture) {
    let rule = "a repeated append keeps its times";
    let store = Store::open(fixture).await;
    let events = events_of(2);
    store.insert(&events).await;
    let before = times(&store, &[1, 2]).await;
    store.insert(&events).await;
    assert_eq!(times(&store, &[1, 2, 3]).await, before, "{rule}");
}

/// The last event before a time is found; before the first event it is none, and after the last one it is the last.
pub async fn the_last_event_before_a_time_is_found(fixture: &dyn Fixture) {
    let rule = "the last event before a time is found";
    let store = Store::open(fixture).await;
    assert_eq!(before(&store, Timestamp::MAX).await, 0, "{rule}: in an empty log");
    for events in [1, 40, 1, 1, 7] {
        store.insert(&events_of(events)).await;
    }
    let ids: Vec<u64> = (1..=50).collect();
    let times = times(&store, &ids).await;
    assert_eq!(before(&store, Timestamp::MAX).await, 50, "{rule}: after the last event");
    for one in times {
        let last = before(&store, one.time).await;
        assert!(last < one.notification_id, "{rule}: {one:?} was not recorded before its own time, but {last} was");
        let next = one.time.saturating_add(SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MAX);
        let last = before(&store, next).await;
        assert!(last >= one.notification_id, "{rule}: {one:?} was recorded before {next}, and {last} is the last");
    }
}

async fn before(store: &Store, time: Timestamp) -> u64 {
    expect("last_id_before", store.recorder().last_id_before(time).await)
}

/// The known times, by id.
async fn times(store: &Store, ids: &[u64]) -> Vec<RecordedTime> {
    let mut times = expect("select_recorded_times", store.recorder().select_recorded_times(ids).await);
    times.sort_unstable_by_key(|one| one.notification_id);
    times.dedup();
    times
}

fn events_of(count: u64) -> Vec<StoredEvent> {
    let (id, append_id) = (Uuid::new_v4(), Uuid::new_v4());
    (1..=count).map(|version| StoredEvent::new(id, version, "World.Started", *b"{}", append_id)).collect()
}
