//! The place of a state: the aggregate, version and topic that it belongs to.

use std::fmt;
use std::io::Write;

use uuid::Uuid;

use super::{MapperError, MapperFailure};

/// Where a state belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Whether it is an event's or a snapshot's.
    pub kind: Kind,
    /// The id of the aggregate.
    pub originator_id: Uuid,
    /// The version of the aggregate.
    pub originator_version: u64,
    /// The topic it is recorded under.
    pub topic: &'a str,
}

/// What a state is the state of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// An event.
    Event = 0,
    /// A snapshot of an aggregate.
    Snapshot = 1,
    /// Why a handler refused an event, which is encrypted as the event is.
    DeadLetterReason = 2,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Event => "event",
            Self::Snapshot => "snapshot",
            Self::DeadLetterReason => "reason of the dead letter",
        })
    }
}

impl Place<'_> {
    pub(super) fn error(&self, direction: &'static str, failure: MapperFailure) -> MapperError {
        let Self { kind, originator_id, originator_version, topic } = *self;
        MapperError { kind, topic: topic.to_owned(), originator_id, originator_version, direction, failure }
    }

    /// CRC-32 (ISO 3309) of a state in this place, which finds accidents and no attacker.
    ///
    /// States without a cipher are recorded with it. Whoever writes such a state by other means must write it too.
    pub fn checksum(&self, state: &[u8]) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        let parts = [&self.head(), self.topic.as_bytes(), state];
        // to begin and to end takes longer than a hundred bytes do, so parts that are short are put together first
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
