//! How far another application's log is processed is recorded together with the effects of its events, once, and in order.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt as _;
use tokio::task::yield_now;
use uuid::Uuid;

use super::Fixture;
use super::atomicity::{assert_log_is_whole, dropped_after};
use super::store::{Store, append, assert_conflict, assert_same, at_once, deal, expect, numbered, versions};
use super::tracked::{assert_processed, orders};
use crate::recording::{LogPosition, RecorderError, Tracking};

/// One insert records events and tracking, and all recorders of the store find them; an unprocessed upstream is at position 0.
pub async fn events_and_tracking_are_recorded_by_one_insert(fixture: &dyn Fixture) {
    let rule = "events and tracking are recorded by one insert";
    let (early, store) = (Store::open(fixture).await, Store::open(fixture).await);
    assert_eq!(store.position("Orders").await, 0, "{rule}: nothing is processed in an empty store");
    let (first, second) = (versions(Uuid::new_v4(), 1..=2), append([(Uuid::new_v4(), 1), (Uuid::new_v4(), 1)]));
    assert_same(&store.insert_tracked(&first, &orders(0, 1)).await, &numbered(1, &first), rule);
    assert_same(&store.insert_tracked(&second, &orders(1, 7)).await, &numbered(3, &second), rule);
    for store in [&early, &store, &Store::open(fixture).await] {
        assert_eq!(store.position("Orders").await, 7, "{rule}: the position");
        assert_eq!(store.position("Payments").await, 0, "{rule}: the position of another upstream");
        assert_same(&store.log().await, &numbered(1, &[first.clone(), second.clone()].concat()), rule);
    }
}

/// A tracking that does not continue exactly from the processed position is refused with that position; nothing is recorded, and no id
/// is used up.
pub async fn tracking_that_does_not_go_on_from_the_last_is_refused(fixture: &dyn Fixture) {
    let rule = "tracking that does not go on from the last is refused";
    let store = Store::open(fixture).await;
    let mut log = Vec::new();
    for (recorded, refused) in [(0, vec![(1, 2), (5, 9)]), (5, vec![(0, 5), (0, 9), (4, 5), (4, 6), (6, 7), (7, 9)])] {
        for (after, position) in refused {
            let events = versions(Uuid::new_v4(), 1..=2);
            for events in [events.as_slice(), &[]] {
                let outcome = store.try_insert_tracked(events, &orders(after, position)).await;
                assert_processed(outcome, after, recorded, rule);
            }
            assert_eq!(store.position("Orders").await, recorded, "{rule}: {after} to {position} moves nothing");
            assert_same(&store.log().await, &numbered(1, &log), rule);
        }
        let next = versions(Uuid::new_v4(), [1]);
        let expected = numbered(log.len() as u64 + 1, &next);
        assert_same(&store.insert_tracked(&next, &orders(recorded, recorded + 5)).await, &expected, rule);
        log.extend(next);
    }
}

/// A conflict leaves the position of the upstream unchanged, and the upstream can then be processed in another way.
pub async fn a_conflict_leaves_the_position_where_it_was(fixture: &dyn Fixture) {
    let rule = "a conflict leaves the position where it was";
    let store = Store::open(fixture).await;
    let taken = Uuid::new_v4();
    store.insert_tracked(&versions(taken, [1]), &orders(0, 3)).await;
    for events in [versions(taken, [1]), append([(Uuid::new_v4(), 1), (taken, 1)])] {
        assert_conflict(store.try_insert_tracked(&events, &orders(3, 4)).await, taken, rule);
        assert_eq!(store.position("Orders").await, 3, "{rule}");
        assert_log_is_whole(&store, 1, rule).await;
    }
    store.insert_tracked(&versions(taken, [2]), &orders(3, 4)).await;
    assert_eq!(store.position("Orders").await, 4, "{rule}, and can then be moved");
}

/// An upstream that is processed already is reported before a conflict, which is most often a consequence of it.
pub async fn what_was_processed_is_told_before_a_conflict(fixture: &dyn Fixture) {
    let rule = "what was processed is told before a conflict";
    let store = Store::open(fixture).await;
    let taken = Uuid::new_v4();
    store.insert_tracked(&versions(taken, [1]), &orders(0, 3)).await;
    for events in [versions(taken, [1]), append([(Uuid::new_v4(), 1), (taken, 1)])] {
        assert_processed(store.try_insert_tracked(&events, &orders(0, 3)).await, 0, 3, rule);
    }
    assert_log_is_whole(&store, 1, rule).await;
}

/// Tracking without events moves the position, uses no notification id, and is refused like any other.
pub async fn tracking_without_events_moves_the_position(fixture: &dyn Fixture) {
    let rule = "tracking without events moves the position";
    let store = Store::open(fixture).await;
    for (after, position) in [(0, 2), (2, 3), (3, 1_000)] {
        assert_same(&store.insert_tracked(&[], &orders(after, position)).await, &[], rule);
        assert_processed(store.try_insert_tracked(&[], &orders(after, position)).await, after, position, rule);
        assert_eq!(store.position("Orders").await, position, "{rule}");
    }
    let rule = "tracking without events takes no place in the log";
    assert_eq!(store.last_id().await, None, "{rule}");
    let events = versions(Uuid::new_v4(), [1]);
    assert_same(&store.insert(&events).await, &numbered(1, &events), rule);
}

/// A repeated tracked append is recorded once, with the same result as before; with further events it is refused.
pub async fn a_tracked_append_repeated_is_recorded_once(fixture: &dyn Fixture) {
    let rule = "a tracked append repeated is recorded once";
    let (one, other) = (Store::open(fixture).await, Store::open(fixture).await);
    let events = append([(Uuid::new_v4(), 1), (Uuid::new_v4(), 1)]);
    let single = versions(Uuid::new_v4(), [1]);
    let recorded = one.insert_tracked(&events, &orders(0, 3)).await;
    let next = one.insert_tracked(&single, &orders(3, 4)).await;
    for store in [&one, &other] {
        assert_same(&store.insert_tracked(&events, &orders(0, 3)).await, &recorded, rule);
        assert_same(&store.insert_tracked(&single, &orders(3, 4)).await, &next, rule);
        let mut further = events.clone();
        further.extend(versions(Uuid::new_v4(), [1]));
        assert_processed(store.try_insert_tracked(&further, &orders(0, 3)).await, 0, 4, rule);
        assert_eq!(store.position("Orders").await, 4, "{rule}");
    }
    assert_log_is_whole(&one, 3, rule).await;
}

/// Events that an insert without tracking recorded are not recorded again by an insert with tracking, and the position is moved.
pub async fn events_recorded_before_are_tracked_later(fixture: &dyn Fixture) {
    let rule = "events recorded before are tracked later";
    let store = Store::open(fixture).await;
    let events = append([(Uuid::new_v4(), 1), (Uuid::new_v4(), 1)]);
    let recorded = store.insert(&events[..1]).await;
    assert_same(&store.insert_tracked(&events[..1], &orders(0, 1)).await, &recorded, rule);
    assert_eq!(store.position("Orders").await, 1, "{rule}: the position");
    // one event is recorded already, the other is not
    assert_same(&store.insert_tracked(&events, &orders(1, 2)).await, &numbered(1, &events), rule);
    assert_eq!(store.position("Orders").await, 2, "{rule}: the position");
    assert_log_is_whole(&store, 2, rule).await;
}

/// Each upstream has a position of its own, and names are compared exactly.
pub async fn upstreams_are_kept_apart(fixture: &dyn Fixture) {
    let rule = "upstreams are kept apart";
    let store = Store::open(fixture).await;
    let longest = "x".repeat(44);
    let upstreams = ["Orders", "orders", "Order", "Orders_", "Orders1", "_", longest.as_str()];
    for (place, upstream) in (1..).zip(upstreams) {
        store.insert_tracked(&[], &Tracking::new(upstream, 0, place)).await;
    }
    for (place, upstream) in (1..).zip(upstreams) {
        assert_eq!(store.position(upstream).await, place, "{rule}: {upstream}");
    }
}

/// A position may be as large as `i64::MAX`. Beyond that, if it is not after the previous one, or with an invalid name, it is an error.
pub async fn positions_and_names_out_of_range_are_refused(fixture: &dyn Fixture) {
    let rule = "positions and names out of range are refused";
    let store = Store::open(fixture).await;
    let largest = i64::MAX.unsigned_abs();
    let events = versions(Uuid::new_v4(), [1]);
    for (tracking, expected) in [
        (orders(0, largest + 1), "OutOfRange"),
        (orders(0, u64::MAX), "OutOfRange"),
        (orders(0, 0), "TrackingBackwards"),
        (orders(3, 3), "TrackingBackwards"),
        (orders(4, 3), "TrackingBackwards"),
        (Tracking::new("", 0, 1), "Name"),
        (Tracking::new("a\0b", 0, 1), "Name"),
    ] {
        let found = match store.try_insert_tracked(&events, &tracking).await {
            Err(RecorderError::OutOfRange { .. }) => "OutOfRange",
            Err(RecorderError::TrackingBackwards { .. }) => "TrackingBackwards",
            Err(RecorderError::Name { .. }) => "Name",
            other => panic!("{rule}: {tracking:?} gives {other:?}"),
        };
        assert_eq!(found, expected, "{rule}: {tracking:?}");
    }
    assert_eq!(store.position("Orders").await, 0, "{rule}: nothing is processed");
    assert_same(&store.insert_tracked(&events, &orders(0, largest)).await, &numbered(1, &events), rule);
    assert_eq!(store.position("Orders").await, largest, "{rule}: the largest is kept");
}

/// Of many writers that process the same events concurrently exactly one succeeds; the others get the position that it reached.
pub async fn of_many_that_process_an_event_one_succeeds(fixture: &dyn Fixture) {
    const FOLLOWERS: usize = 16;
    let rule = "of many that process an event one succeeds";
    let stores = Store::open_several(fixture, 4).await;
    for round in 0..10 {
        let (after, position) = (round * 2, round * 2 + 2);
        let process = |store: Store| async move {
            let events = append([(Uuid::new_v4(), 1), (Uuid::new_v4(), 1)]);
            match store.try_insert_tracked(&events, &orders(after, position)).await {
                Ok(_) => 1,
                outcome => {
                    assert_processed(outcome, after, position, rule);
                    0
                }
            }
        };
        let succeeded: i32 = at_once(deal(&stores, FOLLOWERS).map(process)).await.into_iter().sum();
        assert_eq!(succeeded, 1, "{rule}: the number of {FOLLOWERS} inserts that succeeded");
    }
    assert_eq!(stores[0].position("Orders").await, 20, "{rule}: the position");
    assert_log_is_whole(&stores[1], 20, rule).await;
}

/// Consumers that process a log concurrently, in steps of different lengths, process each of its events once.
pub async fn each_event_is_processed_once_by_many_consumers(fixture: &dyn Fixture) {
    const EVENTS: u64 = 60;
    let rule = "each event is processed once by many consumers";
    let stores = Store::open_several(fixture, 4).await;
    let follow = |(step, store): (u64, Store)| async move {
        loop {
            let after = store.position("Orders").await;
            if after >= EVENTS {
                break;
            }
            let position = (after + step).min(EVENTS);
            // the effect of each event names the event
            let mut effects = append((after..position).map(|_| (Uuid::new_v4(), 1)));
            for (event, effect) in (after + 1..).zip(&mut effects) {
                effect.state = event.to_string().into_bytes().into();
            }
            // a longer step ends later, when shorter ones have processed a part of it
            for _ in 0..step {
                yield_now().await;
            }
            match store.try_insert_tracked(&effects, &orders(after, position)).await {
                Ok(_) | Err(RecorderError::AlreadyProcessed { .. }) => {}
                Err(error) => panic!("{rule}: an insert failed: {error} ({error:?})"),
            }
        }
    };
    at_once((1..).zip(deal(&stores, 8)).map(follow)).await;
    let effects: Vec<String> =
        stores[0].log().await.iter().map(|effect| String::from_utf8_lossy(&effect.state).into_owned()).collect();
    let expected: Vec<String> = (1..=EVENTS).map(|event| event.to_string()).collect();
    assert_eq!(effects, expected, "{rule}: the events that had an effect");
}

/// A reader never sees events without their tracking, nor tracking without its events.
pub async fn a_reader_never_sees_events_without_their_tracking(fixture: &dyn Fixture) {
    const EVENTS: u64 = 100;
    let rule = "a reader never sees events without their tracking";
    let stores = Store::open_several(fixture, 3).await;
    let is_done = Arc::new(AtomicBool::new(false));
    let read = |store: Store| {
        let is_done = Arc::clone(&is_done);
        async move {
            loop {
                let is_last_round = is_done.load(Ordering::Acquire);
                // each event has one effect, so a later read never sees less
                let (before, effects, after) = (
                    store.position("Orders").await,
                    store.last_id().await.unwrap_or(0),
                    store.position("Orders").await,
                );
                assert!(before <= effects, "{rule}: {before} are processed, and there are effects of {effects}");
                assert!(effects <= after, "{rule}: there are effects of {effects}, and {after} are processed");
                if is_last_round {
                    break;
                }
                yield_now().await;
            }
        }
    };
    let write = |store: Store| {
        let is_done = Arc::clone(&is_done);
        async move {
            for after in 0..EVENTS {
                store.insert_tracked(&versions(Uuid::new_v4(), [1]), &orders(after, after + 1)).await;
                yield_now().await;
            }
            is_done.store(true, Ordering::Release);
        }
    };
    let readers = deal(&stores[1..], 2).map(|store| read(store).boxed());
    at_once(readers.chain([write(stores[0].clone()).boxed()])).await;
    assert_eq!(stores[1].position("Orders").await, EVENTS, "{rule}, and then all");
}

/// A tracked insert that is dropped at any await is recorded or not recorded, events and tracking together, and blocks no other.
pub async fn a_tracked_insert_dropped_half_way_is_done_or_not_done(fixture: &dyn Fixture) {
    let rule = "a tracked insert dropped half way is done or not done";
    let (one, other) = (Store::open(fixture).await, Store::open(fixture).await);
    for (polls, after) in (0..=20).zip(0..) {
        let dropped = append([(Uuid::new_v4(), 1), (Uuid::new_v4(), 1)]);
        let tracking = orders(after, after + 1);
        dropped_after(polls, one.recorder().insert_tracked(dropped.clone(), tracking.clone())).await;
        let next = if polls % 2 == 0 { &one } else { &other };
        let repeated = next.insert_tracked(&dropped, &tracking).await;
        assert_same(&repeated, &numbered(after * 2 + 1, &dropped), rule);
        assert_eq!(other.position("Orders").await, after + 1, "{rule}: the position after {polls} polls");
    }
    assert_log_is_whole(&one, 42, rule).await;
}

/// Concurrent inserts that process different upstream applications all succeed, together with others that process none.
pub async fn upstreams_are_processed_at_the_same_time(fixture: &dyn Fixture) {
    let rule = "different upstreams are processed at the same time";
    let stores = Store::open_several(fixture, 3).await;
    let write = |(number, store): (usize, Store)| async move {
        let upstream = format!("Upstream{number}");
        for step in 0..5 {
            let events = append([(Uuid::new_v4(), 1), (Uuid::new_v4(), 1)]);
            if number.is_multiple_of(4) {
                store.insert(&events).await;
            } else {
                store.insert_tracked(&events, &Tracking::new(&upstream, step * 10, step * 10 + 10)).await;
            }
        }
        upstream
    };
    let upstreams = at_once((0..).zip(deal(&stores, 16)).map(write)).await;
    let positions = upstreams.iter().map(async |upstream| stores[0].position(upstream).await);
    let positions: BTreeSet<u64> = futures::future::join_all(positions).await.into_iter().collect();
    assert_eq!(positions, BTreeSet::from([0, 50]), "{rule}: the positions");
    assert_log_is_whole(&stores[1], 160, rule).await;
}

/// A position is moved back or forth from exactly the current one, including its anchor, and tracking continues from the new one.
pub async fn a_position_is_moved_from_exactly_where_it_is(fixture: &dyn Fixture) {
    let rule = "a position is moved from exactly where it is";
    let (one, other) = (Store::open(fixture).await, Store::open(fixture).await);
    let at = |id: u64| LogPosition::anchored(id, Uuid::from_u128(id.into()));
    let position = async |upstream: &str| expect("look", other.recorder().tracked_position(upstream).await);
    one.insert_tracked(&[], &Tracking::new("Orders", 0, at(9))).await;
    one.insert_tracked(&[], &Tracking::new("Bank", 0, at(9))).await;
    assert_eq!(position("Orders").await, at(9), "{rule}: a position is kept with its anchor");
    for from in [at(8), LogPosition::from(9), LogPosition::anchored(9, Uuid::nil()), LogPosition::START] {
        let moved = one.recorder().move_tracking("Orders", from, at(5)).await;
        let is_refused = matches!(moved, Err(RecorderError::AlreadyProcessed { recorded: 9, .. }));
        assert!(is_refused, "{rule}: AlreadyProcessed was expected from {from}, and it gives {moved:?}");
    }
    let mut from = at(9);
    for to in [at(5), LogPosition::from(7), at(7), at(4), LogPosition::START] {
        for _ in 0..2 {
            expect("move_tracking", one.recorder().move_tracking("Orders", from, to).await);
        }
        assert_eq!(position("Orders").await, to, "{rule}: the position after a move from {from}");
        from = to;
    }
    let events = versions(Uuid::new_v4(), [1]);
    one.insert_tracked(&events, &Tracking::new("Orders", 0, at(3))).await;
    assert_eq!(position("Orders").await, at(3), "{rule}: the position is gone on from");
    assert_eq!(position("Bank").await, at(9), "{rule}: others stay where they are");
}

/// The position at which processing begins is stored once, and stays: the start of an empty log is such a position too.
pub async fn where_processing_begins_is_stored_once(fixture: &dyn Fixture) {
    let rule = "where processing begins is stored once";
    let (one, other) = (Store::open(fixture).await, Store::open(fixture).await);
    let at = |id: u64| LogPosition { id, anchor: Some(Uuid::from_u128(id.into())) };
    let begin = async |store: &Store, upstream: &str, position| {
        let begun = store.patiently(|| store.recorder().initialize_tracking(upstream, position)).await;
        expect("initialize_tracking", begun)
    };
    let events = versions(Uuid::new_v4(), [1]);
    for (upstream, first, second) in [("Orders", LogPosition::START, at(5)), ("Bank", at(5), LogPosition::START)] {
        for (store, position) in
            [(&one, first), (&other, second), (&one, second), (&Store::open(fixture).await, second)]
        {
            assert_eq!(begin(store, upstream, position).await, first, "{rule}: what is returned of {upstream}");
            assert_eq!(store.position(upstream).await, first.id, "{rule}: the position of {upstream}");
        }
        let outcome = other.try_insert_tracked(&events, &Tracking::new(upstream, 1, at(9))).await;
        let is_refused =
            matches!(outcome, Err(RecorderError::AlreadyProcessed { recorded, .. }) if recorded == first.id);
        assert!(is_refused, "{rule}: tracking of {upstream} that goes on from elsewhere gives {outcome:?}");
        other.insert_tracked(&[], &Tracking::new(upstream, first.id, at(9))).await;
        assert_eq!(
            begin(&one, upstream, first).await,
            at(9),
            "{rule}: what is processed of {upstream} does not begin again"
        );
    }
    assert_eq!(begin(&one, "orders", at(1)).await, at(1), "{rule}: upstreams are kept apart");
    let too_far = LogPosition::from(i64::MAX.unsigned_abs() + 1);
    for (upstream, position) in [("a\0b", at(1)), ("Payments", too_far)] {
        let outcome = one.recorder().initialize_tracking(upstream, position).await;
        let is_refused = matches!(outcome, Err(RecorderError::Name { .. } | RecorderError::OutOfRange { .. }));
        assert!(is_refused, "{rule}: {upstream:?} at {position} gives {outcome:?}");
    }
    assert_eq!(one.last_id().await, None, "{rule}: it takes no place in the log");
}

/// All upstreams are listed by name, each with its anchored position, for all who open the store.
pub async fn upstreams_are_listed_with_their_positions(fixture: &dyn Fixture) {
    let rule = "upstreams are listed with their positions";
    let (one, other) = (Store::open(fixture).await, Store::open(fixture).await);
    let at = |id: u64| LogPosition::anchored(id, Uuid::from_u128(id.into()));
    let listed = async |store: &Store| {
        let listed = expect("tracked_positions", store.patiently(|| store.recorder().tracked_positions()).await);
        listed.into_iter().map(|tracked| (tracked.upstream, tracked.position)).collect::<Vec<_>>()
    };
    assert_eq!(listed(&one).await, [], "{rule}: none in an empty store");
    for (upstream, after, position) in [("orders", 0, 4), ("Orders", 0, 7), ("Bank", 0, 2), ("Orders", 7, 9)] {
        one.insert_tracked(&[], &Tracking::new(upstream, after, at(position))).await;
    }
    expect("initialize_tracking", one.recorder().initialize_tracking("Archive", LogPosition::START).await);
    let expected = [("Archive", LogPosition::START), ("Bank", at(2)), ("Orders", at(9)), ("orders", at(4))];
    for store in [&one, &other, &Store::open(fixture).await] {
        assert_eq!(listed(store).await, expected.map(|(upstream, position)| (upstream.to_owned(), position)), "{rule}");
    }
}
