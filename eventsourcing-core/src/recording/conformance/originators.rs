//! Aggregates are found by the topics of their first events, and by their ids.

use uuid::Uuid;

use super::Fixture;
use super::store::{Store, expect};
use crate::recording::{OriginatorIdQuery, OriginatorQuery, OriginatorSummary, RecordedOriginator, StoredEvent};

/// Aggregates are listed in the order of their first events, each once, whatever was recorded between.
pub async fn aggregates_are_listed_by_their_first_events(fixture: &dyn Fixture) {
    let rule = "aggregates are listed by their first events";
    let store = Store::open(fixture).await;
    let recorded = recorded(&store, &["World.Started"; 5]).await;
    for one in recorded.iter().rev() {
        store.insert(&[event(one.originator_id, 2, "World.Started")]).await;
    }
    assert_eq!(list(&store, OriginatorQuery::of(["World.Started"])).await, recorded, "{rule}");
    assert_eq!(count(&store, &["World.Started"]).await, 5, "{rule}: they are counted");
}

/// Only aggregates whose first event has one of the topics are listed. Topics are compared exactly.
pub async fn only_aggregates_of_the_topics_are_listed(fixture: &dyn Fixture) {
    let rule = "only aggregates of the topics are listed";
    let store = Store::open(fixture).await;
    let topics = ["World.Started", "Ship.Built", "World.Born", "world.started", "Größe", "World.Started"];
    let recorded = recorded(&store, &topics).await;
    // not its first event
    store.insert(&[event(recorded[1].originator_id, 2, "World.Started")]).await;
    for wanted in [&[] as &[&str], &["Nobody.Knows"], &["World.Started"], &["Größe", "World.Born", "World.Started"]] {
        let of_topics = recorded.iter().zip(topics).filter(|(_, topic)| wanted.contains(topic));
        let expected: Vec<_> = of_topics.map(|(one, _)| *one).collect();
        assert_eq!(list(&store, OriginatorQuery::of(wanted.iter().copied())).await, expected, "{rule}: {wanted:?}");
        assert_eq!(count(&store, wanted).await, expected.len() as u64, "{rule}: {wanted:?}");
    }
}

/// A list continues after the position of any entry, and pages of any size join without missing or repeating one.
pub async fn lists_of_aggregates_join(fixture: &dyn Fixture) {
    let rule = "lists of aggregates join";
    let store = Store::open(fixture).await;
    let topics: Vec<&str> = ["World.Started", "Ship.Built", "World.Born"].into_iter().cycle().take(2_000).collect();
    let recorded = recorded(&store, &topics).await;
    let of_worlds = recorded.iter().zip(&topics).filter(|(_, topic)| **topic != "Ship.Built");
    let expected: Vec<_> = of_worlds.map(|(one, _)| *one).collect();
    for limit in [1, 7, 512, 1_333, 5_000] {
        let (mut joined, mut after) = (Vec::new(), 0);
        // single entries would take long for all
        while joined.len() < 100 * limit {
            let query = OriginatorQuery::of(["World.Born", "World.Started"]).after(after).limit(limit);
            let page = list(&store, query).await;
            assert!(page.len() <= limit, "{rule}: a page of {} for a limit of {limit}", page.len());
            let Some(last) = page.last() else { break };
            after = last.notification_id;
            joined.extend(page);
        }
        let expected = &expected[..joined.len().max(expected.len().min(100 * limit))];
        assert_eq!(joined, expected, "{rule}: pages of {limit}");
    }
    let none = OriginatorQuery::of(["World.Started"]).limit(0);
    assert_eq!(list(&store, none).await, [], "{rule}: a limit of zero lists none");
    let beyond = OriginatorQuery::of(["World.Started"]).after(u64::MAX);
    assert_eq!(list(&store, beyond).await, [], "{rule}: there are none beyond the end");
}

/// Aggregates are found by a range of ids, each once, in the order of their ids, with the topic of the first event and the last version. Lists
/// continue after any id.
pub async fn aggregates_are_found_by_their_ids(fixture: &dyn Fixture) {
    let rule = "aggregates are found by their ids";
    let store = Store::open(fixture).await;
    let all = OriginatorIdQuery::all();
    assert_eq!(by_id(&store, all.clone()).await, [], "{rule}: there are none in an empty log");
    let numbers = [0_u128, 1, 0x3fa8 << 112, (0x3fa8 << 112) + 7, (0x3fa9 << 112) - 1, 0x3fa9 << 112, u128::MAX];
    let mut expected = Vec::new();
    // the last ids are recorded first
    for number in numbers.into_iter().rev() {
        let id = Uuid::from_u128(number);
        store.insert(&[event(id, 1, "World.Started"), event(id, 2, "World.Ended")]).await;
        expected.push(OriginatorSummary::new(id, 2, "World.Started"));
    }
    store.insert(&[event(Uuid::nil(), 3, "World.Ended")]).await;
    expected.reverse();
    expected[0].last_version = 3;
    let many: Vec<_> = (0..1_100).map(|number| Uuid::from_u128((0x77 << 120) + number)).collect();
    store.insert(&many.iter().map(|id| event(*id, 1, "Ship.Built")).collect::<Vec<_>>()).await;
    let ships = many.iter().map(|id| OriginatorSummary::new(*id, 1, "Ship.Built"));
    expected.splice(6..6, ships);
    assert_eq!(by_id(&store, all.clone()).await, expected, "{rule}: all are listed");
    for (digits, from, to) in [("3fa8", 2, 5), ("3fa80", 2, 4), ("3f", 2, 6), ("4", 6, 6), ("ffff", 1_106, 1_107)] {
        let query = OriginatorIdQuery::beginning_with(digits).unwrap_or_else(|| panic!("{digits} are digits"));
        assert_eq!(by_id(&store, query).await, expected[from..to], "{rule}: those that begin with {digits}");
    }
    for limit in [1, 7, 1_000, 1_107, 2_000] {
        let (mut joined, mut query) = (Vec::new(), all.clone().limit(limit));
        while joined.len() < 20 * limit {
            let page = by_id(&store, query.clone()).await;
            assert!(page.len() <= limit, "{rule}: a page of {} for a limit of {limit}", page.len());
            let Some(last) = page.last() else { break };
            query = query.after(last.originator_id);
            joined.extend(page);
        }
        assert_eq!(joined, expected[..expected.len().min(20 * limit)], "{rule}: pages of {limit}");
    }
    assert_eq!(by_id(&store, all.limit(0)).await, [], "{rule}: a limit of zero lists none");
}

async fn by_id(store: &Store, query: OriginatorIdQuery) -> Vec<OriginatorSummary> {
    expect("select_originators_by_id", store.recorder().select_originators_by_id(query).await)
}

async fn list(store: &Store, query: OriginatorQuery) -> Vec<RecordedOriginator> {
    expect("select_originators", store.recorder().select_originators(query).await)
}

async fn count(store: &Store, topics: &[&str]) -> u64 {
    let topics: Vec<String> = topics.iter().map(|topic| (*topic).to_owned()).collect();
    expect("count_originators", store.recorder().count_originators(&topics).await)
}

/// Records an aggregate with each of these topics, in one insert.
async fn recorded(store: &Store, topics: &[&'static str]) -> Vec<RecordedOriginator> {
    let events: Vec<_> = topics.iter().map(|topic| event(Uuid::new_v4(), 1, topic)).collect();
    let notifications = store.insert(&events).await;
    notifications.iter().map(|one| RecordedOriginator::new(one.id, one.originator_id)).collect()
}

fn event(id: Uuid, version: u64, topic: &'static str) -> StoredEvent {
    StoredEvent::new(id, version, topic, *b"{}", Uuid::new_v4())
}
