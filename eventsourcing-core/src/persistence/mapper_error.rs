//! What can be wrong with a state, and where it stands.

use uuid::Uuid;

use super::{CipherError, CompressorError, DictionaryError, Kind, StateError};

/// A state that could not be written or read, and where it belongs.
#[derive(Debug, thiserror::Error)]
#[error("the {kind} `{topic}`, version {originator_version} of {originator_id}, cannot be {direction}: {failure}")]
#[non_exhaustive]
pub struct MapperError {
    /// Whether it is an event's or a snapshot's.
    pub kind: Kind,
    /// The topic it is recorded under.
    pub topic: String,
    /// The id of the aggregate.
    pub originator_id: Uuid,
    /// The version of the aggregate.
    pub originator_version: u64,
    /// `recorded` or `read`.
    pub direction: &'static str,
    /// What is wrong with it.
    pub failure: MapperFailure,
}

/// What is wrong with a state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MapperFailure {
    /// It is larger than allowed.
    #[error(
        "its state is {len} bytes long, and the most that is allowed is {max}; raise MAX_STATE_SIZE if it is meant to be that large"
    )]
    TooLarge {
        /// The length of its JSON, or of what was recorded.
        len: u64,
        /// The largest length.
        max: u64,
    },
    /// Bytes have changed since it was recorded.
    #[error("its state was altered since it was recorded ({detail}); restore it from a backup")]
    Corrupt {
        /// How that shows.
        detail: String,
    },
    /// The cipher refuses it.
    #[error("its state does not decrypt: {0}")]
    Cipher(#[from] CipherError),
    /// Another key encrypted it.
    #[error(
        "its state was encrypted with key {found:08x}, and the configured key is {configured:08x}; set CIPHER_KEY to the key it was recorded with"
    )]
    WrongKey {
        /// The fingerprint of the key that encrypted it.
        found: u32,
        /// The fingerprint of the configured key.
        configured: u32,
    },
    /// It is encrypted, and there is no cipher or another one.
    #[error(
        "its state was encrypted with {cipher} and {configured} configured; set CIPHER_TOPIC and CIPHER_KEY to what it was recorded with"
    )]
    OtherCipher {
        /// The cipher that encrypted it.
        cipher: String,
        /// What is configured.
        configured: &'static str,
    },
    /// It is not encrypted, and a cipher is configured.
    #[error(
        "its state is not encrypted although a cipher is configured, so anyone who can write to the database may have made it; \
         set CIPHER_ALLOW_UNENCRYPTED=y if it was recorded before there was a cipher"
    )]
    NotEncrypted,
    /// This build cannot decompress it.
    #[error(
        "its state was compressed with {compressor}, which this program lacks; build it with that feature, or give the mapper that compressor"
    )]
    OtherCompressor {
        /// The compressor that made it.
        compressor: String,
    },
    /// It was compressed with a dictionary that is not known.
    #[error(
        "its state was compressed with dictionary {id}, which is not known; load the dictionaries of the application, \
         or restore the table that keeps them from a backup"
    )]
    UnknownDictionary {
        /// The number of the dictionary.
        id: u32,
    },
    /// It was compressed with a dictionary that cannot be used.
    #[error("its state was compressed with a dictionary that cannot be used: {0}")]
    Dictionary(Box<DictionaryError>),
    /// It is a dictionary that is longer than any need be.
    #[error("it is {len} bytes long, and a dictionary has at most {max}")]
    DictionaryTooLong {
        /// Its length, or what it claims to be.
        len: usize,
        /// The largest length.
        max: usize,
    },
    /// The mapper was given a cipher or a compressor whose number cannot be recorded, so that no state could name it.
    #[error("the {what} has the id {id}, and an id is from 1 to 15; return one from 8 to 15 from its `id`")]
    Id {
        /// `cipher` or `compressor`.
        what: &'static str,
        /// The id that it has.
        id: u8,
    },
    /// The compressor refuses it.
    #[error("its state does not decompress: {0}")]
    Compressor(#[from] CompressorError),
    /// The JSON is not the event's.
    #[error("{0}")]
    State(#[from] StateError),
}

impl MapperError {
    /// The dictionary that is to be loaded before the state can be read, if that is all that is missing.
    pub fn unknown_dictionary(&self) -> Option<u32> {
        match self.failure {
            MapperFailure::UnknownDictionary { id } => Some(id),
            _ => None,
        }
    }
}

impl MapperFailure {
    /// Whether the state may be as it was recorded, and the cipher is not the one that it was recorded with.
    pub fn is_of_configuration(&self) -> bool {
        matches!(self, Self::WrongKey { .. } | Self::OtherCipher { .. } | Self::NotEncrypted)
    }
}
