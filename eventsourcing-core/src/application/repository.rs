//! The repository: gets aggregates by replaying their events.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use uuid::Uuid;

use super::aggregate_cache::AggregateCache;
use super::aggregate_ids::AggregateIds;
use super::handle::Shared;
use super::replay::Replay;
use crate::domain::{Aggregate, AggregateEvent as _};
use crate::recording::{EventQuery, StoredEvent};
use crate::{Error, Result};

/// A repository that gets aggregates by their ids.
///
/// Each event is decoded from the recorder's row and applied at once, without a copy of the history. If the aggregate has a snapshot
/// that this program can use, the events after it are applied to the state of the snapshot.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// # use eventsourcing::{Aggregate, AggregateEvent, ApplyError, Root};
/// # use eventsourcing::domain::{StateError, StateReader, StateWriter};
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
        let (Some(cache), Some(clone)) = (self.cache_of::<A>(), A::CLONE) else {
            return self.fold(id, None, None).await;
        };
        let found = self.current(cache, id).await?;
        Ok(found.map(|aggregate| Arc::try_unwrap(aggregate).unwrap_or_else(|shared| clone(&shared))))
    }

    /// Gets the aggregate with this id to be read, shared with other readers: a cached aggregate is not copied.
    ///
    /// It is for queries. With an [aggregate cache](crate::ApplicationBuilder::cache), all readers get the same state in memory, and the
    /// type need not be `Clone`. Without one, the aggregate is loaded as [`get`](Self::get) loads it.
    ///
    /// # Errors
    /// The errors of [`get`](Self::get).
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// # use eventsourcing::{Aggregate, AggregateEvent, ApplyError, Root};
    /// # use eventsourcing::domain::{StateError, StateReader, StateWriter};
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
    /// use std::sync::Arc;
    ///
    /// use eventsourcing::{Application, Error, Uuid};
    /// # futures::executor::block_on(async {
    /// let theatre = Application::builder("Theatre").cache(1_000).open()?;
    /// let mut seats = Seats::create_from(Uuid::new_v4(), Opened { seats: 120 })?;
    /// theatre.save(&mut seats).await?;
    ///
    /// let first: Arc<Seats> = theatre.repository().read(seats.id()).await?;
    /// let again: Arc<Seats> = theatre.repository().read(seats.id()).await?;
    /// assert_eq!(first.left, 120);
    /// assert!(Arc::ptr_eq(&first, &again));
    /// # Ok::<(), Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn read<A: Aggregate>(&self, id: Uuid) -> Result<Arc<A>> {
        let found = match self.cache_of::<A>() {
            Some(cache) => self.current(cache, id).await?,
            None => self.fold(id, None, None).await?.map(Arc::new),
        };
        found.ok_or_else(|| not_found::<A>(id))
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
        let aggregate = match state {
            None => self.fold(id, Some(version), None).await?,
            state => {
                let mut replay = Replay::of(state);
                self.shared.replay_events(id, Some(version), &mut replay).await?;
                replay.aggregate
            }
        };
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
        self.fold(id, None, Some(timestamp)).await?.ok_or_else(|| not_found::<A>(id))
    }

    /// Like [`get`](Self::get), and applies events that are to be recorded and are not yet.
    pub(crate) async fn get_with<A: Aggregate>(&self, id: Uuid, pending: &[StoredEvent]) -> Result<A> {
        self.find_with(id, pending).await?.ok_or_else(|| not_found::<A>(id))
    }

    /// Like [`find`](Self::find), and applies events that are to be recorded and are not yet.
    pub(crate) async fn find_with<A: Aggregate>(&self, id: Uuid, pending: &[StoredEvent]) -> Result<Option<A>> {
        let mut replay = Replay::of(self.find(id).await?);
        for stored in pending.iter().filter(|stored| stored.originator_id == id) {
            let recorded = replay.aggregate.as_ref().map_or(0, Aggregate::version);
            let tried = stored.originator_version;
            if tried <= recorded {
                return Err(Error::Conflict { originator_id: id, tried, recorded });
            }
            let _ = replay.apply(&self.shared.mapper, stored.as_ref())?;
        }
        Ok(replay.aggregate)
    }

    /// Lists the ids of all aggregates of a type, in the order in which they were created.
    ///
    /// The databases find them by an index of first events: no event is read. The list can be continued from the
    /// [`position`](super::RecordedAggregate::position) of any entry. Aggregates that were created under earlier names of the event or the
    /// type are listed too, and those whose creation event is retired are not.
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
    /// let mut halls = [120, 80].map(|seats| Seats::create_from(Uuid::new_v4(), Opened { seats }).expect("it creates"));
    /// theatre.save(&mut halls).await?;
    ///
    /// let mut ids = theatre.repository().ids::<Seats>();
    /// while let Some(hall) = ids.try_next().await? {
    ///     let seats: Seats = theatre.repository().get(hall.id).await?;
    ///     assert!(seats.left >= 80);
    /// }
    /// assert_eq!(theatre.repository().count::<Seats>().await?, 2);
    /// # Ok::<(), Error>(())
    /// # }).unwrap();
    /// ```
    pub fn ids<A: Aggregate>(&self) -> AggregateIds {
        AggregateIds::new(Arc::clone(&self.shared.recorder), topics_of::<A>())
    }

    /// Returns the number of aggregates of a type, without reading an event.
    ///
    /// # Errors
    /// [`Error::Recorder`] if the database fails.
    pub async fn count<A: Aggregate>(&self) -> Result<u64> {
        let topics: Vec<String> = topics_of::<A>().map(str::to_owned).collect();
        Ok(self.shared.recorder.count_originators(&topics).await?)
    }

    /// Whether an aggregate of any type has this id. No events are replayed.
    ///
    /// # Errors
    /// [`Error::Recorder`] if the database fails.
    pub async fn exists(&self, id: Uuid) -> Result<bool> {
        Ok(self.current_version(id).await?.is_some())
    }

    pub(super) async fn current_version(&self, id: Uuid) -> Result<Option<u64>> {
        let last = self.shared.recorder.select_events(EventQuery::of(id).descending().limit(1)).await?;
        Ok(last.first().map(|event| event.originator_version))
    }

    /// The cache of aggregates of a type. A log has none: its last event is all that is read of it.
    fn cache_of<A: Aggregate>(&self) -> Option<&'a AggregateCache> {
        self.shared.cache.as_ref().filter(|_| A::EMPTY_LOG.is_none())
    }

    async fn fold<A: Aggregate>(&self, id: Uuid, up_to: Option<u64>, as_of: Option<Timestamp>) -> Result<Option<A>> {
        // the state of a log is its version; only a time has to be searched for
        if let (Some(empty), None) = (A::EMPTY_LOG, as_of) {
            return self.shared.open_log(id, up_to, empty).await;
        }
        Ok(self.load(id, up_to, as_of).await?.aggregate)
    }

    /// Loads an aggregate from its events or a snapshot, and not from the cache.
    #[tracing::instrument(name = "load", level = "info", skip_all, fields(otel.name = format!("load {}", A::NAME), otel.kind = "client", application = %self.shared.name, aggregate = A::NAME, %id), err(level = "debug"))]
    pub(super) async fn load<A: Aggregate>(
        &self,
        id: Uuid,
        up_to: Option<u64>,
        as_of: Option<Timestamp>,
    ) -> Result<Replay<A>> {
        let timed = self.shared.counters.begin_load();
        let replay = self.load_uncounted(id, up_to, as_of).await?;
        self.shared.counters.loaded(timed);
        Ok(replay)
    }

    async fn load_uncounted<A: Aggregate>(
        &self,
        id: Uuid,
        up_to: Option<u64>,
        as_of: Option<Timestamp>,
    ) -> Result<Replay<A>> {
        let snapshots = &self.shared.snapshots;
        if snapshots.format_of::<A>().is_none() {
            return self.shared.replay(id, up_to, as_of).await;
        }
        let begun = snapshots.slower_than().map(|longest| (Instant::now(), longest));
        let replay = self.shared.replay(id, up_to, as_of).await?;
        let is_slow = begun.is_some_and(|(begun, longest)| begun.elapsed() > longest);
        snapshots.note(id, &replay, is_slow, up_to.is_none() && as_of.is_none());
        Ok(replay)
    }
}

impl fmt::Debug for Repository<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository").field("application", &self.shared.name).finish()
    }
}

/// The topics under which aggregates of a type may have been created.
fn topics_of<A: Aggregate>() -> impl Iterator<Item = &'static str> {
    A::Event::TOPICS.iter().chain(A::Event::OLD_TOPICS).copied()
}

pub(super) fn not_found<A: Aggregate>(originator_id: Uuid) -> Error {
    Error::AggregateNotFound { aggregate: A::NAME, originator_id }
}
