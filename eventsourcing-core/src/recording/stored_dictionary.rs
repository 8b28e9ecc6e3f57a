//! The stored form of a dictionary.

use std::fmt;

/// A dictionary as a recorder stores it: with a checksum, or encrypted as states are.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::recording::StoredDictionary;
///
/// let bytes = b"what events have in common".to_vec();
/// let checksum = StoredDictionary::checksum_of(1, &bytes);
/// assert_eq!(StoredDictionary::new(1, bytes).with_checksum(checksum).checksum, Some(checksum));
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredDictionary {
    /// The id of the dictionary, from 1.
    pub id: u32,
    /// The bytes of the dictionary, encrypted if configured.
    pub bytes: Vec<u8>,
    /// The CRC-32 of the id and the bytes; `None` if the cipher protects both.
    pub checksum: Option<u32>,
}

impl StoredDictionary {
    /// Creates a dictionary without a checksum.
    #[inline]
    pub fn new(id: u32, bytes: impl Into<Vec<u8>>) -> Self {
        Self { id, bytes: bytes.into(), checksum: None }
    }

    /// Sets the checksum, if there is one.
    #[inline]
    #[must_use]
    pub fn with_checksum(mut self, checksum: impl Into<Option<u32>>) -> Self {
        self.checksum = checksum.into();
        self
    }

    /// Returns the CRC-32 (ISO 3309) of a dictionary with its id. It detects accidental changes, not attacks.
    pub fn checksum_of(id: u32, bytes: &[u8]) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(b"dictionary");
        hasher.update(&id.to_be_bytes());
        hasher.update(bytes);
        hasher.finalize()
    }
}

/// Shows the length and not the bytes, which are an application's data.
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
