//! A unit of work: what policies get and save, recorded together with the position in the upstream log.

use std::collections::HashMap;
use std::fmt;

use uuid::Uuid;

use super::dead_letters::WorkLetters;
use crate::application::metadata_scope::of_save;
use crate::application::{Application, Batch, Due, Saveable, are_among};
use crate::codec::SharedMetadata;
use crate::domain::{Aggregate, CausingEvent, EventSourcedLog, Metadata, MissingEvents};
use crate::projection::ResolvedLetter;
use crate::recording::{StoredEvent, Tracking};
use crate::{Error, Result};

/// A unit of work, in which policy handlers get and save aggregates.
///
/// Nothing is recorded until all handlers of a batch of events have succeeded. Then the events of all saved aggregates and the
/// position in the upstream log are recorded in one transaction, so each event has its effects exactly once. If another writer
/// saved one of the aggregates meanwhile, nothing is recorded and the handlers are called again.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use std::time::Duration;
///
/// use eventsourcing::projection::Recorded;
/// use eventsourcing::recording::Cause;
/// use eventsourcing::{Application, ProcessApplication, Projection, UnitOfWork};
/// # use eventsourcing::domain::{StateError, StateReader, StateWriter};
/// # use eventsourcing::{AggregateEvent, ApplicationStruct, DomainEvent, Result, StoredEvent, Timestamp, Uuid};
/// # fn placed() -> StoredEvent {
/// #     let state = br#"{"timestamp":"2026-01-01T00:00:00.000000Z"}"#.to_vec();
/// #     StoredEvent::new(Uuid::new_v4(), 1, "Order.Placed", state, Uuid::new_v4()).checksummed()
/// # }
/// # struct Payments(Application);
/// # impl From<Application> for Payments { fn from(application: Application) -> Self { Self(application) } }
/// # impl std::ops::Deref for Payments { type Target = Application; fn deref(&self) -> &Application { &self.0 } }
/// # impl ApplicationStruct for Payments {
/// #     const NAME: &'static str = "Payments";
/// #     async fn open_in(_: Option<Vec<(String, String)>>) -> Result<Self> { Ok(Self(Application::builder("Payments").open()?)) }
/// # }
/// # #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
/// # struct Requested {}
/// # impl AggregateEvent for Requested {
/// #     const TOPICS: &'static [&'static str] = &["Payment.Requested"];
/// #     fn topic(&self) -> &'static str { "Payment.Requested" }
/// #     fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> { state.write(self) }
/// #     fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
/// #         if topic == "Payment.Requested" { state.read() } else { Err(StateError::UnknownTopic) }
/// #     }
/// # }
/// # fn requested() -> DomainEvent<Requested> {
/// #     DomainEvent::new(Uuid::new_v4(), 1, Timestamp::UNIX_EPOCH, Requested {})
/// # }
///
/// // `#[policy]` writes this from handlers that take events and a `&mut UnitOfWork`
/// impl Projection for Payments {
///     type View = UnitOfWork;
///     const NAME: &'static str = "Payments";
///     const TOPICS: &'static [&'static str] = &["Order.Placed"];
///
///     async fn handle(&self, _topic: &str, orders: &[Recorded<'_>], work: &mut UnitOfWork) -> Result<(), Cause> {
///         for _order in orders {
///             work.save(requested())?;
///         }
///         Ok(())
///     }
/// }
///
/// impl ProcessApplication for Payments {}
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let orders = Application::builder("Orders").open()?;
/// # orders.recorder().insert_events(vec![placed(), placed()]).await?;
/// let payments = Payments(Application::builder("Payments").open()?);
/// let runner = payments.follow(&orders).start().await?;
/// runner.wait_for(2, Duration::from_secs(5)).await?;
/// assert_eq!(payments.log().max_id().await?, Some(2));
/// assert_eq!(payments.tracked_position("Orders").await?, 2);
/// runner.stop().await?;
/// # Ok(())
/// # }
/// ```
pub struct UnitOfWork {
    pub(super) application: Application,
    pub(super) upstream: String,
    /// The move of the position; none if it does not move.
    pub(super) tracking: Option<Tracking>,
    pub(super) events: Vec<StoredEvent>,
    /// The last versions of the saved aggregates.
    versions: HashMap<Uuid, u64>,
    /// The snapshots that are due once the events are recorded.
    pub(super) due: Vec<Due>,
    /// The changes of dead letters.
    pub(super) letters: WorkLetters,
    /// The letters that it resolves, if that is to be recorded.
    pub(super) resolved: Vec<ResolvedLetter>,
    /// The event that is handled, or the last of several.
    pub(super) cause: Option<CausingEvent>,
}

impl UnitOfWork {
    /// Gets the aggregate with this id, including what this unit of work has saved.
    ///
    /// # Errors
    /// The errors of [`Repository::get`](crate::Repository::get).
    pub async fn get<A: Aggregate>(&self, id: Uuid) -> Result<A> {
        self.application.repository().get_with(id, self.pending(id)).await
    }

    /// Opens the event-sourced log with this id, including what this unit of work has saved.
    ///
    /// # Errors
    /// The errors of [`Repository::log`](crate::Repository::log).
    pub async fn log<L: EventSourcedLog>(&self, id: Uuid) -> Result<L> {
        let found = self.application.repository().find_with(id, self.pending(id)).await?;
        Ok(found.unwrap_or_else(|| L::empty(id)))
    }

    /// The events that are saved, if any of them belongs to this aggregate.
    fn pending(&self, id: Uuid) -> &[StoredEvent] {
        if self.versions.contains_key(&id) { &self.events } else { &[] }
    }

    /// Whether an aggregate of any type has this id, or will have it with what this unit of work has saved.
    ///
    /// # Errors
    /// The errors of [`Repository::exists`](crate::Repository::exists).
    pub async fn exists(&self, id: Uuid) -> Result<bool> {
        Ok(self.versions.contains_key(&id) || self.application.repository().exists(id).await?)
    }

    /// Records the pending events of aggregates if all handlers of the batch succeed.
    ///
    /// Accepts what [`Application::save`] accepts. The aggregates can be changed and saved again. Drop them when the handler returns,
    /// because it is not known then whether their events are recorded.
    ///
    /// The metadata of the events says what caused them: the event that is handled, and its correlation id. A handler of many events at once
    /// records the last of them as the cause, and their correlation id if all have the same one. In a [`Projection`](crate::Projection) that
    /// is written by hand, the cause is the last event that it was called with, unless it saves in a [`scope`](Metadata::scope) of
    /// [`EventContext::effect_metadata`](crate::EventContext::effect_metadata).
    ///
    /// # Errors
    /// The errors of [`Application::save`], except for those of the database. [`Error::SavedTwice`] if an aggregate was changed in this
    /// unit of work after it was loaded elsewhere: [`get`](Self::get) it here.
    /// [`AggregateError::EventsMissing`](crate::AggregateError::EventsMissing) if earlier events were taken from an aggregate and are
    /// not saved in this unit of work.
    pub fn save<S: Saveable>(&mut self, what: S) -> Result<()> {
        let metadata = of_save(None, self.cause.clone());
        self.add(what, metadata)
    }

    /// Records the pending events of aggregates if all handlers of the batch succeed, with metadata.
    ///
    /// Works like [`save`](Self::save). Where this metadata and that of the handler set the same value, this one counts. A handler of many
    /// events at once can say which of them caused what it saves: `work.save_with(&mut gift, events[0].context.effect_metadata())`.
    ///
    /// # Errors
    /// The errors of [`save`](Self::save).
    pub fn save_with<S: Saveable>(&mut self, what: S, metadata: Metadata) -> Result<()> {
        let metadata = of_save(Some(metadata), self.cause.clone());
        self.add(what, metadata)
    }

    fn add<S: Saveable>(&mut self, mut what: S, metadata: SharedMetadata) -> Result<()> {
        let Batch { events, missing, due, .. } = self.application.batch_of(&mut what, metadata)?;
        let is_left_out = |missing: &&MissingEvents| !are_among(missing, &events) && !are_among(missing, &self.events);
        if let Some(missing) = missing.iter().find(is_left_out) {
            return Err(missing.error().into());
        }
        let is_old = |event: &&StoredEvent| {
            self.versions.get(&event.originator_id).is_some_and(|last| event.originator_version <= *last)
        };
        if let Some(event) = events.iter().find(is_old) {
            let (originator_id, version) = (event.originator_id, event.originator_version);
            return Err(Error::SavedTwice { originator_id, version });
        }
        self.versions.extend(events.iter().map(|event| (event.originator_id, event.originator_version)));
        self.events.extend(events);
        self.due.extend(due);
        what.recorded();
        Ok(())
    }
}

impl fmt::Debug for UnitOfWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnitOfWork")
            .field("application", &self.application.name())
            .field("upstream", &self.upstream)
            .field("tracking", &self.tracking)
            .field("events", &self.events.len())
            .finish()
    }
}

impl UnitOfWork {
    pub(crate) fn application(&self) -> &Application {
        &self.application
    }

    pub(super) fn new(application: &Application, upstream: &str, tracking: Option<Tracking>) -> Self {
        Self {
            application: application.clone(),
            upstream: upstream.to_owned(),
            tracking,
            events: Vec::new(),
            versions: HashMap::new(),
            due: Vec::new(),
            letters: WorkLetters::default(),
            resolved: Vec::new(),
            cause: None,
        }
    }
}
