//! Readers during writes: the log grows only at its end, so that no consumer of the log misses an event.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::task::yield_now;
use uuid::Uuid;

use super::Fixture;
use super::store::{Store, append, assert_conflict, assert_same, at_once, deal};
use crate::recording::{Notification, NotificationQuery};

const WRITERS: usize = 8;
const INSERTS: u64 = 20;
/// Each insert with a number divisible by this one is followed by a refused insert, whose first events may have got ids.
const REFUSED: u64 = 10;
const TOPIC: &str = "Conformance.Event1";

/// Readers that repeatedly select what is after the last id they saw, while others write, see every id once, in order and without
/// a gap.
pub async fn a_reader_among_writers_sees_every_id_in_order(fixture: &dyn Fixture) {
    let rule = "a reader among writers sees every id in order";
    let among = Among::open(fixture).await;
    let read = |store: Store, size: usize, among: Among| async move {
        let mut seen: Vec<Notification> = Vec::new();
        loop {
            let is_last_round = among.all_have_written();
            let after = seen.last().map_or(0, |last| last.id);
            let page = store.notifications(NotificationQuery::after(after, size)).await;
            if page.is_empty() && is_last_round {
                return seen;
            }
            for (expected, notification) in (after + 1..).zip(&page) {
                let id = notification.id;
                assert_eq!(id, expected, "{rule}: after {after} it found id {id} where {expected} was expected");
            }
            seen.extend(page);
            yield_now().await;
        }
    };
    // pages of one, of some, and larger than the log
    let readers = deal(&among.stores, 3).zip([1, 7, 1_000]);
    let readers = readers.map(|(store, size)| read(store, size, among.clone()).boxed()).collect();
    let (log, seen) = among.run(readers).await;
    for seen in seen {
        assert_same(&seen, &log, rule);
    }
}

/// A reader of one topic, while others write, misses no event of that topic.
pub async fn a_reader_of_a_topic_among_writers_misses_none(fixture: &dyn Fixture) {
    let rule = "a reader of a topic among writers misses none";
    let among = Among::open(fixture).await;
    let read = |store: Store, among: Among| async move {
        let mut seen: Vec<Notification> = Vec::new();
        loop {
            let is_last_round = among.all_have_written();
            let after = seen.last().map_or(0, |last| last.id);
            let page = store.notifications(NotificationQuery::after(after, 5).topics([TOPIC])).await;
            if page.is_empty() && is_last_round {
                return seen;
            }
            seen.extend(page);
            yield_now().await;
        }
    };
    let readers = deal(&among.stores, 2).map(|store| read(store, among.clone()).boxed()).collect();
    let (mut log, seen) = among.run(readers).await;
    log.retain(|notification| notification.topic == TOPIC);
    for seen in seen {
        assert_same(&seen, &log, rule);
    }
}

/// A reader that selects the last id, while others write, and then everything up to it, finds all events, and the last id never
/// decreases.
pub async fn the_last_id_among_writers_has_everything_below_it(fixture: &dyn Fixture) {
    let rule = "the last id among writers has everything below it";
    let among = Among::open(fixture).await;
    let read = |store: Store, among: Among| async move {
        let mut before = 0;
        loop {
            let is_last_round = among.all_have_written();
            let last = store.last_id().await.unwrap_or(0);
            assert!(last >= before, "{rule}: it was {before} and fell to {last}");
            let new = store.notifications(NotificationQuery::after(before, usize::MAX).up_to(last)).await;
            let ids: Vec<_> = new.iter().map(|notification| notification.id).collect();
            let expected: Vec<_> = (before + 1..=last).collect();
            assert_eq!(ids, expected, "{rule}: the ids after {before} and up to {last}");
            before = last;
            if is_last_round {
                return last;
            }
            yield_now().await;
        }
    };
    let readers = deal(&among.stores, 2).map(|store| read(store, among.clone()).boxed()).collect();
    let (log, seen) = among.run(readers).await;
    for last in seen {
        assert_eq!(last, log.len() as u64, "{rule}: the last id when all have written");
    }
}

/// Writers, with the information that their readers need.
#[derive(Clone)]
struct Among {
    stores: Vec<Store>,
    /// The number of writers that have not finished.
    writing: Arc<AtomicUsize>,
}

impl Among {
    async fn open(fixture: &dyn Fixture) -> Self {
        Self { stores: Store::open_several(fixture, 3).await, writing: Arc::new(AtomicUsize::new(WRITERS)) }
    }

    fn all_have_written(&self) -> bool {
        self.writing.load(Ordering::Acquire) == 0
    }

    /// Runs the writers and these readers, and returns the log and the result of each reader.
    async fn run<T: Send + 'static>(&self, readers: Vec<BoxFuture<'static, T>>) -> (Vec<Notification>, Vec<T>) {
        let writers = deal(&self.stores, WRITERS).map(|store| self.clone().write(store).map(|()| None).boxed());
        let readers = readers.into_iter().map(|reader| reader.map(Some).boxed());
        let seen = at_once(writers.chain(readers)).await.into_iter().flatten().collect();
        (self.stores[0].log().await, seen)
    }

    async fn write(self, store: Store) {
        let id = Uuid::new_v4();
        for number in 1..=INSERTS {
            // one to three events
            let places = (0..number % 3).map(|_| (Uuid::new_v4(), 1)).chain([(id, number)]);
            store.insert(&append(places)).await;
            if number % REFUSED == 0 {
                let refused = append([(Uuid::new_v4(), 1), (Uuid::new_v4(), 1), (id, 1)]);
                assert_conflict(store.try_insert(&refused).await, id, "a version that is taken is refused");
            }
            yield_now().await;
        }
        self.writing.fetch_sub(1, Ordering::Release);
    }
}
