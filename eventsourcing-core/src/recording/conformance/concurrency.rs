//! Concurrent writers: the order of ids, one winner for each version, no lost update.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::task::yield_now;
use uuid::Uuid;

use super::Fixture;
use super::atomicity::{assert_log_is_whole, dropped_after};
use super::store::{Store, append, assert_same, at_once, deal, numbered, versions};
use crate::recording::{EventQuery, Notification, RecorderError};

/// Eight writers of different aggregates all succeed, with ids that have no gap.
pub async fn eight_writers_of_different_aggregates_all_succeed(fixture: &dyn Fixture) {
    writers_of_different_aggregates(fixture, 8, 20).await;
}

/// Thirty-two writers of different aggregates all succeed, with ids that have no gap.
pub async fn thirty_two_writers_of_different_aggregates_all_succeed(fixture: &dyn Fixture) {
    writers_of_different_aggregates(fixture, 32, 5).await;
}

async fn writers_of_different_aggregates(fixture: &dyn Fixture, writers: usize, inserts: u64) {
    let rule = format!("{writers} writers of different aggregates all succeed, and ids have no gap");
    let stores = Store::open_several(fixture, 3).await;
    let write = |store: Store| async move {
        let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
        let mut last = 0;
        let mut notifications = Vec::new();
        for version in 1..=inserts {
            let events = append([(a, 2 * version - 1), (b, version), (a, 2 * version)]);
            let new = store.insert(&events).await;
            let first = new[0].id;
            assert_same(&new, &numbered(first, &events), "ids of one insert follow one another");
            assert!(first > last, "a writer's later inserts have greater ids: {first} after {last}");
            last = first + 2;
            notifications.extend(new);
            yield_now().await;
        }
        notifications
    };
    let notifications = at_once(deal(&stores, writers).map(write)).await;
    let mut notifications: Vec<Notification> = notifications.into_iter().flatten().collect();
    notifications.sort_by_key(|notification| notification.id);
    assert_log_is_whole(&stores[0], writers as u64 * inserts * 3, &rule).await;
    for store in &stores {
        assert_same(&store.log().await, &notifications, "the log is what its writers were told");
    }
}

/// If one insert ended before another began, its ids are smaller, whichever recorder made the inserts.
pub async fn an_insert_begun_after_another_has_greater_ids(fixture: &dyn Fixture) {
    let stores = Store::open_several(fixture, 4).await;
    // counts beginnings and ends, in the order in which they occur
    let clock = Arc::new(AtomicU64::new(0));
    let write = |store: Store| {
        let clock = Arc::clone(&clock);
        async move {
            let mut inserts = Vec::new();
            for _ in 0..10 {
                let events = append((0..3).map(|_| (Uuid::new_v4(), 1)));
                let begun = clock.fetch_add(1, Ordering::SeqCst);
                let notifications = store.insert(&events).await;
                let ended = clock.fetch_add(1, Ordering::SeqCst);
                inserts.push((begun, ended, notifications[0].id, notifications[2].id));
                yield_now().await;
            }
            inserts
        }
    };
    let inserts: Vec<_> = at_once(deal(&stores, 12).map(write)).await.into_iter().flatten().collect();
    for (_, ended, _, last) in &inserts {
        for (begun, _, first, _) in &inserts {
            assert!(
                ended > begun || last < first,
                "an insert begun after another has greater ids: \
                 {first} was given to an insert that began after the one with {last} ended"
            );
        }
    }
}

/// Of many concurrent writers of one version exactly one succeeds; all others get a conflict.
pub async fn of_many_writers_of_a_version_one_wins(fixture: &dyn Fixture) {
    const WRITERS: usize = 16;
    const ROUNDS: u64 = 5;
    let rule = "of many writers of a version one wins";
    let stores = Store::open_several(fixture, 4).await;
    let id = Uuid::new_v4();
    for version in 1..=ROUNDS {
        let write = |store: Store| async move {
            // the event of the other aggregate must be recorded together with the contested one
            let events = append([(Uuid::new_v4(), 1), (id, version)]);
            match store.try_insert(&events).await {
                Ok(_) => Some(events),
                Err(RecorderError::Conflict { originator_id, tried, recorded }) => {
                    assert_eq!((originator_id, tried, recorded), (id, version, version), "{rule}: the conflict");
                    None
                }
                Err(error) => panic!("{rule}: a loser gets a conflict, and the error is: {error} ({error:?})"),
            }
        };
        let winners: Vec<_> = at_once(deal(&stores, WRITERS).map(write)).await.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1, "{rule}: the number of {WRITERS} writers of version {version} that succeeded");
        assert_same(&stores[1].events(EventQuery::of(id).after(version - 1)).await, &winners[0][1..], rule);
    }
    assert_log_is_whole(&stores[0], ROUNDS * 2, rule).await;
}

/// Sixty-four tasks that read the last state, add one and insert it, and retry after each conflict, lose no increment.
pub async fn no_increment_is_lost(fixture: &dyn Fixture) {
    const TASKS: usize = 64;
    let rule = "no increment is lost";
    let stores = Store::open_several(fixture, 3).await;
    let id = Uuid::new_v4();
    let increment = |store: Store| async move {
        loop {
            let last = store.events(EventQuery::of(id).descending().limit(1)).await.pop();
            let (version, state) = last.map_or((0, [].into()), |event| (event.originator_version, event.state));
            let mut event = versions(id, [version + 1]);
            event[0].state = [&*state, b"+"].concat().into();
            // lets other tasks read the same state
            yield_now().await;
            match store.try_insert(&event).await {
                Ok(_) => break,
                Err(RecorderError::Conflict { .. }) => {}
                Err(error) => panic!("{rule}: an insert failed: {error} ({error:?})"),
            }
        }
    };
    at_once(deal(&stores, TASKS).map(increment)).await;
    let events = stores[0].events(EventQuery::of(id)).await;
    let found: Vec<_> = events.iter().map(|event| (event.originator_version, event.state.len())).collect();
    let expected: Vec<_> = (1..).zip(1..=TASKS).collect();
    assert_eq!(found, expected, "{rule}: (version, count)");
    assert_log_is_whole(&stores[1], TASKS as u64, rule).await;
}

/// An append that is repeated while it still runs succeeds each time, with the same result, and is recorded once.
pub async fn an_append_repeated_while_it_runs_is_recorded_once(fixture: &dyn Fixture) {
    let rule = "an append repeated while it runs is recorded once";
    let stores = Store::open_several(fixture, 3).await;
    for round in 0..10 {
        let events = append([(Uuid::new_v4(), 1), (Uuid::new_v4(), 1), (Uuid::new_v4(), 1)]);
        let insert = |store: Store| {
            let events = events.clone();
            async move { store.insert(&events).await }
        };
        for notifications in at_once(deal(&stores, 6).map(insert)).await {
            assert_same(&notifications, &numbered(round * 3 + 1, &events), rule);
        }
        assert_log_is_whole(&stores[0], round * 3 + 3, rule).await;
    }
}

/// Inserts that are dropped before they complete, while others run, block none of the others and leave no gap.
pub async fn inserts_dropped_among_others_hinder_none(fixture: &dyn Fixture) {
    let rule = "inserts dropped among others hinder none";
    let stores = Store::open_several(fixture, 2).await;
    let write = |(polls, store): (usize, Store)| async move {
        let id = Uuid::new_v4();
        for round in 0..3 {
            let dropped = versions(id, round * 3 + 1..=round * 3 + 2);
            dropped_after(polls, store.recorder().insert_events(dropped.clone())).await;
            store.insert(&dropped).await;
            store.insert(&versions(id, [round * 3 + 3])).await;
        }
        id
    };
    let ids = at_once((0..).zip(deal(&stores, 16)).map(write)).await;
    assert_log_is_whole(&stores[0], ids.len() as u64 * 9, rule).await;
    for id in ids {
        let found = stores[1].events(EventQuery::of(id)).await;
        let found: Vec<_> = found.iter().map(|event| event.originator_version).collect();
        assert_eq!(found, (1..=9).collect::<Vec<u64>>(), "{rule}: the versions of an aggregate");
    }
}
