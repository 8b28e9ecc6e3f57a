//! The location of a state: the aggregate, version and topic that it belongs to.

use std::fmt;
use std::io::Write;

use uuid::Uuid;

/// The length of [`StateLocation::head`].
const HEAD: usize = 33;

/// The location of a state, to which its checksum and encryption are bound.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::Uuid;
/// use eventsourcing::recording::{StateKind, StateLocation};
///
/// let location = StateLocation::event(Uuid::nil(), 1, "World.Started");
/// assert_eq!(location, StateLocation::new(StateKind::Event, Uuid::nil(), 1, "World.Started"));
/// assert_ne!(location.checksum(b"{}"), StateLocation::event(Uuid::nil(), 2, "World.Started").checksum(b"{}"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateLocation<'a> {
    /// The kind of state, such as an event or a snapshot.
    pub kind: StateKind,
    /// The id of the aggregate.
    pub originator_id: Uuid,
    /// The version of the aggregate.
    pub originator_version: u64,
    /// The topic of the state.
    pub topic: &'a str,
}

/// The kinds of states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum StateKind {
    /// An event.
    Event = 0,
    /// A snapshot of an aggregate.
    Snapshot = 1,
    /// The reason why a handler failed on an event, which is encrypted if the event is.
    DeadLetterReason = 2,
    /// What a command consists of. The id of the command takes the place of that of an aggregate.
    CommandContent = 3,
}

impl fmt::Display for StateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Event => "event",
            Self::Snapshot => "snapshot",
            Self::DeadLetterReason => "reason of the dead letter",
            Self::CommandContent => "content of the command",
        })
    }
}

impl<'a> StateLocation<'a> {
    /// Creates the location of a state of this kind.
    #[inline]
    pub const fn new(kind: StateKind, originator_id: Uuid, originator_version: u64, topic: &'a str) -> Self {
        Self { kind, originator_id, originator_version, topic }
    }

    /// Creates the location of the state of an event.
    #[inline]
    pub const fn event(originator_id: Uuid, originator_version: u64, topic: &'a str) -> Self {
        Self::new(StateKind::Event, originator_id, originator_version, topic)
    }

    /// Returns the location as bytes, up to and including the length of the topic. The topic itself comes after them.
    pub(crate) fn head(&self) -> [u8; HEAD] {
        let mut head = [0; HEAD];
        head[0] = self.kind as u8;
        head[1..17].copy_from_slice(self.originator_id.as_bytes());
        head[17..25].copy_from_slice(&self.originator_version.to_be_bytes());
        head[25..].copy_from_slice(&(self.topic.len() as u64).to_be_bytes());
        head
    }

    /// Returns the CRC-32 (ISO 3309) of a state in this location. It detects accidental changes, not attacks.
    ///
    /// States without a cipher are recorded with it. Programs that write such a state by other means must write the checksum too.
    pub fn checksum(&self, state: &[u8]) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        let parts = [&self.head(), self.topic.as_bytes(), state];
        // starting and finishing the hash takes longer than hashing a hundred bytes, so short parts are combined first
        let mut together = [0; 256];
        let mut room = together.as_mut_slice();
        if parts.iter().all(|part| room.write_all(part).is_ok()) {
            let left = room.len();
            hasher.update(&together[..together.len() - left]);
        } else {
            parts.iter().for_each(|part| hasher.update(part));
        }
        hasher.finalize()
    }
}
