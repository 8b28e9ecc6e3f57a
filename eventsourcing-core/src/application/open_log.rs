//! Event-sourced logs: opened at their last event, without their history.

use std::ops::ControlFlow;

use uuid::Uuid;

use super::handle::Shared;
use super::replay::check_type;
use super::repository::{Repository, not_found};
use crate::Result;
use crate::domain::{Aggregate, EventSourcedLog};
use crate::recording::EventQuery;

impl Repository<'_> {
    /// Opens the event-sourced log with this id, to add events: `let mut register: Register = repository.log(id).await?`.
    ///
    /// It reads the last event of the log alone, by the index of versions, however long the log is. If nothing is recorded under the id, the
    /// log is empty and at version 0. Events are added as to any aggregate, and recorded by [`save`](crate::Application::save), together
    /// with aggregates if wanted. If another writer adds an event meanwhile, the save is a [`Conflict`](crate::Error::Conflict), and
    /// [`retry`](crate::Application::retry) opens the log again. [`events`](Self::events) lists the events.
    ///
    /// [`get`](Self::get) and [`find`](Self::find) read the last event alone too; they tell a log without events from others.
    ///
    /// # Errors
    /// [`Error::WrongAggregate`](crate::Error::WrongAggregate) if events of another type are recorded under the id,
    /// [`Error::Mapper`](crate::Error::Mapper) if the time of the last event cannot be read, and
    /// [`Error::Recorder`](crate::Error::Recorder) if the database fails.
    pub async fn log<L: EventSourcedLog>(&self, id: Uuid) -> Result<L> {
        Ok(self.find(id).await?.unwrap_or_else(|| L::empty(id)))
    }

    /// Gets an aggregate, or an empty log if the type is a log and nothing is recorded under the id.
    pub(super) async fn get_or_empty<A: Aggregate>(&self, id: Uuid) -> Result<A> {
        match (self.find(id).await?, A::EMPTY_LOG) {
            (Some(found), _) => Ok(found),
            (None, Some(empty)) => Ok(empty(id)),
            (None, None) => Err(not_found::<A>(id)),
        }
    }
}

impl Shared {
    /// Opens a log at its last event, or at the last one up to a version; none if there is no event.
    pub(super) async fn open_log<A: Aggregate>(
        &self,
        id: Uuid,
        up_to: Option<u64>,
        empty: fn(Uuid) -> A,
    ) -> Result<Option<A>> {
        self.topics.claim::<A::Event>()?;
        let mut opened = None;
        let query = EventQuery::of(id).up_to(up_to).descending().limit(1);
        self.visit_events(query, |stored| {
            check_type::<A>(stored)?;
            let timestamp = self.mapper.read_timestamp(&stored.location(), stored.state, stored.checksum)?;
            let mut log = empty(id);
            log.root_mut().count(stored.originator_version, timestamp);
            opened = Some(log);
            Ok(ControlFlow::Break(()))
        })
        .await?;
        Ok(opened)
    }
}
