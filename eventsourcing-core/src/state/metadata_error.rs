//! The errors of metadata beyond its limits. They show keys and lengths, and no values.

use super::Metadata;

/// Why metadata cannot be recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// The metadata as a whole is too long.
    #[error(
        "its metadata is {len} bytes long, which exceeds the limit of {max}; the longest value is that of `{longest}`, with {longest_len} bytes: \
         record it in an event, and a reference to it in the metadata"
    )]
    TooLong {
        /// The length of its JSON.
        len: usize,
        /// The maximum length: [`Metadata::MAX_LEN`].
        max: usize,
        /// The name of the longest value.
        longest: String,
        /// The length of the longest value.
        longest_len: usize,
    },
    /// A value that is not of a pair is too long.
    #[error(
        "the `{name}` of its metadata is {len} bytes long, which exceeds the limit of {max}; use an id there, and record what it stands for in an event"
    )]
    ValueTooLong {
        /// The name of the value, such as `correlation_id`.
        name: &'static str,
        /// Its length.
        len: usize,
        /// The maximum length: [`Metadata::MAX_ID_LEN`].
        max: usize,
    },
    /// There are too many pairs.
    #[error("its metadata has {count} pairs, which exceeds the limit of {max}; record such data in an event")]
    TooManyPairs {
        /// The number of pairs.
        count: usize,
        /// The maximum number: [`Metadata::MAX_PAIRS`].
        max: usize,
    },
    /// The key of a pair is empty.
    #[error("its metadata has a pair without a name; pass a key to `Metadata::with`")]
    EmptyKey,
    /// The key of a pair is too long.
    #[error(
        "its metadata has a key of {len} bytes, which exceeds the limit of {max}: `{beginning}…`; choose a short name, and put data into the value"
    )]
    KeyTooLong {
        /// The first characters of the key.
        beginning: String,
        /// The length of the key.
        len: usize,
        /// The maximum length: [`Metadata::MAX_KEY_LEN`].
        max: usize,
    },
}

impl MetadataError {
    pub(super) fn key_too_long(key: &str) -> Self {
        Self::KeyTooLong { beginning: key.chars().take(32).collect(), len: key.len(), max: Metadata::MAX_KEY_LEN }
    }
}
