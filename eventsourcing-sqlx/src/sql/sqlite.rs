//! The statements in SQLite's dialect.

mod commands;
#[cfg(test)]
mod plans;
pub(crate) mod report;
mod tables;

use self::commands::CommandSql;
use super::statements::{Sql, Statements};
use crate::schema::TableName;

/// Takes the write lock at once: a transaction that starts reading and then writes cannot wait for it.
pub(crate) const BEGIN: &str = "BEGIN IMMEDIATE";
pub(crate) const COMMIT: &str = "COMMIT";
pub(crate) const ROLLBACK: &str = "ROLLBACK";

/// A savepoint around the events of a save, so that it can be undone without the other saves of its transaction.
pub(crate) const SAVEPOINT: &str = "SAVEPOINT save";
pub(crate) const RELEASE: &str = "RELEASE save";
pub(crate) const ROLLBACK_TO: &str = "ROLLBACK TO save";

/// `(events table, head table, dictionaries table, tracking table, letters table, snapshots table,
/// commands table)` → whether each exists:
/// [`ApplicationTables`](crate::schema::ApplicationTables).
pub(crate) const TABLES: &str = "\
    SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE), \
           EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?2 COLLATE NOCASE), \
           EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?3 COLLATE NOCASE), \
           EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?4 COLLATE NOCASE), \
           EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?5 COLLATE NOCASE), \
           EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?6 COLLATE NOCASE), \
           EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?7 COLLATE NOCASE)";

/// `()` → the path of the database's file; empty if the database is in memory.
pub(crate) const FILE: &str = "SELECT file FROM pragma_database_list WHERE name = 'main'";

/// `()` → `ok`, or the first error in the file. It reads the whole file, and compares indexes with their tables.
pub(crate) const CHECK_FILE: &str = "PRAGMA integrity_check(1)";

/// The statements of one application.
#[derive(Debug)]
pub(crate) struct SqliteSql {
    pub(crate) common: Statements,
    pub(crate) commands: CommandSql,
    /// `(last notification id)`: stores that ids up to it are in use.
    pub(crate) raise: Sql,
    /// `(notification id, originator id, version, topic, state, checksum, append id, time)`.
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
    /// `(originator id)`: deletes the snapshots of an aggregate after its last event, unless it has none.
    pub(crate) drop_snapshots_ahead: Sql,
    /// `(originator id, fingerprint, number)`: deletes all snapshots except for this number of the last ones with this fingerprint, and as
    /// many with other fingerprints.
    pub(crate) prune_snapshots: Sql,
    /// `(originator id, version, fingerprint)` → whether there is such a snapshot.
    pub(crate) has_snapshot: Sql,
    /// `()` → the last notification id in use, the id of the log, and the time of the last event.
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
        let of_topics = "(json_array_length(?5) + json_array_length(?6) = 0 OR +topic IN (SELECT value FROM json_each(?5)) \
                           OR EXISTS (SELECT 1 FROM json_each(?6) WHERE instr(topic, value) = 1)) \
                         AND NOT (+topic IN (SELECT value FROM json_each(?7)) \
                           OR EXISTS (SELECT 1 FROM json_each(?8) WHERE instr(topic, value) = 1))";
        // the `+` keeps the planner on the key that gives the order, so that the limit ends the search
        let search = format!(
            "SELECT {notification} FROM {events} WHERE {section} AND (?4 IS NULL OR +originator_id = ?4) AND {of_topics}"
        );
        let search_aggregate = format!(
            "SELECT {notification} FROM {events} \
             WHERE originator_id = ?4 AND +notification_id > ?1 AND +notification_id <= ?2 AND {of_topics}"
        );
        let common = Statements {
            look: format!(
                "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE) \
                   AND (schema_version < 2 \
                     OR (EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?2 COLLATE NOCASE) \
                       AND EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?3 COLLATE NOCASE))) \
                   AND (schema_version < 3 \
                     OR EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?4 COLLATE NOCASE)) \
                   AND (schema_version < 4 \
                     OR (EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?5 COLLATE NOCASE) \
                       AND EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?6 COLLATE NOCASE))), \
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
            search: format!("{search} ORDER BY notification_id LIMIT ?3").into(),
            search_back: format!("{search} ORDER BY notification_id DESC LIMIT ?3").into(),
            search_aggregate: format!("{search_aggregate} ORDER BY originator_version LIMIT ?3").into(),
            search_aggregate_back: format!("{search_aggregate} ORDER BY originator_version DESC LIMIT ?3").into(),
            // each of the two is one lookup, and both together would be a scan
            version_count: format!(
                "SELECT coalesce((SELECT max(originator_version) FROM {events} WHERE originator_id = ?1) \
                   - (SELECT min(originator_version) FROM {events} WHERE originator_id = ?1) + 1, 0)"
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
            originators_by_id: format!(
                "SELECT originator_id, (SELECT max(originator_version) FROM {events} AS other \
                   WHERE other.originator_id = first.originator_id), topic \
                 FROM {events} AS first WHERE originator_id >= ?1 AND originator_id <= ?2 \
                 ORDER BY originator_id, originator_version LIMIT 1"
            )
            .into(),
            recorded_times: format!(
                "SELECT recorded_at FROM {events} WHERE notification_id = ?1 AND recorded_at IS NOT NULL"
            )
            .into(),
            event_places: format!(
                "SELECT notification_id, recorded_at FROM {events} WHERE originator_id = ?1 AND originator_version = ?2"
            )
            .into(),
            delete_snapshots: format!("DELETE FROM {snapshots} WHERE originator_id = ?1").into(),
        };
        Self {
            common,
            commands: CommandSql::of(&name.commands()),
            raise: format!("UPDATE {head} SET last = ?1 WHERE id = 1").into(),
            insert: format!("INSERT INTO {events} (notification_id, {event}, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
                .into(),
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
            drop_snapshots_ahead: format!(
                "DELETE FROM {snapshots} WHERE originator_id = ?1 \
                   AND originator_version > (SELECT max(originator_version) FROM {events} WHERE originator_id = ?1)"
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
            head: format!(
                "SELECT last, log_id, (SELECT recorded_at FROM {events} ORDER BY notification_id DESC LIMIT 1) \
                 FROM {head} WHERE id = 1"
            )
            .into(),
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
}
