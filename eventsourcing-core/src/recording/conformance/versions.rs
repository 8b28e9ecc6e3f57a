//! One event for each version of an aggregate: conflicts, and repeated appends.

use uuid::Uuid;

use super::Fixture;
use super::store::{Store, append, assert_conflict, assert_same, numbered, versions};
use crate::recording::EventQuery;

/// An insert returns the notifications of its events, in the order in which the events were given.
pub async fn an_insert_returns_its_notifications_in_the_order_given(fixture: &dyn Fixture) {
    let rule = "an insert returns its notifications in the order given";
    let store = Store::open(fixture).await;
    let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
    let first = append([(b, 1), (a, 1), (b, 2), (a, 2)]);
    assert_same(&store.insert(&first).await, &numbered(1, &first), rule);
    // neither grouped by aggregate nor alternating
    let (mut last_a, mut last_b) = (2, 2);
    let shuffled = (0..100).map(|place| {
        let (id, last) = if place % 7 < 3 { (a, &mut last_a) } else { (b, &mut last_b) };
        *last += 1;
        (id, *last)
    });
    let second = append(shuffled);
    assert_same(&store.insert(&second).await, &numbered(5, &second), rule);
    assert_same(&store.log().await, &[numbered(1, &first), numbered(5, &second)].concat(), rule);
}

/// An insert of no events returns nothing and changes nothing.
pub async fn an_empty_insert_does_nothing(fixture: &dyn Fixture) {
    let rule = "an empty insert does nothing";
    let store = Store::open(fixture).await;
    assert_same(&store.insert(&[]).await, &[], rule);
    assert_eq!(store.last_id().await, None, "{rule}: the log is no longer empty");
    let event = versions(Uuid::new_v4(), [1]);
    assert_same(&store.insert(&event).await, &numbered(1, &event), rule);
}

/// The second writer of a version gets a conflict, and its event is not recorded.
pub async fn second_writer_of_a_version_gets_a_conflict(fixture: &dyn Fixture) {
    let rule = "the second writer of a version gets a conflict";
    let (one, other) = (Store::open(fixture).await, Store::open(fixture).await);
    let id = Uuid::new_v4();
    let first = versions(id, [1]);
    let mut second = versions(id, [1]);
    second[0].topic = "Conformance.Other".into();
    one.insert(&first).await;
    for store in [&one, &other] {
        let (tried, recorded) = assert_conflict(store.try_insert(&second).await, id, rule);
        assert_eq!((tried, recorded), (1, 1), "{rule}: (tried, recorded)");
        assert_same(&store.events(EventQuery::of(id)).await, &first, rule);
        assert_same(&store.log().await, &numbered(1, &first), rule);
    }
}

/// A conflict names the version that was tried and the last recorded version of the aggregate.
pub async fn a_conflict_names_the_last_version_recorded(fixture: &dyn Fixture) {
    let rule = "a conflict names the version tried and the last version recorded";
    let store = Store::open(fixture).await;
    let id = Uuid::new_v4();
    store.insert(&versions(Uuid::new_v4(), 1..=7)).await;
    store.insert(&versions(id, 1..=3)).await;
    store.insert(&versions(id, 4..=5)).await;
    for version in [2, 5] {
        let (tried, recorded) = assert_conflict(store.try_insert(&versions(id, [version])).await, id, rule);
        assert_eq!((tried, recorded), (version, 5), "{rule}: (tried, recorded)");
    }
}

/// An insert of several events is refused if one of them, even the last, has a version that is taken.
///
/// The conflict may name any version of this aggregate in the insert as the one tried.
pub async fn one_taken_version_among_several_is_a_conflict(fixture: &dyn Fixture) {
    let rule = "one taken version among several is a conflict";
    let store = Store::open(fixture).await;
    let id = Uuid::new_v4();
    let first = versions(id, 1..=5);
    store.insert(&first).await;
    for several in [3..=5, 4..=6, 5..=7] {
        let places = [(Uuid::new_v4(), 1)].into_iter().chain(several.clone().map(|version| (id, version)));
        let (tried, recorded) = assert_conflict(store.try_insert(&append(places)).await, id, rule);
        assert!(several.contains(&tried), "{rule}: version {tried} was not tried, {several:?} were");
        assert_eq!(recorded, 5, "{rule}: the last version recorded");
        assert_same(&store.log().await, &numbered(1, &first), rule);
    }
}

/// An insert with the same version of an aggregate twice is a conflict, although both events belong to one append.
pub async fn a_version_twice_in_one_insert_is_a_conflict(fixture: &dyn Fixture) {
    let rule = "a version twice in one insert is a conflict";
    let store = Store::open(fixture).await;
    let id = Uuid::new_v4();
    let mut twice = append([(Uuid::new_v4(), 1), (id, 1), (id, 2), (id, 2)]);
    twice[3].state = b"another".as_slice().into();
    let (tried, _) = assert_conflict(store.try_insert(&twice).await, id, rule);
    assert!([1, 2].contains(&tried), "{rule}: version {tried} was not tried");
    assert_same(&store.log().await, &[], rule);
    let once = versions(id, [1, 2]);
    assert_same(&store.insert(&once).await, &numbered(1, &once), rule);
}

/// Versions are counted per aggregate: a version that one aggregate has taken is free for others.
pub async fn a_version_of_another_aggregate_is_free(fixture: &dyn Fixture) {
    let rule = "a version that another aggregate has taken is free";
    let store = Store::open(fixture).await;
    let events = append((0..20).map(|_| (Uuid::new_v4(), 1)));
    assert_same(&store.insert(&events).await, &numbered(1, &events), rule);
    for event in &events {
        assert_same(&store.events(EventQuery::of(event.originator_id)).await, std::slice::from_ref(event), rule);
    }
}

/// An event above version 1 is a conflict unless the version before it is recorded; the conflict names the last recorded version.
pub async fn a_version_after_a_gap_is_a_conflict(fixture: &dyn Fixture) {
    let rule = "a version after a gap is a conflict";
    let (one, other) = (Store::open(fixture).await, Store::open(fixture).await);
    let (id, unknown) = (Uuid::new_v4(), Uuid::new_v4());
    let first = versions(id, 1..=3);
    one.insert(&first).await;
    for store in [&one, &other] {
        for (events, conflicting, expected) in [
            (versions(id, [5]), id, (5, 3)),
            (versions(id, [4, 6]), id, (6, 3)),
            (versions(id, 7..=9), id, (7, 3)),
            (versions(unknown, [2]), unknown, (2, 0)),
            (versions(unknown, [7]), unknown, (7, 0)),
            (append([(Uuid::new_v4(), 1), (unknown, 4), (id, 4)]), unknown, (4, 0)),
        ] {
            let found = assert_conflict(store.try_insert(&events).await, conflicting, rule);
            assert_eq!(found, expected, "{rule}: (tried, recorded)");
            assert_same(&store.log().await, &numbered(1, &first), rule);
        }
    }
    let next = versions(id, [4]);
    assert_same(&other.insert(&next).await, &numbered(4, &next), rule);
}

/// Within an insert, the events of an aggregate must be in order: in any other order they are a conflict.
pub async fn versions_out_of_order_are_a_conflict(fixture: &dyn Fixture) {
    let rule = "versions of an aggregate out of order are a conflict";
    let store = Store::open(fixture).await;
    let id = Uuid::new_v4();
    for events in
        [versions(id, [2, 1]), versions(id, [1, 3, 2]), append([(id, 1), (Uuid::new_v4(), 1), (id, 3), (id, 2)])]
    {
        assert_conflict(store.try_insert(&events).await, id, rule);
        assert_same(&store.log().await, &[], rule);
    }
}

/// A repeated append with the same `append_id` returns the same result as the first time, and is recorded once.
pub async fn an_append_repeated_is_recorded_once(fixture: &dyn Fixture) {
    let rule = "an append that is repeated is recorded once";
    let (one, other) = (Store::open(fixture).await, Store::open(fixture).await);
    let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
    let events = append([(a, 1), (b, 1), (a, 2)]);
    let first = one.insert(&events).await;
    let further = one.insert(&versions(a, [3])).await;
    for store in [&one, &other, &one] {
        assert_same(&store.insert(&events).await, &first, rule);
        assert_same(&store.log().await, &[first.clone(), further.clone()].concat(), rule);
    }
}

/// A repeated append with further events keeps what is recorded and adds the further events at the end of the log.
pub async fn an_append_repeated_with_further_events_records_only_those(fixture: &dyn Fixture) {
    let rule = "an append that is repeated with further events records only those";
    let store = Store::open(fixture).await;
    let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
    let events = append([(a, 1), (b, 1), (a, 2), (b, 2)]);
    let first = store.insert(&events[..2]).await;
    let other = store.insert(&versions(Uuid::new_v4(), [1])).await;
    let repeated = store.insert(&events).await;
    assert_same(&repeated, &[first.clone(), numbered(4, &events[2..])].concat(), rule);
    assert_same(&store.insert(&events).await, &repeated, rule);
    assert_same(&store.log().await, &[first, other, numbered(4, &events[2..])].concat(), rule);
}

/// A repeated append with further events, one of which has a version taken by others, is a conflict.
pub async fn an_append_repeated_with_a_taken_version_is_a_conflict(fixture: &dyn Fixture) {
    let rule = "an append that is repeated with a taken version is a conflict";
    let store = Store::open(fixture).await;
    let id = Uuid::new_v4();
    let events = versions(id, 1..=3);
    store.insert(&events[..1]).await;
    store.insert(&versions(id, 2..=3)).await;
    let log = store.log().await;
    let (_, recorded) = assert_conflict(store.try_insert(&events).await, id, rule);
    assert_eq!(recorded, 3, "{rule}: the last version recorded");
    assert_same(&store.log().await, &log, rule);
}

/// Events that equal the recorded ones except for the `append_id` are a conflict, because another writer recorded those.
pub async fn equal_events_of_another_append_are_a_conflict(fixture: &dyn Fixture) {
    let rule = "equal events of another append are a conflict";
    let store = Store::open(fixture).await;
    let id = Uuid::new_v4();
    let events = versions(id, 1..=2);
    store.insert(&events).await;
    let mut other = events.clone();
    let append_id = Uuid::new_v4();
    other.iter_mut().for_each(|event| event.append_id = append_id);
    let (_, recorded) = assert_conflict(store.try_insert(&other).await, id, rule);
    assert_eq!(recorded, 2, "{rule}: the last version recorded");
    assert_same(&store.events(EventQuery::of(id)).await, &events, rule);
    assert_same(&store.log().await, &numbered(1, &events), rule);
}
