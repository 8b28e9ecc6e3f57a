//! The places of an aggregate's events in the log. A recorder may know none.

use uuid::Uuid;

use super::Fixture;
use super::store::{Store, expect};
use crate::recording::{EventPlace, StoredEvent};

/// An event of an aggregate has at most one place: the notification id that it was recorded with, and its time.
pub async fn places_are_those_that_were_recorded(fixture: &dyn Fixture) {
    let rule = "places are those that were recorded";
    let store = Store::open(fixture).await;
    let id = Uuid::new_v4();
    let events = |versions: &[u64]| -> Vec<StoredEvent> {
        let append_id = Uuid::new_v4();
        let event = |version: &u64| StoredEvent::new(id, *version, "World.Started", *b"{}", append_id);
        versions.iter().map(event).collect()
    };
    store.insert(&events(&[1, 2])).await;
    store.insert(&[StoredEvent::new(Uuid::new_v4(), 1, "World.Started", *b"{}", Uuid::new_v4())]).await;
    store.insert(&events(&[3])).await;
    let recorder = store.recorder();
    let places = |versions: Vec<u64>| async move {
        let mut places = expect("select_event_places", recorder.select_event_places(id, &versions).await);
        places.sort_unstable_by_key(|place: &EventPlace| place.originator_version);
        places
    };
    let all = places(vec![3, 0, 1, 2, 9, u64::MAX]).await;
    let ids: Vec<_> = all.iter().map(|place| (place.originator_version, place.notification_id)).collect();
    // a recorder may know no places, but no wrong ones
    assert!(ids.is_empty() || ids == [(1, 1), (2, 2), (3, 4)], "{rule}: {all:?}");
    let known = expect("select_recorded_times", recorder.select_recorded_times(&[1, 2, 4]).await);
    for place in all {
        let time = known.iter().find(|one| one.notification_id == place.notification_id).map(|one| one.time);
        assert_eq!(place.recorded_at, time, "{rule}: the time of {place:?}");
    }
    assert_eq!(places(Vec::new()).await, [], "{rule}: none was asked for");
    let others = expect("select_event_places", recorder.select_event_places(Uuid::new_v4(), &[1]).await);
    assert_eq!(others, [], "{rule}: of an aggregate without events");
}
