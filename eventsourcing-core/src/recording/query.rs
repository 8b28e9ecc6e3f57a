//! Queries for the rows of a recorder, and the visitors that receive the rows.

use std::ops::ControlFlow;

use uuid::Uuid;

use super::{LogPosition, NotificationRef, StoredEventRef};

/// A visitor that receives borrowed events in order, and returns whether to continue.
pub type EventVisitor<'v> = dyn FnMut(StoredEventRef<'_>) -> ControlFlow<()> + Send + 'v;

/// A visitor that receives borrowed notifications in order, and returns whether to continue.
pub type NotificationVisitor<'v> = dyn FnMut(NotificationRef<'_>) -> ControlFlow<()> + Send + 'v;

/// A query for events of one aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventQuery {
    /// The id of the aggregate.
    pub originator_id: Uuid,
    /// Only versions greater than this one.
    pub after: Option<u64>,
    /// Only versions up to and including this one.
    pub up_to: Option<u64>,
    /// Whether the last version comes first.
    pub descending: bool,
    /// The maximum number of events.
    pub limit: Option<usize>,
}

impl EventQuery {
    /// Selects all events of an aggregate.
    pub fn of(originator_id: Uuid) -> Self {
        Self { originator_id, after: None, up_to: None, descending: false, limit: None }
    }

    /// Selects only versions greater than this one.
    #[must_use]
    pub fn after(mut self, version: impl Into<Option<u64>>) -> Self {
        self.after = version.into();
        self
    }

    /// Selects only versions up to and including this one.
    #[must_use]
    pub fn up_to(mut self, version: impl Into<Option<u64>>) -> Self {
        self.up_to = version.into();
        self
    }

    /// Returns the last version first.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// Sets the maximum number of events.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Excludes what was selected already: versions up to this one, or, if descending, from this one on.
    pub fn advance_after(&mut self, version: u64) {
        if !self.descending {
            self.after = Some(version);
        } else if let Some(below) = version.checked_sub(1) {
            self.up_to = Some(below);
        } else {
            self.limit = Some(0);
        }
    }
}

/// A query for notifications of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotificationQuery {
    /// Only notification ids greater than this one.
    pub after: u64,
    /// The required `append_id` of the event with the id `after`; `None` if it is not checked.
    pub anchor: Option<Uuid>,
    /// Only notification ids up to and including this one.
    pub up_to: Option<u64>,
    /// Only these topics; all topics if empty.
    pub topics: Vec<String>,
    /// The maximum number of notifications.
    pub limit: usize,
    /// The number of bytes of states after which no more notifications are needed.
    ///
    /// It is a hint. A recorder that benefits from it stops once the returned states have at least this many bytes, and not before. Other
    /// recorders ignore it.
    pub max_bytes: Option<usize>,
}

impl NotificationQuery {
    /// Selects at most `limit` notifications after a position.
    pub fn after(position: impl Into<LogPosition>, limit: usize) -> Self {
        let LogPosition { id, anchor } = position.into();
        Self { after: id, anchor, up_to: None, topics: Vec::new(), limit, max_bytes: None }
    }

    /// Sets the number of bytes of states after which no more notifications are needed.
    #[must_use]
    pub fn max_bytes(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.max_bytes = bytes.into();
        self
    }

    /// Returns the position after which notifications are selected.
    pub fn position(&self) -> LogPosition {
        LogPosition { id: self.after, anchor: self.anchor }
    }

    /// Excludes what was selected already: notifications up to this position.
    pub fn advance_after(&mut self, position: impl Into<LogPosition>) {
        LogPosition { id: self.after, anchor: self.anchor } = position.into();
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
