//! The earlier storage format of dead letters: an aggregate of the process application for each upstream application.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{
    Aggregate, AggregateError, AggregateEvent, ApplyError, Root, StateError, StateReader, StateWriter,
};
use crate::projection::DeadLetter;
use crate::projection::MemoryLetters;

/// The dead letters of one upstream application as an aggregate, which was their storage before recorders stored letters.
///
/// It is read to move the letters to the recorder, and ends with an event that says so.
#[derive(Clone, Debug)]
pub(super) struct OldLetters {
    letters: MemoryLetters,
    is_carried_over: bool,
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

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CarriedOver {}

#[derive(Clone, Debug)]
pub(super) enum OldEvent {
    Parked(Parked),
    TakenOut(TakenOut),
    CarriedOver(CarriedOver),
}

const PARKED: &str = "eventsourcing.DeadLetters.Parked";
const TAKEN_OUT: &str = "eventsourcing.DeadLetters.TakenOut";
/// The topic of the last event, after which nothing is left to move.
pub(super) const CARRIED_OVER: &str = "eventsourcing.DeadLetters.CarriedOver";

impl OldLetters {
    /// The id of the aggregate for this upstream application.
    pub(super) fn id_for(upstream: &str) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("eventsourcing.DeadLetters of {upstream}").as_bytes())
    }

    pub(super) fn letters(&self) -> Vec<DeadLetter> {
        self.letters.list(0, usize::MAX)
    }

    /// Whether the letters have been moved: another process may have moved them meanwhile.
    pub(super) fn is_carried_over(&self) -> bool {
        self.is_carried_over
    }

    /// Marks the letters as moved: the aggregate has none any more.
    pub(super) fn carry_over(&mut self) -> Result<(), AggregateError> {
        self.trigger(OldEvent::CarriedOver(CarriedOver {}))
    }
}

impl AggregateEvent for OldEvent {
    const TOPICS: &'static [&'static str] = &[PARKED, TAKEN_OUT, CARRIED_OVER];

    fn topic(&self) -> &'static str {
        match self {
            Self::Parked(_) => PARKED,
            Self::TakenOut(_) => TAKEN_OUT,
            Self::CarriedOver(_) => CARRIED_OVER,
        }
    }

    fn write(&self, state: &mut StateWriter<'_>) -> Result<(), StateError> {
        match self {
            Self::Parked(event) => state.write(event),
            Self::TakenOut(event) => state.write(event),
            Self::CarriedOver(event) => state.write(event),
        }
    }

    fn read(topic: &str, state: &mut StateReader<'_>) -> Result<Self, StateError> {
        match topic {
            PARKED => state.read().map(Self::Parked),
            TAKEN_OUT => state.read().map(Self::TakenOut),
            CARRIED_OVER => state.read().map(Self::CarriedOver),
            _ => Err(StateError::UnknownTopic),
        }
    }
}

impl Aggregate for OldLetters {
    type Event = OldEvent;
    const NAME: &'static str = "eventsourcing.DeadLetters";

    fn root(&self) -> &Root<Self> {
        &self.root
    }

    fn root_mut(&mut self) -> &mut Root<Self> {
        &mut self.root
    }

    fn create(event: OldEvent) -> Result<Self, ApplyError> {
        let mut this = Self { letters: MemoryLetters::default(), is_carried_over: false, root: Root::default() };
        this.apply(event)?;
        Ok(this)
    }

    fn apply(&mut self, event: OldEvent) -> Result<(), ApplyError> {
        match event {
            OldEvent::Parked(Parked { letters }) => letters.iter().for_each(|letter| self.letters.insert(letter)),
            OldEvent::TakenOut(TakenOut { notification_ids }) => {
                for id in notification_ids {
                    self.letters.take(id);
                }
            }
            OldEvent::CarriedOver(_) => (self.letters, self.is_carried_over) = (MemoryLetters::default(), true),
        }
        Ok(())
    }
}
