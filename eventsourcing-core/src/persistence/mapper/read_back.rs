//! Reading an event back before it is recorded: serde does not always read what it wrote, nor as what it was.

use crate::domain::{AggregateEvent, DomainEvent};
use crate::persistence::likeness::{StateDifference, looks_the_same};
use crate::persistence::scratch::Scratch;
use crate::persistence::{MapperFailure, StateError, StateReader, StateWriter};

/// How an event is checked before it is recorded (`STATE_CHECK`).
///
/// An event that serialises need not deserialise, nor as what it was. A map whose keys are numbers cannot be read inside an
/// internally tagged enum, `u64::MAX` may come back from an untagged one as a float, and what serde skips comes back as its
/// default. Recorded, such an event would make its aggregate unreadable or another one, depending on the data. So every event is
/// read back before it is recorded, and the save is refused if the copy is not the same.
///
/// # Examples
///
/// ```
/// use eventsourcing_core::Mapper;
/// use eventsourcing_core::persistence::StateCheck;
///
/// let mapper = Mapper::new("universe").with_state_check(StateCheck::Json);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StateCheck {
    /// `full`: the copy must write the same JSON and look the same to `Debug`.
    ///
    /// `Debug` shows what JSON does not: a field that is skipped, the variant of an untagged enum, `Some(None)`. Maps and lists of
    /// sets may come in any order.
    #[default]
    Full,
    /// `json`: the copy must write the same JSON.
    ///
    /// For events with values that have several equal forms of which JSON keeps one.
    Json,
    /// `off`: nothing is read back.
    ///
    /// For programs whose tests read back every event they can record.
    Off,
}

impl StateCheck {
    /// Each by the name it has in the environment.
    pub(crate) const ALL: [(&'static str, Self); 3] = [("full", Self::Full), ("json", Self::Json), ("off", Self::Off)];

    /// Reads back the event whose JSON stands in `scratch.state` behind the room.
    pub(super) fn check<E: AggregateEvent>(
        self,
        event: &DomainEvent<E>,
        scratch: &mut Scratch,
        room: usize,
    ) -> Result<(), MapperFailure> {
        if self == Self::Off {
            return Ok(());
        }
        let Scratch { state, json: again, shown, .. } = scratch;
        let json = state.get(room..).unwrap_or_default();
        let topic = event.event.topic();
        let copy = E::read(topic, &mut StateReader::new(json))
            .map_err(|reason| StateError::NotReadBack { reason: Box::new(reason) })?;
        again.clear();
        copy.write(&mut StateWriter::new(event.timestamp, again))?;
        if json != again.as_slice()
            && let Some(difference) = difference(&event.event, &copy)
        {
            return Err(StateError::NotTheSame(Box::new(difference)).into());
        }
        if self == Self::Full && !looks_the_same(&event.event, &copy, shown) {
            return Err(StateError::LooksDifferent.into());
        }
        Ok(())
    }
}

/// The first difference between an event and its copy that is more than the order in a map or a set.
fn difference<E: AggregateEvent>(event: &E, copy: &E) -> Option<StateDifference> {
    match (StateWriter::tree_of(event), StateWriter::tree_of(copy)) {
        (Some(event), Some(copy)) => event.difference(&copy),
        // both were written a moment ago, so this is a `Serialize` that changes its mind
        _ => Some(StateDifference { path: "$".to_owned(), written: "an object", read: "nothing" }),
    }
}
