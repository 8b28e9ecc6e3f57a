//! Compressors: they reduce the size of states before encryption and recording.

use std::fmt::Debug;

#[cfg(feature = "zstd")]
mod dictionary;
#[cfg(feature = "zlib")]
mod zlib;
#[cfg(feature = "zstd")]
mod zstd;

use super::Dictionary;

#[cfg(feature = "zstd")]
pub(crate) use dictionary::dictionary_of;
#[cfg(feature = "zstd")]
use dictionary::train;
#[cfg(feature = "zlib")]
pub use zlib::ZlibCompressor;
#[cfg(feature = "zstd")]
pub use zstd::ZstdCompressor;

/// A compressor of states.
///
/// A state identifies its compressor by its [`id`](Self::id). Ids 1 to 7 are reserved for this library; other implementations use
/// an id from 8 to 15.
///
/// Any crate may implement this trait. A later version of this library may add methods, each with a default.
pub trait Compressor: Debug + Send + Sync {
    /// Returns the id of the compressor in recorded states: 1 to 15, never reused for another format.
    fn id(&self) -> u8;

    /// Returns the minimum length of data to compress: 64 bytes, unless the compressor has a dictionary.
    fn min_len(&self) -> usize {
        64
    }

    /// Returns the level at which zstd with a dictionary replaces this compressor once the application has a dictionary.
    ///
    /// `None` for compressors other than zstd, which are not replaced.
    fn zstd_level(&self) -> Option<i32> {
        None
    }

    /// Appends the compressed data.
    ///
    /// # Errors
    /// [`CompressorError`] if the data cannot be compressed.
    fn compress(&self, data: &[u8], into: &mut Vec<u8>) -> Result<(), CompressorError>;

    /// Decompresses the data, which must give exactly `len` bytes, and appends it.
    ///
    /// An implementation never writes more than `len` bytes, nor allocates more for them, whatever the compressed data claims.
    ///
    /// # Errors
    /// [`CompressorError`] if the data is corrupt or does not have that length. The appended bytes must not be used then.
    fn decompress(&self, data: &[u8], len: usize, into: &mut Vec<u8>) -> Result<(), CompressorError>;
}

/// The reason why data could not be compressed or decompressed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CompressorError {
    message: String,
}

impl CompressorError {
    /// Creates an error with a message, in lower case and without a full stop.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl Dictionary {
    /// Trains a dictionary of at most `max_len` bytes on samples, which ideally have a hundred times as many bytes.
    ///
    /// The dictionary contains fragments of the samples.
    ///
    /// # Errors
    /// [`CompressorError`] if zstd cannot train a dictionary, most often because there are too few samples, or if this build lacks zstd.
    ///
    /// # Examples
    ///
    /// ```
    /// # use eventsourcing_core as eventsourcing;
    /// # #[cfg(feature = "zstd")] {
    /// use eventsourcing::Mapper;
    /// use eventsourcing::codec::compressor::ZstdCompressor;
    /// use eventsourcing::codec::Dictionary;
    /// use eventsourcing::recording::StateLocation;
    /// # use eventsourcing::Uuid;
    ///
    /// let state = |n: u32| format!(r#"{{"timestamp":"2026-11-23T04:11:04.{n:06}Z","amount":{n},"currency":"EUR"}}"#).into_bytes();
    /// let dictionary = Dictionary::train(1, (0..500).map(|n| state(n * 997)), 4 * 1024)?;
    ///
    /// let mapper = Mapper::new("bank").with_compressor(ZstdCompressor::default());
    /// mapper.learn_dictionary(&mapper.seal_dictionary(&dictionary)?)?;
    /// let place = StateLocation::event(Uuid::new_v4(), 1, "Account.Opened");
    /// let (stored, checksum) = mapper.seal(&place, state(471_100))?;
    /// assert!(stored.len() < state(471_100).len() * 2 / 3);
    /// assert_eq!(mapper.open(&place, &stored, checksum)?, state(471_100));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn train<S: AsRef<[u8]>>(
        id: u32,
        samples: impl IntoIterator<Item = S>,
        max_len: usize,
    ) -> Result<Self, CompressorError> {
        train(id, samples, max_len.min(Self::MAX_LEN)).map(|bytes| Self::new(id, bytes))
    }
}

/// Returns a compressor of this build for reading, by its id.
pub(crate) fn built_in(id: u8) -> Option<&'static dyn Compressor> {
    match id {
        #[cfg(feature = "zstd")]
        ZSTD => Some(&ZstdCompressor::DEFAULT),
        #[cfg(feature = "zlib")]
        ZLIB => Some(&ZlibCompressor),
        _ => None,
    }
}

/// Returns zstd with a dictionary, for reading and, if there is a level, for writing; `None` if this build lacks zstd.
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

/// Returns `None`, because no zstd frame can be read without zstd.
#[cfg(not(feature = "zstd"))]
pub(crate) fn dictionary_of(_: &[u8]) -> Option<u32> {
    None
}

/// Returns an error, because no dictionary can be trained without zstd.
#[cfg(not(feature = "zstd"))]
fn train<S: AsRef<[u8]>>(_: u32, _: impl IntoIterator<Item = S>, _: usize) -> Result<Vec<u8>, CompressorError> {
    Err(CompressorError::new("this program was built without the feature `zstd`"))
}

pub(crate) const ZSTD: u8 = 1;
pub(crate) const ZSTD_DICTIONARY: u8 = 2;
pub(crate) const ZLIB: u8 = 3;

/// Returns the name of a compressor of this library, for messages.
pub(crate) fn name(id: u8) -> Option<&'static str> {
    match id {
        ZSTD | ZSTD_DICTIONARY => Some("zstd"),
        ZLIB => Some("zlib"),
        _ => None,
    }
}
