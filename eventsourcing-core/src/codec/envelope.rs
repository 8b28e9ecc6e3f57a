//! The envelope of a compressed or encrypted state: ten bytes that describe how to open it.
//!
//! ```text
//! byte 0       format: 1. Plain JSON begins with `{`, so the two cannot be confused
//! byte 1       low half: cipher (0 none), high half: compressor (0 none)
//! bytes 2..6   key id, big endian. Without a cipher: the fingerprint of the dictionary, or 0 without one
//! bytes 6..10  length of the JSON, big endian, known before anything is allocated
//! the rest     the encrypted output of the compressor, whose input is the JSON
//! ```
//!
//! An encrypted dictionary has an envelope too, with its own length and no compressor.

use super::MapperFailure;
use crate::recording::StateLocation;

pub(super) const LEN: usize = 10;
pub(super) const FORMAT: u8 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) cipher: u8,
    pub(super) compressor: u8,
    pub(super) key_id: u32,
    pub(super) plain_len: u32,
}

impl Header {
    pub(super) fn to_bytes(self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        bytes[0] = FORMAT;
        // `check_id` ensures that neither is truncated
        bytes[1] = (self.compressor << 4) | (self.cipher & 0x0f);
        bytes[2..6].copy_from_slice(&self.key_id.to_be_bytes());
        bytes[6..].copy_from_slice(&self.plain_len.to_be_bytes());
        bytes
    }

    /// Splits a state into the header and the rest. Returns `None` if the state is truncated or has another format.
    pub(super) fn split(state: &[u8]) -> Option<(Self, &[u8])> {
        let (header, body) = state.split_at_checked(LEN)?;
        let [FORMAT, suite, k0, k1, k2, k3, l0, l1, l2, l3] = *header else {
            return None;
        };
        let header = Self {
            cipher: suite & 0x0f,
            compressor: suite >> 4,
            key_id: u32::from_be_bytes([k0, k1, k2, k3]),
            plain_len: u32::from_be_bytes([l0, l1, l2, l3]),
        };
        Some((header, body))
    }

    /// Writes the authenticated context of a state: the header, and the only location where the state is valid.
    ///
    /// Each part of variable length is preceded by its length, so that no two locations give the same bytes.
    pub(super) fn context(self, application: &str, place: &StateLocation<'_>, into: &mut Vec<u8>) {
        into.clear();
        into.extend_from_slice(b"eventsourcing/1");
        into.extend_from_slice(&self.to_bytes());
        into.extend_from_slice(&(application.len() as u64).to_be_bytes());
        into.extend_from_slice(application.as_bytes());
        into.extend_from_slice(&place.head());
        into.extend_from_slice(place.topic.as_bytes());
    }
}

impl Header {
    /// Returns the authenticated context of a dictionary: the header, and the only application and id for which it is valid.
    ///
    /// It begins differently from the context of a state, so that neither can be mistaken for the other.
    pub(super) fn dictionary_context(self, application: &str, id: u32) -> Vec<u8> {
        let mut context = b"eventsourcing/dictionary/1".to_vec();
        context.extend_from_slice(&self.to_bytes());
        context.extend_from_slice(&(application.len() as u64).to_be_bytes());
        context.extend_from_slice(application.as_bytes());
        context.extend_from_slice(&id.to_be_bytes());
        context
    }
}

/// Checks that the id of a cipher or a compressor fits into half a byte, where 0 means none.
pub(super) fn check_id(what: &'static str, id: u8) -> Result<u8, MapperFailure> {
    if (1..=15).contains(&id) { Ok(id) } else { Err(MapperFailure::Id { what, id }) }
}
