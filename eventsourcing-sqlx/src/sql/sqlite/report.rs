//! Statements about the tables of all applications in a file.

use super::SqliteSql;

/// `()` → the prefix of the tables of each application.
pub(crate) const HEADS: &str = "\
    SELECT substr(head.name, 1, length(head.name) - 5) FROM sqlite_schema AS head \
    WHERE head.type = 'table' AND head.name LIKE '%\\_head' ESCAPE '\\' \
      AND EXISTS (SELECT 1 FROM sqlite_schema AS events WHERE events.type = 'table' \
        AND events.name = substr(head.name, 1, length(head.name) - 5) || '_events' COLLATE NOCASE) \
      AND (SELECT count(*) FROM pragma_table_info(head.name) WHERE name IN ('last', 'schema_version', 'log_id')) = 3 \
    ORDER BY 1 LIMIT 1000";

/// `(head table)` → whether it has a column with the name of the application.
pub(crate) const HAS_OWNER: &str = "SELECT EXISTS (SELECT 1 FROM pragma_table_info(?1) WHERE name = 'application')";

/// `(events table)` → the name and the definition of each index.
pub(crate) const INDEXES: &str =
    "SELECT name, coalesce(sql, '') FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1 COLLATE NOCASE";

impl SqliteSql {
    /// `()` → the version of the tables, the last notification id in use, and the name of the application if it is recorded.
    pub(crate) fn head_of_any_version(&self, has_owner: bool) -> String {
        let owner = if has_owner { "application" } else { "NULL" };
        format!("SELECT schema_version, last, {owner} FROM {} WHERE id = 1", self.head_table)
    }

    /// The index of first events, which tables of version 4 have, and the statement that creates it.
    ///
    /// The other indexes belong to constraints of the table, without which SQLite has no table.
    pub(crate) fn first_index(&self) -> (String, String) {
        (self.name.first_key(), self.create_first_key())
    }

    /// The index by which searches for rare topics need not read the whole log. The library works without it.
    pub(crate) fn topic_index(&self) -> (String, String) {
        let name = self.name.topic_key();
        let sql = format!("CREATE INDEX {name} ON {} (topic, notification_id)", self.events);
        (name, sql)
    }
}

/// Whether this is the definition of an index by topic, whatever its name is.
pub(crate) fn is_topic_index(definition: &str) -> bool {
    definition.contains("(topic, notification_id") && !definition.contains(" WHERE ")
}
