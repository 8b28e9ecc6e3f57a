//! Which events of an aggregate a query selects, and in which order.

use uuid::Uuid;

use super::Fixture;
use super::store::{Store, append, assert_same, versions};
use crate::recording::{EventQuery, StoredEvent};

/// Events are selected in the order of their versions.
pub async fn events_are_selected_by_version(fixture: &dyn Fixture) {
    let (store, id, events) = recorded(fixture).await;
    assert_same(&store.events(EventQuery::of(id)).await, &events, "events are selected by version");
}

/// A descending query returns the last version first.
pub async fn descending_events_are_selected_last_first(fixture: &dyn Fixture) {
    let (store, id, mut events) = recorded(fixture).await;
    events.reverse();
    let rule = "descending events are selected last first";
    assert_same(&store.events(EventQuery::of(id).descending()).await, &events, rule);
    assert_same(&store.events(EventQuery::of(id).descending().limit(1)).await, &events[..1], rule);
}

/// `after` is exclusive, `up_to` is inclusive, and `limit` counts from the end at which the query begins.
pub async fn after_up_to_and_limit_select_a_part(fixture: &dyn Fixture) {
    let (store, id, events) = recorded(fixture).await;
    for after in [None, Some(0), Some(2), Some(5), Some(9)] {
        for up_to in [None, Some(0), Some(2), Some(4), Some(9)] {
            for limit in [None, Some(1), Some(3), Some(100)] {
                for descending in [false, true] {
                    let mut query = EventQuery::of(id).after(after).up_to(up_to);
                    query.limit = limit;
                    query.descending = descending;
                    let mut expected = events.clone();
                    expected.retain(|event| after.is_none_or(|after| event.originator_version > after));
                    expected.retain(|event| up_to.is_none_or(|up_to| event.originator_version <= up_to));
                    if descending {
                        expected.reverse();
                    }
                    expected.truncate(limit.unwrap_or(usize::MAX));
                    let rule = format!("{query:?} selects its part");
                    assert_same(&store.events(query).await, &expected, &rule);
                }
            }
        }
    }
}

/// A limit of zero selects no event, and is no error.
pub async fn a_limit_of_zero_selects_no_event(fixture: &dyn Fixture) {
    let (store, id, _) = recorded(fixture).await;
    let rule = "a limit of zero selects no event";
    assert_same(&store.events(EventQuery::of(id).limit(0)).await, &[], rule);
    assert_same(&store.events(EventQuery::of(id).limit(0).descending().after(1)).await, &[], rule);
}

/// An aggregate without recorded events has no events, and selecting them is no error.
pub async fn an_unknown_aggregate_has_no_events(fixture: &dyn Fixture) {
    let rule = "an unknown aggregate has no events";
    let store = Store::open(fixture).await;
    assert_same(&store.events(EventQuery::of(Uuid::new_v4())).await, &[], rule);
    store.insert(&versions(Uuid::new_v4(), 1..=3)).await;
    assert_same(&store.events(EventQuery::of(Uuid::new_v4())).await, &[], rule);
    assert_same(&store.events(EventQuery::of(Uuid::new_v4()).descending().limit(1)).await, &[], rule);
}

/// A query selects events of its aggregate and of no other.
pub async fn only_events_of_the_aggregate_are_selected(fixture: &dyn Fixture) {
    let store = Store::open(fixture).await;
    let ids: Vec<Uuid> = (0..5).map(|_| Uuid::new_v4()).collect();
    let events = append((1..=4).flat_map(|version| ids.iter().map(move |id| (*id, version))));
    store.insert(&events).await;
    for id in ids {
        let own: Vec<_> = events.iter().filter(|event| event.originator_id == id).cloned().collect();
        assert_same(&store.events(EventQuery::of(id)).await, &own, "only events of the aggregate are selected");
    }
}

/// Without a limit all events are selected, even if there are thousands.
pub async fn a_long_aggregate_is_selected_whole(fixture: &dyn Fixture) {
    let rule = "a long aggregate is selected whole";
    let store = Store::open(fixture).await;
    let id = Uuid::new_v4();
    let mut events = Vec::new();
    for first in (1..2_500).step_by(500) {
        let part = versions(id, first..first + 500);
        store.insert(&part).await;
        events.extend(part);
    }
    assert_same(&store.events(EventQuery::of(id)).await, &events, rule);
    assert_same(&store.events(EventQuery::of(id).limit(5_000)).await, &events, rule);
    assert_same(&store.events(EventQuery::of(id).after(1_234).limit(1_001)).await, &events[1_234..2_235], rule);
    events.reverse();
    assert_same(&store.events(EventQuery::of(id).descending()).await, &events, rule);
}

/// Records versions 1 to 6 of an aggregate, in two inserts and among others, and returns them by version.
async fn recorded(fixture: &dyn Fixture) -> (Store, Uuid, Vec<StoredEvent>) {
    let store = Store::open(fixture).await;
    let (id, other) = (Uuid::new_v4(), Uuid::new_v4());
    let mut events = append([(id, 1), (other, 1), (id, 2), (id, 3)]);
    store.insert(&events).await;
    let further = append([(id, 4), (other, 2), (id, 5), (id, 6)]);
    store.insert(&further).await;
    events.extend(further);
    events.retain(|event| event.originator_id == id);
    events.sort_by_key(|event| event.originator_version);
    (store, id, events)
}
