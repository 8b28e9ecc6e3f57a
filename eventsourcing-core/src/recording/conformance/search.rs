//! Searches of the log, from its end and from its beginning.

use std::ops::ControlFlow;

use futures::FutureExt as _;
use tokio::task::yield_now;
use uuid::Uuid;

use super::Fixture;
use super::store::{Store, assert_same, at_once, expect, numbered, versions};
use crate::recording::{Notification, NotificationFilter, NotificationRef, SearchQuery, StoredEvent, TopicPattern};

/// The last notifications are found, last one first, with `after` and `up_to` as bounds.
pub async fn the_last_notifications_are_found(fixture: &dyn Fixture) {
    let store = Store::open(fixture).await;
    let (found, looked_to) = search(&store, SearchQuery::newest_first(10)).await;
    assert_same(&found, &[], "an empty log has no last notifications");
    assert_eq!(looked_to, None, "there is no position to look at in an empty log");
    let log = recorded(&store, &["World.Started", "Ship.Built", "World.Ended"], 300).await;
    for up_to in [None, Some(0), Some(1), Some(150), Some(299), Some(300), Some(301), Some(u64::MAX)] {
        for (limit, after) in [(0, 0), (1, 0), (7, 0), (7, 147), (150, 0), (299, 300), (300, 0), (1_000, 100)] {
            let query = SearchQuery::newest_first(limit).after(after).up_to(up_to);
            assert_finds(&store, &log, query, "the last ones").await;
        }
    }
}

/// A filter selects by topics, by beginnings of topics, by topics that are not wanted and by aggregate, in both directions; the limit counts
/// only what it selects.
pub async fn filters_select_theirs(fixture: &dyn Fixture) {
    let store = Store::open(fixture).await;
    let mut log = recorded(&store, &["World.Started", "Größe", "World%", "WorldOf.Things", "world.started"], 20).await;
    let aggregate = Uuid::new_v4();
    log.extend(store.insert(&versions(aggregate, 1..=3)).await);
    log.extend(recorded(&store, &["Ship.Built"], 6_000).await);
    log.extend(store.insert(&versions(aggregate, 4..=6)).await);
    log.extend(recorded(&store, &["World.Started", "Ship.Built"], 10).await);
    let is = |topics: &[&str]| NotificationFilter::new().topics(topics.iter().copied());
    let begins = |text: &str| TopicPattern::BeginsWith(text.to_owned());
    let filters = [
        is(&["World.Started"]),
        is(&["Größe"]),
        is(&["Größe", "World.Started"]),
        is(&["Nobody.Knows"]),
        NotificationFilter::new().topics([begins("World")]),
        NotificationFilter::new().topics([begins("World.")]),
        NotificationFilter::new().topics([begins("World%"), "Größe".into()]),
        NotificationFilter::new().topics([begins("")]).except(["Ship.Built"]),
        NotificationFilter::new().except([begins("Ship"), "World%".into()]),
        is(&["World.Started"]).except([begins("World")]),
        NotificationFilter::new().originator(aggregate),
        is(&["Conformance.Event1"]).originator(aggregate),
        NotificationFilter::new().except(["Conformance.Event1"]).originator(aggregate),
        NotificationFilter::new().originator(Uuid::new_v4()),
    ];
    for filter in filters {
        for (limit, up_to, after) in
            [(1, None, 0), (3, None, 0), (12, None, 5), (7_000, None, 0), (3, Some(15), 0), (3, Some(6_024), 21)]
        {
            let query = SearchQuery::newest_first(limit).up_to(up_to).after(after).filter(filter.clone());
            assert_finds(&store, &log, query.clone(), "what its filter selects").await;
            assert_finds(&store, &log, SearchQuery { descending: false, ..query }, "what its filter selects").await;
        }
    }
}

/// A search looks at no more positions than it may, and says how far it has looked. The next one continues from there.
pub async fn a_search_says_how_far_it_has_looked(fixture: &dyn Fixture) {
    let rule = "a search says how far it has looked";
    let store = Store::open(fixture).await;
    let log = recorded(&store, &["Ship.Built"], 3_000).await;
    let rare = store.insert(&versions(Uuid::new_v4(), 1..=1)).await;
    recorded(&store, &["Ship.Built"], 3_000).await;
    let filter = NotificationFilter::new().except(["Ship.Built"]);
    let newest = SearchQuery::newest_first(5).filter(filter.clone());
    let oldest = SearchQuery::oldest_first(5).filter(filter);
    let (found, looked_to) = search(&store, newest.clone().scan_at_most(2_000)).await;
    assert_same(&found, &[], rule);
    assert_eq!(looked_to, Some(4_002), "{rule}: 2,000 positions back from 6,001");
    let (found, looked_to) = search(&store, newest.clone().scan_at_most(2_000).up_to(4_001)).await;
    assert_same(&found, &rare, rule);
    assert_eq!(looked_to, Some(2_002), "{rule}: less was found than was asked for");
    let (found, looked_to) = search(&store, SearchQuery { limit: 1, ..newest }).await;
    assert_same(&found, &rare, rule);
    assert_eq!(looked_to, Some(3_001), "{rule}: no further than the last one that was asked for");
    let (found, looked_to) = search(&store, oldest.clone().after(500).scan_at_most(2_501)).await;
    assert_same(&found, &rare, rule);
    assert_eq!(looked_to, Some(3_001), "{rule}: 2,501 positions on from 500");
    let (found, looked_to) = search(&store, oldest.clone().after(3_001)).await;
    assert_same(&found, &[], rule);
    assert_eq!(looked_to, Some(6_001), "{rule}: to the end of the log");
    assert_eq!(search(&store, oldest.after(6_001)).await, (Vec::new(), None), "{rule}: nothing is after the end");
    let mut seen = Vec::new();
    let mut visit = |notification: NotificationRef<'_>| {
        seen.push(notification.to_owned());
        if seen.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let looked_to = store.recorder().search_notifications(SearchQuery::oldest_first(2_000), &mut visit).await;
    assert_eq!(expect("search_notifications", looked_to), Some(3), "{rule}: no further than where the visitor stopped");
    assert_same(&seen, log.get(..3).unwrap_or_default(), rule);
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
            let (mut found, _) = search(&reader, SearchQuery::newest_first(5)).await;
            found.reverse();
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

/// What a search finds, and how far it has looked.
async fn search(store: &Store, query: SearchQuery) -> (Vec<Notification>, Option<u64>) {
    let mut attempts = 100;
    loop {
        let mut found = Vec::new();
        let mut visit = |notification: NotificationRef<'_>| {
            found.push(notification.to_owned());
            ControlFlow::Continue(())
        };
        attempts -= 1;
        match store.recorder().search_notifications(query.clone(), &mut visit).await {
            Err(error) if error.is_retryable() && attempts > 0 => yield_now().await,
            outcome => return (found, expect("search_notifications", outcome)),
        }
    }
}

/// Asserts that a search finds in a log what its query selects, and has looked as far as that.
async fn assert_finds(store: &Store, log: &[Notification], query: SearchQuery, what: &str) {
    let (found, looked_to) = search(store, query.clone()).await;
    let range = query.range(log.last().map_or(0, |last| last.id));
    let is_found = |one: &&Notification| {
        range.as_ref().is_some_and(|range| range.contains(&one.id))
            && query.filter.selects(one.originator_id, &one.topic)
    };
    let mut expected: Vec<_> = log.iter().filter(is_found).cloned().collect();
    if query.descending {
        expected.reverse();
    }
    expected.truncate(query.limit);
    assert_same(&found, &expected, &format!("{query:?} selects {what}"));
    let end = range.map(|range| if query.descending { *range.start() } else { *range.end() });
    let end = expected.get(query.limit.wrapping_sub(1)).map(|last| last.id).or(end);
    assert_eq!(looked_to, end, "{query:?} says how far it has looked");
}

/// Records this number of events with these topics in turn, in one insert.
async fn recorded(store: &Store, topics: &[&'static str], count: usize) -> Vec<Notification> {
    let event = |topic: &&'static str| StoredEvent::new(Uuid::new_v4(), 1, *topic, *b"{}", Uuid::new_v4());
    let events: Vec<_> = topics.iter().cycle().take(count).map(event).collect();
    let notifications = store.insert(&events).await;
    let first = notifications.first().map_or(0, |first| first.id);
    numbered(first, &events)
}
