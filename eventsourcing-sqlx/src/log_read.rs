//! Reading the log: which rows are shown, and which only tell whether it is the log that it should be.
//!
//! A statement that reads on from an anchored position also selects the row at that position, and one that reads a slice of the
//! log for topics also the row at the slice's end, where the next slice is anchored. Such a row comes without its state, and is
//! not shown. So the check and the rows are of the same snapshot, and the check costs no round trip.

use std::ops::ControlFlow;

use eventsourcing_core::RecorderError;
use eventsourcing_core::persistence::{LogPosition, NotificationQuery, NotificationRef, NotificationVisitor};
use uuid::Uuid;

/// A row of the log.
pub(crate) struct LogRow<'r> {
    pub(crate) id: u64,
    pub(crate) append_id: Uuid,
    /// None where the row is selected for its position alone.
    pub(crate) shown: Option<NotificationRef<'r>>,
}

/// What is left of a read of the log, while its rows come.
pub(crate) struct LogRead {
    pub(crate) query: NotificationQuery,
    /// Whether the row at the anchored position was among those of this statement, and is the right one.
    is_anchored: bool,
    /// Whether the visitor wants no more.
    is_ended: bool,
}

impl LogRead {
    pub(crate) fn new(query: NotificationQuery) -> Self {
        Self { query, is_anchored: false, is_ended: false }
    }

    /// Another statement begins, from where the last one came to.
    pub(crate) fn begin(&mut self) {
        self.is_anchored = false;
    }

    /// How many rows the statement has to select at most: those that are wanted, and the one at the anchored position.
    pub(crate) fn rows(&self) -> usize {
        self.query.limit.saturating_add(1)
    }

    /// The end of the rows to select, as it is bound: never before the beginning, so that the anchored row is among them.
    pub(crate) fn up_to(&self) -> u64 {
        self.query.up_to.unwrap_or(u64::MAX).max(self.query.after)
    }

    /// Whether nothing more is to be shown.
    pub(crate) fn is_over(&self) -> bool {
        self.is_ended || self.query.limit == 0 || self.query.max_bytes == Some(0)
    }

    /// Takes the next row of a statement, and shows it.
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
        // which of the ids between have other topics a statement that filters does not tell
        if self.query.topics.is_empty() && id.checked_sub(1) != Some(before) {
            return Err(RecorderError::Corrupt {
                found: format!("notification id {id} right after {before}, so the rows between them are missing"),
            });
        }
        let Some(notification) = shown else {
            self.go_on_after(LogPosition::anchored(id, append_id));
            return Ok(ControlFlow::Continue(()));
        };
        if self.query.limit == 0 {
            return Ok(ControlFlow::Break(()));
        }
        self.query.limit -= 1;
        self.query.max_bytes = self.query.max_bytes.map(|bytes| bytes.saturating_sub(notification.state.len()));
        self.go_on_after(LogPosition::anchored(id, append_id));
        let flow = visit(*notification);
        self.is_ended |= flow.is_break();
        Ok(flow)
    }

    /// Checks at the end of a statement that the row at the anchored position was there.
    ///
    /// # Errors
    /// [`RecorderError::LogChanged`] if it was not.
    pub(crate) fn end(&self) -> Result<(), RecorderError> {
        if self.query.anchor.is_some() && !self.is_anchored { Err(self.changed(None)) } else { Ok(()) }
    }

    /// The row up to which a statement selected, and which exists, was not among its rows.
    pub(crate) fn missing(&self, id: u64) -> RecorderError {
        RecorderError::Corrupt { found: format!("a log that is longer than {id} events, and no notification id {id}") }
    }

    /// The rows that follow come after one that is checked, so they need no check of their own.
    fn go_on_after(&mut self, position: LogPosition) {
        self.query.go_on_after(position);
        self.is_anchored = true;
    }

    fn changed(&self, found: Option<Uuid>) -> RecorderError {
        RecorderError::LogChanged { position: self.query.position(), found }
    }
}
