//! Reads an event back before it is recorded, because serde may fail to restore what it wrote, or restore something else.

use super::Mapper;
use crate::codec::MapperFailure;
use crate::codec::scratch::Scratch;
use crate::domain::{AggregateEvent, DomainEvent, StateError, StateReader, StateWriter};
use crate::state::difference::{StateDifference, looks_the_same};
use crate::state::tree::Tree;

/// How an event is checked before it is recorded (`STATE_CHECK`).
///
/// An event that can be serialized may not be deserialized, or only as a different event. A map with numbers as keys cannot be read
/// inside an internally tagged enum, `u64::MAX` may become a float in an untagged enum, and a field that serde skips becomes its
/// default. Recorded, such an event would make its aggregate unreadable or change it, depending on the data. So every event is
/// read back before it is recorded, and the save is refused if the copy differs. The exception are events that are certain to be read as
/// they were written: see [`AggregateEvent::is_exact`].
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::Mapper;
/// use eventsourcing::codec::StateCheck;
///
/// let mapper = Mapper::new("universe").with_state_check(StateCheck::Json);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateCheck {
    /// `full`: the copy must write the same JSON and have the same `Debug` output.
    ///
    /// `Debug` shows what JSON does not: a skipped field, the variant of an untagged enum, `Some(None)`. Maps and lists of sets may come
    /// in any order.
    #[default]
    Full,
    /// `json`: the copy must write the same JSON.
    ///
    /// Use it for events with values that have several equal forms, of which JSON keeps one.
    Json,
    /// `off`: nothing is read back.
    ///
    /// Use it for programs whose tests read back every event that they can record.
    Off,
}

impl StateCheck {
    /// The variants with their names in the environment.
    pub(crate) const ALL: [(&'static str, Self); 3] = [("full", Self::Full), ("json", Self::Json), ("off", Self::Off)];

    /// Reads back the event whose JSON is in `scratch.state`, after `room` bytes.
    ///
    /// What an event in its previous shape would lose is lost permanently, so such an event is read back in any case.
    pub(super) fn check<E: AggregateEvent>(
        self,
        event: &DomainEvent<E>,
        metadata: Option<&str>,
        is_downcast: bool,
        scratch: &mut Scratch,
        room: usize,
    ) -> Result<(), MapperFailure> {
        if !is_downcast && (self == Self::Off || event.event.is_exact()) {
            return Ok(());
        }
        let Scratch { state, json: again, shown, .. } = scratch;
        let json = state.get(room..).unwrap_or_default();
        let topic = event.event.topic();
        let copy = E::read(topic, &mut StateReader::new(json))
            .map_err(|reason| StateError::NotReadBack { reason: Box::new(reason) })?;
        if is_downcast && let Some(lost) = difference(&event.event, &copy) {
            return Err(StateError::LostInDowncast(Box::new(lost)).into());
        }
        if self == Self::Off {
            return Ok(());
        }
        again.clear();
        copy.write(&mut StateWriter::new(event.timestamp, again).with_metadata(metadata))?;
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

/// Returns the first difference between an event and its copy, ignoring the order of maps and sets.
fn difference<E: AggregateEvent>(event: &E, copy: &E) -> Option<StateDifference> {
    match (tree_of(event), tree_of(copy)) {
        (Some(event), Some(copy)) => event.difference(&copy),
        // both were written a moment ago, so the event's `Serialize` is not deterministic
        _ => Some(StateDifference { path: "$".to_owned(), written: "an object", read: "nothing" }),
    }
}

impl Mapper {
    /// Returns the path of the first field that differs between two events in their newest shape; lists in another order differ.
    pub(crate) fn first_difference<E: AggregateEvent>(&self, one: &E, other: &E) -> Option<String> {
        let (Some(one), Some(other)) = (tree_of(one), tree_of(other)) else { return Some("$".to_owned()) };
        if one == other {
            return None;
        }
        Some(one.difference(&other).map_or_else(|| "$".to_owned(), |difference| difference.path))
    }
}

/// Returns the tree that an event writes, or `None` if it writes nothing.
fn tree_of<E: AggregateEvent>(event: &E) -> Option<Tree> {
    let (mut tree, mut unused) = (None, Vec::new());
    event.write(&mut StateWriter::of_tree(&mut tree, &mut unused)).ok()?;
    tree
}
