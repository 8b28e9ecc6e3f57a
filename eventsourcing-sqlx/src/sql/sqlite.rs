//! The statements in SQLite's dialect.

use uuid::Uuid;

use super::statements::{Sql, Statements};
use crate::schema::{SCHEMA_VERSION, TableName};

/// Takes the write lock at once: a transaction that starts reading and then writes cannot wait for it.
pub(crate) const BEGIN: &str = "BEGIN IMMEDIATE";
pub(crate) const COMMIT: &str = "COMMIT";
pub(crate) const ROLLBACK: &str = "ROLLBACK";

/// A savepoint around the events of a save, so that it can be undone without the other saves of its transaction.
pub(crate) const SAVEPOINT: &str = "SAVEPOINT save";
pub(crate) const RELEASE: &str = "RELEASE save";
pub(crate) const ROLLBACK_TO: &str = "ROLLBACK TO save";

/// `(events table, head table, dictionaries table, tracking table, letters table, snapshots table)` → whether each exists:
/// [`ApplicationTables`](crate::schema::ApplicationTables).
pub(crate) const TABLES: &str = "\
    SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE), \
           EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?2 COLLATE NOCASE), \
           EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?3 COLLATE NOCASE), \
           EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?4 COLLATE NOCASE), \
           EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?5 COLLATE NOCASE), \
           EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?6 COLLATE NOCASE)";

/// `()` → the path of the database's file; empty if the database is in memory.
pub(crate) const FILE: &str = "SELECT file FROM pragma_database_list WHERE name = 'main'";

/// `()` → `ok`, or the first error in the file. It reads the whole file, and compares indexes with their tables.
pub(crate) const CHECK_FILE: &str = "PRAGMA integrity_check(1)";

/// The statements of one application.
#[derive(Debug)]
pub(crate) struct SqliteSql {
    pub(crate) common: Statements,
    /// `(last notification id)`: stores that ids up to it are in use.
    pub(crate) raise: Sql,
    /// `(notification id, originator id, version, topic, state, checksum, append id)`.
    pub(crate) insert: Sql,
    /// `(originator id, version)`: a row if that version is recorded.
    pub(crate) has_version: Sql,
    /// `(upstream, position, anchor)`: stores the tracking position.
    pub(crate) track: Sql,
    /// `(upstream, id, originator id, state, checksum)`: stores a dead letter, unless one of that id is stored.
    pub(crate) park: Sql,
    /// `(upstream, id)`: takes a dead letter out; one row if it was stored.
    pub(crate) take_out: Sql,
    /// `(originator id, up to, fingerprint)` → version, topic, fingerprint, state, checksum, append id of the last snapshot with this
    /// fingerprint; if there is none, of one with another fingerprint, without its state.
    pub(crate) snapshot: Sql,
    /// `(originator id, version, fingerprint, topic, state, checksum, append id)`: stores a snapshot, in place of one with the same key.
    pub(crate) store_snapshot: Sql,
    /// `(originator id, fingerprint, number)`: deletes all snapshots except for this number of the last ones with this fingerprint, and as
    /// many with other fingerprints.
    pub(crate) prune_snapshots: Sql,
    /// `(originator id, version, fingerprint)` → whether there is such a snapshot.
    pub(crate) has_snapshot: Sql,
    /// `()` → the last notification id in use, and the id of the log.
    pub(crate) head: Sql,
    /// `()` → the name of the application that created the tables, and the id of the log.
    pub(crate) owner: Sql,
    /// The text in SQLite's error if a version is recorded already: it names the columns, not the constraint.
    pub(crate) version_taken: String,
    events: String,
    dictionaries: String,
    tracking: String,
    letters: String,
    snapshots: String,
    head_table: String,
    name: TableName,
}

impl SqliteSql {
    pub(crate) fn of(name: &TableName) -> Self {
        let (events, head) = (name.events(), name.head());
        let (dictionaries, tracking, letters) = (name.dictionaries(), name.tracking(), name.letters());
        let snapshots = name.snapshots();
        let event = "originator_id, originator_version, topic, state, checksum, append_id";
        let notification = "notification_id, originator_id, originator_version, topic, state, checksum, append_id";
        let letter = "notification_id, originator_id, state, checksum";
        let range = "originator_id = ?1 AND originator_version > ?2 AND originator_version <= ?3";
        let section = "notification_id > ?1 AND notification_id <= ?2";
        let closed_section = "notification_id >= ?1 AND notification_id <= ?2";
        let common = Statements {
            look: format!(
                "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE) \
                   AND (schema_version < 2 \
                     OR (EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?2 COLLATE NOCASE) \
                       AND EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?3 COLLATE NOCASE))) \
                   AND (schema_version < 3 \
                     OR EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?4 COLLATE NOCASE)) \
                   AND (schema_version < 4 \
                     OR EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?5 COLLATE NOCASE)), \
                 schema_version FROM {head} WHERE id = 1"
            )
            .into(),
            last: format!("SELECT last FROM {head} WHERE id = 1").into(),
            events: format!("SELECT {event} FROM {events} WHERE {range} ORDER BY originator_version LIMIT ?4").into(),
            events_descending: format!(
                "SELECT {event} FROM {events} WHERE {range} ORDER BY originator_version DESC LIMIT ?4"
            )
            .into(),
            notifications: format!(
                "SELECT {notification} FROM {events} WHERE {section} ORDER BY notification_id LIMIT ?3"
            )
            .into(),
            last_position: format!(
                "SELECT notification_id, append_id FROM {events} ORDER BY notification_id DESC LIMIT 1"
            )
            .into(),
            append_id_at: format!("SELECT append_id FROM {events} WHERE notification_id = ?1").into(),
            notifications_anchored: format!(
                "SELECT notification_id, originator_id, originator_version, topic, \
                   CASE WHEN notification_id > ?1 THEN state END, checksum, append_id \
                 FROM {events} WHERE {closed_section} ORDER BY notification_id LIMIT ?3"
            )
            .into(),
            // the `+` keeps the planner on the range of the primary key, which gives the order, so that the limit ends the search
            notifications_of_topics: format!(
                "SELECT notification_id, originator_id, originator_version, topic, \
                   CASE WHEN notification_id > ?1 AND topic IN (SELECT value FROM json_each(?4)) THEN state END, \
                   checksum, append_id \
                 FROM {events} WHERE {closed_section} \
                   AND (+notification_id = ?1 OR +notification_id = ?2 OR +topic IN (SELECT value FROM json_each(?4))) \
                 ORDER BY notification_id LIMIT ?3"
            )
            .into(),
            taken: format!(
                "SELECT e.notification_id, e.append_id, (SELECT max(originator_version) FROM {events} WHERE originator_id = ?1) \
                 FROM (SELECT 1) LEFT JOIN {events} AS e ON e.originator_id = ?1 AND e.originator_version = ?2"
            )
            .into(),
            positions: format!("SELECT position, anchor FROM {tracking} WHERE upstream = ?1").into(),
            all_positions: format!("SELECT upstream, position, anchor FROM {tracking}").into(),
            initialize_tracking: format!(
                "INSERT INTO {tracking} (upstream, position, anchor) VALUES (?1, ?2, ?3) ON CONFLICT (upstream) DO NOTHING"
            )
            .into(),
            move_tracking: format!(
                "UPDATE {tracking} SET position = ?4, anchor = ?5 WHERE upstream = ?1 AND position = ?2 AND anchor IS ?3"
            )
            .into(),
            forget_tracking: format!("DELETE FROM {tracking} WHERE upstream = ?1 AND position = ?2 AND anchor IS ?3")
                .into(),
            letters: format!(
                "SELECT {letter} FROM {letters} \
                 WHERE upstream = ?1 AND notification_id > ?2 AND notification_id <= ?3 \
                 ORDER BY notification_id LIMIT ?4"
            )
            .into(),
            // the ids come from the index by aggregate, which covers the subquery; for whole rows the planner would use the
            // primary key, and read the letters of all other aggregates
            letters_of: format!(
                "SELECT letter.notification_id, letter.originator_id, letter.state, letter.checksum FROM (\
                   SELECT notification_id AS id FROM {letters} \
                   WHERE upstream = ?1 AND originator_id = ?5 AND notification_id > ?2 AND notification_id <= ?3 \
                   ORDER BY notification_id LIMIT ?4) AS found \
                 CROSS JOIN {letters} AS letter ON letter.upstream = ?1 AND letter.notification_id = found.id \
                 ORDER BY found.id"
            )
            .into(),
            count_letters: format!("SELECT count(*) FROM {letters} WHERE upstream = ?1").into(),
            with_letters: format!(
                "SELECT EXISTS (SELECT 1 FROM {letters} WHERE upstream = ?1 AND originator_id = ?2)"
            )
            .into(),
            insert_dictionary: format!(
                "INSERT INTO {dictionaries} (id, bytes, checksum) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO NOTHING"
            )
            .into(),
            dictionaries: format!("SELECT id, bytes, checksum FROM {dictionaries} WHERE id > ?1 ORDER BY id").into(),
            originators: format!(
                "SELECT notification_id, originator_id FROM {events} \
                 WHERE topic = ?1 AND originator_version = 1 AND notification_id > ?2 ORDER BY notification_id LIMIT ?3"
            )
            .into(),
            count_originators: format!("SELECT count(*) FROM {events} WHERE topic = ?1 AND originator_version = 1").into(),
            delete_snapshots: format!("DELETE FROM {snapshots} WHERE originator_id = ?1").into(),
        };
        Self {
            common,
            raise: format!("UPDATE {head} SET last = ?1 WHERE id = 1").into(),
            insert: format!("INSERT INTO {events} (notification_id, {event}) VALUES (?, ?, ?, ?, ?, ?, ?)").into(),
            has_version: format!("SELECT 1 FROM {events} WHERE originator_id = ?1 AND originator_version = ?2").into(),
            track: format!(
                "INSERT INTO {tracking} (upstream, position, anchor) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (upstream) DO UPDATE SET position = excluded.position, anchor = excluded.anchor"
            )
            .into(),
            park: format!(
                "INSERT INTO {letters} (upstream, {letter}) VALUES (?, ?, ?, ?, ?) \
                 ON CONFLICT (upstream, notification_id) DO NOTHING"
            )
            .into(),
            take_out: format!("DELETE FROM {letters} WHERE upstream = ?1 AND notification_id = ?2").into(),
            // rows are compared by their numbers alone: no state is read but the one that is wanted
            snapshot: format!(
                "SELECT originator_version, topic, fingerprint, CASE WHEN fingerprint = ?3 THEN state ELSE x'' END, \
                   checksum, append_id FROM {snapshots} WHERE rowid = (\
                   SELECT rowid FROM {snapshots} WHERE originator_id = ?1 AND originator_version <= ?2 \
                   ORDER BY fingerprint = ?3 DESC, originator_version DESC LIMIT 1)"
            )
            .into(),
            store_snapshot: format!(
                "INSERT INTO {snapshots} (originator_id, originator_version, fingerprint, topic, state, checksum, append_id) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
                 ON CONFLICT (originator_id, originator_version, fingerprint) DO UPDATE SET topic = excluded.topic, \
                   state = excluded.state, checksum = excluded.checksum, append_id = excluded.append_id"
            )
            .into(),
            prune_snapshots: format!(
                "DELETE FROM {snapshots} WHERE rowid IN (\
                   SELECT row FROM (\
                     SELECT rowid AS row, row_number() OVER (\
                       PARTITION BY fingerprint = ?2 ORDER BY originator_version DESC, fingerprint DESC) AS place \
                     FROM {snapshots} WHERE originator_id = ?1) WHERE place > ?3)"
            )
            .into(),
            has_snapshot: format!(
                "SELECT EXISTS (SELECT 1 FROM {snapshots} \
                   WHERE originator_id = ?1 AND originator_version = ?2 AND fingerprint = ?3)"
            )
            .into(),
            owner: format!("SELECT application, log_id FROM {head} WHERE id = 1").into(),
            head: format!("SELECT last, log_id FROM {head} WHERE id = 1").into(),
            version_taken: format!("{events}.originator_id, {events}.originator_version"),
            events,
            dictionaries,
            tracking,
            letters,
            snapshots,
            head_table: head,
            name: name.clone(),
        }
    }

    /// The statements that create the tables, in this order and in one transaction. They change nothing if the tables exist.
    pub(crate) fn create(&self, log_id: Uuid) -> Vec<String> {
        let Self { events, head_table: head, name, .. } = self;
        let mut statements = vec![
            format!(
                "CREATE TABLE IF NOT EXISTS {events} (\n  \
                   notification_id INTEGER NOT NULL PRIMARY KEY,\n  \
                   originator_id BLOB NOT NULL,\n  \
                   originator_version INTEGER NOT NULL,\n  \
                   topic TEXT NOT NULL,\n  \
                   state BLOB NOT NULL,\n  \
                   checksum INTEGER,\n  \
                   append_id BLOB NOT NULL,\n  \
                   CONSTRAINT {} UNIQUE (originator_id, originator_version)\n) STRICT",
                name.version_key(),
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {head} (\n  \
                   id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),\n  \
                   last INTEGER NOT NULL,\n  \
                   schema_version INTEGER NOT NULL,\n  \
                   log_id BLOB NOT NULL,\n  \
                   application TEXT\n) STRICT"
            ),
            format!(
                "INSERT INTO {head} (id, last, schema_version, log_id, application) \
                 VALUES (1, 0, {SCHEMA_VERSION}, x'{}', '{}') ON CONFLICT (id) DO NOTHING",
                log_id.simple(),
                name.application(),
            ),
        ];
        statements.push(self.create_dictionaries());
        statements.push(format!(
            "CREATE TABLE IF NOT EXISTS {} (\n  \
               upstream TEXT NOT NULL PRIMARY KEY,\n  \
               position INTEGER NOT NULL,\n  \
               anchor BLOB\n) STRICT",
            self.tracking,
        ));
        statements.push(self.create_letters());
        statements.push(self.create_snapshots());
        statements.push(self.create_first_key());
        statements
    }

    /// The statements that migrate tables of this older version, in one transaction.
    pub(crate) fn upgrade(&self, version: i64) -> Vec<String> {
        let Self { head_table: head, tracking, name, .. } = self;
        let mut statements = Vec::new();
        if version < 2 {
            statements.push(self.create_dictionaries());
            // as version 2 made it
            statements.push(format!(
                "CREATE TABLE IF NOT EXISTS {tracking} (\n  \
                   upstream TEXT NOT NULL PRIMARY KEY,\n  \
                   position INTEGER NOT NULL\n) STRICT"
            ));
        }
        if version < 3 {
            statements.push(format!("ALTER TABLE {tracking} ADD COLUMN anchor BLOB"));
            statements.push(self.create_letters());
            statements.push(format!("ALTER TABLE {head} ADD COLUMN application TEXT"));
        }
        if version < 4 {
            statements.push(self.create_snapshots());
            statements.push(self.create_first_key());
        }
        // the owner of tables that have one stays: another application is refused after this
        statements.push(format!(
            "UPDATE {head} SET schema_version = {SCHEMA_VERSION}, application = coalesce(application, '{}') \
             WHERE id = 1 AND schema_version = {version}",
            name.application()
        ));
        statements
    }

    fn create_letters(&self) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {} (\n  \
               upstream TEXT NOT NULL,\n  \
               notification_id INTEGER NOT NULL,\n  \
               originator_id BLOB NOT NULL,\n  \
               state BLOB NOT NULL,\n  \
               checksum INTEGER,\n  \
               PRIMARY KEY (upstream, notification_id),\n  \
               UNIQUE (upstream, originator_id, notification_id)\n) STRICT, WITHOUT ROWID",
            self.letters,
        )
    }

    /// The index of the first events of aggregates. It covers the query, so that no event is read.
    fn create_first_key(&self) -> String {
        format!(
            "CREATE INDEX IF NOT EXISTS {} ON {} (topic, notification_id, originator_id) WHERE originator_version = 1",
            self.name.first_key(),
            self.events,
        )
    }

    fn create_snapshots(&self) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {} (\n  \
               originator_id BLOB NOT NULL,\n  \
               originator_version INTEGER NOT NULL,\n  \
               fingerprint INTEGER NOT NULL,\n  \
               topic TEXT NOT NULL,\n  \
               state BLOB NOT NULL,\n  \
               checksum INTEGER,\n  \
               append_id BLOB NOT NULL,\n  \
               PRIMARY KEY (originator_id, originator_version, fingerprint)\n) STRICT",
            self.snapshots,
        )
    }

    fn create_dictionaries(&self) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {} (\n  \
               id INTEGER NOT NULL PRIMARY KEY,\n  \
               bytes BLOB NOT NULL,\n  \
               checksum INTEGER,\n  \
               made_on TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))\n) STRICT",
            self.dictionaries,
        )
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use uuid::Uuid;

    use super::SqliteSql;
    use crate::schema::TableName;
    use crate::sql::statements::Sql;

    /// SQLite's query plan of a statement.
    fn plan(connection: &Connection, statement: &Sql) -> Result<String, rusqlite::Error> {
        let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", statement.as_str()))?;
        // the plan does not depend on what is bound, and nothing is
        let steps = explain.raw_query().mapped(|row| row.get::<_, String>(3));
        steps.collect::<Result<Vec<_>, _>>().map(|steps| steps.join("\n"))
    }

    #[test]
    fn dead_letters_of_other_aggregates_are_not_read() -> Result<(), Box<dyn std::error::Error>> {
        let sql = SqliteSql::of(&TableName::of("Universe")?);
        let connection = Connection::open_in_memory()?;
        sql.create(Uuid::nil()).iter().try_for_each(|statement| connection.execute(statement, []).map(drop))?;
        for statement in [&sql.common.with_letters, &sql.common.letters_of] {
            let plan = plan(&connection, statement)?;
            assert!(plan.contains("(upstream=? AND originator_id=?") && !plan.contains("(upstream=?)"), "{plan}");
        }
        for statement in [&sql.common.letters, &sql.take_out] {
            let plan = plan(&connection, statement)?;
            assert!(plan.contains("(upstream=? AND notification_id") && !plan.contains("TEMP B-TREE"), "{plan}");
        }
        Ok(())
    }
}
