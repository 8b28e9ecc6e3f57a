//! The application: saves aggregates, gets them back, and gives access to its notification log.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, Weak};

use futures::future::BoxFuture;

use super::aggregate_cache::AggregateCache;
use super::aggregate_type::RegisteredTypes;
use super::aggregate_types::AggregateTypes;
use super::application_clock::ApplicationClock;
use super::are_among;
use super::command_pruning::Pruning;
use super::command_save::Compares;
use super::command_scope::Reserved;
use super::executed::Executed;
use super::metadata_scope::of_save;
use super::save::{Options, Save};
use super::saveable::{Batch, SaveBatch, Saveable};
use super::saved_states::Appending;
use super::snapshots::Snapshots;
use super::topics::Topics;
use super::turns::Turns;
use super::{ApplicationBuilder, NotificationLog, Repository};
use crate::codec::{Mapper, SharedMetadata};
use crate::domain::{CausingEvent, Metadata};
use crate::name_claims::{NameClaim, NameKind};
use crate::recording::{LogPosition, Notification, Recorder, StoredEvent, Tracking};
use crate::{Error, Result};

/// An application: a recorder and a mapper under a name.
///
/// `#[application]` wraps one in the user's struct, which dereferences to it. A clone is another handle to the same application.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::Application;
/// # futures::executor::block_on(async {
/// let application = Application::builder("Universe").open()?;
/// assert_eq!(application.name(), "Universe");
/// assert!(application.log().section("1,10").await?.items.is_empty());
/// # Ok::<(), eventsourcing::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Application {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) name: String,
    pub(crate) recorder: Arc<dyn Recorder>,
    pub(crate) mapper: Mapper,
    pub(crate) topics: Topics,
    pub(crate) aggregate_types: AggregateTypes,
    pub(super) registered_types: RegisteredTypes,
    pub(super) section_size: usize,
    /// Whether nothing may be changed.
    pub(crate) is_read_only: bool,
    pub(super) clock: ApplicationClock,
    pub(super) turns: Turns,
    pub(crate) snapshots: Snapshots,
    pub(super) commands: Pruning,
    /// The cached states of aggregates, if the application has a cache.
    pub(crate) cache: Option<AggregateCache>,
    /// The claim of a type on the name. It ends with the last handle.
    pub(super) claim: OnceLock<NameClaim>,
    /// The upstream applications whose dead letters are known to be in the current storage format.
    pub(crate) carried_over: Mutex<HashSet<String>>,
}

impl Application {
    /// A builder of an application with this name. By default, it records in memory and as plain JSON.
    pub fn builder(name: impl Into<String>) -> ApplicationBuilder {
        ApplicationBuilder::new(name.into())
    }

    /// `shared` gets the application that it will be, for tasks in the background.
    pub(super) fn new(shared: impl FnOnce(Weak<Shared>) -> Shared) -> Self {
        Self { shared: Arc::new_cyclic(|application| shared(Weak::clone(application))) }
    }

    /// The name, as given to the builder.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Whether the application was opened [read-only](ApplicationBuilder::read_only): all calls that would change something are refused.
    pub fn is_read_only(&self) -> bool {
        self.shared.is_read_only
    }

    /// Claims the name on this log for a type, until the last handle to the application is dropped.
    ///
    /// Two types with the same name, in two modules of a program, would share the tables of that name and read each other's events.
    /// The builder of `#[application]` calls this. An application opened by [`Application::builder`] has no type: it claims nothing, and
    /// is never refused. Any number of applications of one type may be open. Recorders that cannot identify their log
    /// ([`Recorder::log_identity`]) are not checked.
    ///
    /// # Errors
    /// [`Error::NameTaken`](crate::Error::NameTaken) if an application of another type is open in this process under the same name, on
    /// the same log; [`Recorder`](crate::Error::Recorder) if the database fails.
    pub async fn claim_name<T>(&self) -> Result<()> {
        let Some(log) = self.shared.recorder.log_identity().await? else { return Ok(()) };
        let claim = NameClaim::of::<T>(NameKind::Application, log, &self.name().to_lowercase());
        let claim = claim.map_err(|taken| Error::NameTaken {
            name: self.name().to_owned(),
            by: taken.by,
            wanted_by: taken.wanted_by,
        })?;
        // this application has claimed it already: one claim is enough
        drop(self.shared.claim.set(claim));
        Ok(())
    }

    /// Records the pending events of aggregates atomically, in one insert.
    ///
    /// Accepts an aggregate, a tuple, a slice or a `Vec` of aggregates, or domain events: see [`Saveable`]. Returns the
    /// notifications of the recorded events. If no event is pending, returns none without a call to the database.
    ///
    /// An aggregate's events stay pending until they are recorded. If the future is dropped, the save may or may not be done, and the
    /// events are still pending; saving again completes it and records nothing twice.
    ///
    /// The events are recorded with the metadata of the [`scope`](Metadata::scope) in which the future is polled, if there is one, and with
    /// that of [`Save::metadata`]. If a save is repeated that was recorded already, the metadata of the first attempt stays.
    ///
    /// [`Save::command`] gives the save the id of a command, which is then recorded once, whoever sends it again. So does the
    /// [scope](crate::CommandId::scope) of a command.
    ///
    /// # Errors
    /// [`Error::Conflict`](crate::Error::Conflict) if a version is already recorded: nothing was recorded; get the aggregate again and
    /// retry the command.
    /// [`AlreadyExists`](crate::Error::AlreadyExists) if that version is the first one, so the aggregate's id is in use.
    /// [`NotCreated`](crate::AggregateError::NotCreated), [`NestedEvent`](crate::AggregateError::NestedEvent) and
    /// [`Mapper`](crate::Error::Mapper) if an aggregate or an event cannot be recorded, or its metadata exceeds a limit.
    /// [`EventsMissing`](crate::AggregateError::EventsMissing) if earlier events were taken from an aggregate and are not recorded.
    /// [`SavedInPolicy`](crate::Error::SavedInPolicy) if it is called by a handler of the application's own policy.
    /// [`Recorder`](crate::Error::Recorder) if the database fails; nothing was recorded, except that after
    /// [`OutcomeUnknown`](crate::RecorderError::OutcomeUnknown) it is unknown whether the events were recorded.
    pub fn save<'a, S: Saveable + 'a>(&'a self, what: S) -> Save<'a> {
        Save::new(self, what, Self::save_all)
    }

    async fn save_all<S: Saveable>(&self, mut what: S, options: Options) -> Result<Vec<Notification>> {
        self.check_not_in_policy()?;
        let Options { metadata, command } = options;
        if let Some(command) = Reserved::of_save(command)? {
            let saved = Box::pin(self.save_command(&mut what, &command, metadata, Compares::Everything)).await?;
            let (Executed::Now(notifications) | Executed::Before(notifications)) = saved;
            return Ok(notifications);
        }
        self.save_without_command(what, metadata).await
    }

    /// Saves without a command id, whatever the scope is.
    pub(super) async fn save_without_command<S: Saveable>(
        &self,
        mut what: S,
        metadata: Option<Metadata>,
    ) -> Result<Vec<Notification>> {
        let Batch { events, due, .. } = self.batch_to_record(&mut what, of_save(metadata, None)).await?;
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let mut appending = Appending::of(&self.shared, &events);
        let recorded = appending.ended(self.record(events).await);
        let notifications = recorded.map_err(|error| self.explain(error, &mut what))?;
        what.recorded();
        appending.keep(&what, &notifications);
        self.shared.snapshots.take_all(due);
        Ok(notifications)
    }

    /// Records events together with the position of an upstream log, atomically.
    ///
    /// The events are the effects of the upstream events up to that position. Works like [`save`](Self::save), but records only if the
    /// log is processed exactly up to the position that the tracking continues from. Each upstream event therefore has its effects
    /// exactly once, even if several processes consume the log. If the upstream events have no effects, save `()` to record only the
    /// position.
    ///
    /// The metadata of the events says what caused them: the event at that position, unless the [`scope`](Metadata::scope) says otherwise.
    /// [`Tracked::effect_metadata`](crate::Tracked::effect_metadata) has the correlation id too.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// use eventsourcing::recording::Tracking;
    /// use eventsourcing::{Application, Error};
    /// # futures::executor::block_on(async {
    /// let payments = Application::builder("Payments").open()?;
    /// assert_eq!(payments.tracked_position("Orders").await?, 0);
    ///
    /// // the first three orders do not concern Payments
    /// payments.save_tracked((), Tracking::new("Orders", 0, 3)).await?;
    /// assert_eq!(payments.tracked_position("Orders").await?, 3);
    ///
    /// let again = payments.save_tracked((), Tracking::new("Orders", 0, 1)).await;
    /// assert!(matches!(again, Err(Error::AlreadyProcessed { recorded: 3, .. })));
    /// # Ok::<(), Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`Error::AlreadyProcessed`](crate::Error::AlreadyProcessed) if the log is processed up to another position than
    /// [`Tracking::after`]: continue from there, and drop the aggregates, whose events are still pending. Otherwise the errors of
    /// [`save`](Self::save) and of [`Tracking::check`].
    pub fn save_tracked<'a, S: Saveable + 'a>(
        &'a self,
        mut what: S,
        tracking: Tracking,
    ) -> BoxFuture<'a, Result<Vec<Notification>>> {
        Box::pin(async move {
            self.check_not_in_policy()?;
            let cause = CausingEvent::new(tracking.upstream.as_str(), tracking.position);
            let Batch { events, due, .. } = self.batch_to_record(&mut what, of_save(None, Some(cause))).await?;
            let mut appending = Appending::of(&self.shared, &events);
            let recorded = appending.ended(self.record_tracked(events, tracking).await);
            let notifications = recorded.map_err(|error| self.explain(error, &mut what))?;
            what.recorded();
            appending.keep(&what, &notifications);
            self.shared.snapshots.take_all(due);
            Ok(notifications)
        })
    }

    /// The position up to which this application has processed an upstream log; the start if nothing is processed.
    ///
    /// # Errors
    /// [`Recorder`](crate::Error::Recorder) if the database fails.
    pub async fn tracked_position(&self, upstream: &str) -> Result<LogPosition> {
        Ok(self.shared.recorder.tracked_position(upstream).await?)
    }

    /// What is to be recorded; an error if earlier events were taken from an aggregate and are not recorded.
    pub(super) async fn batch_to_record(&self, what: &mut impl Saveable, metadata: SharedMetadata) -> Result<Batch> {
        let batch = self.batch_of(what, metadata)?;
        for missing in batch.missing.iter().filter(|missing| !are_among(missing, &batch.events)) {
            self.shared.check_recorded(missing).await?;
        }
        Ok(batch)
    }

    /// Turns a conflict about a first version into [`AlreadyExists`](Error::AlreadyExists), which names an id that is in use.
    pub(super) fn explain(&self, error: Error, what: &mut impl Saveable) -> Error {
        let Error::Conflict { originator_id, tried: 1, recorded } = error else { return error };
        // only now, so that a successful save keeps no copy of the recorded events
        let Ok(Batch { events, logs, .. }) = self.batch_of(what, SharedMetadata::default()) else { return error };
        // another writer began the log; opening it again helps
        if logs.contains(&originator_id) {
            return error;
        }
        let is_creation = |event: &&StoredEvent| event.originator_id == originator_id && event.originator_version == 1;
        match events.into_iter().find(|event| is_creation(&event)) {
            Some(event) => Error::AlreadyExists { topic: event.topic.into_owned(), originator_id, recorded },
            None => error,
        }
    }

    /// What is to be recorded, and what follows from it.
    pub(crate) fn batch_of(&self, what: &mut impl Saveable, metadata: SharedMetadata) -> Result<Batch> {
        let Shared { mapper, topics, snapshots, .. } = &*self.shared;
        let mut batch = SaveBatch::new(mapper, topics, snapshots, metadata);
        what.add_to(&mut batch)?;
        batch.finish()
    }

    #[tracing::instrument(name = "save", level = "info", skip_all, fields(application = %self.shared.name, events = events.len()), err(level = "debug"))]
    async fn record(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>> {
        Ok(self.shared.recorder.insert_events(events).await?)
    }

    #[tracing::instrument(name = "save", level = "info", skip_all, fields(application = %self.shared.name, events = events.len(), upstream = %tracking.upstream, position = tracking.position), err(level = "debug"))]
    async fn record_tracked(&self, events: Vec<StoredEvent>, tracking: Tracking) -> Result<Vec<Notification>> {
        Ok(self.shared.recorder.insert_tracked(events, tracking).await?)
    }

    /// The repository, which gets aggregates by their ids.
    pub fn repository(&self) -> Repository<'_> {
        Repository::new(&self.shared)
    }

    /// The notification log of all recorded events.
    pub fn log(&self) -> NotificationLog {
        NotificationLog::new(Arc::clone(&self.shared.recorder), self.shared.section_size)
    }

    /// The mapper between domain events and stored events.
    pub fn mapper(&self) -> &Mapper {
        &self.shared.mapper
    }

    /// The recorder, which stores the events.
    pub fn recorder(&self) -> &Arc<dyn Recorder> {
        &self.shared.recorder
    }

    /// Closes the recorder after running calls are done. Later calls return errors. Snapshots that are not taken yet are not taken any more.
    ///
    /// Dropping the last handle also closes it, without waiting.
    pub async fn close(&self) {
        self.shared.snapshots.close();
        self.shared.commands.close();
        if let Some(cache) = &self.shared.cache {
            cache.close();
        }
        self.shared.recorder.close().await;
    }
}

impl Shared {
    /// The last notification id; 0 if there is none.
    pub(crate) async fn last_id(&self) -> Result<u64> {
        Ok(self.recorder.max_notification_id().await?.unwrap_or_default())
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { name, recorder, mapper, .. } = &*self.shared;
        f.debug_struct("Application").field("name", name).field("recorder", recorder).field("mapper", mapper).finish()
    }
}
