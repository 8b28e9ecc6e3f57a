//! The aggregate types of an application, for tools that do not know them: names, topics, and states as JSON.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::event_type::EventType;
use super::state_view::{ShownState, StateView};
use super::typed::{At, Typed};
use super::{Application, Blame, FieldChange};
use crate::Result;
use crate::domain::Aggregate;

/// An aggregate type of an application, without its Rust type: [`Application::aggregate_types`] returns them.
#[derive(Clone)]
pub struct AggregateType {
    id: TypeId,
    name: &'static str,
    events: EventType,
    has_snapshots: bool,
    shows_json: bool,
    personal_state: &'static [&'static str],
    typed: Arc<dyn Typed>,
}

/// A topic of the events of an aggregate type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AggregateTopic {
    /// The topic, such as `World.Started`.
    pub topic: &'static str,
    /// Whether events are recorded under it.
    pub kind: TopicKind,
    /// The newest version of the event's shape that this program reads, from 1; none if the event is retired.
    pub version: Option<u32>,
    /// JSON Pointers to the fields of the event that are personal (`#[personal]`), for tools that hide their values.
    ///
    /// They are fields of the newest version of the shape. Of an event of an older version, a tool should show no values.
    pub personal: &'static [&'static str],
}

/// Whether events are recorded under a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TopicKind {
    /// Events are recorded under it.
    Current,
    /// Events were recorded under it, before they or their aggregate were renamed. They are still read.
    Old,
    /// The event no longer exists. Recorded ones count as versions.
    Retired,
}

/// The state of an aggregate at a version, for tools that do not know its type.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AggregateState {
    /// The name of the type.
    pub aggregate: &'static str,
    /// The id of the aggregate.
    pub id: Uuid,
    /// The version.
    pub version: u64,
    /// The time of its first event.
    pub created_on: Timestamp,
    /// The time of its last event up to this version.
    pub modified_on: Timestamp,
    /// The state, as its type shows it.
    pub state: ShownState,
}

impl AggregateType {
    fn of<A: Aggregate>(view: StateView<A>) -> Self {
        let (events, has_snapshots) = (EventType::of::<A::Event>(), A::SNAPSHOTS.is_some());
        let (id, personal_state, shows_json) = (TypeId::of::<A>(), A::PERSONAL, view.as_json().is_some());
        let typed = Arc::new(view);
        Self { id, name: A::NAME, events, has_snapshots, shows_json, personal_state, typed }
    }

    /// The name of the aggregate in topics and messages: [`Aggregate::NAME`].
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The topics of its events: those that are recorded, then old ones, then those of retired events.
    pub fn topics(&self) -> Vec<AggregateTopic> {
        let EventType { topics, old_topics, retired_topics, .. } = self.events;
        let all = [(topics, TopicKind::Current), (old_topics, TopicKind::Old), (retired_topics, TopicKind::Retired)];
        let listed = all.into_iter().flat_map(|(topics, kind)| topics.iter().map(move |topic| (*topic, kind)));
        let described = listed.map(|(topic, kind)| {
            let version = (kind != TopicKind::Retired).then(|| self.events.trace(topic, u32::MAX).known());
            AggregateTopic { topic, kind, version, personal: self.events.personal(topic) }
        });
        described.collect()
    }

    /// Whether events of this topic belong to the type, old and retired ones too.
    pub fn has_topic(&self, topic: &str) -> bool {
        self.events.has_topic(topic)
    }

    /// JSON Pointers to the fields of the state that are personal (`#[personal]`), for tools that hide their values.
    ///
    /// They are for a state that is shown as JSON. Of a state that is shown as `Debug` text, a tool should show nothing if there are any.
    pub fn personal_state(&self) -> &'static [&'static str] {
        self.personal_state
    }

    /// Whether the type has snapshots. The settings of the application may disable them.
    pub fn has_snapshots(&self) -> bool {
        self.has_snapshots
    }

    /// Whether states of the type are shown as JSON, so that they can be compared.
    pub fn shows_json(&self) -> bool {
        self.shows_json
    }

    /// Loads the aggregate with this id, and shows its current state.
    ///
    /// # Errors
    /// [`Error::StateNotJson`](crate::Error::StateNotJson) if the state is shown as JSON and cannot be represented in it, and the errors of
    /// [`Repository::get`](crate::Repository::get).
    pub async fn load(&self, application: &Application, id: Uuid) -> Result<AggregateState> {
        self.typed.load(application, id, At::Now).await
    }

    /// Loads the aggregate with this id, and shows its state at a version.
    ///
    /// # Errors
    /// As [`load`](Self::load), and [`Error::VersionNotFound`](crate::Error::VersionNotFound) if the aggregate does not have the version.
    pub async fn load_at(&self, application: &Application, id: Uuid, version: u64) -> Result<AggregateState> {
        self.typed.load(application, id, At::Version(version)).await
    }

    /// Loads the aggregate with this id, and shows its state at a time.
    ///
    /// # Errors
    /// As [`load`](Self::load), and [`Error::AggregateNotFound`](crate::Error::AggregateNotFound) if its first event is later.
    pub async fn load_as_of(&self, application: &Application, id: Uuid, time: Timestamp) -> Result<AggregateState> {
        self.typed.load(application, id, At::Time(time)).await
    }

    /// Returns the state of the aggregate with this id at a version, the current one if none is given, and for each of its fields the event
    /// that last changed it: see [`Repository::blame`](crate::Repository::blame). `None` if the type does not show its states as JSON.
    ///
    /// # Errors
    /// The errors of [`Repository::blame`](crate::Repository::blame).
    pub async fn blame(
        &self,
        application: &Application,
        id: Uuid,
        version: impl Into<Option<u64>>,
    ) -> Result<Option<Blame>> {
        self.typed.blame(application, id, version.into()).await
    }

    /// Returns the fields of the aggregate with this id that differ between two versions: see
    /// [`Repository::diff`](crate::Repository::diff). `None` if the type does not show its states as JSON.
    ///
    /// # Errors
    /// The errors of [`Repository::diff`](crate::Repository::diff).
    pub async fn diff(
        &self,
        application: &Application,
        id: Uuid,
        from: u64,
        to: u64,
    ) -> Result<Option<Vec<FieldChange>>> {
        self.typed.diff(application, id, from, to).await
    }
}

impl fmt::Debug for AggregateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AggregateType").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The registered aggregate types, in the order of their registration.
#[derive(Debug, Default)]
pub(crate) struct RegisteredTypes(Vec<AggregateType>);

impl RegisteredTypes {
    /// Registers a type. One that is registered already is replaced if this view shows something.
    pub(super) fn add<A: Aggregate>(&mut self, view: StateView<A>) {
        let (shows, added) = (view.shows(), AggregateType::of(view));
        match self.0.iter_mut().find(|known| known.id == added.id) {
            Some(known) if shows => *known = added,
            Some(_) => {}
            None => self.0.push(added),
        }
    }
}

impl Application {
    /// Returns the registered aggregate types, in the order of their registration.
    ///
    /// Those that `#[application(aggregates(…))]` names are registered, and those that are given to the builder
    /// ([`aggregate_with`](super::ApplicationBuilder::aggregate_with)). An application works with other types too, which are not in it.
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
    /// # struct Seats { reserved: u64, root: Root<Seats> }
    /// # impl Aggregate for Seats {
    /// #     type Event = Reserved;
    /// #     const NAME: &'static str = "Seats";
    /// #     fn root(&self) -> &Root<Self> { &self.root }
    /// #     fn root_mut(&mut self) -> &mut Root<Self> { &mut self.root }
    /// #     fn create(event: Reserved) -> Result<Self, ApplyError> { Ok(Seats { reserved: event.seats, root: Root::default() }) }
    /// #     fn apply(&mut self, event: Reserved) -> Result<(), ApplyError> { self.reserved += event.seats; Ok(()) }
    /// # }
    /// use eventsourcing::application::{ShownState, StateView};
    /// use eventsourcing::{Application, Error, Uuid};
    /// use serde_json::json;
    /// # futures::executor::block_on(async {
    /// let theatre = Application::builder("Theatre").aggregate_with::<Seats>(StateView::hidden().json()).open()?;
    /// let mut seats = Seats::create_from(Uuid::new_v4(), Reserved { seats: 1 })?;
    /// seats.trigger(Reserved { seats: 2 })?;
    /// theatre.save(&mut seats).await?;
    ///
    /// // a tool knows the topic of an event, and the id of its aggregate
    /// let of_type = theatre.aggregate_type_of("Seats.Reserved").expect("it is registered");
    /// assert_eq!(of_type.name(), "Seats");
    /// let before = of_type.load_at(&theatre, seats.id(), 1).await?;
    /// assert_eq!(before.state, ShownState::Json(json!({ "reserved": 1 })));
    /// # Ok::<(), Error>(())
    /// # }).unwrap();
    /// ```
    pub fn aggregate_types(&self) -> &[AggregateType] {
        &self.shared.registered_types.0
    }

    /// Returns the registered aggregate type to which events of this topic belong, old and retired topics too; none if no type has it.
    pub fn aggregate_type_of(&self, topic: &str) -> Option<&AggregateType> {
        self.aggregate_types().iter().find(|of_type| of_type.has_topic(topic))
    }
}
