//! Opens a recorded state: checks it, decrypts it, then decompresses it to JSON.

use super::Mapper;
use crate::codec::envelope::{self, Header};
use crate::codec::scratch::Scratch;
use crate::codec::{Cipher, Compressor, MapperFailure, cipher, compressor};
use crate::recording::StateLocation;

impl Mapper {
    /// Returns the JSON if it is part of the state itself, or `None` if it was written to `scratch.json`.
    pub(super) fn open_into<'s>(
        &self,
        place: &StateLocation<'_>,
        state: &'s [u8],
        checksum: Option<u32>,
        scratch: &mut Scratch,
    ) -> Result<Option<&'s [u8]>, MapperFailure> {
        let corrupt = |detail: String| MapperFailure::Corrupt { detail };
        let sealed = Header::split(state);
        let encrypted = sealed.filter(|(header, _)| header.cipher != 0);
        if let Some((header, body)) = encrypted {
            return self.decrypt(header, place, body, scratch).map(|()| None);
        }
        self.check_unencrypted()?;
        match checksum {
            Some(recorded) if recorded == place.checksum(state) => {}
            Some(_) => return Err(corrupt("its checksum does not match".to_owned())),
            None => return Err(corrupt("its checksum is missing".to_owned())),
        }
        let Some((header, body)) = sealed else { return self.check_plain(state).map(|()| Some(state)) };
        let len = self.check_len_of(header)?;
        if header.compressor == 0 {
            return is_of_len(body, len).map(|()| Some(body));
        }
        let Scratch { json, compressed, .. } = scratch;
        if header.compressor != compressor::ZSTD_DICTIONARY {
            return self.decompress(header, len, body, json).map(|()| None);
        }
        // without a cipher, the field of the key id holds the fingerprint of the dictionary
        compressed.clear();
        compressed.extend_from_slice(&header.key_id.to_be_bytes());
        compressed.extend_from_slice(body);
        self.decompress(header, len, compressed, json).map(|()| None)
    }

    /// Checks that a state that is not encrypted may be read.
    pub(super) fn check_unencrypted(&self) -> Result<(), MapperFailure> {
        if self.cipher.is_some() && !self.allow_unencrypted { Err(MapperFailure::NotEncrypted) } else { Ok(()) }
    }

    /// Checks that a state without an envelope is plain JSON.
    pub(super) fn check_plain(&self, state: &[u8]) -> Result<(), MapperFailure> {
        let corrupt = |detail: String| Err(MapperFailure::Corrupt { detail });
        match state.first() {
            Some(b'{') => self.check_len(state.len()).map(drop),
            Some(&envelope::FORMAT) => corrupt(format!("it is truncated after {} bytes", state.len())),
            Some(byte) => corrupt(format!("its first byte {byte:#04x} is not a known format")),
            None => corrupt("it is empty".to_owned()),
        }
    }

    /// Decrypts into `scratch.json`, and decompresses if necessary.
    fn decrypt(
        &self,
        header: Header,
        place: &StateLocation<'_>,
        body: &[u8],
        scratch: &mut Scratch,
    ) -> Result<(), MapperFailure> {
        let len = self.check_len_of(header)?;
        let cipher = self.cipher_of(header)?;
        let Scratch { json, compressed, context, .. } = scratch;
        header.context(&self.application, place, context);
        let is_compressed = header.compressor != 0;
        let opened = if is_compressed { &mut *compressed } else { &mut *json };
        opened.clear();
        opened.extend_from_slice(body);
        cipher.decrypt(opened, context)?;
        if is_compressed { self.decompress(header, len, compressed, json) } else { is_of_len(json, len) }
    }

    pub(super) fn cipher_of(&self, header: Header) -> Result<&dyn Cipher, MapperFailure> {
        let configured = match &self.cipher {
            Some(cipher) if cipher.id() == header.cipher => {
                return if cipher.key_id() == header.key_id {
                    Ok(&**cipher)
                } else {
                    Err(MapperFailure::WrongKey { found: header.key_id, configured: cipher.key_id() })
                };
            }
            Some(_) => "another cipher is",
            None if self.lacks_key => return Err(MapperFailure::KeyMissing),
            None => "no cipher is",
        };
        let cipher = cipher::name(header.cipher).map_or_else(|| format!("cipher {}", header.cipher), str::to_owned);
        Err(MapperFailure::OtherCipher { cipher, configured })
    }

    fn decompress(
        &self,
        header: Header,
        len: usize,
        compressed: &[u8],
        json: &mut Vec<u8>,
    ) -> Result<(), MapperFailure> {
        json.clear();
        self.compressor_of(header, compressed)?.decompress(compressed, len, json)?;
        // a custom compressor may not check the exact length
        is_of_len(json, len)
    }

    /// Returns the compressor that reads a state, of which the beginning is enough.
    pub(super) fn compressor_of(&self, header: Header, compressed: &[u8]) -> Result<&dyn Compressor, MapperFailure> {
        if header.compressor == compressor::ZSTD_DICTIONARY && cfg!(feature = "zstd") {
            return self.dictionary_of(header, compressed);
        }
        let configured = self.compressor.as_deref().filter(|compressor| compressor.id() == header.compressor);
        configured.or_else(|| compressor::built_in(header.compressor)).ok_or_else(|| {
            let compressor = compressor::name(header.compressor)
                .map_or_else(|| format!("compressor {}", header.compressor), |name| format!("the feature `{name}`"));
            MapperFailure::OtherCompressor { compressor }
        })
    }

    pub(super) fn check_len_of(&self, header: Header) -> Result<usize, MapperFailure> {
        let too_large = || MapperFailure::TooLarge { len: header.plain_len.into(), max: self.max_state_size.into() };
        let len = usize::try_from(header.plain_len).map_err(|_| too_large())?;
        self.check_len(len).map(|_| len)
    }

    pub(super) fn check_len(&self, len: usize) -> Result<u32, MapperFailure> {
        match u32::try_from(len) {
            Ok(len) if len <= self.max_state_size => Ok(len),
            _ => Err(MapperFailure::TooLarge { len: len as u64, max: self.max_state_size.into() }),
        }
    }
}

pub(super) fn is_of_len(json: &[u8], len: usize) -> Result<(), MapperFailure> {
    if json.len() == len {
        return Ok(());
    }
    Err(MapperFailure::Corrupt { detail: format!("it is {} bytes long, but {len} were recorded", json.len()) })
}
