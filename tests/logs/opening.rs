//! A log is opened at its last event, and its history is not read.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use eventsourcing::prelude::*;
use eventsourcing::recording::{EventQuery, EventVisitor, MemoryRecorder, NotificationQuery, StoredEventRef};
use eventsourcing::{Recorder, RecorderError, StoredEvent};

use super::{Register, Universe, World, filled, in_each_database, worlds};

in_each_database! {
    a_log_that_is_not_recorded_is_empty
    a_log_is_opened_at_its_last_event
    an_empty_log_is_not_recorded
    get_and_find_tell_an_empty_log
    a_log_as_it_was_at_a_version_or_time
    the_history_of_a_log_begins_with_any_event
    logs_are_listed_and_counted
}

async fn a_log_that_is_not_recorded_is_empty(universe: Universe) {
    let register: Register = universe.repository().log(worlds()).await.unwrap();
    assert_eq!((register.id(), register.version()), (worlds(), 0));
    assert!(register.pending_events().is_empty());
}

async fn a_log_is_opened_at_its_last_event(universe: Universe) {
    let mut saved = filled(&universe, 3).await;
    let mut opened: Register = universe.repository().log(worlds()).await.unwrap();
    assert_eq!((opened.version(), opened.modified_on()), (3, saved.modified_on()));
    // the first event that it knows is the last one
    assert_eq!(opened.created_on(), saved.modified_on());
    opened.add(4);
    assert_eq!((opened.version(), opened.pending_events()[0].originator_version), (4, 4));
    universe.save(&mut opened).await.unwrap();
    // the one that was saved before is behind
    saved.add(4);
    let conflict = universe.save(&mut saved).await.unwrap_err();
    assert!(matches!(conflict, Error::Conflict { tried: 4, recorded: 4, .. }), "{conflict}");
}

async fn an_empty_log_is_not_recorded(universe: Universe) {
    let mut register = Register::empty(worlds());
    assert!(universe.save(&mut register).await.unwrap().is_empty());
    assert!(!universe.repository().exists(worlds()).await.unwrap());
}

async fn get_and_find_tell_an_empty_log(universe: Universe) {
    let repository = universe.repository();
    assert!(repository.find::<Register>(worlds()).await.unwrap().is_none());
    let missing = repository.get::<Register>(worlds()).await.unwrap_err();
    assert!(matches!(missing, Error::AggregateNotFound { aggregate: "Register", .. }), "{missing}");
    filled(&universe, 2).await;
    assert_eq!(repository.get::<Register>(worlds()).await.unwrap().version(), 2);
    assert_eq!(repository.find::<Register>(worlds()).await.unwrap().unwrap().version(), 2);
}

async fn a_log_as_it_was_at_a_version_or_time(universe: Universe) {
    filled(&universe, 2).await;
    let second: Register = universe.repository().log(worlds()).await.unwrap();
    let mut third = second.clone();
    third.add(3);
    universe.save(&mut third).await.unwrap();
    let at: Register = universe.repository().get_at(worlds(), 2).await.unwrap();
    assert_eq!((at.version(), at.modified_on()), (2, second.modified_on()));
    let missing = universe.repository().get_at::<Register>(worlds(), 4).await.unwrap_err();
    assert!(matches!(missing, Error::VersionNotFound { version: 4, current: 3, .. }), "{missing}");
    let as_of: Register = universe.repository().get_as_of(worlds(), third.modified_on()).await.unwrap();
    assert_eq!(as_of.version(), 3);
}

async fn the_history_of_a_log_begins_with_any_event(universe: Universe) {
    let mut register = Register::empty(worlds());
    register.give_name("first").unwrap();
    register.add(2);
    universe.save(&mut register).await.unwrap();
    let mut history = universe.repository().history::<Register>(worlds());
    let first = history.try_next().await.unwrap().unwrap();
    assert_eq!((first.state.version(), first.state.created_on()), (1, register.created_on()));
    let second = history.try_next().await.unwrap().unwrap();
    assert_eq!(second.state, register);
    assert!(history.try_next().await.unwrap().is_none());
}

async fn logs_are_listed_and_counted(universe: Universe) {
    let mut named = Register::empty(Register::id_of("names"));
    named.give_name("first").unwrap();
    universe.save((&mut named, &mut World::new("Earth"))).await.unwrap();
    filled(&universe, 2).await;
    let listed = universe.repository().ids::<Register>().page(10).await.unwrap();
    assert_eq!(listed.iter().map(|one| one.id).collect::<Vec<_>>(), [named.id(), worlds()]);
    assert_eq!(universe.repository().count::<Register>().await.unwrap(), 2);
}

/// Counts the events that are read of aggregates.
#[derive(Debug, Default)]
struct Counting {
    memory: MemoryRecorder,
    read: AtomicUsize,
}

#[async_trait]
impl Recorder for Counting {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        self.memory.insert_events(events).await
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        let events = self.memory.select_events(query).await?;
        self.read.fetch_add(events.len(), Ordering::Relaxed);
        Ok(events)
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        self.memory.select_notifications(query).await
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.memory.max_notification_id().await
    }

    async fn read_events(&self, query: EventQuery, visit: &mut EventVisitor<'_>) -> Result<(), RecorderError> {
        let mut count = |event: StoredEventRef<'_>| -> ControlFlow<()> {
            self.read.fetch_add(1, Ordering::Relaxed);
            visit(event)
        };
        self.memory.read_events(query, &mut count).await
    }
}

/// How many events `call` reads.
async fn read_by<T>(recorder: &Counting, call: impl Future<Output = Result<T>>) -> usize {
    recorder.read.store(0, Ordering::Relaxed);
    call.await.unwrap();
    recorder.read.load(Ordering::Relaxed)
}

#[tokio::test]
async fn one_event_is_read_however_long_the_log_is() {
    let recorder = Arc::new(Counting::default());
    let shared: Arc<dyn Recorder> = recorder.clone();
    let universe = Application::builder("Universe").recorder(shared).open().unwrap();
    let (mut register, mut world) = (Register::empty(worlds()), World::new("Earth"));
    for number in 1..=5_000 {
        register.add(number);
        world.find_moon("Luna");
    }
    universe.save((&mut register, &mut world)).await.unwrap();
    let repository = universe.repository();
    assert_eq!(read_by(&recorder, repository.log::<Register>(worlds())).await, 1);
    assert_eq!(read_by(&recorder, repository.get::<Register>(worlds())).await, 1);
    assert_eq!(read_by(&recorder, repository.get_at::<Register>(worlds(), 70)).await, 1);
    assert_eq!(read_by(&recorder, universe.retry(worlds(), |log: &mut Register| log.add(1))).await, 1);
    // an aggregate is replayed
    assert_eq!(read_by(&recorder, repository.get::<World>(world.id())).await, 5_001);
}

#[test]
fn the_id_of_a_name_is_the_same_forever() {
    // a program that computed another one would find its logs empty
    let id = Uuid::from_u128(0xdf021be9_1b57_58a8_a95e_371044c175f2);
    assert_eq!(Register::id_of("worlds"), id);
    assert_ne!(Register::id_of("worlds"), Register::id_of("moons"));
}
