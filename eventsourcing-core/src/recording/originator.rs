//! The aggregates of a log, found by their first events.

use uuid::Uuid;

/// An aggregate, and where its first event is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RecordedOriginator {
    /// The notification id of its first event.
    pub notification_id: u64,
    /// The id of the aggregate.
    pub originator_id: Uuid,
}

impl RecordedOriginator {
    /// Creates an entry.
    #[inline]
    pub const fn new(notification_id: u64, originator_id: Uuid) -> Self {
        Self { notification_id, originator_id }
    }
}

/// A query for aggregates whose first event, version 1, has one of some topics.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OriginatorQuery {
    /// The topics, each once.
    pub topics: Vec<String>,
    /// Only aggregates whose first event has a greater notification id.
    pub after: u64,
    /// The maximum number of aggregates.
    pub limit: usize,
}

impl OriginatorQuery {
    /// Selects the aggregates whose first event has one of these topics.
    pub fn of<T: Into<String>>(topics: impl IntoIterator<Item = T>) -> Self {
        Self { topics: topics.into_iter().map(Into::into).collect(), after: 0, limit: usize::MAX }
    }

    /// Selects only aggregates whose first event comes after this notification.
    #[must_use]
    pub fn after(mut self, notification_id: u64) -> Self {
        self.after = notification_id;
        self
    }

    /// Sets the maximum number of aggregates.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }
}
