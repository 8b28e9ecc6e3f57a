//! A unit of work: what policies load and save, recorded together with how far the upstream's log is processed.

use std::collections::HashMap;
use std::fmt;

use uuid::Uuid;

use super::process_letters::WorkLetters;
use super::{DeadLetter, ViewError, ViewTransaction, Views};
use crate::application::{Application, Saveable};
use crate::domain::{Aggregate, Taken};
use crate::persistence::{Append, LetterQuery, LogPosition, StoredEvent, Tracking};
use crate::{Error, Result};

/// What the handlers of a policy load and save.
///
/// Nothing is recorded before all handlers of a batch of events have succeeded. Then the events of all aggregates that they saved, and how
/// far the upstream's log is processed, are recorded in one transaction, so that each event has its consequences exactly once.
/// If somebody else saved one of the aggregates meanwhile, nothing is recorded and the handlers are called again.
pub struct UnitOfWork {
    application: Application,
    upstream: String,
    /// How the position moves; none if it stays.
    tracking: Option<Tracking>,
    events: Vec<StoredEvent>,
    /// The last versions of the aggregates that were saved.
    versions: HashMap<Uuid, u64>,
    /// How the dead letters change.
    letters: WorkLetters,
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
    /// after it was loaded elsewhere: [`get`](Self::get) it here. [`Error::EventsMissing`] if earlier events were taken from an aggregate
    /// and are not saved in this unit of work.
    pub fn save<S: Saveable>(&mut self, mut what: S) -> Result<()> {
        let (events, taken) = self.application.events_of(&mut what)?;
        let is_left_out = |taken: &&Taken| !taken.is_among(&events) && !taken.is_among(&self.events);
        if let Some(taken) = taken.iter().find(is_left_out) {
            return Err(taken.error());
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

/// An application that follows others keeps how far it is, and what it put aside, beside its own events.
impl Views for Application {
    type View = UnitOfWork;
    type Transaction = UnitOfWork;

    async fn position(&self, _: &str, upstream: &str) -> Result<LogPosition, ViewError> {
        Ok(self.shared.recorder.tracked_position(upstream).await?)
    }

    /// Nothing is locked: whether somebody else was quicker shows when it is recorded.
    async fn begin(&self, _: &str, tracking: &Tracking) -> Result<UnitOfWork, ViewError> {
        tracking.check()?;
        self.carry_letters_over(&tracking.upstream).await?;
        Ok(UnitOfWork::new(self, &tracking.upstream, Some(tracking.clone())))
    }

    async fn begin_at(&self, _: &str, upstream: &str, position: LogPosition) -> Result<LogPosition, ViewError> {
        Ok(self.shared.recorder.begin_tracking(upstream, position).await?)
    }

    async fn move_position(
        &self,
        _: &str,
        upstream: &str,
        from: LogPosition,
        to: LogPosition,
    ) -> Result<(), ViewError> {
        self.shared.recorder.move_tracking(upstream, from, to).await.map_err(ViewError::from)
    }

    async fn begin_aside(&self, _: &str, upstream: &str) -> Result<UnitOfWork, ViewError> {
        self.carry_letters_over(upstream).await?;
        Ok(UnitOfWork::new(self, upstream, None))
    }

    async fn dead_letters(
        &self,
        _: &str,
        upstream: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, ViewError> {
        self.carry_letters_over(upstream).await?;
        Ok(self.letters(LetterQuery::of(upstream).after(after).limit(limit)).await?)
    }

    async fn count_dead_letters(&self, _: &str, upstream: &str) -> Result<u64, ViewError> {
        self.carry_letters_over(upstream).await?;
        Ok(self.shared.recorder.count_letters(upstream).await?)
    }
}

impl UnitOfWork {
    pub(crate) fn application(&self) -> &Application {
        &self.application
    }

    fn new(application: &Application, upstream: &str, tracking: Option<Tracking>) -> Self {
        Self {
            application: application.clone(),
            upstream: upstream.to_owned(),
            tracking,
            events: Vec::new(),
            versions: HashMap::new(),
            letters: WorkLetters::default(),
        }
    }
}

impl ViewTransaction for UnitOfWork {
    type View = Self;

    fn view(&mut self) -> &mut Self {
        self
    }

    async fn parked(&mut self, originators: &[Uuid]) -> Result<Vec<Uuid>, ViewError> {
        Ok(self.letters.parked(&self.application, &self.upstream, originators).await?)
    }

    async fn park(&mut self, letters: &[DeadLetter]) -> Result<(), ViewError> {
        self.letters.park(letters);
        Ok(())
    }

    async fn unpark(&mut self, originator_id: Uuid, limit: usize) -> Result<Vec<DeadLetter>, ViewError> {
        Ok(self.letters.unpark(&self.application, &self.upstream, originator_id, limit).await?)
    }

    async fn discard(&mut self, notification_id: u64) -> Result<Option<DeadLetter>, ViewError> {
        Ok(self.letters.discard(&self.application, &self.upstream, notification_id).await?)
    }

    async fn commit(self) -> Result<(), ViewError> {
        let Self { application, upstream, tracking, events, letters, .. } = self;
        let changes = letters.into_changes(&application, &upstream)?;
        application.shared.recorder.append(Append::new(events).tracked(tracking).changing(changes)).await?;
        Ok(())
    }
}
