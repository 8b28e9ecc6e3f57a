//! The blame of an aggregate: for each field of its state, the event that last changed it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::blame_tree::Blamed;
use super::diff::fields;
use super::field_change::{FieldChange, changes};
use super::replay::Replay;
use super::repository::{Repository, not_found};
use super::state_view::Json;
use crate::domain::Aggregate;
use crate::recording::{EventQuery, StoredEventRef};
use crate::{Error, Result};

/// A state of an aggregate, and for each of its fields the event that last changed it: [`Repository::blame`](super::Repository::blame).
///
/// It serializes as an object with these fields.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Blame {
    /// The version of the state.
    pub version: u64,
    /// The first version whose changes were looked at: 1 for the whole history, and later for a long one.
    pub since: u64,
    /// The state as JSON, without the field of the aggregate's root.
    pub state: Value,
    /// The fields that the event of this version changed, as [`Repository::diff`](super::Repository::diff) returns them.
    pub changes: Vec<FieldChange>,
    /// The fields of the state: objects and lists before what they contain, fields by name, items of lists by index.
    pub fields: Vec<FieldBlame>,
}

/// A field of a state, and the event that last changed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FieldBlame {
    /// The path of the field as a JSON Pointer (RFC 6901), such as `/address/street` or `/items/0`.
    pub path: String,
    /// The event that last changed the field, or something in it; `None` if it was before [`Blame::since`].
    pub changed_by: Option<ChangedBy>,
}

/// The event that last changed a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChangedBy {
    /// The version of the event.
    pub version: u64,
    /// The topic of the event.
    pub topic: String,
    /// The notification id of the event, if the recorder can tell.
    pub position: Option<u64>,
    /// When the event was recorded, if that is known.
    pub recorded_at: Option<Timestamp>,
}

impl Blame {
    /// The greatest number of events of which each is looked at. Of a longer history, the last [`LAST`](Self::LAST) are.
    pub const WHOLE: u64 = 2_000;

    /// The number of events of a longer history that are looked at.
    pub const LAST: u64 = 200;

    /// Whether the whole history up to the version was looked at.
    pub fn is_whole(&self) -> bool {
        self.since <= 1
    }

    /// Returns the event that last changed the field with this path, or something in it; `None` if there is no such field, or if it was
    /// changed before [`since`](Self::since).
    pub fn changed_by(&self, path: &str) -> Option<&ChangedBy> {
        self.fields.iter().find(|field| field.path == path)?.changed_by.as_ref()
    }
}

impl Repository<'_> {
    /// Returns the state of an aggregate at a version, and for each of its fields the event that last changed it. The current version, if
    /// none is given.
    ///
    /// The history is replayed once, and the states after any two events are compared as their `Serialize` writes them:
    ///
    /// - A field is changed by the event that adds it or gives it another value. An object or a list is changed by an event that changes,
    ///   adds or removes something in it.
    /// - The items of a list are told apart by their `id`, `uuid`, `key`, `sku` or `code`, if each item is an object with one and no two are
    ///   the same; otherwise by their index. So an item that others are inserted before is not changed.
    /// - Of a history with more than [`Blame::WHOLE`] events the last [`Blame::LAST`] are looked at. [`Blame::since`] says from which
    ///   version on, and a field that none of them changed has no event.
    /// - The field of the aggregate's root is left out, because each event changes its version and its time.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`] if the aggregate does not have the version, [`Error::StateNotJson`] if a state cannot be represented as
    /// JSON, and the errors of [`get`](Self::get).
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// # use eventsourcing_core::{Aggregate, AggregateEvent, ApplyError, Root};
    /// # use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
    /// # #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
    /// # struct Reserved { seats: u64 }
    /// # impl AggregateEvent for Reserved {
    /// #     const TOPICS: &'static [&'static str] = &["Seats.Reserved"];
    /// #     fn topic(&self) -> &'static str { "Seats.Reserved" }
    /// #     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> { state.write(self) }
    /// #     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
    /// #         if topic == "Seats.Reserved" { state.read() } else { Err(StateError::UnknownTopic) }
    /// #     }
    /// # }
    /// # #[derive(Clone, Debug, serde::Serialize)]
    /// # struct Seats { reserved: u64, largest: u64, root: Root<Seats> }
    /// # impl Aggregate for Seats {
    /// #     type Event = Reserved;
    /// #     const NAME: &'static str = "Seats";
    /// #     fn root(&self) -> &Root<Self> { &self.root }
    /// #     fn root_mut(&mut self) -> &mut Root<Self> { &mut self.root }
    /// #     fn create(event: Reserved) -> Result<Self, ApplyError> {
    /// #         Ok(Seats { reserved: event.seats, largest: event.seats, root: Root::default() })
    /// #     }
    /// #     fn apply(&mut self, event: Reserved) -> Result<(), ApplyError> {
    /// #         self.reserved += event.seats;
    /// #         self.largest = self.largest.max(event.seats);
    /// #         Ok(())
    /// #     }
    /// # }
    /// use eventsourcing::{Application, Error, Uuid};
    /// # futures::executor::block_on(async {
    /// let theatre = Application::builder("Theatre").open()?;
    /// let mut seats = Seats::create_from(Uuid::new_v4(), Reserved { seats: 4 })?;
    /// for more in [2, 3] {
    ///     seats.trigger(Reserved { seats: more })?;
    /// }
    /// theatre.save(&mut seats).await?;
    ///
    /// let blame = theatre.repository().blame::<Seats>(seats.id(), None).await?;
    /// assert_eq!(blame.changed_by("/reserved").map(|by| (by.version, by.position)), Some((3, Some(3))));
    /// assert_eq!(blame.changed_by("/largest").map(|by| by.version), Some(1));
    /// assert!(blame.is_whole());
    /// # Ok::<(), Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn blame<A: Aggregate + Serialize>(&self, id: Uuid, version: impl Into<Option<u64>>) -> Result<Blame> {
        self.blame_with::<A>(id, version.into(), fields::<A>).await
    }

    /// Like [`blame`](Self::blame), with a function that shows a state as JSON.
    pub(super) async fn blame_with<A: Aggregate>(
        &self,
        id: Uuid,
        version: Option<u64>,
        json: Json<A>,
    ) -> Result<Blame> {
        let version = match version {
            Some(version) => version,
            None => self.current_version(id).await?.ok_or_else(|| not_found::<A>(id))?,
        };
        let since = if version > Blame::WHOLE { version - Blame::LAST + 1 } else { 1 };
        let base: Option<A> = match since {
            1 => None,
            since => Some(self.get_at(id, since - 1).await.map_err(|error| asked_for(version, error))?),
        };
        let mut history = Compared::from(base.as_ref().map(json).transpose()?);
        let after = base.as_ref().map(Aggregate::version);
        let mut replay = Replay::of(base);
        self.shared.topics.claim::<A::Event>()?;
        let query = EventQuery::of(id).after(after).up_to(version);
        let visit = |stored: StoredEventRef<'_>| {
            let flow = replay.apply(&self.shared.mapper, stored)?;
            if let Some(aggregate) = &replay.aggregate {
                history.add(stored.originator_version, stored.topic, json(aggregate)?);
            }
            Ok(flow)
        };
        self.shared.visit_events(query, visit).await?;
        match &replay.aggregate {
            Some(aggregate) if aggregate.version() == version => {}
            _ => {
                let current = self.current_version(id).await?.ok_or_else(|| not_found::<A>(id))?;
                return Err(Error::VersionNotFound { aggregate: A::NAME, originator_id: id, version, current });
            }
        }
        self.named(id, version, since, history).await
    }

    /// Finds the events that changed something in the log.
    async fn named(&self, id: Uuid, version: u64, since: u64, history: Compared) -> Result<Blame> {
        let Compared { state, blamed, topics, changes } = history;
        let paths = blamed.paths();
        let mut versions: Vec<u64> = paths.iter().filter_map(|(_, version)| *version).collect();
        versions.sort_unstable();
        versions.dedup();
        let places = self.shared.recorder.select_event_places(id, &versions).await?;
        let places: BTreeMap<u64, _> = places.into_iter().map(|place| (place.originator_version, place)).collect();
        let changed_by = |version: u64| {
            let place = places.get(&version);
            ChangedBy {
                version,
                topic: topics.get(&version).cloned().unwrap_or_default(),
                position: place.map(|place| place.notification_id),
                recorded_at: place.and_then(|place| place.recorded_at),
            }
        };
        let field = |(path, version): (String, Option<u64>)| FieldBlame { path, changed_by: version.map(changed_by) };
        let fields = paths.into_iter().map(field).collect();
        Ok(Blame { version, since, state, changes, fields })
    }
}

/// Names the version that the caller asked for, and not the one at which the events begin that are looked at.
fn asked_for(version: u64, error: Error) -> Error {
    match error {
        Error::VersionNotFound { aggregate, originator_id, current, .. } => {
            Error::VersionNotFound { aggregate, originator_id, version, current }
        }
        error => error,
    }
}

/// The states of a history, compared one after the other. The last one is kept.
struct Compared {
    state: Value,
    blamed: Blamed,
    /// The topics of the events that changed something, by version.
    topics: BTreeMap<u64, String>,
    /// What the last event changed.
    changes: Vec<FieldChange>,
}

impl Compared {
    /// Begins with the state before the first event that is looked at; `None` before the creation.
    fn from(state: Option<Value>) -> Self {
        let state = state.unwrap_or_default();
        Self { blamed: Blamed::unknown(&state), state, topics: BTreeMap::new(), changes: Vec::new() }
    }

    /// Adds the state after an event.
    fn add(&mut self, version: u64, topic: &str, state: Value) {
        let before = (self.state != Value::Null).then_some(&self.state);
        self.changes = changes(before, Some(&state));
        if !self.changes.is_empty() {
            self.topics.insert(version, topic.to_owned());
            let blamed = std::mem::take(&mut self.blamed);
            self.blamed = blamed.after(&self.state, &state, version);
        }
        self.state = state;
    }
}
