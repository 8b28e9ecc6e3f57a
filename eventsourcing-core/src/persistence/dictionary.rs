//! Dictionaries: what the states of an application have in common, so that not every small state must say it again.

use std::fmt;

use super::{CompressorError, MapperFailure, compressor};

/// A dictionary of an application, ready for zstd.
///
/// The ids of an application's dictionaries are 1, 2, 3 and so on. None is ever changed or given up: whatever was compressed with
/// one is read with that one, for ever.
#[derive(Clone, PartialEq, Eq)]
pub struct Dictionary {
    id: u32,
    bytes: Vec<u8>,
}

impl Dictionary {
    /// The largest dictionary that is taken: 1 MiB. Those that help are a hundredth of that.
    pub const MAX_LEN: usize = 1024 * 1024;

    /// A dictionary that was made before; its bytes are looked at when it is used.
    pub fn new(id: u32, bytes: Vec<u8>) -> Self {
        Self { id, bytes }
    }

    /// Makes a dictionary of at most `max_len` bytes from samples, best a hundred times as many bytes of them.
    ///
    /// It holds fragments of the samples.
    ///
    /// # Errors
    /// [`CompressorError`] if zstd can make none, above all of samples that are too few, or this build has no zstd.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "zstd")] {
    /// use eventsourcing_core::Mapper;
    /// use eventsourcing_core::persistence::compressor::ZstdCompressor;
    /// use eventsourcing_core::persistence::{Dictionary, Kind, Place};
    /// # use eventsourcing_core::Uuid;
    ///
    /// let state = |n: u32| format!(r#"{{"timestamp":"2026-11-23T04:11:04.{n:06}Z","amount":{n},"currency":"EUR"}}"#).into_bytes();
    /// let dictionary = Dictionary::train(1, (0..500).map(|n| state(n * 997)), 4 * 1024)?;
    ///
    /// let mapper = Mapper::new("bank").with_compressor(ZstdCompressor::default());
    /// mapper.learn_dictionary(&mapper.seal_dictionary(&dictionary)?)?;
    /// let place = Place { kind: Kind::Event, originator_id: Uuid::new_v4(), originator_version: 1, topic: "Account.Opened" };
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
        compressor::train(id, samples, max_len.min(Self::MAX_LEN)).map(|bytes| Self { id, bytes })
    }

    /// The number of the dictionary, from 1.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// What zstd makes of it, in zstd's own format.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Tells its length, and not its bytes: they are somebody's data.
impl fmt::Debug for Dictionary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dictionary").field("id", &self.id).field("len", &self.bytes.len()).finish()
    }
}

/// A dictionary as a recorder keeps it: with a checksum, or encrypted as states are.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredDictionary {
    /// The number of the dictionary, from 1.
    pub id: u32,
    /// The dictionary, encrypted if so configured.
    pub bytes: Vec<u8>,
    /// CRC-32 of the id and the bytes; none where the cipher protects both.
    pub checksum: Option<u32>,
}

impl StoredDictionary {
    /// CRC-32 (ISO 3309) of a dictionary's bytes under its id, which finds accidents and no attacker.
    pub fn checksum_of(id: u32, bytes: &[u8]) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(b"dictionary");
        hasher.update(&id.to_be_bytes());
        hasher.update(bytes);
        hasher.finalize()
    }
}

/// Tells its length, and not its bytes: they are somebody's data.
impl fmt::Debug for StoredDictionary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, bytes, checksum } = self;
        f.debug_struct("StoredDictionary")
            .field("id", id)
            .field("len", &bytes.len())
            .field("checksum", checksum)
            .finish()
    }
}

/// A dictionary that could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
#[error("dictionary {id} cannot be {direction}: {failure}")]
#[non_exhaustive]
pub struct DictionaryError {
    /// The number of the dictionary.
    pub id: u32,
    /// `stored` or `read`.
    pub direction: &'static str,
    /// What is wrong with it.
    pub failure: MapperFailure,
}
