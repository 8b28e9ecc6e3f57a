//! A recorder with helpers for the rules: calls that must succeed, logs that must be equal, tasks that must not panic.

use std::fmt::Debug;
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::Barrier;
use tokio::task::{JoinSet, yield_now};
use uuid::Uuid;

use super::Fixture;
use crate::recording::{
    EventQuery, Notification, NotificationQuery, Recorder, RecorderError, ReplayItem, ReplayQuery, StoredDictionary,
    StoredEvent, StoredSnapshot, is_same_attempt,
};

/// The number of attempts of a call whose error is retryable.
const ATTEMPTS: u32 = 100;

/// An opened store.
#[derive(Clone, Debug)]
pub(super) struct Store {
    recorder: Arc<dyn Recorder>,
    attempts: u32,
}

impl Store {
    /// Opens a store of which every call must succeed at the first attempt.
    pub(super) async fn open(fixture: &dyn Fixture) -> Self {
        Self { recorder: fixture.open().await, attempts: 1 }
    }

    /// Opens a store for concurrent use: calls with a retryable error are repeated.
    pub(super) async fn open_patient(fixture: &dyn Fixture) -> Self {
        Self { attempts: ATTEMPTS, ..Self::open(fixture).await }
    }

    /// Opens several such stores.
    pub(super) async fn open_several(fixture: &dyn Fixture, count: usize) -> Vec<Self> {
        let mut stores = Vec::with_capacity(count);
        for _ in 0..count {
            stores.push(Self::open_patient(fixture).await);
        }
        stores
    }

    pub(super) fn recorder(&self) -> &Arc<dyn Recorder> {
        &self.recorder
    }

    pub(super) async fn try_insert(&self, events: &[StoredEvent]) -> Result<Vec<Notification>, RecorderError> {
        self.patiently(|| self.recorder.insert_events(events.to_vec())).await
    }

    pub(super) async fn insert(&self, events: &[StoredEvent]) -> Vec<Notification> {
        expect("insert_events", self.try_insert(events).await)
    }

    pub(super) async fn events(&self, query: EventQuery) -> Vec<StoredEvent> {
        expect("select_events", self.patiently(|| self.recorder.select_events(query.clone())).await)
    }

    pub(super) async fn notifications(&self, query: NotificationQuery) -> Vec<Notification> {
        let select = || self.recorder.select_notifications(query.clone());
        expect("select_notifications", self.patiently(select).await)
    }

    pub(super) async fn last_id(&self) -> Option<u64> {
        expect("max_notification_id", self.patiently(|| self.recorder.max_notification_id()).await)
    }

    /// Stores the dictionary, and returns whether it was stored.
    pub(super) async fn insert_dictionary(&self, dictionary: &StoredDictionary) -> bool {
        let insert = || self.recorder.insert_dictionary(dictionary.clone());
        expect("insert_dictionary", self.patiently(insert).await)
    }

    pub(super) async fn dictionaries(&self, after: u32) -> Vec<StoredDictionary> {
        expect("select_dictionaries", self.patiently(|| self.recorder.select_dictionaries(after)).await)
    }

    /// Stores the snapshot, and returns whether it is kept.
    pub(super) async fn insert_snapshot(&self, snapshot: &StoredSnapshot, keep: usize) -> bool {
        let insert = || self.recorder.insert_snapshot(snapshot.clone(), keep);
        expect("insert_snapshot", self.patiently(insert).await)
    }

    /// Reads a replay: the snapshot that comes first, or what stands for one of other code, and the events.
    pub(super) async fn replay(&self, query: ReplayQuery) -> (Option<FirstItem>, Vec<StoredEvent>) {
        let mut attempts = self.attempts;
        loop {
            let (mut first, mut events) = (None, Vec::new());
            let mut visit = |item: ReplayItem<'_>| {
                match item {
                    ReplayItem::Event(event) => events.push(event.to_owned()),
                    _ if first.is_some() || !events.is_empty() => {
                        panic!("a snapshot comes once and before all events, and not as {item:?}")
                    }
                    ReplayItem::Snapshot(snapshot) => first = Some(FirstItem::Snapshot(snapshot.to_owned())),
                    ReplayItem::OtherSnapshot => first = Some(FirstItem::OtherSnapshot),
                }
                ControlFlow::Continue(())
            };
            attempts -= 1;
            match self.recorder.read_replay(query.clone(), &mut visit).await {
                Err(error) if error.is_retryable() && attempts > 0 => yield_now().await,
                outcome => {
                    expect("read_replay", outcome);
                    return (first, events);
                }
            }
        }
    }

    /// Selects the whole log in one call.
    pub(super) async fn log(&self) -> Vec<Notification> {
        self.notifications(NotificationQuery::after(0, 1_000_000)).await
    }

    pub(super) async fn patiently<'a, T>(
        &self,
        call: impl Fn() -> BoxFuture<'a, Result<T, RecorderError>>,
    ) -> Result<T, RecorderError> {
        let mut attempts = self.attempts;
        loop {
            attempts -= 1;
            match call().await {
                Err(error) if error.is_retryable() && attempts > 0 => yield_now().await,
                outcome => return outcome,
            }
        }
    }
}

/// What comes before the events of a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FirstItem {
    Snapshot(StoredSnapshot),
    OtherSnapshot,
}

pub(super) fn expect<T>(method: &str, outcome: Result<T, RecorderError>) -> T {
    outcome.unwrap_or_else(|error| panic!("{method} failed where it must not: {error} ({error:?})"))
}

/// Returns one append of events with these ids and versions, each with a topic and a state of its own.
pub(super) fn append(places: impl IntoIterator<Item = (Uuid, u64)>) -> Vec<StoredEvent> {
    let append_id = Uuid::new_v4();
    let event = |(originator_id, originator_version): (Uuid, u64)| StoredEvent {
        originator_id,
        originator_version,
        topic: format!("Conformance.Event{}", originator_version % 3).into(),
        state: format!(r#"{{"version":{originator_version}}}"#).into_bytes().into(),
        checksum: u32::try_from(originator_version).ok(),
        append_id,
    };
    places.into_iter().map(event).collect()
}

/// Returns one append of these versions of one aggregate.
pub(super) fn versions(originator_id: Uuid, versions: impl IntoIterator<Item = u64>) -> Vec<StoredEvent> {
    append(versions.into_iter().map(|version| (originator_id, version)))
}

/// Returns the notifications of events that are consecutive in the log.
pub(super) fn numbered(first: u64, events: &[StoredEvent]) -> Vec<Notification> {
    (first..).zip(events).map(|(id, event)| event.clone().into_notification(id)).collect()
}

/// Formats a record in one line, so that a thousand of them, or one of a megabyte, do not fill the screen.
pub(super) trait InShort: PartialEq + Debug {
    fn in_short(&self) -> String;

    /// Returns whether they are equal except for what a recorder may change: the stamp of the attempt.
    fn is_as(&self, other: &Self) -> bool;
}

impl InShort for StoredEvent {
    fn is_as(&self, other: &Self) -> bool {
        let stamped = Self { append_id: other.append_id, ..self.clone() };
        stamped == *other && is_same_attempt(self.append_id, other.append_id)
    }

    fn in_short(&self) -> String {
        let Self { originator_id, originator_version, topic, state, checksum, append_id } = self;
        let place = format!("version {originator_version} of {originator_id}");
        format!("{place}, {topic:?}, {}, checksum {checksum:?}, append {append_id}", in_short(state))
    }
}

impl InShort for Notification {
    fn is_as(&self, other: &Self) -> bool {
        let stamped = Self { append_id: other.append_id, ..self.clone() };
        stamped == *other && is_same_attempt(self.append_id, other.append_id)
    }

    fn in_short(&self) -> String {
        let Self { id, originator_id, originator_version, topic, state, checksum, append_id } = self;
        let place = format!("id {id}: version {originator_version} of {originator_id}");
        format!("{place}, {topic:?}, {}, checksum {checksum:?}, append {append_id}", in_short(state))
    }
}

fn in_short(state: &[u8]) -> String {
    let start = state.get(..40).unwrap_or(state);
    format!("state of {} bytes \"{}\"", state.len(), start.escape_ascii())
}

/// Asserts that two lists are equal, and otherwise panics with the rule and the first difference.
pub(super) fn assert_same<T: InShort>(found: &[T], expected: &[T], rule: &str) {
    let differs = |place: &usize| match (found.get(*place), expected.get(*place)) {
        (Some(found), Some(expected)) => !found.is_as(expected),
        (found, expected) => found.is_some() || expected.is_some(),
    };
    if let Some(place) = (0..found.len().max(expected.len())).find(differs) {
        let say = |list: &[T]| list.get(place).map_or_else(|| "nothing".to_owned(), InShort::in_short);
        panic!(
            "{rule}: found {} records where {} were expected, and at index {place}\n   found: {}\nexpected: {}",
            found.len(),
            expected.len(),
            say(found),
            say(expected)
        );
    }
}

/// Asserts that an insert was refused because of a version of this aggregate, and returns the version tried and the version
/// recorded.
pub(super) fn assert_conflict(
    outcome: Result<Vec<Notification>, RecorderError>,
    expected: Uuid,
    rule: &str,
) -> (u64, u64) {
    match outcome {
        Err(RecorderError::Conflict { originator_id, tried, recorded }) => {
            assert_eq!(originator_id, expected, "{rule}: the conflict names another aggregate");
            (tried, recorded)
        }
        Err(error) => panic!("{rule}: a conflict was expected, and the error is: {error} ({error:?})"),
        Ok(notifications) => {
            let notifications: Vec<_> = notifications.iter().map(InShort::in_short).collect();
            panic!("{rule}: a conflict was expected, and the insert was done: {notifications:#?}")
        }
    }
}

/// Returns a store for each of `count` tasks, in turn.
pub(super) fn deal(stores: &[Store], count: usize) -> impl Iterator<Item = Store> {
    stores.iter().cycle().take(count).cloned()
}

/// Runs tasks concurrently and waits for all; the first that panics ends the others and the test.
pub(super) async fn at_once<F>(tasks: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let tasks: Vec<F> = tasks.into_iter().collect();
    // without the barrier, the first may have finished before the last has begun
    let start = Arc::new(Barrier::new(tasks.len()));
    let mut running = JoinSet::new();
    for task in tasks {
        let start = Arc::clone(&start);
        running.spawn(async move {
            start.wait().await;
            task.await
        });
    }
    let mut outcomes = Vec::with_capacity(running.len());
    while let Some(outcome) = running.join_next().await {
        match outcome.map_err(tokio::task::JoinError::try_into_panic) {
            Ok(outcome) => outcomes.push(outcome),
            Err(Ok(panic)) => resume_unwind(panic),
            Err(Err(error)) => panic!("a task of the test was cancelled: {error}"),
        }
    }
    outcomes
}
