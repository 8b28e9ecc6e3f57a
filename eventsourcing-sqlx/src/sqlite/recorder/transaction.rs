//! Parts of a transaction that records saves: statements without results, savepoints, and the reasons to stop.

use rusqlite::Connection;

use super::error::StatementError;
use crate::sql::sqlite::{RELEASE, ROLLBACK_TO, SAVEPOINT};

/// Why a transaction stops recording saves.
pub(super) enum Stop {
    Failed(StatementError),
    /// A save is half inserted, and only a rollback of the transaction undoes it.
    Torn,
}

impl<E: Into<StatementError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// What the saves of a transaction have in common.
pub(super) struct Terms {
    pub(super) stamp: u32,
    /// When its events are recorded, in microseconds since 1970. It is taken under the write lock.
    pub(super) time: i64,
    /// An earlier transaction with them may be committed.
    pub(super) were_sent: bool,
    /// Each save has a savepoint, and is undone alone if it fails.
    pub(super) is_guarded: bool,
}

/// Runs a statement that has no parameters and no result.
pub(super) fn execute(connection: &Connection, statement: &str) -> Result<(), rusqlite::Error> {
    connection.prepare_cached(statement)?.execute([]).map(drop)
}

/// Makes several changes to the database or, if one fails, none.
pub(super) fn whole<T, E: From<rusqlite::Error>>(
    connection: &Connection,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    execute(connection, SAVEPOINT)?;
    let done = work();
    // some errors have rolled back the whole transaction
    if done.is_err() && !connection.is_autocommit() {
        execute(connection, ROLLBACK_TO)?;
    }
    if !connection.is_autocommit() {
        execute(connection, RELEASE)?;
    }
    done
}
