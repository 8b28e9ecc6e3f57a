//! The errors of reading and writing states, with the location of the state.

use uuid::Uuid;

use super::{CipherError, CompressorError};
use crate::domain::{MetadataError, StateError};
use crate::recording::{StateKind, StateLocation};

/// The error of a state that could not be written or read, with its location.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {kind} `{topic}`, version {originator_version} of {originator_id}, cannot be {direction}: {failure}")]
#[non_exhaustive]
pub struct MapperError {
    /// The kind of state, such as an event or a snapshot.
    pub kind: StateKind,
    /// The topic of the state.
    pub topic: String,
    /// The id of the aggregate.
    pub originator_id: Uuid,
    /// The version of the aggregate.
    pub originator_version: u64,
    /// The operation that failed: `recorded` or `read`.
    pub direction: &'static str,
    /// What is wrong with it.
    pub failure: MapperFailure,
}

/// The reason why a state cannot be recorded or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MapperFailure {
    /// The state is longer than the limit.
    #[error(
        "its state is {len} bytes long, which exceeds the limit of {max}; raise MAX_STATE_SIZE if that size is intended"
    )]
    TooLarge {
        /// The length of the JSON, or of the recorded state.
        len: u64,
        /// The maximum length.
        max: u64,
    },
    /// Bytes have changed since the state was recorded.
    #[error("its state was altered since it was recorded ({detail}); restore it from a backup")]
    Corrupt {
        /// How the change was detected.
        detail: String,
    },
    /// The cipher rejects the state.
    #[error("its state does not decrypt: {0}")]
    Cipher(#[from] CipherError),
    /// The state was encrypted with another key.
    #[error(
        "its state was encrypted with key {found:08x}, but the configured key is {configured:08x}; set CIPHER_KEY to the key it was recorded with"
    )]
    WrongKey {
        /// The fingerprint of the key that encrypted it.
        found: u32,
        /// The fingerprint of the configured key.
        configured: u32,
    },
    /// The state is encrypted, but there is no cipher, or another one.
    #[error(
        "its state was encrypted with {cipher}, but {configured} configured; set CIPHER_TOPIC and CIPHER_KEY to the values it was recorded with"
    )]
    OtherCipher {
        /// The cipher that encrypted the state.
        cipher: String,
        /// Which cipher is configured.
        configured: &'static str,
    },
    /// The state is encrypted, or was to be recorded, and the mapper was made without the key.
    #[error(
        "the key is missing, because the application was opened without it; open it with CIPHER_KEY, and without `without_key`"
    )]
    KeyMissing,
    /// The state is not encrypted, but a cipher is configured.
    #[error(
        "its state is not encrypted although a cipher is configured, so anyone who can write to the database may have forged it; \
         set CIPHER_ALLOW_UNENCRYPTED=y if it was recorded before the cipher was configured"
    )]
    NotEncrypted,
    /// This build cannot decompress the state.
    #[error(
        "its state was compressed with {compressor}, which this program lacks; build it with that feature, or configure the mapper with that compressor"
    )]
    OtherCompressor {
        /// The compressor of the state.
        compressor: String,
    },
    /// The state was compressed with a dictionary that is not loaded.
    #[error(
        "its state was compressed with dictionary {id}, which is not loaded; load the dictionaries of the application, \
         or restore the table that keeps them from a backup"
    )]
    UnknownDictionary {
        /// The id of the dictionary.
        id: u32,
    },
    /// The state was compressed with a dictionary that cannot be used.
    #[error("its state was compressed with a dictionary that cannot be used: {0}")]
    Dictionary(Box<DictionaryError>),
    /// The dictionary is longer than the limit.
    #[error("it is {len} bytes long, which exceeds the limit of {max} for a dictionary")]
    DictionaryTooLong {
        /// The length of the dictionary, or the length that it declares.
        len: usize,
        /// The maximum length.
        max: usize,
    },
    /// The id of a cipher or a compressor of the mapper cannot be recorded, so that no state could name it.
    #[error("the {what} has the id {id}, which is not from 1 to 15; return an id from 8 to 15 from its `id` method")]
    Id {
        /// `cipher` or `compressor`.
        what: &'static str,
        /// The id of the cipher or compressor.
        id: u8,
    },
    /// The compressor rejects the state.
    #[error("its state does not decompress: {0}")]
    Compressor(#[from] CompressorError),
    /// The metadata exceeds a limit.
    #[error("{0}")]
    Metadata(Box<MetadataError>),
    /// The JSON does not match the event.
    #[error("{0}")]
    State(#[from] StateError),
}

impl MapperError {
    pub(crate) fn at(place: &StateLocation<'_>, direction: &'static str, failure: MapperFailure) -> Self {
        let StateLocation { kind, originator_id, originator_version, topic } = *place;
        Self { kind, topic: topic.to_owned(), originator_id, originator_version, direction, failure }
    }

    /// Returns the id of a dictionary that must be loaded before the state can be read, if that is the only problem.
    pub fn unknown_dictionary(&self) -> Option<u32> {
        match self.failure {
            MapperFailure::UnknownDictionary { id } => Some(id),
            _ => None,
        }
    }
}

impl From<MetadataError> for MapperFailure {
    fn from(error: MetadataError) -> Self {
        Self::Metadata(Box::new(error))
    }
}

impl MapperFailure {
    /// Returns whether the state may be intact, and only the cipher's configuration differs from when it was recorded.
    pub fn is_of_configuration(&self) -> bool {
        matches!(self, Self::WrongKey { .. } | Self::OtherCipher { .. } | Self::KeyMissing | Self::NotEncrypted)
    }
}

/// The error of a dictionary that could not be sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("dictionary {id} cannot be {direction}: {failure}")]
#[non_exhaustive]
pub struct DictionaryError {
    /// The id of the dictionary.
    pub id: u32,
    /// The operation that failed: `stored` or `read`.
    pub direction: &'static str,
    /// What is wrong with it.
    pub failure: MapperFailure,
}
