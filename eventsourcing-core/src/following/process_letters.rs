//! The dead letters of an application that follows others: an aggregate of its own for each upstream.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::DeadLetter;
use super::memory_letters::MemoryLetters;
use crate::Result;
use crate::domain::{Aggregate, AggregateEvent, ApplyError, Root};
use crate::persistence::{StateError, StateReader, StateWriter};

/// What an application put aside of one upstream.
///
/// It is recorded as all else is that the application records, in the same transaction and with the same cipher; two who put something aside
/// or take it out at the same time are in conflict.
#[derive(Clone, Debug)]
pub(super) struct ProcessLetters {
    letters: MemoryLetters,
    root: Root<Self>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Parked {
    letters: Vec<DeadLetter>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct TakenOut {
    notification_ids: Vec<u64>,
}

#[derive(Clone, Debug)]
pub(super) enum LettersEvent {
    Parked(Parked),
    TakenOut(TakenOut),
}

const PARKED: &str = "eventsourcing.DeadLetters.Parked";
const TAKEN_OUT: &str = "eventsourcing.DeadLetters.TakenOut";

impl ProcessLetters {
    /// The id of the aggregate for this upstream.
    pub(super) fn id_for(upstream: &str) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("eventsourcing.DeadLetters of {upstream}").as_bytes())
    }

    pub(super) fn letters(&self) -> &MemoryLetters {
        &self.letters
    }

    /// Puts events aside, also where nothing was before.
    pub(super) fn park(this: &mut Option<Self>, upstream: &str, letters: &[DeadLetter]) -> Result<()> {
        let event = LettersEvent::Parked(Parked { letters: letters.to_vec() });
        match this {
            Some(this) => this.trigger(event),
            None => {
                *this = Some(Self::create_from(Self::id_for(upstream), event)?);
                Ok(())
            }
        }
    }

    /// Takes letters out.
    pub(super) fn take_out(&mut self, letters: &[DeadLetter]) -> Result<()> {
        let notification_ids = letters.iter().map(|letter| letter.notification_id).collect();
        self.trigger(LettersEvent::TakenOut(TakenOut { notification_ids }))
    }
}

impl AggregateEvent for LettersEvent {
    const TOPICS: &'static [&'static str] = &[PARKED, TAKEN_OUT];

    fn topic(&self) -> &'static str {
        match self {
            Self::Parked(_) => PARKED,
            Self::TakenOut(_) => TAKEN_OUT,
        }
    }

    fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> {
        match self {
            Self::Parked(event) => state.write(event),
            Self::TakenOut(event) => state.write(event),
        }
    }

    fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        match topic {
            PARKED => state.read().map(Self::Parked),
            TAKEN_OUT => state.read().map(Self::TakenOut),
            _ => Err(StateError::UnknownTopic),
        }
    }
}

impl Aggregate for ProcessLetters {
    type Event = LettersEvent;
    const NAME: &'static str = "eventsourcing.DeadLetters";

    fn root(&self) -> &Root<Self> {
        &self.root
    }

    fn root_mut(&mut self) -> &mut Root<Self> {
        &mut self.root
    }

    fn create(event: LettersEvent) -> Result<Self, ApplyError> {
        let mut this = Self { letters: MemoryLetters::default(), root: Root::default() };
        this.apply(event)?;
        Ok(this)
    }

    fn apply(&mut self, event: LettersEvent) -> Result<(), ApplyError> {
        match event {
            LettersEvent::Parked(Parked { letters }) => letters.iter().for_each(|letter| self.letters.insert(letter)),
            LettersEvent::TakenOut(TakenOut { notification_ids }) => {
                for id in notification_ids {
                    self.letters.take(id);
                }
            }
        }
        Ok(())
    }
}
