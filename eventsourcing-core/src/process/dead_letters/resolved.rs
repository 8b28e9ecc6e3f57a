//! What became of a policy's dead letters, as events of its application.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::letters_error;
use crate::Error;
use crate::application::Application;
use crate::codec::SharedMetadata;
use crate::domain::{
    Aggregate, AggregateEvent, ApplyError, EventSourcedLog, Root, StateError, StateReader, StateWriter,
};
use crate::projection::ResolvedLetter;
use crate::recording::{RecorderError, StoredEvent};

/// The letters of one upstream application that were resolved with a note, as an event-sourced log.
///
/// A policy's letters change in an append. An event in the same append records who changed them, so that both are recorded or neither.
#[derive(Debug)]
struct ResolvedLetters {
    root: Root<Self>,
}

/// Letters that were resolved in one append.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Resolved {
    letters: Vec<ResolvedLetter>,
}

impl AggregateEvent for Resolved {
    const TOPICS: &'static [&'static str] = &["eventsourcing.DeadLetters.Resolved"];

    fn topic(&self) -> &'static str {
        Self::TOPICS[0]
    }

    fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> {
        state.write(self)
    }

    fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        if Self::TOPICS.contains(&topic) { state.read() } else { Err(StateError::UnknownTopic) }
    }
}

impl Aggregate for ResolvedLetters {
    type Event = Resolved;
    const NAME: &'static str = "eventsourcing.ResolvedLetters";
    const EMPTY_LOG: Option<fn(Uuid) -> Self> = Some(Self::empty);

    fn root(&self) -> &Root<Self> {
        &self.root
    }

    fn root_mut(&mut self) -> &mut Root<Self> {
        &mut self.root
    }

    fn create(_: Resolved) -> Result<Self, ApplyError> {
        Ok(Self { root: Root::default() })
    }

    fn apply(&mut self, _: Resolved) -> Result<(), ApplyError> {
        Ok(())
    }

    fn is_creation(_: &Resolved) -> bool {
        false
    }
}

impl EventSourcedLog for ResolvedLetters {
    fn empty(id: Uuid) -> Self {
        Self { root: Root::empty(id) }
    }
}

impl ResolvedLetters {
    fn id_for(upstream: &str) -> Uuid {
        Self::id_of(&format!("eventsourcing.ResolvedLetters of {upstream}"))
    }
}

impl Application {
    /// The events that record these resolved letters; none if there are none.
    pub(crate) async fn record_of_resolved(
        &self,
        upstream: &str,
        letters: Vec<ResolvedLetter>,
    ) -> Result<Vec<StoredEvent>, RecorderError> {
        if letters.is_empty() {
            return Ok(Vec::new());
        }
        let log = self.repository().log::<ResolvedLetters>(ResolvedLetters::id_for(upstream)).await;
        let mut log = log.map_err(letters_error)?;
        log.trigger(Resolved { letters }).map_err(|error| letters_error(error.into()))?;
        Ok(self.batch_of(&mut &mut log, SharedMetadata::default()).map_err(letters_error)?.events)
    }

    /// At most `limit` letters that were resolved with a note, the last one first, with their texts as stored.
    pub(crate) async fn resolved_letters(
        &self,
        upstream: &str,
        limit: usize,
    ) -> Result<Vec<ResolvedLetter>, RecorderError> {
        let (id, mut letters) = (ResolvedLetters::id_for(upstream), Vec::new());
        // each event has at least one letter
        let mut events = self.repository().events::<ResolvedLetters>(id).descending().limit(limit);
        while letters.len() < limit {
            let next = events.try_next().await.map_err(|error: Error| letters_error(error))?;
            let Some(next) = next else { break };
            letters.extend(next.event.letters.into_iter().rev());
        }
        letters.truncate(limit);
        Ok(letters)
    }
}
