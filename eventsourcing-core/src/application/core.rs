//! The application: saves aggregates, gets them back, and gives others its log to read.

use std::fmt;
use std::sync::Arc;

use super::saveable::{Batch, Saveable};
use super::schema::Schema;
use super::topics::Topics;
use super::{ApplicationBuilder, NotificationLog, Repository};
use crate::Result;
use crate::persistence::{Mapper, Notification, Recorder, StoredEvent};

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
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) name: String,
    pub(super) recorder: Arc<dyn Recorder>,
    pub(super) mapper: Mapper,
    pub(super) topics: Topics,
    pub(super) schema: Schema,
    pub(super) section_size: usize,
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
    /// [`NotCreated`](crate::Error::NotCreated), [`NestedEvent`](crate::Error::NestedEvent) and [`Mapper`](crate::Error::Mapper) if something cannot be recorded.
    /// [`Recorder`](crate::Error::Recorder) as the database fails; nothing was recorded, except that
    /// [`OutcomeUnknown`](crate::RecorderError::OutcomeUnknown) says that it is not known.
    pub async fn save<S: Saveable>(&self, mut what: S) -> Result<Vec<Notification>> {
        let mut batch = Batch::new(&self.shared.mapper, &self.shared.topics);
        what.add_to(&mut batch)?;
        let events = batch.into_events()?;
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let notifications = self.record(events).await?;
        what.recorded();
        Ok(notifications)
    }

    #[tracing::instrument(name = "save", level = "debug", skip_all, fields(application = %self.shared.name, events = events.len()), err(level = "debug"))]
    async fn record(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>> {
        Ok(self.shared.recorder.insert_events(events).await?)
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

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { name, recorder, mapper, topics: _, schema: _, section_size: _ } = &*self.shared;
        f.debug_struct("Application").field("name", name).field("recorder", recorder).field("mapper", mapper).finish()
    }
}
