//! The repository: gets aggregates by replaying their events.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::handle::Shared;
use crate::domain::Aggregate;
use crate::recording::{EventQuery, StoredEvent, StoredEventRef};
use crate::{Error, Result};

/// A repository that gets aggregates by their ids.
///
/// Each event is decoded from the recorder's row and applied at once, without a copy of the history.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// # use eventsourcing_core::{Aggregate, AggregateEvent, ApplyError, Root};
/// # use eventsourcing_core::domain::{StateError, StateReader, StateWriter};
/// # #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
/// # struct Opened { seats: u64 }
/// # impl AggregateEvent for Opened {
/// #     const TOPICS: &'static [&'static str] = &["Seats.Opened"];
/// #     fn topic(&self) -> &'static str { "Seats.Opened" }
/// #     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> { state.write(self) }
/// #     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
/// #         if topic == "Seats.Opened" { state.read() } else { Err(StateError::UnknownTopic) }
/// #     }
/// # }
/// # #[derive(Debug)]
/// # struct Seats { left: u64, root: Root<Seats> }
/// # impl Aggregate for Seats {
/// #     type Event = Opened;
/// #     const NAME: &'static str = "Seats";
/// #     fn root(&self) -> &Root<Self> { &self.root }
/// #     fn root_mut(&mut self) -> &mut Root<Self> { &mut self.root }
/// #     fn create(event: Opened) -> Result<Self, ApplyError> { Ok(Seats { left: event.seats, root: Root::default() }) }
/// #     fn apply(&mut self, _: Opened) -> Result<(), ApplyError> { Err(ApplyError::IsACreation) }
/// # }
/// use eventsourcing::{Application, Error, Uuid};
/// # futures::executor::block_on(async {
/// let theatre = Application::builder("Theatre").open()?;
/// let mut seats = Seats::create_from(Uuid::new_v4(), Opened { seats: 120 })?;
/// theatre.save(&mut seats).await?;
///
/// let found: Seats = theatre.repository().get(seats.id()).await?;
/// assert_eq!((found.left, found.version()), (120, 1));
///
/// let missing = theatre.repository().get::<Seats>(Uuid::new_v4()).await;
/// assert!(matches!(missing, Err(Error::AggregateNotFound { .. })));
/// # Ok::<(), Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy)]
pub struct Repository<'a> {
    pub(super) shared: &'a Arc<Shared>,
}

impl<'a> Repository<'a> {
    pub(super) fn new(shared: &'a Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Gets the aggregate with this id, in its current state: `let world: World = repository.get(id).await?`.
    ///
    /// The type says which aggregate; `get::<World>(id)` is the same. Without it, the compiler asks for a type annotation.
    ///
    /// # Errors
    /// [`Error::AggregateNotFound`] if there is none, [`Error::WrongAggregate`] if it has another type, and
    /// [`Error::Mapper`] if an event cannot be decoded.
    pub async fn get<A: Aggregate>(&self, id: Uuid) -> Result<A> {
        self.find(id).await?.ok_or_else(|| not_found::<A>(id))
    }

    /// Gets the aggregate with this id, or `None` if nothing is recorded under it.
    ///
    /// # Errors
    /// As for [`get`](Self::get), except [`Error::AggregateNotFound`].
    pub async fn find<A: Aggregate>(&self, id: Uuid) -> Result<Option<A>> {
        self.fold(None, id, None, |_| true).await
    }

    /// Gets the aggregate with this id, or creates it with `create` if nothing is recorded under it.
    ///
    /// An aggregate that is created has a pending event and is recorded when it is saved. Of several callers that create it at the same time,
    /// one saves it, and the others get [`Error::AlreadyExists`]: use [`retry_or_create`](crate::Application::retry_or_create) there.
    ///
    /// # Errors
    /// [`Error::CreatedWithOtherId`] if `create` makes an aggregate with another id, and the errors of [`find`](Self::find).
    pub async fn get_or_create<A: Aggregate>(&self, id: Uuid, create: impl FnOnce() -> A + Send) -> Result<A> {
        if let Some(aggregate) = self.find(id).await? {
            return Ok(aggregate);
        }
        let created = self.shared.clock.run(create);
        match created.id() {
            // under another id it would be created again by each call
            found if found != id => Err(Error::CreatedWithOtherId { aggregate: A::NAME, expected: id, found }),
            _ => Ok(created),
        }
    }

    /// Gets the aggregate with this id, as it was at a version.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`] if it does not have that version, and the errors of [`get`](Self::get).
    pub async fn get_at<A: Aggregate>(&self, id: Uuid, version: u64) -> Result<A> {
        self.continue_to(None, id, version).await
    }

    /// Replays the events after a state of the aggregate, up to a version.
    pub(super) async fn continue_to<A: Aggregate>(&self, state: Option<A>, id: Uuid, version: u64) -> Result<A> {
        let aggregate = self.fold(state, id, Some(version), |_| true).await?;
        match aggregate {
            Some(aggregate) if aggregate.version() == version => Ok(aggregate),
            // an aggregate that has no version 0 may still be at version 7
            _ => {
                let current = self.current_version(id).await?.ok_or_else(|| not_found::<A>(id))?;
                Err(Error::VersionNotFound { aggregate: A::NAME, originator_id: id, version, current })
            }
        }
    }

    /// Gets the aggregate with this id, as it was at a time.
    ///
    /// Events are applied up to the first one with a later timestamp. Events are in version order; their timestamps come from the
    /// clocks of the processes that created them.
    ///
    /// # Errors
    /// [`Error::AggregateNotFound`] if its first event is later, and the errors of [`get`](Self::get).
    pub async fn get_as_of<A: Aggregate>(&self, id: Uuid, timestamp: Timestamp) -> Result<A> {
        self.fold(None, id, None, |time| time <= timestamp).await?.ok_or_else(|| not_found::<A>(id))
    }

    /// Like [`get`](Self::get), and applies events that are to be recorded and are not yet.
    pub(crate) async fn get_with<A: Aggregate>(&self, id: Uuid, pending: &[StoredEvent]) -> Result<A> {
        let mut aggregate: Option<A> = self.fold(None, id, None, |_| true).await?;
        for stored in pending.iter().filter(|stored| stored.originator_id == id) {
            let (tried, recorded) = (stored.originator_version, aggregate.as_ref().map_or(0, Aggregate::version));
            if tried <= recorded {
                return Err(Error::Conflict { originator_id: id, tried, recorded });
            }
            let _ = self.apply(&mut aggregate, stored.as_ref(), |_| true)?;
        }
        aggregate.ok_or_else(|| not_found::<A>(id))
    }

    /// Whether an aggregate of any type has this id. No events are replayed.
    ///
    /// # Errors
    /// [`Error::Recorder`] if the database fails.
    pub async fn exists(&self, id: Uuid) -> Result<bool> {
        Ok(self.current_version(id).await?.is_some())
    }

    async fn current_version(&self, id: Uuid) -> Result<Option<u64>> {
        let last = self.shared.recorder.select_events(EventQuery::of(id).descending().limit(1)).await?;
        Ok(last.first().map(|event| event.originator_version))
    }

    #[tracing::instrument(name = "get", level = "info", skip_all, fields(application = %self.shared.name, aggregate = A::NAME, %id), err(level = "debug"))]
    async fn fold<A: Aggregate>(
        &self,
        mut aggregate: Option<A>,
        id: Uuid,
        up_to: Option<u64>,
        wanted: impl Fn(Timestamp) -> bool + Send + Sync,
    ) -> Result<Option<A>> {
        self.shared.topics.claim::<A::Event>()?;
        let query = EventQuery::of(id).after(aggregate.as_ref().map(Aggregate::version)).up_to(up_to);
        self.read(query, |stored| self.apply(&mut aggregate, stored, &wanted)).await?;
        Ok(aggregate)
    }

    /// Decodes an event from the recorder's row, and applies it if its time is wanted. A retired event only counts.
    fn apply<A: Aggregate>(
        &self,
        aggregate: &mut Option<A>,
        stored: StoredEventRef<'_>,
        wanted: impl Fn(Timestamp) -> bool,
    ) -> Result<ControlFlow<()>> {
        let decoded = self.decode::<A>(stored)?;
        if !wanted(decoded.timestamp()) {
            return Ok(ControlFlow::Break(()));
        }
        decoded.replay(aggregate)?;
        Ok(ControlFlow::Continue(()))
    }
}

impl fmt::Debug for Repository<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository").field("application", &self.shared.name).finish()
    }
}

pub(super) fn not_found<A: Aggregate>(originator_id: Uuid) -> Error {
    Error::AggregateNotFound { aggregate: A::NAME, originator_id }
}
