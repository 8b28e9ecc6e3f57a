//! How much room an application's tables take.

/// How much room a table takes: an entry of [`Recorder::table_sizes`](super::Recorder::table_sizes).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableSize {
    /// The name of the table; for a database that is one file, the name of the file.
    pub name: String,
    /// The size in bytes, without indexes where these are counted apart.
    pub bytes: u64,
    /// The size of its indexes in bytes; none if it is part of the other.
    pub index_bytes: Option<u64>,
    /// The bytes of them that are free, if that is known.
    pub free_bytes: Option<u64>,
    /// About how many rows it has, as the database estimated last; none if it did not.
    pub rows: Option<u64>,
}

impl TableSize {
    /// Creates a size of which nothing else is known.
    pub fn new(name: impl Into<String>, bytes: u64) -> Self {
        Self { name: name.into(), bytes, index_bytes: None, free_bytes: None, rows: None }
    }

    /// Sets the size of the indexes.
    #[must_use]
    pub fn with_index_bytes(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.index_bytes = bytes.into();
        self
    }

    /// Sets how much of it is free.
    #[must_use]
    pub fn with_free_bytes(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.free_bytes = bytes.into();
        self
    }

    /// Sets the estimated number of rows.
    #[must_use]
    pub fn with_rows(mut self, rows: impl Into<Option<u64>>) -> Self {
        self.rows = rows.into();
        self
    }
}
