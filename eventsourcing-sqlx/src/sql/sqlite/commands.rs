//! The statements on commands.

use crate::sql::statements::Sql;

/// The statements on the commands of one application.
#[derive(Debug)]
pub(crate) struct CommandSql {
    /// `(command id)` → first new id, number of events, earlier ones, content, checksum, time.
    pub(crate) find: Sql,
    /// `(command id, first new id, number of events, earlier ones, content, checksum, time)`.
    pub(crate) record: Sql,
    /// `(time, limit)`: deletes those of the first commands, by this number, that are older than the time.
    pub(crate) delete_before: Sql,
    /// `(number, limit)`: deletes the first commands, at most as many as the limit, but not this number of the last ones.
    pub(crate) delete_all_but: Sql,
    table: String,
}

impl CommandSql {
    pub(super) fn of(table: &str) -> Self {
        let columns = "first_id, events, earlier, content, checksum, recorded_at";
        Self {
            find: format!("SELECT {columns} FROM {table} WHERE command_id = ?1").into(),
            record: format!("INSERT INTO {table} (command_id, {columns}) VALUES (?, ?, ?, ?, ?, ?, ?)").into(),
            delete_before: format!(
                "DELETE FROM {table} WHERE place IN (\
                   SELECT place FROM (SELECT place, recorded_at FROM {table} ORDER BY place LIMIT ?2) \
                   WHERE recorded_at < ?1 AND place < (SELECT max(place) FROM {table}))"
            )
            .into(),
            // there are no gaps: only the first ones are ever deleted, unless the clocks of programs differ
            delete_all_but: format!(
                "DELETE FROM {table} WHERE place IN (\
                   SELECT place FROM {table} WHERE place <= (SELECT max(place) FROM {table}) - max(?1, 1) ORDER BY place LIMIT ?2)"
            )
            .into(),
            table: table.to_owned(),
        }
    }

    /// Creates the table: `place` is SQLite's own number of a row, in the order of the inserts.
    pub(super) fn create(&self) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {} (\n  \
               place INTEGER NOT NULL PRIMARY KEY,\n  \
               command_id BLOB NOT NULL UNIQUE,\n  \
               first_id INTEGER NOT NULL,\n  \
               events INTEGER NOT NULL,\n  \
               earlier BLOB,\n  \
               content BLOB,\n  \
               checksum INTEGER,\n  \
               recorded_at INTEGER NOT NULL\n) STRICT",
            self.table
        )
    }
}
