//! Reads of the log: which rows are passed to the visitor, and which only verify the anchor.
//!
//! A statement that reads from an anchored position also selects the row at that position. A statement that searches a slice of
//! the log for topics also selects the row at the slice's end, where the next slice is anchored. Such a row has no state and is
//! not passed on. So the check sees the same snapshot as the rows, and costs no round trip.

use std::ops::ControlFlow;

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::{LogPosition, NotificationQuery, NotificationRef, NotificationVisitor};
use uuid::Uuid;

/// A row of the log.
pub(crate) struct LogRow<'r> {
    pub(crate) id: u64,
    pub(crate) append_id: Uuid,
    /// None if the row is selected only for its position.
    pub(crate) shown: Option<NotificationRef<'r>>,
}

/// The rest of a read of the log, while its rows arrive.
pub(crate) struct LogRead {
    pub(crate) query: NotificationQuery,
    /// Whether this statement returned the row at the anchored position, with the right anchor.
    is_anchored: bool,
    /// Whether the visitor stopped the read.
    is_ended: bool,
}

impl LogRead {
    pub(crate) fn new(query: NotificationQuery) -> Self {
        Self { query, is_anchored: false, is_ended: false }
    }

    /// Begins another statement, which continues after the last row.
    pub(crate) fn begin(&mut self) {
        self.is_anchored = false;
    }

    /// The limit of the statement: the wanted rows, and the one at the anchored position.
    pub(crate) fn rows(&self) -> usize {
        self.query.limit.saturating_add(1)
    }

    /// The upper bound of the statement: never before the lower one, so that the anchored row is included.
    pub(crate) fn up_to(&self) -> u64 {
        self.query.up_to.unwrap_or(u64::MAX).max(self.query.after)
    }

    /// Whether the read is complete.
    pub(crate) fn is_over(&self) -> bool {
        self.is_ended || self.query.limit == 0 || self.query.max_bytes == Some(0)
    }

    /// Checks the next row of a statement and passes it to the visitor.
    ///
    /// # Errors
    /// [`RecorderError::LogChanged`] if the log is not the one of the anchored position; [`RecorderError::Corrupt`] if rows are
    /// missing before this one.
    pub(crate) fn take(
        &mut self,
        row: &LogRow<'_>,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<ControlFlow<()>, RecorderError> {
        let LogRow { id, append_id, ref shown } = *row;
        if id == self.query.after {
            if self.query.anchor.is_some_and(|anchor| anchor != append_id) {
                return Err(self.changed(Some(append_id)));
            }
            self.is_anchored = true;
            return Ok(ControlFlow::Continue(()));
        }
        self.end()?;
        let before = self.query.after;
        // a statement that filters by topic skips ids
        if self.query.topics.is_empty() && id.checked_sub(1) != Some(before) {
            return Err(RecorderError::Corrupt {
                found: format!("notification id {id} right after {before}, so the rows between them are missing"),
            });
        }
        let Some(notification) = shown else {
            self.advance_after(LogPosition::anchored(id, append_id));
            return Ok(ControlFlow::Continue(()));
        };
        if self.query.limit == 0 {
            return Ok(ControlFlow::Break(()));
        }
        self.query.limit -= 1;
        self.query.max_bytes = self.query.max_bytes.map(|bytes| bytes.saturating_sub(notification.state.len()));
        self.advance_after(LogPosition::anchored(id, append_id));
        let flow = visit(*notification);
        self.is_ended |= flow.is_break();
        Ok(flow)
    }

    /// Checks at the end of a statement that the row at the anchored position was found.
    ///
    /// # Errors
    /// [`RecorderError::LogChanged`] if it was not.
    pub(crate) fn end(&self) -> Result<(), RecorderError> {
        if self.query.anchor.is_some() && !self.is_anchored { Err(self.changed(None)) } else { Ok(()) }
    }

    /// The error of a row that must exist, at the end of a slice, and was not returned.
    pub(crate) fn missing(&self, id: u64) -> RecorderError {
        RecorderError::Corrupt { found: format!("a log of more than {id} events without notification id {id}") }
    }

    /// Continues after a checked row, which anchors the following rows.
    fn advance_after(&mut self, position: LogPosition) {
        self.query.advance_after(position);
        self.is_anchored = true;
    }

    fn changed(&self, found: Option<Uuid>) -> RecorderError {
        RecorderError::LogChanged { position: self.query.position(), found }
    }
}
