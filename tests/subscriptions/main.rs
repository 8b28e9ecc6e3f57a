//! Who follows a log gets all of it once, in order, the same in memory, in SQLite and in PostgreSQL.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "../common/mod.rs"]
mod common;
mod read_ahead;
mod steps;

use std::sync::Arc;
use std::time::Duration;

use eventsourcing::persistence::{Kind, MemoryRecorder, NotificationQuery, Place};
use eventsourcing::prelude::*;
use eventsourcing::{Recorder, StoredEvent};
use futures::FutureExt as _;
use futures::future::join_all;
use tokio::task::yield_now;

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
struct Account {
    balance: i64,
}

#[aggregate]
impl Account {
    #[event("Opened")]
    fn open() -> Self {
        Self { balance: 0 }
    }

    #[event("Deposited")]
    fn deposit(&mut self, amount: i64) {
        self.balance += amount;
    }
}

#[aggregate]
#[derive(Clone, Debug, PartialEq)]
struct Note {
    lines: Vec<String>,
}

#[aggregate]
impl Note {
    #[event("Begun")]
    fn begin() -> Self {
        Self { lines: Vec::new() }
    }

    #[event("LineAdded")]
    fn add(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }
}

#[application(aggregates(Account, Note))]
#[derive(Clone, Debug)]
struct Office;

/// Follows another application.
#[application]
#[derive(Clone, Debug)]
struct Archive;

/// Where applications keep their events: each that opens it sees what the others recorded, as another process would.
struct Store {
    variables: Vec<(String, String)>,
    memory: Option<Arc<dyn Recorder>>,
}

impl Store {
    fn new(variables: Vec<(String, String)>) -> Self {
        Self { variables, memory: None }
    }

    fn in_memory() -> Self {
        Self { memory: Some(Arc::new(MemoryRecorder::new())), ..Self::new(Vec::new()) }
    }

    async fn office(&self) -> Office {
        let builder = Office::builder().variables(self.variables.clone());
        match &self.memory {
            Some(recorder) => builder.recorder(Arc::clone(recorder)).open().await.unwrap(),
            None => builder.open().await.unwrap(),
        }
    }

    /// An application of its own, in the same database if it is one.
    async fn archive(&self) -> Archive {
        match &self.memory {
            Some(_) => Archive::open_with([("PERSISTENCE_MODULE", "memory")]).await.unwrap(),
            None => Archive::open_with(self.variables.clone()).await.unwrap(),
        }
    }
}

/// A test of each function, in each database.
macro_rules! in_each_database {
    ($($name:ident)*) => {
        mod memory { $(#[tokio::test] async fn $name() {
            super::$name(super::Store::in_memory()).await;
        })* }
        mod sqlite { $(#[tokio::test] async fn $name() {
            let folder = tempfile::tempdir().unwrap();
            super::$name(super::Store::new(super::common::sqlite_file(&folder))).await;
        })* }
        mod postgres { $(#[tokio::test] async fn $name() {
            super::$name(super::Store::new(super::common::postgres())).await;
        })* }
    };
}

in_each_database! {
    what_is_there_comes_first_and_then_what_is_recorded
    a_subscription_begins_after_any_position
    the_tracking_of_each_item_goes_on_from_the_last
    events_of_other_aggregates_are_passed
    topics_are_followed_and_others_passed
    what_another_process_records_is_followed
    a_position_beyond_the_log_is_an_error
    an_event_that_cannot_be_read_is_named_and_never_left_out
    a_follower_that_waits_is_told_that_the_application_is_closed
    a_future_that_is_dropped_misses_nothing
    a_dictionary_that_was_trained_meanwhile_is_loaded
    followers_beside_writers_get_exactly_the_log
    what_comes_of_each_event_is_recorded_once_by_two_followers
}

/// Far longer than anything here takes: who hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// So long that nothing is found by looking: only what was told of comes.
const NEVER: Duration = Duration::from_secs(100_000);

async fn next<T: Send + 'static>(subscription: &mut Subscription<T>) -> Followed<T> {
    try_next(subscription).await.unwrap()
}

async fn try_next<T: Send + 'static>(subscription: &mut Subscription<T>) -> Result<Followed<T>> {
    let next = tokio::time::timeout(PATIENCE, subscription.next()).await.expect("the subscription hangs");
    next.expect("a subscription has no end")
}

async fn deposits(office: &Office, count: usize) {
    let mut account = Account::open();
    (1..count).for_each(|_| account.deposit(1));
    office.save(&mut account).await.unwrap();
}

async fn what_is_there_comes_first_and_then_what_is_recorded(store: Store) {
    let office = store.office().await;
    deposits(&office, 1_234).await;
    let mut subscription = office.subscribe(0).poll_interval(NEVER).notifications();
    for id in 1..=1_234 {
        assert_eq!(next(&mut subscription).await.item.id, id);
    }
    for id in 1_235..1_300 {
        assert!(subscription.next().now_or_never().is_none(), "there is no {id} yet");
        let (followed, ()) = tokio::join!(next(&mut subscription), deposits(&office, 1));
        assert_eq!(followed.item.id, id);
        let log = office.log().select(id, 1).await.unwrap();
        assert_eq!(log, [followed.item]);
    }
}

async fn a_subscription_begins_after_any_position(store: Store) {
    let office = store.office().await;
    deposits(&office, 20).await;
    for after in 0..20 {
        let mut subscription = office.subscribe(after).page_size(3).notifications();
        for id in after + 1..=20 {
            assert_eq!(next(&mut subscription).await.item.id, id);
        }
    }
    // at the end it waits
    let mut subscription = office.subscribe(20).poll_interval(NEVER).notifications();
    let (followed, ()) = tokio::join!(next(&mut subscription), deposits(&office, 1));
    assert_eq!(followed.item.id, 21);
}

async fn the_tracking_of_each_item_goes_on_from_the_last(store: Store) {
    let office = store.office().await;
    deposits(&office, 3).await;
    office.save(&mut Note::begin()).await.unwrap();
    deposits(&office, 2).await;
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
        deposits(&office, 700).await;
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
    deposits(&office, 50).await;
    deposits(&office, 1).await;
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
        let (followed, ()) = tokio::join!(next(&mut subscription), deposits(&other, 1));
        assert_eq!(followed.item.id, id);
    }
}

async fn a_position_beyond_the_log_is_an_error(store: Store) {
    let office = store.office().await;
    for (last, position) in [(0, 1), (3, 4), (3, u64::MAX)] {
        if last > 0 && office.log().max_id().await.unwrap().is_none() {
            deposits(&office, 3).await;
        }
        let mut subscription = office.subscribe(position).notifications();
        for _ in 0..2 {
            let error = try_next(&mut subscription).await.unwrap_err();
            let said = format!(
                "the log of `Office` cannot be followed after {position}, because its last notification is {last}; \
                 it is another log, or was restored from a backup: find out what was processed that is no longer there"
            );
            assert_eq!(error.to_string(), said);
        }
    }
}

async fn an_event_that_cannot_be_read_is_named_and_never_left_out(store: Store) {
    let office = store.office().await;
    deposits(&office, 3).await;
    let (originator_id, state) = (Uuid::new_v4(), b"{\"timestamp\":\"yesterday\"}".to_vec());
    let place = Place { kind: Kind::Event, originator_id, originator_version: 1, topic: "Account.Opened" };
    let checksum = Some(place.checksum(&state));
    let broken = StoredEvent {
        originator_id,
        originator_version: 1,
        topic: "Account.Opened".into(),
        state: state.into(),
        checksum,
        append_id: Uuid::new_v4(),
    };
    office.recorder().insert_events(vec![broken]).await.unwrap();
    deposits(&office, 1).await;
    let mut decoded = office.subscribe(0).events::<AccountEvent>();
    for position in 1..=3 {
        assert_eq!(next(&mut decoded).await.tracking.position, position);
    }
    for _ in 0..3 {
        let error = try_next(&mut decoded).await.unwrap_err();
        assert!(matches!(error, Error::Mapper(_)) && error.to_string().contains(&originator_id.to_string()), "{error}");
    }
    // who does not decode passes it
    let mut undecoded = office.subscribe(2).notifications();
    for id in 3..=5 {
        assert_eq!(next(&mut undecoded).await.item.id, id);
    }
}

async fn a_follower_that_waits_is_told_that_the_application_is_closed(store: Store) {
    let office = store.office().await;
    let mut subscription = office.subscribe(0).poll_interval(NEVER).notifications();
    assert!(subscription.next().now_or_never().is_none());
    let (error, ()) = tokio::join!(try_next(&mut subscription), office.close());
    assert_eq!(error.unwrap_err().to_string(), "the application is closed; open it again");
}

async fn a_future_that_is_dropped_misses_nothing(store: Store) {
    let office = store.office().await;
    let mut subscription = office.subscribe(0).page_size(2).poll_interval(NEVER).notifications();
    let save = async {
        for _ in 0..40 {
            deposits(&office, 1).await;
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

async fn followers_beside_writers_get_exactly_the_log(store: Store) {
    const EVENTS: u64 = 8 * 25;
    let mut tasks = Vec::new();
    for follower in 0..4 {
        let office = store.office().await;
        tasks.push(tokio::spawn(async move {
            let subscription = office.subscribe(0).poll_interval(Duration::from_millis(5)).page_size(7);
            if follower % 2 == 0 {
                let mut all = subscription.notifications();
                for id in 1..=EVENTS {
                    assert_eq!(next(&mut all).await.item.id, id);
                }
            } else {
                // its positions are those of the log
                let mut deposited = subscription.topics(["Account.Deposited"]).notifications();
                let mut found = Vec::new();
                while found.len() < 8 * 20 {
                    found.push(next(&mut deposited).await.item.id);
                }
                let query = NotificationQuery::after(0, usize::MAX).topics(["Account.Deposited"]);
                let log = office.recorder().select_notifications(query).await.unwrap();
                assert_eq!(found, log.iter().map(|notification| notification.id).collect::<Vec<_>>());
            }
        }));
    }
    for writer in 0..8 {
        let office = store.office().await;
        tasks.push(tokio::spawn(async move {
            for _ in 0..5 {
                let mut account = Account::open();
                (0..3).for_each(|_| account.deposit(writer));
                office.save(&mut account).await.unwrap();
                let mut stale = account.clone();
                stale.deposit(1);
                account.deposit(2);
                office.save(&mut account).await.unwrap();
                // one that is refused leaves no gap
                office.save((&mut Account::open(), &mut stale)).await.unwrap_err();
                yield_now().await;
            }
        }));
    }
    for ended in join_all(tasks).await {
        ended.unwrap();
    }
}

async fn what_comes_of_each_event_is_recorded_once_by_two_followers(store: Store) {
    let office = store.office().await;
    deposits(&office, 30).await;
    let follow = async |archive: Archive| {
        let mut after = archive.tracked_position("Office").await.unwrap().id;
        let mut deposited = office.subscribe(after).topics(["Account.Deposited"]).notifications();
        while after < 30 {
            let Followed { item, tracking } = next(&mut deposited).await;
            let mut note = Note::begin();
            note.add(&item.id.to_string());
            match archive.save_tracked(&mut note, tracking).await {
                Ok(_) => after = item.id,
                Err(Error::AlreadyProcessed { recorded, .. }) => {
                    after = recorded;
                    deposited = office.subscribe(after).topics(["Account.Deposited"]).notifications();
                }
                Err(error) => panic!("{error}"),
            }
            yield_now().await;
        }
    };
    let archive = store.archive().await;
    tokio::join!(follow(archive.clone()), follow(archive.clone()));
    let mut lines = archive.subscribe(0).topics(["Note.LineAdded"]).events::<NoteEvent>();
    for id in 2..=30 {
        let expected = id.to_string();
        assert!(
            matches!(next(&mut lines).await.item.event, NoteEvent::LineAdded(NoteLineAdded { line }) if line == expected)
        );
    }
    assert_eq!(archive.log().max_id().await.unwrap(), Some(29 * 2));
}
