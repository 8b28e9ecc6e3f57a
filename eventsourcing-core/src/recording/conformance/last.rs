//! The last notifications of the log.

use futures::FutureExt as _;
use tokio::task::yield_now;
use uuid::Uuid;

use super::Fixture;
use super::store::{Store, assert_same, at_once, expect, numbered, versions};
use crate::recording::{LastQuery, Notification, StoredEvent};

/// The last notifications are selected, lowest id first, with `up_to` as an inclusive bound.
pub async fn the_last_notifications_are_selected(fixture: &dyn Fixture) {
    let store = Store::open(fixture).await;
    assert_same(&last(&store, LastQuery::of(10)).await, &[], "an empty log has no last notifications");
    let log = recorded(&store, &["World.Started", "Ship.Built", "World.Ended"], 300).await;
    for up_to in [None, Some(0), Some(1), Some(150), Some(299), Some(300), Some(301), Some(u64::MAX)] {
        for limit in [0, 1, 7, 150, 299, 300, 1_000] {
            let mut expected = log.clone();
            expected.retain(|found| up_to.is_none_or(|up_to| found.id <= up_to));
            expected.drain(..expected.len().saturating_sub(limit));
            let query = LastQuery::of(limit).up_to(up_to);
            assert_same(&last(&store, query.clone()).await, &expected, &format!("{query:?} selects the last ones"));
        }
    }
}

/// Topics select the last notifications that have one of them, and the limit counts only those.
pub async fn topics_select_the_last_of_theirs(fixture: &dyn Fixture) {
    let store = Store::open(fixture).await;
    let mut log = recorded(&store, &["World.Started", "Größe"], 20).await;
    log.extend(recorded(&store, &["Ship.Built"], 6_000).await);
    log.extend(recorded(&store, &["World.Started", "Ship.Built"], 10).await);
    for topics in [&["World.Started"] as &[&str], &["Größe"], &["Größe", "World.Started"], &["Nobody.Knows"]] {
        for (limit, up_to) in [(1, None), (3, None), (12, None), (1_000, None), (3, Some(15)), (3, Some(6_021))] {
            let mut expected = log.clone();
            expected.retain(|found| topics.contains(&&*found.topic) && up_to.is_none_or(|up_to| found.id <= up_to));
            expected.drain(..expected.len().saturating_sub(limit));
            let query = LastQuery::of(limit).up_to(up_to).topics(topics.iter().copied());
            assert_same(
                &last(&store, query.clone()).await,
                &expected,
                &format!("{query:?} selects the last of theirs"),
            );
        }
    }
}

/// While others record, the last notifications have no gap between them, and those that were acknowledged before are not below them.
pub async fn the_last_notifications_among_writers_have_no_gaps(fixture: &dyn Fixture) {
    let rule = "the last notifications among writers have no gaps";
    let [writer, reader] = [Store::open_patient(fixture).await, Store::open_patient(fixture).await];
    let writes = async move {
        for _ in 0..100 {
            writer.insert(&versions(Uuid::new_v4(), 1..=3)).await;
        }
    };
    let reads = async move {
        let mut seen = 0;
        while seen < 300 {
            let acknowledged = reader.last_id().await.unwrap_or(0);
            let found = last(&reader, LastQuery::of(5)).await;
            let end = found.last().map_or(0, |last| last.id);
            assert!(end >= acknowledged.max(seen), "{rule}: {end} is the last id, after {acknowledged} and {seen}");
            let ids: Vec<u64> = found.iter().map(|found| found.id).collect();
            let expected: Vec<u64> = (end.saturating_sub(5) + 1..=end).collect();
            assert_eq!(ids, expected, "{rule}");
            seen = end;
            yield_now().await;
        }
    };
    at_once([writes.boxed(), reads.boxed()]).await;
}

async fn last(store: &Store, query: LastQuery) -> Vec<Notification> {
    let select = || store.recorder().select_last_notifications(query.clone());
    expect("select_last_notifications", store.patiently(select).await)
}

/// Records this number of events with these topics in turn, in one insert.
async fn recorded(store: &Store, topics: &[&'static str], count: usize) -> Vec<Notification> {
    let event = |topic: &&'static str| StoredEvent::new(Uuid::new_v4(), 1, *topic, *b"{}", Uuid::new_v4());
    let events: Vec<_> = topics.iter().cycle().take(count).map(event).collect();
    let notifications = store.insert(&events).await;
    let first = notifications.first().map_or(0, |first| first.id);
    numbered(first, &events)
}
