//! A unit of work: what policies load and save, recorded together with how far the upstream's log is processed.

use std::collections::HashMap;
use std::fmt;

use uuid::Uuid;

use super::{ViewTransaction, Views};
use crate::application::{Application, Saveable};
use crate::domain::Aggregate;
use crate::persistence::{RecorderError, StoredEvent, Tracking};
use crate::{Error, Result};

/// What the handlers of a policy load and save.
///
/// Nothing is recorded before all handlers of a batch of events have succeeded. Then the events of all aggregates that they saved, and how
/// far the upstream's log is processed, are recorded in one transaction, so that each event has its consequences exactly once.
/// If somebody else saved one of the aggregates meanwhile, nothing is recorded and the handlers are called again.
pub struct UnitOfWork {
    application: Application,
    tracking: Tracking,
    events: Vec<StoredEvent>,
    /// The last versions of the aggregates that were saved.
    versions: HashMap<Uuid, u64>,
}

impl UnitOfWork {
    /// The aggregate of this id as it is now, with what was saved in this unit of work.
    ///
    /// # Errors
    /// As [`Repository::get`](crate::Repository::get).
    pub async fn get<A: Aggregate>(&self, id: Uuid) -> Result<A> {
        let pending = if self.versions.contains_key(&id) { &*self.events } else { &[] };
        self.application.repository().get_with(id, pending).await
    }

    /// Whether there is an aggregate of this id, of any type, or will be with what was saved in this unit of work.
    ///
    /// # Errors
    /// As [`Repository::exists`](crate::Repository::exists).
    pub async fn exists(&self, id: Uuid) -> Result<bool> {
        Ok(self.versions.contains_key(&id) || self.application.repository().exists(id).await?)
    }

    /// Has the pending events of aggregates recorded, if all handlers of the batch succeed.
    ///
    /// Takes what [`Application::save`] takes. The aggregates can go on and be saved again; once the handler has returned they have had
    /// their time, since it is not known whether their events are recorded.
    ///
    /// # Errors
    /// As [`Application::save`], except for those of the database. [`Error::SavedTwice`] if an aggregate was changed in this unit of work
    /// after it was loaded elsewhere: [`get`](Self::get) it here.
    pub fn save<S: Saveable>(&mut self, mut what: S) -> Result<()> {
        let events = self.application.events_of(&mut what)?;
        let is_old = |event: &&StoredEvent| {
            self.versions.get(&event.originator_id).is_some_and(|last| event.originator_version <= *last)
        };
        if let Some(event) = events.iter().find(is_old) {
            let (originator_id, version) = (event.originator_id, event.originator_version);
            return Err(Error::SavedTwice { originator_id, version });
        }
        self.versions.extend(events.iter().map(|event| (event.originator_id, event.originator_version)));
        self.events.extend(events);
        what.recorded();
        Ok(())
    }
}

impl fmt::Debug for UnitOfWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnitOfWork")
            .field("application", &self.application.name())
            .field("tracking", &self.tracking)
            .field("events", &self.events.len())
            .finish()
    }
}

/// An application that follows others keeps how far it is beside its own events.
impl Views for Application {
    type View = UnitOfWork;
    type Transaction = UnitOfWork;

    async fn position(&self, _: &str, upstream: &str) -> Result<u64, RecorderError> {
        self.shared.recorder.tracked_position(upstream).await
    }

    /// Nothing is locked: whether somebody else was quicker shows when it is recorded.
    async fn begin(&self, _: &str, tracking: &Tracking) -> Result<UnitOfWork, RecorderError> {
        tracking.check()?;
        Ok(UnitOfWork {
            application: self.clone(),
            tracking: tracking.clone(),
            events: Vec::new(),
            versions: HashMap::new(),
        })
    }
}

impl ViewTransaction for UnitOfWork {
    type View = Self;

    fn view(&mut self) -> &mut Self {
        self
    }

    async fn commit(self) -> Result<(), RecorderError> {
        let Self { application, tracking, events, .. } = self;
        application.shared.recorder.insert_tracked(events, tracking).await?;
        Ok(())
    }
}
