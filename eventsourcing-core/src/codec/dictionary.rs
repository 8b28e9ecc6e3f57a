//! Dictionaries: the common content of an application's states, which small states then need not repeat.

use std::fmt;

/// A zstd dictionary of an application.
///
/// The ids of an application's dictionaries are 1, 2, 3 and so on. A dictionary is never changed or deleted: states that were
/// compressed with it can only be read with it.
#[derive(Clone, PartialEq, Eq)]
pub struct Dictionary {
    id: u32,
    bytes: Vec<u8>,
}

impl Dictionary {
    /// The maximum length of a dictionary: 1 MiB. Useful dictionaries have about a hundredth of that.
    pub const MAX_LEN: usize = 1024 * 1024;

    /// Creates a dictionary from existing bytes. They are validated when the dictionary is used.
    pub fn new(id: u32, bytes: Vec<u8>) -> Self {
        Self { id, bytes }
    }

    /// Returns the id of the dictionary, from 1.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Returns the dictionary in zstd's own format.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Shows the length and not the bytes, which are an application's data.
impl fmt::Debug for Dictionary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dictionary").field("id", &self.id).field("len", &self.bytes.len()).finish()
    }
}
