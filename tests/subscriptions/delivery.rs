//! What a subscription delivers: the log from any position, in order, all of it or some topics, and events as they are recorded.

use std::time::Duration;

use eventsourcing::prelude::*;
use futures::FutureExt as _;
use tokio::task::yield_now;

use super::{AccountEvent, NEVER, Note, NoteEvent, NoteLineAdded, Store, deposits, in_each_database, next};

in_each_database! {
    what_is_there_comes_first_and_then_what_is_recorded
    a_subscription_begins_after_any_position
    the_tracking_of_each_item_goes_on_from_the_last
    events_of_other_aggregates_are_passed
    topics_are_followed_and_others_passed
    what_another_process_records_is_followed
    a_future_that_is_dropped_misses_nothing
    a_dictionary_that_was_trained_meanwhile_is_loaded
}

async fn what_is_there_comes_first_and_then_what_is_recorded(store: Store) {
    let office = store.office().await;
    deposits(&office, 1_234, 1).await;
    let mut subscription = office.subscribe(0).poll_interval(NEVER).notifications();
    for id in 1..=1_234 {
        assert_eq!(next(&mut subscription).await.item.id, id);
    }
    for id in 1_235..1_300 {
        assert!(subscription.next().now_or_never().is_none(), "there is no {id} yet");
        let (followed, _) = tokio::join!(next(&mut subscription), deposits(&office, 1, 1));
        assert_eq!(followed.item.id, id);
        let log = office.log().select(id, 1).await.unwrap();
        assert_eq!(log, [followed.item]);
    }
}

async fn a_subscription_begins_after_any_position(store: Store) {
    let office = store.office().await;
    deposits(&office, 20, 1).await;
    for after in 0..20 {
        let mut subscription = office.subscribe(after).page_size(3).notifications();
        for id in after + 1..=20 {
            assert_eq!(next(&mut subscription).await.item.id, id);
        }
    }
    // at the end it waits
    let mut subscription = office.subscribe(20).poll_interval(NEVER).notifications();
    let (followed, _) = tokio::join!(next(&mut subscription), deposits(&office, 1, 1));
    assert_eq!(followed.item.id, 21);
}

async fn the_tracking_of_each_item_goes_on_from_the_last(store: Store) {
    let office = store.office().await;
    deposits(&office, 3, 1).await;
    office.save(&mut Note::begin()).await.unwrap();
    deposits(&office, 2, 1).await;
    let mut subscription = office.subscribe(1).events::<AccountEvent>();
    for (after, position) in [(1, 2), (2, 3), (3, 5), (5, 6)] {
        let position = office.recorder().position_at(position).await.unwrap().unwrap();
        assert_eq!(next(&mut subscription).await.tracking, Tracking::new("Office", after, position));
    }
}

async fn events_of_other_aggregates_are_passed(store: Store) {
    let office = store.office().await;
    let mut subscription = office.subscribe(0).poll_interval(NEVER).events::<NoteEvent>();
    let mut note = Note::begin();
    for line in ["one", "two", "three"] {
        deposits(&office, 700, 1).await;
        note.add(line);
        let saved = async { office.save(&mut note).await.unwrap() };
        if line == "one" {
            let (followed, _) = tokio::join!(next(&mut subscription), saved);
            assert!(matches!(followed.item.event, NoteEvent::Begun(_)));
        } else {
            saved.await;
        }
        let followed = next(&mut subscription).await;
        assert_eq!(followed.item.originator_id, note.id());
        assert!(matches!(followed.item.event, NoteEvent::LineAdded(NoteLineAdded { line: found }) if found == line));
    }
    assert!(subscription.next().now_or_never().is_none());
}

async fn topics_are_followed_and_others_passed(store: Store) {
    let office = store.office().await;
    deposits(&office, 50, 1).await;
    deposits(&office, 1, 1).await;
    let mut opened = office.subscribe(0).topics(["Account.Opened"]).page_size(1).notifications();
    for (after, position) in [(0, 1), (1, 51)] {
        let position = office.recorder().position_at(position).await.unwrap().unwrap();
        assert_eq!(next(&mut opened).await.tracking, Tracking::new("Office", after, position));
    }
    let mut opened = office.subscribe(0).topics(["Account.Opened"]).events::<AccountEvent>();
    for _ in 0..2 {
        assert!(matches!(next(&mut opened).await.item.event, AccountEvent::Opened(_)));
    }
}

async fn what_another_process_records_is_followed(store: Store) {
    let (office, other) = (store.office().await, store.office().await);
    // SQLite has nobody who tells
    let mut subscription = office.subscribe(0).poll_interval(Duration::from_millis(5)).notifications();
    for id in 1..=20 {
        let (followed, _) = tokio::join!(next(&mut subscription), deposits(&other, 1, 1));
        assert_eq!(followed.item.id, id);
    }
}

async fn a_future_that_is_dropped_misses_nothing(store: Store) {
    let office = store.office().await;
    let mut subscription = office.subscribe(0).page_size(2).poll_interval(NEVER).notifications();
    let save = async {
        for _ in 0..40 {
            deposits(&office, 1, 1).await;
            yield_now().await;
        }
    };
    let follow = async {
        let mut found = Vec::new();
        while found.len() < 40 {
            // each future is polled once or twice, and then another is asked for
            let impatient = async {
                yield_now().await;
                yield_now().await;
            };
            tokio::select! {
                biased;
                followed = next(&mut subscription) => found.push(followed.item.id),
                () = impatient => {}
            }
        }
        found
    };
    let (found, ()) = tokio::join!(follow, save);
    assert_eq!(found, (1..=40).collect::<Vec<_>>());
}

async fn a_dictionary_that_was_trained_meanwhile_is_loaded(mut store: Store) {
    store.variables.push(("COMPRESSOR_TOPIC".to_owned(), "zstd".to_owned()));
    let (office, other) = (store.office().await, store.office().await);
    let mut subscription = office.subscribe(0).poll_interval(Duration::from_millis(5)).events::<NoteEvent>();
    let write = async |count: usize| {
        let mut note = Note::begin();
        (1..count).for_each(|line| note.add(&format!("line {line} of what everybody writes all the time")));
        other.save(&mut note).await.unwrap();
    };
    write(500).await;
    for _ in 0..500 {
        next(&mut subscription).await;
    }
    other.train_dictionary().await.unwrap();
    write(100).await;
    for position in 501..=600 {
        assert_eq!(next(&mut subscription).await.tracking.position, position);
    }
}
