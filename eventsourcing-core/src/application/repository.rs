//! The repository: gets aggregates back by replaying their events.

use std::fmt;
use std::ops::ControlFlow;

use jiff::Timestamp;
use uuid::Uuid;

use super::core::Shared;
use crate::domain::{Aggregate, AggregateEvent, DomainEvent};
use crate::persistence::{EventQuery, StoredEvent, StoredEventRef};
use crate::{Error, Result};

/// Gets aggregates by their ids.
///
/// Events are decoded where they stand and folded as they come, with no copy of the history.
#[derive(Clone, Copy)]
pub struct Repository<'a> {
    shared: &'a Shared,
}

impl<'a> Repository<'a> {
    pub(super) fn new(shared: &'a Shared) -> Self {
        Self { shared }
    }

    /// The aggregate of this id, as it is now.
    ///
    /// # Errors
    /// [`Error::AggregateNotFound`] if there is none, [`Error::WrongAggregate`] if it is of another type, and
    /// [`Error::Mapper`] if an event cannot be read.
    pub async fn get<A: Aggregate>(&self, id: Uuid) -> Result<A> {
        self.fold(id, None, |_: &DomainEvent<A::Event>| true).await?.ok_or_else(|| not_found::<A>(id))
    }

    /// The aggregate of this id, as it was at a version.
    ///
    /// # Errors
    /// [`Error::VersionNotFound`] if it has not come to that version, and those of [`get`](Self::get).
    pub async fn get_at<A: Aggregate>(&self, id: Uuid, version: u64) -> Result<A> {
        let aggregate: Option<A> = self.fold(id, Some(version), |_| true).await?;
        match aggregate {
            Some(aggregate) if aggregate.version() == version => Ok(aggregate),
            // it may have no version 0, and be at version 7 all the same
            _ => {
                let current = self.current_version(id).await?.ok_or_else(|| not_found::<A>(id))?;
                Err(Error::VersionNotFound { aggregate: A::NAME, originator_id: id, version, current })
            }
        }
    }

    /// The aggregate of this id, as it was at a time: its events up to the first later one.
    ///
    /// Events are in the order of their versions and carry the clock of whoever recorded them.
    ///
    /// # Errors
    /// [`Error::AggregateNotFound`] if its first event is later, and those of [`get`](Self::get).
    pub async fn get_as_of<A: Aggregate>(&self, id: Uuid, timestamp: Timestamp) -> Result<A> {
        let until = |event: &DomainEvent<A::Event>| event.timestamp <= timestamp;
        self.fold(id, None, until).await?.ok_or_else(|| not_found::<A>(id))
    }

    /// As [`get`](Self::get), with what is to be recorded and is not yet.
    pub(crate) async fn get_with<A: Aggregate>(&self, id: Uuid, pending: &[StoredEvent]) -> Result<A> {
        let mut aggregate: Option<A> = self.fold(id, None, |_: &DomainEvent<A::Event>| true).await?;
        for stored in pending.iter().filter(|stored| stored.originator_id == id) {
            let (tried, recorded) = (stored.originator_version, aggregate.as_ref().map_or(0, Aggregate::version));
            if tried <= recorded {
                return Err(Error::Conflict { originator_id: id, tried, recorded });
            }
            let _ = self.apply(&mut aggregate, stored.as_ref(), |_| true)?;
        }
        aggregate.ok_or_else(|| not_found::<A>(id))
    }

    /// Whether there is an aggregate of this id, of any type; nothing is replayed.
    ///
    /// # Errors
    /// [`Error::Recorder`] as the database fails.
    pub async fn exists(&self, id: Uuid) -> Result<bool> {
        Ok(self.current_version(id).await?.is_some())
    }

    async fn current_version(&self, id: Uuid) -> Result<Option<u64>> {
        let last = self.shared.recorder.select_events(EventQuery::of(id).descending().limit(1)).await?;
        Ok(last.first().map(|event| event.originator_version))
    }

    #[tracing::instrument(level = "debug", skip_all, fields(application = %self.shared.name, aggregate = A::NAME, %id), err(level = "debug"))]
    async fn fold<A: Aggregate>(
        &self,
        id: Uuid,
        up_to: Option<u64>,
        wanted: impl Fn(&DomainEvent<A::Event>) -> bool + Send + Sync,
    ) -> Result<Option<A>> {
        self.shared.topics.claim::<A::Event>()?;
        let mut aggregate: Option<A> = None;
        let mut query = EventQuery::of(id).up_to(up_to);
        let mut loaded = None;
        loop {
            let mut outcome = Ok(());
            let mut visit = |stored: StoredEventRef<'_>| match self.apply(&mut aggregate, stored, &wanted) {
                Ok(flow) => flow,
                Err(error) => {
                    outcome = Err(error);
                    ControlFlow::Break(())
                }
            };
            self.shared.recorder.read_events(query.clone(), &mut visit).await?;
            match outcome {
                Ok(()) => return Ok(aggregate),
                // it was made after this application opened: once it is loaded, reading goes on with the same event
                Err(Error::Mapper(error)) if error.unknown_dictionary().is_some_and(|id| loaded != Some(id)) => {
                    loaded = error.unknown_dictionary();
                    self.shared.load_dictionaries().await?;
                    if let Some(applied) = &aggregate {
                        query.go_on_after(applied.version());
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Decodes an event where it stands, and applies it if it is wanted.
    fn apply<A: Aggregate>(
        &self,
        aggregate: &mut Option<A>,
        stored: StoredEventRef<'_>,
        wanted: impl Fn(&DomainEvent<A::Event>) -> bool,
    ) -> Result<ControlFlow<()>> {
        check_type::<A>(stored)?;
        let event = self.shared.mapper.read_event(&stored.place(), stored.state, stored.checksum)?;
        if !wanted(&event) {
            return Ok(ControlFlow::Break(()));
        }
        *aggregate = Some(event.replay(aggregate.take())?);
        Ok(ControlFlow::Continue(()))
    }
}

impl fmt::Debug for Repository<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repository").field("application", &self.shared.name).finish()
    }
}

fn not_found<A: Aggregate>(originator_id: Uuid) -> Error {
    Error::AggregateNotFound { aggregate: A::NAME, originator_id }
}

/// A topic of another type is a mistake of the caller; one that only looks like ours is left to the mapper to report.
fn check_type<A: Aggregate>(stored: StoredEventRef<'_>) -> Result<()> {
    let ours = A::Event::TOPICS.contains(&stored.topic);
    // a name may hold dots itself
    let named_as_ours = stored.topic.strip_prefix(A::NAME).is_some_and(|rest| rest.starts_with('.'));
    if ours || named_as_ours {
        return Ok(());
    }
    Err(Error::WrongAggregate {
        expected: A::NAME,
        found: stored.topic.to_owned(),
        originator_id: stored.originator_id,
    })
}
