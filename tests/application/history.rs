//! Time travel: the history of an aggregate, version by version, and the fields that differ between two versions.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use eventsourcing::prelude::*;
use eventsourcing::recording::{EventQuery, MemoryRecorder, NotificationQuery};
use eventsourcing::{AggregateVersion, FieldChange, History, Recorder, RecorderError, StoredEvent};
use futures::StreamExt;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Account, AccountEvent, Note, Office, in_each_database};

in_each_database! {
    a_history_is_each_event_with_the_state_after_it
    a_part_of_a_history_is_selected_by_versions
    events_recorded_while_a_history_is_read_are_part_of_it
    a_history_that_does_not_exist_is_the_error_of_get
    the_newest_version_of_a_history_can_be_changed_and_saved
    the_fields_that_differ_between_two_versions_are_found
    a_version_that_is_not_recorded_is_not_compared
}

/// Records an account with these deposits.
async fn deposited(office: &Office, amounts: &[i64]) -> Account {
    let mut account = Account::open();
    amounts.iter().for_each(|amount| account.deposit(*amount));
    office.save(&mut account).await.unwrap();
    account
}

/// The version, the deposit and the balance of each version.
async fn versions(history: History<Account>) -> Vec<(u64, Option<i64>, i64)> {
    let all: Vec<AggregateVersion<Account>> = history.try_collect().await.unwrap();
    let shown = all.into_iter().map(|version| {
        assert_eq!(version.event.originator_version, version.state.version());
        assert_eq!(version.event.timestamp, version.state.modified_on());
        let amount = match version.event.event {
            AccountEvent::Opened(_) => None,
            AccountEvent::Deposited(deposited) => Some(deposited.amount),
        };
        (version.state.version(), amount, version.state.balance)
    });
    shown.collect()
}

async fn a_history_is_each_event_with_the_state_after_it(office: Office) {
    let account = deposited(&office, &[1, 20, 300]).await;
    let expected = [(1, None, 0), (2, Some(1), 1), (3, Some(20), 21), (4, Some(300), 321)];
    // a page may end at any of them
    for page_size in [1, 2, 3, 4, 5, 100] {
        let history = office.repository().history::<Account>(account.id()).page_size(page_size);
        assert_eq!(versions(history).await, expected, "{page_size}");
    }
    // as a stream, and each state is that of the version
    let mut history = office.repository().history::<Account>(account.id());
    while let Some(version) = StreamExt::next(&mut history).await {
        let state = version.unwrap().state;
        assert_eq!(state, office.repository().get_at::<Account>(account.id(), state.version()).await.unwrap());
    }
    assert!(history.next().await.is_none());
}

async fn a_part_of_a_history_is_selected_by_versions(office: Office) {
    let account = deposited(&office, &[1, 20, 300]).await;
    let history = || office.repository().history::<Account>(account.id()).page_size(2);
    assert_eq!(versions(history().after(2).up_to(3)).await, [(3, Some(20), 21)]);
    assert_eq!(versions(history().after(3).up_to(9)).await, [(4, Some(300), 321)]);
    for nothing in [history().up_to(0), history().after(4), history().after(3).up_to(2)] {
        assert_eq!(versions(nothing).await, []);
    }
    let mut missing = history().after(5);
    let error = missing.try_next().await.unwrap_err();
    assert_eq!(error.to_string(), format!("Account {} has no version 5; it has the versions 1 to 4", account.id()));
    assert!(missing.try_next().await.unwrap().is_none());
    // a stream that has begun begins anew
    let mut begun = history();
    begun.try_next().await.unwrap().unwrap();
    assert_eq!(versions(begun.after(2)).await, [(3, Some(20), 21), (4, Some(300), 321)]);
}

async fn events_recorded_while_a_history_is_read_are_part_of_it(office: Office) {
    let mut account = deposited(&office, &[1]).await;
    let mut history = office.repository().history::<Account>(account.id()).page_size(2);
    assert_eq!(history.try_next().await.unwrap().unwrap().state.balance, 0);
    account.deposit(20);
    office.save(&mut account).await.unwrap();
    assert_eq!(history.try_next().await.unwrap().unwrap().state.balance, 1);
    assert_eq!(history.try_next().await.unwrap().unwrap().state.balance, 21);
    assert!(history.try_next().await.unwrap().is_none());
}

async fn a_history_that_does_not_exist_is_the_error_of_get(office: Office) {
    let id = Uuid::new_v4();
    let repository = office.repository();
    let not_found = format!("no Account with the id {id} is recorded");
    for mut history in [
        repository.history::<Account>(id),
        repository.history::<Account>(id).up_to(0),
        repository.history::<Account>(id).after(1),
    ] {
        assert_eq!(history.try_next().await.unwrap_err().to_string(), not_found);
    }
    let mut note = Note::begin();
    office.save(&mut note).await.unwrap();
    let error = repository.history::<Account>(note.id()).try_next().await.unwrap_err();
    assert!(matches!(&error, Error::WrongAggregate { found, .. } if found == "Note.Begun"), "{error}");
}

async fn the_newest_version_of_a_history_can_be_changed_and_saved(office: Office) {
    let account = deposited(&office, &[1]).await;
    let mut versions: Vec<AggregateVersion<Account>> =
        office.repository().history(account.id()).try_collect().await.unwrap();
    let [first, second] = &mut versions[..] else { panic!("{versions:?}") };
    second.state.deposit(20);
    office.save(&mut second.state).await.unwrap();
    assert_eq!(office.repository().get::<Account>(account.id()).await.unwrap().balance, 21);
    first.state.deposit(300);
    let error = office.save(&mut first.state).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { tried: 2, recorded: 3, .. }), "{error}");
}

#[aggregate]
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Planet {
    full_name: String,
    moons: Vec<String>,
    masses: BTreeMap<String, f64>,
}

#[aggregate]
impl Planet {
    #[event("Formed")]
    fn form(full_name: &str) -> Self {
        Self { full_name: full_name.to_owned(), moons: Vec::new(), masses: BTreeMap::new() }
    }

    #[event("Renamed")]
    fn rename(&mut self, full_name: &str) {
        self.full_name = full_name.to_owned();
    }

    #[event("MoonFound")]
    fn find_moon(&mut self, moon: &str, mass: f64) {
        self.moons.push(moon.to_owned());
        self.masses.insert(moon.to_owned(), mass);
    }

    #[event("MassesDoubled")]
    fn double_masses(&mut self) {
        self.masses.values_mut().for_each(|mass| *mass *= 2.0);
    }
}

/// A planet with five versions.
async fn mars(office: &Office) -> Planet {
    let mut mars = Planet::form("Ares");
    mars.rename("Mars");
    mars.find_moon("Phobos", 1.5);
    mars.find_moon("Deimos", 0.5);
    mars.double_masses();
    office.save(&mut mars).await.unwrap();
    mars
}

async fn the_fields_that_differ_between_two_versions_are_found(office: Office) {
    let id = mars(&office).await.id();
    let diff = async |from, to| json!(office.repository().diff::<Planet>(id, from, to).await.unwrap());
    // the id, the version and the times are no fields of the planet
    assert_eq!(diff(1, 2).await, json!([{ "path": "/fullName", "before": "Ares", "after": "Mars" }]));
    assert_eq!(diff(2, 1).await, json!([{ "path": "/fullName", "before": "Mars", "after": "Ares" }]));
    assert_eq!(
        diff(0, 1).await,
        json!([
            { "path": "/fullName", "after": "Ares" },
            { "path": "/masses", "after": {} },
            { "path": "/moons", "after": [] },
        ])
    );
    assert_eq!(
        diff(3, 5).await,
        json!([
            { "path": "/masses/Deimos", "after": 1.0 },
            { "path": "/masses/Phobos", "before": 1.5, "after": 3.0 },
            { "path": "/moons/1", "after": "Deimos" },
        ])
    );
    for same in [0, 3, 5] {
        assert_eq!(diff(same, same).await, json!([]));
    }
    let removed = office.repository().diff::<Planet>(id, 1, 0).await.unwrap();
    assert_eq!(removed[0], FieldChange::new("/fullName", Some(Value::from("Ares")), None));
}

async fn a_version_that_is_not_recorded_is_not_compared(office: Office) {
    let id = mars(&office).await.id();
    for (from, to, missing) in [(1, 6, 6), (6, 1, 6), (0, 9, 9), (7, 7, 7), (u64::MAX, 6, 6)] {
        let error = office.repository().diff::<Planet>(id, from, to).await.unwrap_err();
        assert!(
            matches!(error, Error::VersionNotFound { version, current: 5, .. } if version == missing),
            "{from} to {to}: {error}"
        );
    }
    let other = Uuid::new_v4();
    for (from, to) in [(0, 0), (0, 1), (1, 2)] {
        let error = office.repository().diff::<Planet>(other, from, to).await.unwrap_err();
        assert_eq!(error.to_string(), format!("no Planet with the id {other} is recorded"));
    }
}

#[tokio::test]
async fn a_state_that_has_no_json_is_named_and_not_shown() {
    let office = super::office().await;
    let mut mars = mars(&office).await;
    mars.find_moon("Vulcan", f64::MAX);
    mars.double_masses();
    office.save(&mut mars).await.unwrap();
    let error = office.repository().diff::<Planet>(mars.id(), 1, 7).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "version 7 of Planet {} cannot be compared: its state has no JSON: \
             it contains a floating-point number that is NaN or infinite, which JSON cannot represent; \
             make its `Serialize` write finite numbers, and maps whose keys are strings or numbers",
            mars.id()
        )
    );
    assert!(!format!("{error:?}").contains("Vulcan"), "{error:?}");
    assert!(!error.is_retryable());
}

#[aggregate]
#[derive(Clone, Debug, Serialize)]
struct Chart {
    points: BTreeMap<(u8, u8), String>,
}

#[aggregate]
impl Chart {
    #[event("Drawn")]
    fn draw(label: &str) -> Self {
        Self { points: BTreeMap::from([((0, 0), label.to_owned())]) }
    }
}

#[tokio::test]
async fn a_map_whose_keys_are_no_text_has_no_json() {
    let office = super::office().await;
    let mut chart = Chart::draw("Ares Vallis");
    office.save(&mut chart).await.unwrap();
    let error = office.repository().diff::<Chart>(chart.id(), 0, 1).await.unwrap_err();
    assert!(matches!(error, Error::StateNotJson { aggregate: "Chart", version: 1, .. }), "{error:?}");
    assert!(error.to_string().contains("its state has no JSON: key must be a string"), "{error}");
    assert!(!format!("{error:?}").contains("Ares"), "{error:?}");
}

/// A recorder that notes how many events it is asked for.
#[derive(Debug, Default)]
struct Watched {
    inner: MemoryRecorder,
    limits: Mutex<Vec<Option<usize>>>,
}

#[async_trait]
impl Recorder for Watched {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        self.inner.insert_events(events).await
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        self.limits.lock().unwrap().push(query.limit);
        self.inner.select_events(query).await
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        self.inner.select_notifications(query).await
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.inner.max_notification_id().await
    }
}

#[tokio::test]
async fn a_history_is_read_page_by_page_as_it_is_asked_for() {
    let recorder = Arc::new(Watched::default());
    let shared: Arc<dyn Recorder> = Arc::<Watched>::clone(&recorder);
    let office = Application::builder("Office").recorder(shared).open().unwrap();
    let mut account = Account::open();
    (0..9).for_each(|_| account.deposit(1));
    office.save(&mut account).await.unwrap();

    let limits = || std::mem::take(&mut *recorder.limits.lock().unwrap());
    let mut history = office.repository().history::<Account>(account.id()).page_size(4);
    assert_eq!(limits(), []);
    for _ in 0..4 {
        history.try_next().await.unwrap().unwrap();
    }
    assert_eq!(limits(), [Some(4)]);
    history.try_next().await.unwrap().unwrap();
    assert_eq!(limits(), [Some(4)]);
    let rest: Vec<AggregateVersion<Account>> = history.try_collect().await.unwrap();
    assert_eq!((rest.len(), limits()), (5, vec![Some(4)]));
}
