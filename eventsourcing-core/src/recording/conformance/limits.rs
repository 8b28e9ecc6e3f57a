//! The minimum and maximum values of every field are stored unchanged, and values beyond them are refused.

use uuid::Uuid;

use super::Fixture;
use super::store::{Store, append, assert_conflict, assert_same, numbered, versions};
use crate::recording::{EventQuery, NotificationQuery, RecorderError, StoredEvent};

const LARGEST: u64 = i64::MAX.unsigned_abs();

/// Version 0 is a valid version.
pub async fn version_zero_is_kept(fixture: &dyn Fixture) {
    let rule = "version 0 is kept";
    let store = Store::open(fixture).await;
    let id = Uuid::new_v4();
    let events = versions(id, [0, 1]);
    is_kept(&store, &events, rule).await;
    assert_same(&store.events(EventQuery::of(id).up_to(0)).await, &events[..1], rule);
    assert_same(&store.events(EventQuery::of(id).after(0)).await, &events[1..], rule);
}

/// The maximum version is in range: if the version before it is missing, the result is a conflict and no other error.
pub async fn the_largest_version_is_in_range(fixture: &dyn Fixture) {
    let rule = "the largest version is in range";
    let store = Store::open(fixture).await;
    let id = Uuid::new_v4();
    store.insert(&versions(id, [1])).await;
    for version in [LARGEST - 1, LARGEST] {
        let found = assert_conflict(store.try_insert(&versions(id, [version])).await, id, rule);
        assert_eq!(found, (version, 1), "{rule}: (tried, recorded)");
    }
}

/// A version above `i64::MAX` is out of range, and nothing of its insert is recorded.
pub async fn a_version_beyond_the_largest_is_out_of_range(fixture: &dyn Fixture) {
    let rule = "a version above i64::MAX is out of range";
    let store = Store::open(fixture).await;
    let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
    for version in [LARGEST + 1, u64::MAX] {
        for places in [vec![(a, version)], vec![(b, 1), (a, 1), (a, version), (b, 2)]] {
            match store.try_insert(&append(places)).await {
                Err(RecorderError::OutOfRange { value, max, .. }) => {
                    assert_eq!((value, max), (version, LARGEST), "{rule}: (value, max)");
                }
                other => panic!("{rule}: OutOfRange was expected for version {version}, and there is: {other:?}"),
            }
            assert_same(&store.log().await, &[], rule);
        }
    }
    let events = append([(a, 1), (b, 1)]);
    assert_same(&store.insert(&events).await, &numbered(1, &events), rule);
}

/// A state may be empty, contain any byte, and have a length of one mebibyte.
pub async fn states_of_any_bytes_and_size_are_kept(fixture: &dyn Fixture) {
    let store = Store::open(fixture).await;
    let mut events = versions(Uuid::new_v4(), 1..=5);
    events[0].state = [].into();
    events[1].state = [0].into();
    events[2].state = (0..=u8::MAX).rev().cycle().take(1 << 20).collect();
    events[3].state = [0xff; 3].into();
    events[4].state = b"\\x5c'\"\\0\r\n".as_slice().into();
    is_kept(&store, &events, "a state of any bytes and size is kept").await;
}

/// A topic may use any script and contain quotes; a topic of a thousand characters is not truncated.
pub async fn topics_of_any_script_are_kept(fixture: &dyn Fixture) {
    let store = Store::open(fixture).await;
    let mut events = versions(Uuid::new_v4(), 1..=6);
    let topics = ["Wörld.Gegründet", "世界.開始", "🌍.🎉", "a'b\"c\\d", "e\u{301}", &"ß".repeat(1_000)];
    for (event, topic) in events.iter_mut().zip(topics) {
        event.topic = topic.to_owned().into();
    }
    is_kept(&store, &events, "a topic of any script is kept").await;
    for (place, event) in (1..).zip(&events) {
        let query = NotificationQuery::after(0, 10).topics([&*event.topic]);
        let expected = event.clone().into_notification(place);
        assert_same(&store.notifications(query).await, &[expected], "a topic of any script selects its notification");
    }
}

/// A checksum is stored from 0 to `u32::MAX`, and a missing checksum remains missing.
pub async fn checksums_are_kept(fixture: &dyn Fixture) {
    let store = Store::open(fixture).await;
    let checksums = [None, Some(0), Some(1), Some(i32::MAX.unsigned_abs()), Some(1 << 31), Some(u32::MAX)];
    let mut events = versions(Uuid::new_v4(), 1..=6);
    for (event, checksum) in events.iter_mut().zip(checksums) {
        event.checksum = checksum;
    }
    is_kept(&store, &events, "a checksum is kept").await;
}

/// Any UUID may be the id of an aggregate or of an append, including the nil and the max UUID.
pub async fn all_ids_of_aggregates_and_appends_are_kept(fixture: &dyn Fixture) {
    let store = Store::open(fixture).await;
    let mut log = 0;
    for id in [Uuid::nil(), Uuid::max(), Uuid::from_u128(1), Uuid::from_u128(1 << 127), Uuid::from_u128(0xff << 64)] {
        let mut events = versions(id, 1..=2);
        events.iter_mut().for_each(|event| event.append_id = id);
        let rule = format!("the UUID {id} is kept");
        let expected = numbered(log + 1, &events);
        for _ in 0..2 {
            assert_same(&store.insert(&events).await, &expected, &rule);
            assert_same(&store.events(EventQuery::of(id)).await, &events, &rule);
            assert_same(&store.notifications(NotificationQuery::after(log, 9)).await, &expected, &rule);
        }
        log += 2;
    }
}

/// A query may bound versions by any number: a bound that no version can reach selects nothing or everything, and is no error.
pub async fn bounds_beyond_the_largest_version_are_no_error(fixture: &dyn Fixture) {
    let store = Store::open(fixture).await;
    let id = Uuid::new_v4();
    let events = versions(id, [0, 1, 2]);
    store.insert(&events).await;
    for beyond in [LARGEST, LARGEST + 1, u64::MAX] {
        let after = EventQuery::of(id).after(beyond);
        assert_same(&store.events(after).await, &[], &format!("no event is after version {beyond}"));
        let up_to = EventQuery::of(id).up_to(beyond).limit(usize::MAX);
        assert_same(&store.events(up_to).await, &events, &format!("all events are up to version {beyond}"));
        let between = EventQuery::of(id).after(beyond).up_to(0).descending();
        assert_same(&store.events(between).await, &[], &format!("nothing is after {beyond} and up to 0"));
    }
}

/// Asserts that events of one aggregate, given by version, are returned unchanged by every method.
async fn is_kept(store: &Store, events: &[StoredEvent], rule: &str) {
    let notifications = numbered(1, events);
    assert_same(&store.insert(events).await, &notifications, rule);
    assert_same(&store.events(EventQuery::of(events[0].originator_id)).await, events, rule);
    assert_same(&store.log().await, &notifications, rule);
    // some recorders read the result of a repeated append from the store
    assert_same(&store.insert(events).await, &notifications, rule);
}
