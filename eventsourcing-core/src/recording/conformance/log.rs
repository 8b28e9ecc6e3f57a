//! The notification log: ids, bounds, topics, pages.

use uuid::Uuid;

use super::Fixture;
use super::store::{Store, append, assert_conflict, assert_same, numbered, versions};
use crate::recording::{Notification, NotificationQuery};

/// The first id is 1, and each event has the id after that of the event recorded before it.
pub async fn ids_begin_at_one_and_have_no_gaps(fixture: &dyn Fixture) {
    let store = Store::open(fixture).await;
    let mut log = Vec::new();
    for size in [1, 3, 1, 20, 2] {
        let events = versions(Uuid::new_v4(), 1..=size);
        let next = log.len() as u64 + 1;
        assert_same(&store.insert(&events).await, &numbered(next, &events), "an insert's ids follow those before");
        log.extend(numbered(next, &events));
    }
    assert_same(&store.log().await, &log, "ids begin at one and have no gaps");
}

/// `after` is exclusive, `up_to` is inclusive, and `limit` counts from the first selected notification.
pub async fn after_up_to_and_limit_select_a_part_of_the_log(fixture: &dyn Fixture) {
    let (store, log) = recorded(fixture).await;
    for after in [0, 1, 4, 8, 9, 20] {
        for up_to in [None, Some(0), Some(1), Some(5), Some(9), Some(20)] {
            for limit in [1, 3, 9, 1_000] {
                let query = NotificationQuery::after(after, limit).up_to(up_to);
                let mut expected = log.clone();
                expected.retain(|found| found.id > after && up_to.is_none_or(|up_to| found.id <= up_to));
                expected.truncate(limit);
                let rule = format!("{query:?} selects its part");
                assert_same(&store.notifications(query).await, &expected, &rule);
            }
        }
    }
}

/// Topics select the notifications that have one of them, in the order of ids, and the limit counts only those.
pub async fn topics_select_their_notifications_and_no_others(fixture: &dyn Fixture) {
    let (store, log) = recorded(fixture).await;
    let many: Vec<_> = (0..500).map(|number| format!("Conformance.Event{number}")).collect();
    let [one, two] = ["Conformance.Event1", "Conformance.Event2"].map(str::to_owned);
    let twice = vec![one.clone(), "World.Ended".to_owned(), one.clone()];
    for topics in [vec![one.clone()], vec![two.clone(), one], twice, many] {
        for (after, limit) in [(0, 1_000), (0, 2), (3, 2), (7, 1_000)] {
            let query = NotificationQuery::after(after, limit).topics(topics.clone());
            let mut expected = log.clone();
            expected.retain(|found| found.id > after && topics.iter().any(|topic| *topic == found.topic));
            expected.truncate(limit);
            let topics = &topics[..topics.len().min(3)];
            let rule = format!("topics {topics:?}… after {after}, limit {limit}, select theirs and no others");
            assert_same(&store.notifications(query).await, &expected, &rule);
        }
    }
    let none = NotificationQuery::after(0, 1_000).topics(["World.Ended"]);
    assert_same(&store.notifications(none).await, &[], "a topic that no event has selects nothing");
    let all = NotificationQuery::after(0, 1_000).topics(Vec::<String>::new());
    assert_same(&store.notifications(all).await, &log, "no topics select all notifications");
    let bounded = NotificationQuery::after(2, 1_000).up_to(5).topics([two]);
    let expected: Vec<_> = log.into_iter().filter(|found| found.id == 5).collect();
    assert_same(&store.notifications(bounded).await, &expected, "topics go together with `after` and `up_to`");
}

/// A topic is compared byte by byte: no character is a pattern, and case and white space are significant.
pub async fn topics_are_compared_as_they_are(fixture: &dyn Fixture) {
    #[rustfmt::skip]
    const TOPICS: [&str; 22] = [
        "World.Started", "world.started", "World%", "%", "_orld.Started", "World_Started", ".*", "World.*", "^World", "(World|x)",
        "[W]orld.Started", "World\\.Started", "World.Started ", " World.Started", "'World.Started'", "World'; --", "World,Started",
        "{World,Started}", "{}", "NULL", "Wörld.Started", "Wo\u{308}rld.Started",
    ];
    let store = Store::open(fixture).await;
    let mut events = append(TOPICS.map(|_| (Uuid::new_v4(), 1)));
    for (event, topic) in events.iter_mut().zip(TOPICS) {
        event.topic = topic.into();
    }
    let log = store.insert(&events).await;
    for (topic, notification) in TOPICS.iter().zip(&log) {
        let query = NotificationQuery::after(0, 1_000).topics([*topic]);
        let rule = format!("topic {topic:?} selects itself and nothing else");
        assert_same(&store.notifications(query).await, std::slice::from_ref(notification), &rule);
    }
    for absent in ["*", "World.Starte_", "Started", "World", "WORLD.STARTED", ""] {
        let query = NotificationQuery::after(0, 1_000).topics([absent]);
        let rule = format!("topic {absent:?}, which no event has, selects nothing");
        assert_same(&store.notifications(query).await, &[], &rule);
    }
}

/// Pages of any size, each after the last id of the previous one, give the whole log once.
pub async fn pages_join_without_missing_or_repeating(fixture: &dyn Fixture) {
    const EVENTS: u64 = 2_500;
    let store = Store::open(fixture).await;
    let mut log = Vec::new();
    for _ in (1..EVENTS).step_by(500) {
        log.extend(store.insert(&versions(Uuid::new_v4(), 1..=500)).await);
    }
    for size in [64, 500, 999, 1_000, 2_500, 10_000] {
        let mut joined = Vec::new();
        loop {
            let after = joined.last().map_or(0, |last: &Notification| last.id);
            let page = store.notifications(NotificationQuery::after(after, size)).await;
            assert!(page.len() <= size, "a page of at most {size} holds {} notifications", page.len());
            if page.is_empty() {
                break;
            }
            joined.extend(page);
            assert!(joined.len() <= log.len(), "pages of {size} repeat: {} notifications of {EVENTS}", joined.len());
        }
        assert_same(&joined, &log, &format!("pages of {size} join without missing or repeating"));
    }
}

/// A limit of zero selects no notification, and is no error.
pub async fn a_limit_of_zero_selects_no_notification(fixture: &dyn Fixture) {
    let (store, _) = recorded(fixture).await;
    let rule = "a limit of zero selects no notification";
    assert_same(&store.notifications(NotificationQuery::after(0, 0)).await, &[], rule);
    let bounded = NotificationQuery::after(2, 0).up_to(4).topics(["Conformance.Event1"]);
    assert_same(&store.notifications(bounded).await, &[], rule);
}

/// After the last id, and after the maximum number, nothing is selected, and that is no error.
pub async fn beyond_the_end_there_are_no_notifications(fixture: &dyn Fixture) {
    let store = Store::open(fixture).await;
    assert_same(&store.log().await, &[], "an empty store has no notifications");
    let (store, log) = recorded_in(store).await;
    for after in [log.len() as u64, 1_000, i64::MAX.unsigned_abs(), i64::MAX.unsigned_abs() + 1, u64::MAX] {
        let query = NotificationQuery::after(after, 10);
        assert_same(&store.notifications(query).await, &[], &format!("there are no notifications after {after}"));
    }
    for up_to in [i64::MAX.unsigned_abs(), i64::MAX.unsigned_abs() + 1, u64::MAX] {
        let query = NotificationQuery::after(0, usize::MAX).up_to(up_to);
        assert_same(&store.notifications(query).await, &log, &format!("all notifications are up to {up_to}"));
    }
}

/// If `up_to` is not greater than `after`, nothing is selected, and that is no error.
pub async fn up_to_below_after_selects_no_notification(fixture: &dyn Fixture) {
    let (store, _) = recorded(fixture).await;
    for (after, up_to) in [(5, 5), (5, 4), (5, 0), (1, 0), (u64::MAX, 3), (0, 0)] {
        let query = NotificationQuery::after(after, 10).up_to(up_to);
        assert_same(&store.notifications(query).await, &[], &format!("nothing is after {after} and up to {up_to}"));
    }
}

/// The last id is `None` while the store is empty, then that of the last event, in every recorder of the store.
pub async fn the_last_id_is_none_and_then_that_of_the_last_event(fixture: &dyn Fixture) {
    let rule = "the last id is none, and then that of the last event";
    let (one, other) = (Store::open(fixture).await, Store::open(fixture).await);
    assert_eq!((one.last_id().await, other.last_id().await), (None, None), "{rule}");
    let id = Uuid::new_v4();
    for (events, last) in [(1..=1, 1), (2..=4, 4), (5..=104, 104)] {
        one.insert(&versions(id, events)).await;
        assert_eq!((one.last_id().await, other.last_id().await), (Some(last), Some(last)), "{rule}");
    }
    assert_conflict(one.try_insert(&versions(id, 104..=110)).await, id, rule);
    assert_eq!((one.last_id().await, other.last_id().await), (Some(104), Some(104)), "{rule}: after a conflict");
}

/// A notification that was read once is the same when read later: by id, by topic, by any recorder.
pub async fn a_notification_seen_once_is_seen_the_same_later(fixture: &dyn Fixture) {
    let rule = "a notification seen once is seen the same later";
    let store = Store::open(fixture).await;
    let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
    let first = append([(a, 1), (b, 1), (a, 2)]);
    store.insert(&first).await;
    let seen = store.log().await;
    assert_same(&seen, &numbered(1, &first), rule);

    // everything that could affect them: more events, conflicts, a repeated append
    store.insert(&append([(b, 2), (a, 3)])).await;
    assert_conflict(store.try_insert(&versions(a, [5])).await, a, rule);
    let mut other = versions(a, 1..=2);
    other.iter_mut().for_each(|event| event.state = b"other".as_slice().into());
    assert_conflict(store.try_insert(&other).await, a, rule);
    store.insert(&first).await;
    store.insert(&versions(a, [4])).await;

    for store in [&store, &Store::open(fixture).await] {
        assert_same(&store.log().await[..seen.len()], &seen, rule);
        for notification in &seen {
            let place = NotificationQuery::after(notification.id - 1, 1);
            let notification = std::slice::from_ref(notification);
            assert_same(&store.notifications(place.clone()).await, notification, rule);
            let topic = notification[0].topic.clone();
            assert_same(&store.notifications(place.topics([topic])).await, notification, rule);
        }
    }
}

/// Records a log of nine events, of several aggregates and three topics.
async fn recorded(fixture: &dyn Fixture) -> (Store, Vec<Notification>) {
    recorded_in(Store::open(fixture).await).await
}

async fn recorded_in(store: Store) -> (Store, Vec<Notification>) {
    let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
    let mut log = Vec::new();
    for places in [vec![(a, 1), (a, 2)], vec![(b, 1)], vec![(a, 3), (b, 2), (a, 4), (b, 3)], vec![(a, 5), (a, 6)]] {
        log.extend(store.insert(&append(places)).await);
    }
    (store, log)
}
