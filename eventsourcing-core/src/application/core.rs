//! The application: saves aggregates, gets them back, and gives others its log to read.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};

use super::saveable::{Batch, Saveable};
use super::schema::Schema;
use super::topics::Topics;
use super::turns::Turns;
use super::{ApplicationBuilder, NotificationLog, Repository};
use crate::claims::{Claim, Kind};
use crate::domain::Taken;
use crate::persistence::{LogPosition, Mapper, Notification, Recorder, StoredEvent, Tracking};
use crate::{Error, Result};

/// An application: a recorder, and the mapper to it, under a name.
///
/// `#[application]` wraps one in a struct of the user's, which derefs to it. A clone is another handle to the same.
///
/// # Examples
///
/// ```
/// use eventsourcing_core::Application;
/// # futures::executor::block_on(async {
/// let application = Application::builder("Universe").open()?;
/// assert_eq!(application.name(), "Universe");
/// assert!(application.log().section("1,10").await?.items.is_empty());
/// # Ok::<(), eventsourcing_core::Error>(())
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
    pub(crate) schema: Schema,
    pub(super) section_size: usize,
    pub(super) turns: Turns,
    /// That the name is used by a type; it ends with the last handle.
    pub(super) claim: OnceLock<Claim>,
    /// The upstreams whose dead letters are known to be where they are kept today.
    pub(crate) carried_over: Mutex<HashSet<String>>,
}

impl Application {
    /// Says what an application of this name consists of; in memory and in plain JSON unless told otherwise.
    pub fn builder(name: impl Into<String>) -> ApplicationBuilder {
        ApplicationBuilder::new(name.into())
    }

    pub(super) fn new(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
    }

    /// The name, as it was given.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Claims the name in this log for a type, for as long as there are handles to the application.
    ///
    /// Two types of one name, in two modules of a program, would share the tables of that name and read each other's events. The builder of
    /// `#[application]` calls this. [`Application::builder`] has no type: an application that it opens claims nothing, and is
    /// refused nothing. Any number of applications of one type may be open. Recorders that cannot tell their log from others
    /// ([`Recorder::log_identity`]) are not checked.
    ///
    /// # Errors
    /// [`Error::NameTaken`](crate::Error::NameTaken) if an application of another type is open in this process under the name, on the same
    /// log; [`Recorder`](crate::Error::Recorder) as the database fails.
    pub async fn claim_name<T>(&self) -> Result<()> {
        let Some(log) = self.shared.recorder.log_identity().await? else { return Ok(()) };
        let claim = Claim::of::<T>(Kind::Application, log, &self.name().to_lowercase());
        let claim = claim.map_err(|taken| Error::NameTaken {
            name: self.name().to_owned(),
            by: taken.by,
            wanted_by: taken.wanted_by,
        })?;
        // claimed already by this very application: one claim is enough
        drop(self.shared.claim.set(claim));
        Ok(())
    }

    /// Records the pending events of aggregates: all of them or none, in one insert.
    ///
    /// Takes an aggregate, a tuple, a slice or a `Vec` of them, or domain events: see [`Saveable`]. Returns the
    /// notifications of what was recorded, none if nothing was pending; the database is not asked then.
    ///
    /// Events leave an aggregate only once they are recorded. A future that is dropped leaves the save done or not
    /// done, and the events pending; saving again then completes it and records nothing twice.
    ///
    /// # Errors
    /// [`Error::Conflict`](crate::Error::Conflict) if a version is recorded already: nothing was recorded; get the aggregate again and retry.
    /// [`AlreadyExists`](crate::Error::AlreadyExists) if it is the first version of an aggregate, whose id is taken then.
    /// [`NotCreated`](crate::Error::NotCreated), [`NestedEvent`](crate::Error::NestedEvent) and [`Mapper`](crate::Error::Mapper) if something cannot be recorded.
    /// [`EventsMissing`](crate::Error::EventsMissing) if earlier events of an aggregate were taken and are not recorded.
    /// [`SavedInPolicy`](crate::Error::SavedInPolicy) if a handler of the application's own policy calls it.
    /// [`Recorder`](crate::Error::Recorder) as the database fails; nothing was recorded, except that
    /// [`OutcomeUnknown`](crate::RecorderError::OutcomeUnknown) says that it is not known.
    pub async fn save<S: Saveable>(&self, mut what: S) -> Result<Vec<Notification>> {
        self.check_not_in_policy()?;
        let events = self.events_after_taken(&mut what).await?;
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let recorded = self.record(events).await;
        let notifications = recorded.map_err(|error| self.explain(error, &mut what))?;
        what.recorded();
        Ok(notifications)
    }

    /// Records what came of another application's events, and how far its log is processed by that: all of it or none.
    ///
    /// As [`save`](Self::save), except that it is recorded only if the log was processed exactly up to where this goes on from,
    /// so that each event of the other application has its effect exactly once, also if several processes follow it. Where
    /// nothing came of the events, save `()`: then only the position is recorded.
    ///
    /// # Examples
    ///
    /// ```
    /// use eventsourcing_core::persistence::Tracking;
    /// use eventsourcing_core::{Application, Error};
    /// # futures::executor::block_on(async {
    /// let payments = Application::builder("Payments").open()?;
    /// assert_eq!(payments.tracked_position("Orders").await?, 0);
    ///
    /// // the first three orders are no concern of Payments
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
    /// [`Error::AlreadyProcessed`](crate::Error::AlreadyProcessed) if the log is processed up to another event than
    /// [`Tracking::after`]: go on from there, and drop the aggregates, whose events are still pending. Otherwise as for
    /// [`save`](Self::save), and what [`Tracking::check`] returns.
    pub async fn save_tracked<S: Saveable>(&self, mut what: S, tracking: Tracking) -> Result<Vec<Notification>> {
        self.check_not_in_policy()?;
        let events = self.events_after_taken(&mut what).await?;
        let recorded = self.record_tracked(events, tracking).await;
        let notifications = recorded.map_err(|error| self.explain(error, &mut what))?;
        what.recorded();
        Ok(notifications)
    }

    /// Up to which position the log of another application is processed here; the start if nothing of it is.
    ///
    /// # Errors
    /// [`Recorder`](crate::Error::Recorder) as the database fails.
    pub async fn tracked_position(&self, upstream: &str) -> Result<LogPosition> {
        Ok(self.shared.recorder.tracked_position(upstream).await?)
    }

    /// The events to record; an error if earlier ones were taken from an aggregate and are not recorded.
    async fn events_after_taken(&self, what: &mut impl Saveable) -> Result<Vec<StoredEvent>> {
        let (events, taken) = self.events_of(what)?;
        for taken in taken.iter().filter(|taken| !taken.is_among(&events)) {
            self.shared.check_recorded(taken).await?;
        }
        Ok(events)
    }

    /// Tells an id that is taken from a version that another writer recorded first.
    fn explain(&self, error: Error, what: &mut impl Saveable) -> Error {
        let Error::Conflict { originator_id, tried: 1, recorded } = error else { return error };
        // only now, so that a save that succeeds keeps no copy of what it records
        let Ok((events, _)) = self.events_of(what) else { return error };
        let is_creation = |event: &&StoredEvent| event.originator_id == originator_id && event.originator_version == 1;
        match events.into_iter().find(|event| is_creation(&event)) {
            Some(event) => Error::AlreadyExists { topic: event.topic.into_owned(), originator_id, recorded },
            None => error,
        }
    }

    /// The events to record, and those that were taken from their aggregates and must be recorded before.
    pub(crate) fn events_of(&self, what: &mut impl Saveable) -> Result<(Vec<StoredEvent>, Vec<Taken>)> {
        let mut batch = Batch::new(&self.shared.mapper, &self.shared.topics);
        what.add_to(&mut batch)?;
        batch.into_events()
    }

    #[tracing::instrument(name = "save", level = "debug", skip_all, fields(application = %self.shared.name, events = events.len()), err(level = "debug"))]
    async fn record(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>> {
        Ok(self.shared.recorder.insert_events(events).await?)
    }

    #[tracing::instrument(name = "save", level = "debug", skip_all, fields(application = %self.shared.name, events = events.len(), upstream = %tracking.upstream, position = tracking.position), err(level = "debug"))]
    async fn record_tracked(&self, events: Vec<StoredEvent>, tracking: Tracking) -> Result<Vec<Notification>> {
        Ok(self.shared.recorder.insert_tracked(events, tracking).await?)
    }

    /// Where aggregates are found again.
    pub fn repository(&self) -> Repository<'_> {
        Repository::new(&self.shared)
    }

    /// The log of all that was recorded, for others to read.
    pub fn log(&self) -> NotificationLog {
        NotificationLog::new(Arc::clone(&self.shared.recorder), self.shared.section_size)
    }

    /// What turns events into stored ones and back.
    pub fn mapper(&self) -> &Mapper {
        &self.shared.mapper
    }

    /// What keeps the events.
    pub fn recorder(&self) -> &Arc<dyn Recorder> {
        &self.shared.recorder
    }

    /// Closes the recorder once running calls are done; later calls are errors.
    ///
    /// Dropping the last handle closes it too, without waiting.
    pub async fn close(&self) {
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
