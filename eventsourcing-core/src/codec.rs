//! Conversion between events and bytes: the mapper with its compressors, ciphers and dictionaries.
//!
//! An event is serialized as JSON, compressed, encrypted and recorded; reading reverses these steps. Domain code never handles bytes,
//! and a recorder never handles domain events: the [`Mapper`] connects the two.

pub mod cipher;
pub mod compressor;
mod dictionary;
mod envelope;
mod mapper;
mod mapper_error;
mod scratch;
mod state_info;
mod training_error;

pub use cipher::{Cipher, CipherError, CipherKey};
pub use compressor::{Compressor, CompressorError};
pub use dictionary::Dictionary;
pub(crate) use mapper::SharedMetadata;
pub use mapper::{Mapper, StateCheck};
pub use mapper_error::{DictionaryError, MapperError, MapperFailure};
pub use state_info::{StateCipher, StateCompressor, StateDictionary, StateForm, StateInfo};
pub use training_error::TrainingError;
