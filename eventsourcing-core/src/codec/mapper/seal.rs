//! Converts JSON to the recorded state: compresses it, then encrypts it, in the buffer in which the JSON was written.

use super::Mapper;
use super::nonces::Nonces;
use crate::codec::compressor::ZSTD_DICTIONARY;
use crate::codec::envelope::{self, Header, check_id};
use crate::codec::scratch::Scratch;
use crate::codec::{CipherError, CompressorError, MapperFailure};
use crate::recording::StateLocation;

impl Mapper {
    /// Returns the number of bytes to reserve before the JSON, for the envelope and the nonce.
    pub(super) fn room(&self) -> usize {
        self.cipher.as_ref().map_or(0, |cipher| envelope::LEN + cipher.nonce_len())
    }

    /// Seals the JSON in `scratch.state` after `room` bytes. The checksum is `None` if the cipher protects the state.
    pub(super) fn seal_in_place(
        &self,
        place: &StateLocation<'_>,
        scratch: &mut Scratch,
        room: usize,
        nonces: &mut Nonces,
    ) -> Result<Option<u32>, MapperFailure> {
        if self.lacks_key {
            return Err(MapperFailure::KeyMissing);
        }
        let Scratch { state, compressed, context, .. } = scratch;
        let plain_len = self.check_len(state.len().saturating_sub(room))?;
        let mut header = Header { cipher: 0, compressor: 0, key_id: 0, plain_len };
        if let Some(compressor) = &self.compressor {
            check_id("compressor", compressor.id())?;
            self.compress(&mut header, state, room, compressed)?;
        }
        let Some(cipher) = &self.cipher else { return Ok(Some(place.checksum(state))) };
        (header.cipher, header.key_id) = (check_id("cipher", cipher.id())?, cipher.key_id());
        fill_room(state.get_mut(..room), header, nonces)?;
        header.context(&self.application, place, context);
        cipher.encrypt(state, envelope::LEN, context)?;
        Ok(None)
    }

    /// Compresses the JSON if that makes the state smaller.
    fn compress(
        &self,
        header: &mut Header,
        state: &mut Vec<u8>,
        room: usize,
        into: &mut Vec<u8>,
    ) -> Result<(), CompressorError> {
        let json = state.get(room..).unwrap_or_default();
        let Some(compressor) = self.writing_compressor().filter(|compressor| compressor.min_len() <= json.len()) else {
            return Ok(());
        };
        into.clear();
        compressor.compress(json, into)?;
        let is_plain = self.cipher.is_none();
        let (key_id, compressed) = match into.split_first_chunk() {
            // there is no key id, and the fingerprint of the dictionary takes its field
            Some((fingerprint, rest)) if is_plain && compressor.id() == ZSTD_DICTIONARY => {
                (u32::from_be_bytes(*fingerprint), rest)
            }
            _ => (0, into.as_slice()),
        };
        // plain JSON needs no envelope, and an encrypted state has one in any case
        let envelope = if is_plain { envelope::LEN } else { 0 };
        if compressed.len() + envelope < json.len() {
            (header.compressor, header.key_id) = (compressor.id(), key_id);
            state.truncate(room);
            if is_plain {
                state.extend_from_slice(&header.to_bytes());
            }
            state.extend_from_slice(compressed);
        }
        Ok(())
    }
}

/// Writes the envelope and the nonce before the JSON.
pub(super) fn fill_room(room: Option<&mut [u8]>, header: Header, nonces: &mut Nonces) -> Result<(), CipherError> {
    let Some((envelope, nonce)) = room.and_then(<[u8]>::split_first_chunk_mut) else {
        return Err(CipherError::Encryption { reason: "there is no room for its envelope".to_owned() });
    };
    *envelope = header.to_bytes();
    nonces.fill(nonce)
}
