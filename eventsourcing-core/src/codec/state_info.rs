//! What a stored state says about itself before it is opened.

use std::fmt;

use super::envelope::{self, Header};
use super::{MapperFailure, cipher, compressor};

/// The length of a frame's beginning that contains the id of its dictionary.
const BEGINNING: usize = 32;

/// What the first bytes of a stored state say about it: [`Mapper::inspect`](crate::Mapper::inspect) returns it.
///
/// It contains no part of the JSON, and nothing that has to be kept secret: a key is named by its fingerprint. `Display` shows it on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateInfo {
    /// The form in which the state is stored.
    pub form: StateForm,
    /// The length of the stored state, in bytes.
    pub stored_len: usize,
    /// The length of the JSON that the state declares, in bytes; none if the form is not known. It is verified when the state is opened.
    pub json_len: Option<usize>,
    /// Whether a checksum is stored beside the state. An encrypted state has none: the cipher protects it.
    pub has_checksum: bool,
    /// Why the mapper cannot open the state, if the first bytes show it: another key, no cipher, a missing dictionary.
    ///
    /// With none, the state can still be corrupt, which only opening it shows.
    pub obstacle: Option<MapperFailure>,
}

/// The form in which a state is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateForm {
    /// JSON in clear.
    Json,
    /// An envelope, with the state compressed, encrypted or both.
    Sealed {
        /// The cipher and the key; none if the state is not encrypted.
        cipher: Option<StateCipher>,
        /// The compressor; none if the state is not compressed.
        compressor: Option<StateCompressor>,
    },
    /// Less than an envelope: bytes are missing.
    Truncated,
    /// A form that this version of the library does not know: a newer version recorded the state, or its first byte was altered.
    Unknown {
        /// The first byte, which is the number of the form.
        format: u8,
    },
}

/// The cipher that a state names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateCipher {
    /// The id of the cipher: [`Cipher::id`](crate::codec::Cipher::id).
    pub id: u8,
    /// The name of the cipher; none if it is not one of this version of the library.
    pub name: Option<&'static str>,
    /// The fingerprint of the key: [`CipherKey::id`](crate::codec::CipherKey::id).
    pub key_id: u32,
}

/// The compressor that a state names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateCompressor {
    /// The id of the compressor: [`Compressor::id`](crate::codec::Compressor::id).
    pub id: u8,
    /// The name of the compressor; none if it is not one of this version of the library.
    pub name: Option<&'static str>,
    /// Whether it used a dictionary, and which one.
    pub dictionary: StateDictionary,
}

/// The dictionary with which a state was compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateDictionary {
    /// It was compressed without a dictionary.
    None,
    /// The dictionary with this id.
    Id(u32),
    /// A dictionary whose id is encrypted with the state, or cannot be read because this build lacks the feature `zstd`.
    Hidden,
}

impl StateForm {
    pub(super) fn of(state: &[u8]) -> Self {
        match (Header::split(state), state.first()) {
            (Some((header, body)), _) => {
                Self::Sealed { cipher: StateCipher::of(header), compressor: StateCompressor::of(header, body) }
            }
            (None, Some(b'{')) => Self::Json,
            (None, None | Some(&envelope::FORMAT)) => Self::Truncated,
            (None, Some(&format)) => Self::Unknown { format },
        }
    }
}

impl StateCipher {
    fn of(header: Header) -> Option<Self> {
        let Header { cipher: id, key_id, .. } = header;
        (id != 0).then(|| Self { id, name: cipher::name(id), key_id })
    }
}

impl StateCompressor {
    fn of(header: Header, body: &[u8]) -> Option<Self> {
        let Header { cipher, compressor: id, .. } = header;
        let dictionary = match (id, cipher) {
            (compressor::ZSTD_DICTIONARY, 0) => {
                compressor::dictionary_of(&beginning(header, body)).map_or(StateDictionary::Hidden, StateDictionary::Id)
            }
            (compressor::ZSTD_DICTIONARY, _) => StateDictionary::Hidden,
            _ => StateDictionary::None,
        };
        (id != 0).then(|| Self { id, name: compressor::name(id), dictionary })
    }
}

/// Returns the beginning of a frame that is not encrypted and was compressed with a dictionary, whose fingerprint is in the header.
pub(super) fn beginning(header: Header, body: &[u8]) -> Vec<u8> {
    header.key_id.to_be_bytes().into_iter().chain(body.iter().copied()).take(BEGINNING).collect()
}

impl StateInfo {
    /// Returns whether the JSON can be read in the stored bytes by anyone, without a key and without decompressing it.
    pub fn is_in_clear(&self) -> bool {
        matches!(self.form, StateForm::Json | StateForm::Sealed { cipher: None, compressor: None })
    }

    /// Returns the cipher and the key that the state names; none if it is not encrypted, or its form is not known.
    pub fn cipher(&self) -> Option<StateCipher> {
        match self.form {
            StateForm::Sealed { cipher, .. } => cipher,
            _ => None,
        }
    }

    /// Returns the compressor that the state names; none if it is not compressed, or its form is not known.
    pub fn compressor(&self) -> Option<StateCompressor> {
        match self.form {
            StateForm::Sealed { compressor, .. } => compressor,
            _ => None,
        }
    }
}

impl fmt::Display for StateInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} bytes", self.form, self.stored_len)?;
        match self.json_len {
            Some(json_len) if json_len != self.stored_len => write!(f, " for {json_len} bytes of JSON"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for StateForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json => f.write_str("JSON"),
            Self::Sealed { cipher: None, compressor: None } => f.write_str("JSON in an envelope"),
            Self::Sealed { cipher: None, compressor: Some(compressor) } => compressor.fmt(f),
            Self::Sealed { cipher: Some(cipher), compressor: None } => cipher.fmt(f),
            Self::Sealed { cipher: Some(cipher), compressor: Some(compressor) } => write!(f, "{compressor}, {cipher}"),
            Self::Truncated => f.write_str("truncated"),
            Self::Unknown { format } => write!(f, "an unknown form {format:#04x}, newer than this program, or altered"),
        }
    }
}

impl fmt::Display for StateCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        named(f, "cipher", self.id, self.name)?;
        write!(f, " with key {:08x}", self.key_id)
    }
}

impl fmt::Display for StateCompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        named(f, "compressor", self.id, self.name)?;
        match self.dictionary {
            StateDictionary::None => Ok(()),
            StateDictionary::Id(id) => write!(f, " with dictionary {id}"),
            StateDictionary::Hidden => f.write_str(" with a dictionary"),
        }
    }
}

fn named(f: &mut fmt::Formatter<'_>, what: &str, id: u8, name: Option<&str>) -> fmt::Result {
    match name {
        Some(name) => f.write_str(name),
        None => write!(f, "{what} {id}"),
    }
}
