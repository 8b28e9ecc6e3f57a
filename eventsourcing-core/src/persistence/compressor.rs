//! Compressors: what makes a state smaller before it is encrypted and recorded.

use std::fmt::Debug;

#[cfg(feature = "zlib")]
mod zlib;
#[cfg(feature = "zstd")]
mod zstd;

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

pub(crate) const ZSTD: u8 = 1;
// 2 is kept for zstd with a dictionary
pub(crate) const ZLIB: u8 = 3;

/// The name of a compressor of this library, for messages.
pub(crate) fn name(id: u8) -> Option<&'static str> {
    match id {
        ZSTD => Some("zstd"),
        ZLIB => Some("zlib"),
        _ => None,
    }
}
