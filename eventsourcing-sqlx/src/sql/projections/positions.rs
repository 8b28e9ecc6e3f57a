//! The statements for the positions of projections.
//!
//! In PostgreSQL they run on connections with the user's `search_path`, by which these tables are found, like those of handlers.
//! Functions, operators and types are named with their schema, so that no other object of that name is used in their place.

#[cfg(feature = "postgres")]
use super::fragments::{is, lock_position, op};

/// The row that stores the version of the tables, among the versions of projections. No projection has this name.
macro_rules! schema_row {
    () => {
        "'.schema'"
    };
}

/// Whether a table exists, in the schema in which tables are created or, if `$1`, in any of the search path.
#[cfg(feature = "postgres")]
macro_rules! is_there {
    ($table:literal) => {
        concat!(
            "CASE WHEN $1 THEN pg_catalog.to_regclass(",
            $table,
            ") IS NOT NULL ELSE EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace",
            op!("="),
            "pg_catalog.current_schema()::pg_catalog.regnamespace::pg_catalog.oid AND relname",
            op!("="),
            $table,
            ") END"
        )
    };
}

/// Restores the settings from before the statements of this library.
#[cfg(feature = "postgres")]
macro_rules! restore_settings {
    () => {
        "pg_catalog.concat(\
           pg_catalog.set_config('statement_timeout', pg_catalog.current_setting('eventsourcing.statement_timeout'), true), \
           pg_catalog.set_config('enable_seqscan', pg_catalog.current_setting('eventsourcing.enable_seqscan'), true))"
    };
}

/// The statements for positions that both dialects have, each with its own placeholders.
pub(crate) struct PositionsSql {
    /// `(projection, upstream)`: waits for the lock on the position, and holds it until the transaction ends. The next statement sees
    /// what other transactions committed before. SQLite needs none: each transaction has the write lock.
    pub(crate) lock: Option<&'static str>,
    /// `(projection, upstream)` → position and anchor, under the lock. In PostgreSQL the row is locked too, for programs that know
    /// version 2 and are still running.
    pub(crate) locked: &'static str,
    /// `(projection, upstream)` → position, anchor.
    pub(crate) position: &'static str,
    /// `(projection, upstream)`: deletes the position, which is the start from then on.
    pub(crate) forget: &'static str,
    /// `(projection, upstream, position, anchor)`: stores a position, unless one is stored. The lock must be held.
    pub(crate) initialize_position: &'static str,
    /// `(projection, upstream, position, anchor)`: stores a position. The lock must be held.
    ///
    /// In PostgreSQL only if the position is at the start, and it returns whether there are dead letters, and as `hand_over`; no row
    /// if the position is past the start. In SQLite it replaces any position.
    pub(crate) insert: &'static str,
}

/// The statements that only PostgreSQL has.
///
/// A position moves by deleting its row and inserting the next one, under a key that includes the position. A row that is updated in
/// place leaves old row versions, which slow down later updates while any snapshot is held, a backup's for instance. With the
/// position in the key, a lookup of one position or of the highest reads no deleted row.
///
/// A transaction cannot wait for a row that is replaced: after the wait it finds the row deleted, and does not see its successor. So
/// the lock on a position is an advisory lock. It leaves no row versions, it exists before the first row does, and the server grants
/// it in the order of requests.
#[cfg(feature = "postgres")]
pub(crate) struct PostgresViewsSql {
    /// The version of the tables that this program creates and knows.
    ///
    /// 1: before the version was stored. 2: the column `anchor` of positions, and `tables` of versions.
    /// 3: the key of positions includes the position. 4: attempts of dead letters, resolved letters, and the audit.
    pub(crate) version_of_tables: i64,
    /// `()`: serializes processes that open at the same time. Of two that create a table at once, one would fail.
    pub(crate) lock: &'static str,
    pub(crate) create: &'static str,
    /// After all tables exist: the changes of later versions, and the version itself.
    pub(crate) upgrade: &'static [&'static str],
    /// `(whether tables in other schemas of the search path count)` → database and schema; whether each of the tables exists, as an array:
    /// positions, dead letters, versions, resolved letters, audit.
    pub(crate) look: &'static str,
    /// `()` → the version of the tables, or none if it is not stored.
    pub(crate) version: &'static str,
    /// Not with the database's default isolation: a transaction that waited for another must see the position as that one left it.
    pub(crate) begin: &'static str,
    /// `()`: remembers the settings that this library changes for its statements, until the transaction ends.
    pub(crate) keep_settings: &'static str,
    /// `()`: no plan reads the whole table of positions.
    ///
    /// If the table was analyzed with one row in it, a sequential scan seems cheaper than the index. A prepared statement keeps
    /// such a plan, and then reads all rows that were deleted since, while a snapshot is held.
    pub(crate) by_index: &'static str,
    /// `()` → the id of the transaction; restores the settings for later statements.
    pub(crate) hand_over: &'static str,
    /// `(projection, upstream, position, position before, anchor)` → as `insert` of [`PositionsSql`]; no row if it is elsewhere. Takes
    /// the lock on the position if the row of the position before exists.
    ///
    /// It sees positions and dead letters as they were before it waited for others. A row that another transaction moved meanwhile is
    /// not deleted, so this returns no row. A transaction that left the position in place can have taken letters out, which are then
    /// looked up without a result.
    pub(crate) advance: &'static str,
    /// `(time limit)` → the id of the current transaction; fails if that transaction failed.
    pub(crate) probe: &'static str,
}

#[cfg(feature = "postgres")]
pub(crate) const POSTGRES: PositionsSql = PositionsSql {
    // deleted rows stay below the newest until they are vacuumed
    position: concat!(
        "SELECT position, anchor FROM eventsourcing_projections WHERE ",
        is!("projection", "$1", "upstream", "$2"),
        " ORDER BY position DESC LIMIT 1"
    ),
    forget: concat!("DELETE FROM eventsourcing_projections WHERE ", is!("projection", "$1", "upstream", "$2")),
    lock: Some(concat!("SELECT ", lock_position!("$1", "$2"))),
    locked: concat!(
        "SELECT position, anchor FROM eventsourcing_projections WHERE ",
        is!("projection", "$1", "upstream", "$2"),
        " ORDER BY position DESC LIMIT 1 FOR NO KEY UPDATE"
    ),
    initialize_position: concat!(
        "INSERT INTO eventsourcing_projections (projection, upstream, position, anchor) \
         SELECT $1, $2, $3::bigint, $4::pg_catalog.uuid \
         WHERE NOT EXISTS (SELECT FROM eventsourcing_projections WHERE ",
        is!("projection", "$1", "upstream", "$2"),
        ")"
    ),
    // the smallest id is looked up in the index; for EXISTS the planner may read all letters of other projections
    insert: concat!(
        "WITH start AS (DELETE FROM eventsourcing_projections WHERE ",
        is!("projection", "$1", "upstream", "$2", "position", "0"),
        ") INSERT INTO eventsourcing_projections (projection, upstream, position, anchor) \
         SELECT $1, $2, $3::bigint, $4::pg_catalog.uuid \
         WHERE NOT EXISTS (SELECT FROM eventsourcing_projections WHERE ",
        is!("projection", "$1", "upstream", "$2"),
        " AND position",
        op!(">"),
        "0) RETURNING (SELECT pg_catalog.min(notification_id) FROM eventsourcing_dead_letters WHERE ",
        is!("projection", "$1", "upstream", "$2"),
        ") IS NOT NULL, pg_catalog.txid_current(), ",
        restore_settings!()
    ),
};

#[cfg(feature = "postgres")]
pub(crate) const POSTGRES_ONLY: PostgresViewsSql = PostgresViewsSql {
    version_of_tables: 4,
    lock: "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('eventsourcing projections', 0))",
    create: "CREATE TABLE IF NOT EXISTS eventsourcing_projections (\
               projection text NOT NULL, upstream text NOT NULL, position bigint NOT NULL, anchor uuid, \
               CONSTRAINT eventsourcing_projections_pkey PRIMARY KEY (projection, upstream, position))",
    upgrade: &[
        // the key that versions 1 and 2 gave the table has the same name
        "ALTER TABLE eventsourcing_projections ADD COLUMN IF NOT EXISTS anchor uuid, \
           DROP CONSTRAINT eventsourcing_projections_pkey, \
           ADD CONSTRAINT eventsourcing_projections_pkey PRIMARY KEY (projection, upstream, position)",
        "ALTER TABLE eventsourcing_projection_versions ADD COLUMN IF NOT EXISTS tables text",
        concat!(
            "INSERT INTO eventsourcing_projection_versions (projection, serving) VALUES (",
            schema_row!(),
            ", 4) ON CONFLICT (projection) DO UPDATE SET serving = 4"
        ),
    ],
    look: concat!(
        "SELECT CASE WHEN pg_catalog.current_schema() IS NOT NULL \
           THEN pg_catalog.format('%s %s', pg_catalog.current_database(), pg_catalog.current_schema()) END, ARRAY[",
        is_there!("'eventsourcing_projections'"),
        ", ",
        is_there!("'eventsourcing_dead_letters'"),
        ", ",
        is_there!("'eventsourcing_projection_versions'"),
        ", ",
        is_there!("'eventsourcing_resolved_letters'"),
        ", ",
        is_there!("'eventsourcing_audit'"),
        "]"
    ),
    version: concat!("SELECT serving FROM eventsourcing_projection_versions WHERE projection", op!("="), schema_row!()),
    begin: "BEGIN ISOLATION LEVEL READ COMMITTED",
    keep_settings: "SELECT pg_catalog.set_config('eventsourcing.statement_timeout', \
                      pg_catalog.current_setting('statement_timeout'), true), \
                    pg_catalog.set_config('eventsourcing.enable_seqscan', \
                      pg_catalog.current_setting('enable_seqscan'), true)",
    by_index: "SET LOCAL enable_seqscan = off",
    hand_over: concat!("SELECT pg_catalog.txid_current(), ", restore_settings!()),
    // a row is deleted only after it is joined with the lock
    advance: concat!(
        "WITH locked AS MATERIALIZED (SELECT ",
        lock_position!("$1", "$2"),
        "), moved AS (DELETE FROM eventsourcing_projections USING locked WHERE ",
        is!("projection", "$1", "upstream", "$2", "position", "$4"),
        " RETURNING 1) INSERT INTO eventsourcing_projections (projection, upstream, position, anchor) \
         SELECT $1, $2, $3::bigint, $5::pg_catalog.uuid FROM moved \
         RETURNING (SELECT pg_catalog.min(notification_id) FROM eventsourcing_dead_letters WHERE ",
        is!("projection", "$1", "upstream", "$2"),
        ") IS NOT NULL, pg_catalog.txid_current(), ",
        restore_settings!()
    ),
    probe: "SELECT pg_catalog.txid_current_if_assigned(), pg_catalog.set_config('statement_timeout', $1, true)",
};

#[cfg(feature = "sqlite")]
pub(crate) const SQLITE: PositionsSql = PositionsSql {
    lock: None,
    locked: "SELECT position, anchor FROM eventsourcing_projections WHERE projection = ? AND upstream = ?",
    position: "SELECT position, anchor FROM eventsourcing_projections WHERE projection = ? AND upstream = ?",
    forget: "DELETE FROM eventsourcing_projections WHERE projection = ? AND upstream = ?",
    initialize_position: "INSERT INTO eventsourcing_projections (projection, upstream, position, anchor) VALUES (?, ?, ?, ?) \
               ON CONFLICT (projection, upstream) DO NOTHING",
    insert: "INSERT INTO eventsourcing_projections (projection, upstream, position, anchor) VALUES (?, ?, ?, ?) \
             ON CONFLICT (projection, upstream) DO UPDATE SET position = excluded.position, anchor = excluded.anchor",
};

/// The statements that only SQLite has.
#[cfg(feature = "sqlite")]
pub(crate) struct SqliteViewsSql {
    /// The version of the tables that this program creates and knows: 1 and 2 are those of PostgreSQL, and 3 is 4 there. A position is updated
    /// in place, since SQLite keeps no old row versions.
    pub(crate) version_of_tables: i64,
    pub(crate) create: &'static str,
    /// The columns that tables of version 1 lack.
    pub(crate) add_anchor: &'static str,
    pub(crate) add_tables: &'static str,
    /// Stores the current version of the tables.
    pub(crate) set_version: &'static str,
    /// `()` → whether each of the tables exists: positions, dead letters, versions, resolved letters, audit; whether positions have the column
    /// `anchor`, versions have `tables`, and dead letters have `attempts`.
    pub(crate) tables: &'static str,
    /// `()` → the version of the tables, or none if it is not stored.
    pub(crate) version: &'static str,
    /// `()` → the path of the file; empty if it is in memory.
    pub(crate) file: &'static str,
    /// `(projection, upstream)` → position, whether there are dead letters.
    pub(crate) look: &'static str,
    /// Takes the write lock at once: a transaction that reads and then writes cannot wait for it.
    pub(crate) begin: &'static str,
}

#[cfg(feature = "sqlite")]
pub(crate) const SQLITE_ONLY: SqliteViewsSql = SqliteViewsSql {
    version_of_tables: 3,
    create: "CREATE TABLE IF NOT EXISTS eventsourcing_projections (\
               projection TEXT NOT NULL, upstream TEXT NOT NULL, position INTEGER NOT NULL, anchor BLOB, \
               PRIMARY KEY (projection, upstream)) STRICT, WITHOUT ROWID",
    add_anchor: "ALTER TABLE eventsourcing_projections ADD COLUMN anchor BLOB",
    add_tables: "ALTER TABLE eventsourcing_projection_versions ADD COLUMN tables TEXT",
    set_version: concat!(
        "INSERT INTO eventsourcing_projection_versions (projection, serving) VALUES (",
        schema_row!(),
        ", 3) ON CONFLICT (projection) DO UPDATE SET serving = 3"
    ),
    tables: "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'eventsourcing_projections'), \
               EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'eventsourcing_dead_letters'), \
               EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'eventsourcing_projection_versions'), \
               EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'eventsourcing_resolved_letters'), \
               EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'eventsourcing_audit'), \
               EXISTS (SELECT 1 FROM pragma_table_info('eventsourcing_projections') WHERE name = 'anchor'), \
               EXISTS (SELECT 1 FROM pragma_table_info('eventsourcing_projection_versions') WHERE name = 'tables'), \
               EXISTS (SELECT 1 FROM pragma_table_info('eventsourcing_dead_letters') WHERE name = 'attempts')",
    version: concat!("SELECT serving FROM eventsourcing_projection_versions WHERE projection = ", schema_row!()),
    file: "SELECT file FROM pragma_database_list WHERE name = 'main'",
    look: "SELECT coalesce((SELECT position FROM eventsourcing_projections WHERE projection = ?1 AND upstream = ?2), 0), \
           EXISTS (SELECT 1 FROM eventsourcing_dead_letters WHERE projection = ?1 AND upstream = ?2)",
    begin: "BEGIN IMMEDIATE",
};
