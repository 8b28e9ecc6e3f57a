//! A busy database: another connection holds a lock, or uses the same database in memory.

use std::time::Duration;

use super::Inner;
use super::error::{Fault, StatementError, fault};

/// The pause between two attempts on a busy database.
pub(super) const PAUSE: Duration = Duration::from_millis(5);

impl Inner {
    /// Whether an error says that the database is busy.
    pub(super) fn is_busy(&self, failure: &StatementError) -> bool {
        matches!(failure, StatementError::Driver(error) if self.fault(error) == Fault::Busy)
    }

    pub(super) fn fault(&self, error: &rusqlite::Error) -> Fault {
        fault(error, &self.sql.version_taken)
    }
}
