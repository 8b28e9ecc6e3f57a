//! Compressors: what makes a state smaller before it is encrypted and recorded.

use std::fmt::Debug;

#[cfg(feature = "zstd")]
mod dictionary;
#[cfg(feature = "zlib")]
mod zlib;
#[cfg(feature = "zstd")]
mod zstd;

use super::Dictionary;

#[cfg(feature = "zstd")]
pub(crate) use dictionary::{dictionary_of, train};
#[cfg(feature = "zlib")]
pub use zlib::ZlibCompressor;
#[cfg(feature = "zstd")]
pub use zstd::ZstdCompressor;

/// Makes states smaller, and restores them.
///
/// A state names the compressor that made it by its [`id`](Self::id). Ids 1 to 7 are this library's; take one from 8 to 15.
pub trait Compressor: Debug + Send + Sync {
    /// The number of this compressor in recorded states: 1 to 15, never reused for another format.
    fn id(&self) -> u8;

    /// The shortest data that is worth trying: 64 bytes, unless the compressor has a dictionary.
    fn min_len(&self) -> usize {
        64
    }

    /// The level at which zstd with a dictionary takes this compressor's place, once the application has a dictionary.
    ///
    /// None for whatever is not zstd: it stays in its place.
    fn zstd_level(&self) -> Option<i32> {
        None
    }

    /// Appends the compressed data.
    ///
    /// # Errors
    /// [`CompressorError`] if the data cannot be compressed.
    fn compress(&self, data: &[u8], into: &mut Vec<u8>) -> Result<(), CompressorError>;

    /// Restores the data, which must come to exactly `len` bytes, and appends it.
    ///
    /// An implementation never writes more than `len` bytes, nor allocates more for them, whatever the data says.
    ///
    /// # Errors
    /// [`CompressorError`] if the data is broken, or is not of that length; what was appended then is not to be used.
    fn decompress(&self, data: &[u8], len: usize, into: &mut Vec<u8>) -> Result<(), CompressorError>;
}

/// Why data could not be compressed or restored.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct CompressorError {
    message: String,
}

impl CompressorError {
    /// An error with what happened, in lower case and without a full stop.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

/// The compressors that this build can read.
pub(crate) fn built_in(id: u8) -> Option<&'static dyn Compressor> {
    match id {
        #[cfg(feature = "zstd")]
        ZSTD => Some(&ZstdCompressor::DEFAULT),
        #[cfg(feature = "zlib")]
        ZLIB => Some(&ZlibCompressor),
        _ => None,
    }
}

/// zstd with a dictionary: for reading, and at a level for writing; none if this build has no zstd.
pub(crate) fn with_dictionary(
    dictionary: &Dictionary,
    level: Option<i32>,
) -> Result<Option<Box<dyn Compressor>>, CompressorError> {
    #[cfg(feature = "zstd")]
    return dictionary::ZstdDictionary::new(dictionary, level).map(|digested| Some(Box::new(digested) as Box<_>));
    #[cfg(not(feature = "zstd"))]
    {
        let _ = (dictionary, level);
        Ok(None)
    }
}

/// No frame is read without zstd.
#[cfg(not(feature = "zstd"))]
pub(crate) fn dictionary_of(_: &[u8]) -> Option<u32> {
    None
}

/// No dictionary is made without zstd.
#[cfg(not(feature = "zstd"))]
pub(crate) fn train<S: AsRef<[u8]>>(
    _: u32,
    _: impl IntoIterator<Item = S>,
    _: usize,
) -> Result<Vec<u8>, CompressorError> {
    Err(CompressorError::new("this program was built without the feature `zstd`"))
}

pub(crate) const ZSTD: u8 = 1;
pub(crate) const ZSTD_DICTIONARY: u8 = 2;
pub(crate) const ZLIB: u8 = 3;

/// The name of a compressor of this library, for messages.
pub(crate) fn name(id: u8) -> Option<&'static str> {
    match id {
        ZSTD | ZSTD_DICTIONARY => Some("zstd"),
        ZLIB => Some("zlib"),
        _ => None,
    }
}
