//! The last notifications of a log.

/// A query for the last notifications of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastQuery {
    /// The maximum number of notifications.
    pub limit: usize,
    /// Only notification ids up to and including this one.
    pub up_to: Option<u64>,
    /// Only these topics; all topics if empty.
    pub topics: Vec<String>,
}

impl LastQuery {
    /// Selects at most this number of notifications from the end of the log.
    pub fn of(limit: usize) -> Self {
        Self { limit, up_to: None, topics: Vec::new() }
    }

    /// Selects only notification ids up to and including this one.
    #[must_use]
    pub fn up_to(mut self, id: impl Into<Option<u64>>) -> Self {
        self.up_to = id.into();
        self
    }

    /// Selects only these topics; all topics if empty.
    #[must_use]
    pub fn topics<T: Into<String>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        self.topics = topics.into_iter().map(Into::into).collect();
        self
    }
}
