//! All or nothing: an insert that fails, is observed, or is dropped before it completes never shows a part of its events.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::task::yield_now;
use uuid::Uuid;

use super::Fixture;
use super::store::{Store, append, assert_conflict, assert_same, at_once, deal, numbered, versions};
use crate::recording::{EventQuery, Notification, NotificationQuery, RecorderError, StoredEvent};

/// If one aggregate of an insert conflicts, whether the first or the last, no event of any aggregate is recorded.
pub async fn a_conflict_of_one_aggregate_leaves_none_recorded(fixture: &dyn Fixture) {
    let rule = "a conflict of one aggregate leaves none recorded";
    let store = Store::open(fixture).await;
    let taken = versions(Uuid::new_v4(), [1]);
    store.insert(&taken).await;
    let conflicting = taken[0].originator_id;
    for place in 0..5 {
        let ids: Vec<_> = (0..5).map(|other| if other == place { conflicting } else { Uuid::new_v4() }).collect();
        let events = append(ids.iter().flat_map(|id| [(*id, 1), (*id, 2)]));
        assert_conflict(store.try_insert(&events).await, conflicting, rule);
        for id in ids.iter().filter(|id| **id != conflicting) {
            assert_same(&store.events(EventQuery::of(*id)).await, &[], rule);
        }
        assert_same(&store.events(EventQuery::of(conflicting)).await, &taken, rule);
        assert_same(&store.log().await, &numbered(1, &taken), rule);
    }
}

/// A failed insert uses up no ids: the ids of the next insert continue after the last recorded one.
pub async fn failed_inserts_use_up_no_ids(fixture: &dyn Fixture) {
    let rule = "a failed insert uses up no ids";
    let store = Store::open(fixture).await;
    let taken = Uuid::new_v4();
    let mut log = store.insert(&versions(taken, [1])).await;
    for _ in 0..5 {
        // the conflict comes last, when the events before it may have got ids already
        let failing = append([(Uuid::new_v4(), 1), (Uuid::new_v4(), 1), (taken, 1)]);
        assert_conflict(store.try_insert(&failing).await, taken, rule);
        let outcome = store.try_insert(&versions(Uuid::new_v4(), [1, u64::MAX])).await;
        assert!(matches!(outcome, Err(RecorderError::OutOfRange { .. })), "{rule}: not out of range: {outcome:?}");
        let events = versions(Uuid::new_v4(), 1..=2);
        let expected = numbered(log.len() as u64 + 1, &events);
        assert_same(&store.insert(&events).await, &expected, rule);
        log.extend(expected);
        assert_eq!(store.last_id().await, Some(log.len() as u64), "{rule}: the last id");
    }
    assert_same(&store.log().await, &log, rule);
}

/// An insert may have ten thousand events, and is recorded completely and in order, or not at all.
pub async fn ten_thousand_events_are_one_insert(fixture: &dyn Fixture) {
    let rule = "ten thousand events are one insert";
    let store = Store::open(fixture).await;
    let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
    let mut events = append((1..=5_000).flat_map(|version| [(a, version), (b, version)]));
    assert_same(&store.insert(&events).await, &numbered(1, &events), rule);
    assert_same(&store.log().await, &numbered(1, &events), rule);

    let taken = Uuid::new_v4();
    let other = versions(taken, [1]);
    store.insert(&other).await;
    let mut conflicting = append((5_001..=10_000).flat_map(|version| [(a, version), (b, version)]));
    conflicting.extend(append([(taken, 1)]));
    assert_conflict(store.try_insert(&conflicting).await, taken, rule);
    events.extend(other);
    assert_same(&store.log().await, &numbered(1, &events), rule);
}

/// A reader never sees a part of an insert: neither in the log, nor in an aggregate, nor in the last id.
pub async fn a_reader_never_sees_a_part_of_an_insert(fixture: &dyn Fixture) {
    const INSERTS: usize = 10;
    const EVENTS: usize = 100;
    const HALF: usize = EVENTS / 2;
    let rule = format!("a reader never sees a part of an insert of {EVENTS} events");
    let stores = Store::open_several(fixture, 3).await;
    let id = Uuid::new_v4();
    let inserted = Arc::new(AtomicBool::new(false));
    let read = |store: Store| {
        let (rule, inserted) = (rule.clone(), Arc::clone(&inserted));
        async move {
            loop {
                let is_last_round = inserted.load(Ordering::Acquire);
                let last = store.last_id().await.unwrap_or(0);
                assert!(last % EVENTS as u64 == 0, "{rule}: the last id is {last}");
                let log = store.notifications(NotificationQuery::after(0, usize::MAX)).await.len();
                assert!(log % EVENTS == 0, "{rule}: the log has {log}");
                // half of the events of each insert
                let aggregate = store.events(EventQuery::of(id)).await.len();
                assert!(aggregate % HALF == 0, "{rule}: of the {HALF} of one aggregate it sees {aggregate}");
                if is_last_round {
                    assert_eq!((log, aggregate), (INSERTS * EVENTS, INSERTS * HALF), "{rule}, and then all");
                    break;
                }
                yield_now().await;
            }
        }
    };
    let write = |store: Store| {
        let inserted = Arc::clone(&inserted);
        async move {
            for first in (1..).step_by(HALF).take(INSERTS) {
                let other = Uuid::new_v4();
                let places = (0..HALF as u64).flat_map(|place| [(id, first + place), (other, 1 + place)]);
                store.insert(&append(places)).await;
                yield_now().await;
            }
            inserted.store(true, Ordering::Release);
        }
    };
    let readers = deal(&stores[1..], 2).map(|store| read(store).boxed());
    at_once(readers.chain([write(stores[0].clone()).boxed()])).await;
}

/// An insert that is dropped at any await is recorded or not recorded, and recorded once if the same append is repeated.
pub async fn an_insert_dropped_half_way_is_done_or_not_done(fixture: &dyn Fixture) {
    let rule = "an insert dropped half way is done or not done";
    let (one, other) = (Store::open(fixture).await, Store::open(fixture).await);
    let mut events = 0;
    for polls in 0..=20 {
        let dropped = append([(Uuid::new_v4(), 1), (Uuid::new_v4(), 1), (Uuid::new_v4(), 1)]);
        dropped_after(polls, one.recorder().insert_events(dropped.clone())).await;
        let seen = seen(&one, &dropped).await;
        assert!(seen == 0 || seen == 3, "{rule}: after {polls} polls {seen} of 3 events are recorded");

        // the next writer, with this recorder or another
        let next = if polls % 2 == 0 { &one } else { &other };
        next.insert(&versions(Uuid::new_v4(), 1..=2)).await;
        let repeated = next.insert(&dropped).await;
        assert_same(&repeated, &numbered(repeated[0].id, &dropped), rule);
        assert_same(&other.insert(&dropped).await, &repeated, rule);
        events += 5;
    }
    assert_log_is_whole(&one, events, rule).await;
}

/// After an insert that was dropped at any await, another append gets all of its versions, or a conflict.
pub async fn an_insert_dropped_half_way_leaves_its_versions_free_or_taken(fixture: &dyn Fixture) {
    let rule = "an insert dropped half way leaves all of its versions free, or all taken";
    let (one, other) = (Store::open(fixture).await, Store::open(fixture).await);
    let mut events = 0;
    for polls in 0..=20 {
        let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
        let dropped = append([(a, 1), (b, 1), (a, 2)]);
        dropped_after(polls, one.recorder().insert_events(dropped.clone())).await;
        let next = if polls % 2 == 0 { &one } else { &other };
        let ours = append([(b, 1), (a, 1), (a, 2)]);
        let recorded = match next.try_insert(&ours).await {
            Ok(_) => &ours,
            Err(RecorderError::Conflict { .. }) => &dropped,
            Err(error) => panic!("{rule}: after {polls} polls the next insert failed: {error} ({error:?})"),
        };
        for id in [a, b] {
            let expected: Vec<_> = recorded.iter().filter(|event| event.originator_id == id).cloned().collect();
            assert_same(&next.events(EventQuery::of(id)).await, &expected, rule);
        }
        events += 3;
    }
    assert_log_is_whole(&one, events, rule).await;
}

/// Recorded events are available to a recorder that opens the store later, which continues after them.
pub async fn a_recorder_opened_later_sees_what_was_recorded(fixture: &dyn Fixture) {
    let rule = "a recorder opened later sees what was recorded";
    let first = Store::open(fixture).await;
    let id = Uuid::new_v4();
    let (events, further) = (versions(id, 1..=3), versions(id, 4..=5));
    first.insert(&events).await;
    let second = Store::open(fixture).await;
    assert_same(&second.events(EventQuery::of(id)).await, &events, rule);
    assert_same(&second.log().await, &numbered(1, &events), rule);
    assert_same(&second.insert(&further).await, &numbered(4, &further), rule);
    assert_same(&first.log().await, &[numbered(1, &events), numbered(4, &further)].concat(), rule);
}

/// Drops an insert after the given number of polls, each of which follows a wake-up.
pub(super) async fn dropped_after(polls: usize, mut insert: BoxFuture<'_, Result<Vec<Notification>, RecorderError>>) {
    let mut left = polls;
    let outcome = poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match insert.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
    if let Some(Err(error)) = outcome {
        assert!(error.is_retryable(), "an insert to be dropped after {polls} polls failed: {error} ({error:?})");
    }
}

/// Returns how many events of an insert into different aggregates are recorded.
async fn seen(store: &Store, events: &[StoredEvent]) -> usize {
    // a single call sees one state of the store
    let log = store.log().await;
    log.iter().filter(|found| events.iter().any(|event| event.originator_id == found.originator_id)).count()
}

/// Asserts that the log has this number of events, without a gap.
pub(super) async fn assert_log_is_whole(store: &Store, events: u64, rule: &str) {
    let ids: Vec<_> = store.log().await.iter().map(|notification| notification.id).collect();
    let first_wrong = (1..=events).zip(&ids).find(|(expected, id)| expected != *id);
    assert_eq!(first_wrong, None, "{rule}: the ids have no gap (expected, found)");
    assert_eq!(ids.len() as u64, events, "{rule}: the number of events in the log");
}
