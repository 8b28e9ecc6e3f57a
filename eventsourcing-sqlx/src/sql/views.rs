//! The statements for views: how far which projection is with which log.
//!
//! In PostgreSQL they run on connections whose `search_path` is the user's: the tables are found by it, as the handlers' are. Functions,
//! operators and types are named with their schema, so that nothing else of that name is run in their place.

/// The row of versions that keeps the one of the tables: there is no projection of that name.
macro_rules! schema_row {
    () => {
        "'.schema'"
    };
}

/// An operator of PostgreSQL's own.
#[cfg(feature = "postgres")]
macro_rules! op {
    ($op:literal) => {
        concat!(" OPERATOR(pg_catalog.", $op, ") ")
    };
}
#[cfg(feature = "postgres")]
pub(crate) use op;

/// `column = $n` for each.
#[cfg(feature = "postgres")]
macro_rules! is {
    ($first:literal, $first_value:literal $(, $column:literal, $value:literal)*) => {
        concat!($first, " OPERATOR(pg_catalog.=) ", $first_value $(, " AND ", $column, " OPERATOR(pg_catalog.=) ", $value)*)
    };
}
#[cfg(feature = "postgres")]
pub(crate) use is;

/// The advisory lock on the position of a projection with an upstream, in the schema that the table is in.
///
/// Two keys of one hash share a lock, and wait for each other without need.
#[cfg(feature = "postgres")]
macro_rules! lock_position {
    ($projection:literal, $upstream:literal) => {
        concat!(
            "pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(pg_catalog.concat(",
            $projection,
            "::pg_catalog.text, ' ', ",
            $upstream,
            "::pg_catalog.text), 'eventsourcing_projections'::pg_catalog.regclass::pg_catalog.oid::bigint))"
        )
    };
}
#[cfg(feature = "postgres")]
pub(crate) use lock_position;

/// The settings as they were before statements of ours began.
#[cfg(feature = "postgres")]
macro_rules! restore_settings {
    () => {
        "pg_catalog.concat(\
           pg_catalog.set_config('statement_timeout', pg_catalog.current_setting('eventsourcing.statement_timeout'), true), \
           pg_catalog.set_config('enable_seqscan', pg_catalog.current_setting('eventsourcing.enable_seqscan'), true))"
    };
}

/// The statements in PostgreSQL's dialect.
///
/// A position moves by deleting its row and inserting the next one, under a key that includes the position. A row that is updated in
/// place leaves its old versions in the way of the next update as long as any snapshot is held, a backup's for instance. With the
/// position in the key, a lookup of one position or of the highest meets no deleted row.
///
/// A row that is replaced cannot be waited for: whoever waited for its lock finds it deleted, and not its successor. So the lock on a
/// position is an advisory one. It leaves nothing behind in a table, it exists before the first row does, and the server serves those
/// who wait for it in turn.
#[cfg(feature = "postgres")]
pub(crate) struct PostgresViewsSql {
    /// The version of the tables that this program makes and knows.
    ///
    /// 1: as they were before it was kept which version they have. 2: the column `anchor` of positions, and `tables` of versions.
    /// 3: the key of positions includes the position.
    pub(crate) version_of_tables: i64,
    /// `()`: makes two who open at the same time take turns, since of two that create a table one would fail.
    pub(crate) lock: &'static str,
    pub(crate) create: &'static str,
    /// After all tables are there: what the version of now has, and that they have it.
    pub(crate) upgrade: &'static [&'static str],
    /// `(whether tables count that are in another schema of the search path)` → database and schema; whether each of the three tables
    /// is there: positions, dead letters, versions.
    pub(crate) look: &'static str,
    /// `()` → the version of the tables, or none if it is not kept.
    pub(crate) version: &'static str,
    /// `(projection, upstream)` → position, anchor.
    pub(crate) position: &'static str,
    /// Not left to the database's default: who waited for another must see where that one left the position.
    pub(crate) begin: &'static str,
    /// `()`: remembers the settings that are changed for statements of ours, until the transaction ends.
    pub(crate) keep_settings: &'static str,
    /// `()`: no plan reads the whole table of positions.
    ///
    /// Where it was analyzed with one row in it, a plan that reads it whole seems cheaper than the index. A prepared statement keeps
    /// such a plan, and reads each row that was deleted since while a snapshot is held.
    pub(crate) by_index: &'static str,
    /// `()` → the id of the transaction; from here on statements have the settings that they had before.
    pub(crate) hand_over: &'static str,
    /// `(projection, upstream)`: as if nothing of it were processed.
    pub(crate) forget: &'static str,
    /// `(projection, upstream)`: waits for the lock on the position, and holds it until the transaction ends. The next statement sees
    /// what others committed before.
    pub(crate) lock_position: &'static str,
    /// `(projection, upstream)` → position and anchor, under the lock. The row is locked too, for programs that know version 2 and are
    /// still running.
    pub(crate) locked_position: &'static str,
    /// `(projection, upstream, position, anchor)`: unless a position is stored. The lock on the position must be held.
    pub(crate) begin_at: &'static str,
    /// `(projection, upstream, position, anchor)` → whether there are dead letters, and as `hand_over`; no row if it is past the start
    /// already. The lock on the position must be held.
    pub(crate) insert: &'static str,
    /// `(projection, upstream, position, position before, anchor)` → as `insert`; no row if it is elsewhere. Takes the lock on the
    /// position if the row of the position before is there.
    ///
    /// It sees positions and dead letters as they were before it waited for others. A row that another transaction moved meanwhile is
    /// not deleted, so this gives no row. One aside, which left the position where it is, can have taken letters out, and then they
    /// are looked for in vain.
    pub(crate) advance: &'static str,
    /// `(time limit)` → the id of the transaction that it is in; fails if that did.
    pub(crate) probe: &'static str,
}

#[cfg(feature = "postgres")]
pub(crate) const POSTGRES: PostgresViewsSql = PostgresViewsSql {
    version_of_tables: 3,
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
            ", 3) ON CONFLICT (projection) DO UPDATE SET serving = 3"
        ),
    ],
    look: concat!(
        "SELECT pg_catalog.format('%s %s', pg_catalog.current_database(), pg_catalog.current_schema()), \
           CASE WHEN $1 THEN pg_catalog.to_regclass('eventsourcing_projections') IS NOT NULL \
             ELSE EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace",
        op!("="),
        "pg_catalog.current_schema()::pg_catalog.regnamespace::pg_catalog.oid AND relname",
        op!("="),
        "'eventsourcing_projections') END, \
           CASE WHEN $1 THEN pg_catalog.to_regclass('eventsourcing_dead_letters') IS NOT NULL \
             ELSE EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace",
        op!("="),
        "pg_catalog.current_schema()::pg_catalog.regnamespace::pg_catalog.oid AND relname",
        op!("="),
        "'eventsourcing_dead_letters') END, \
           CASE WHEN $1 THEN pg_catalog.to_regclass('eventsourcing_projection_versions') IS NOT NULL \
             ELSE EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace",
        op!("="),
        "pg_catalog.current_schema()::pg_catalog.regnamespace::pg_catalog.oid AND relname",
        op!("="),
        "'eventsourcing_projection_versions') END"
    ),
    version: concat!("SELECT serving FROM eventsourcing_projection_versions WHERE projection", op!("="), schema_row!()),
    // deleted rows stay below the newest until they are vacuumed
    position: concat!(
        "SELECT position, anchor FROM eventsourcing_projections WHERE ",
        is!("projection", "$1", "upstream", "$2"),
        " ORDER BY position DESC LIMIT 1"
    ),
    begin: "BEGIN ISOLATION LEVEL READ COMMITTED",
    keep_settings: "SELECT pg_catalog.set_config('eventsourcing.statement_timeout', \
                      pg_catalog.current_setting('statement_timeout'), true), \
                    pg_catalog.set_config('eventsourcing.enable_seqscan', \
                      pg_catalog.current_setting('enable_seqscan'), true)",
    by_index: "SET LOCAL enable_seqscan = off",
    hand_over: concat!("SELECT pg_catalog.txid_current(), ", restore_settings!()),
    forget: concat!("DELETE FROM eventsourcing_projections WHERE ", is!("projection", "$1", "upstream", "$2")),
    lock_position: concat!("SELECT ", lock_position!("$1", "$2")),
    locked_position: concat!(
        "SELECT position, anchor FROM eventsourcing_projections WHERE ",
        is!("projection", "$1", "upstream", "$2"),
        " ORDER BY position DESC LIMIT 1 FOR NO KEY UPDATE"
    ),
    begin_at: concat!(
        "INSERT INTO eventsourcing_projections (projection, upstream, position, anchor) \
         SELECT $1, $2, $3::bigint, $4::pg_catalog.uuid \
         WHERE NOT EXISTS (SELECT FROM eventsourcing_projections WHERE ",
        is!("projection", "$1", "upstream", "$2"),
        ")"
    ),
    // the smallest id is looked up in the index; for EXISTS a planner may read all letters of others
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
    // a row is deleted only once it is joined with the lock
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

/// The statements in SQLite's dialect.
#[cfg(feature = "sqlite")]
pub(crate) struct SqliteViewsSql {
    /// The version of the tables that this program makes and knows: 1 and 2 are those of PostgreSQL. A position is updated in place,
    /// since no version of a row is kept.
    pub(crate) version_of_tables: i64,
    pub(crate) create: &'static str,
    /// What tables of version 1 lack.
    pub(crate) add_anchor: &'static str,
    pub(crate) add_tables: &'static str,
    /// That the tables have the version of now.
    pub(crate) set_version: &'static str,
    /// `()` → whether each of the tables is there: positions, dead letters, versions; whether positions have an anchor,
    /// and versions have tables.
    pub(crate) tables: &'static str,
    /// `()` → the version of the tables, or none if it is not kept.
    pub(crate) version: &'static str,
    /// `()` → the path of the file; empty if it is in memory.
    pub(crate) file: &'static str,
    /// `(projection, upstream)` → position.
    pub(crate) position: &'static str,
    /// `(projection, upstream)` → position, whether there are dead letters.
    pub(crate) look: &'static str,
    /// Takes the write lock at once: a transaction that reads and then writes cannot wait for it.
    pub(crate) begin: &'static str,
    /// `(projection, upstream)`: as if nothing of it were processed.
    pub(crate) forget: &'static str,
    /// `(projection, upstream, position, anchor)`: unless a position is stored.
    pub(crate) begin_at: &'static str,
    /// `(projection, upstream, position, anchor)`: the position, whatever it was before.
    pub(crate) insert: &'static str,
}

#[cfg(feature = "sqlite")]
pub(crate) const SQLITE: SqliteViewsSql = SqliteViewsSql {
    version_of_tables: 2,
    create: "CREATE TABLE IF NOT EXISTS eventsourcing_projections (\
               projection TEXT NOT NULL, upstream TEXT NOT NULL, position INTEGER NOT NULL, anchor BLOB, \
               PRIMARY KEY (projection, upstream)) STRICT, WITHOUT ROWID",
    add_anchor: "ALTER TABLE eventsourcing_projections ADD COLUMN anchor BLOB",
    add_tables: "ALTER TABLE eventsourcing_projection_versions ADD COLUMN tables TEXT",
    set_version: concat!(
        "INSERT INTO eventsourcing_projection_versions (projection, serving) VALUES (",
        schema_row!(),
        ", 2) ON CONFLICT (projection) DO UPDATE SET serving = 2"
    ),
    tables: "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'eventsourcing_projections'), \
               EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'eventsourcing_dead_letters'), \
               EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'eventsourcing_projection_versions'), \
               EXISTS (SELECT 1 FROM pragma_table_info('eventsourcing_projections') WHERE name = 'anchor'), \
               EXISTS (SELECT 1 FROM pragma_table_info('eventsourcing_projection_versions') WHERE name = 'tables')",
    version: concat!("SELECT serving FROM eventsourcing_projection_versions WHERE projection = ", schema_row!()),
    file: "SELECT file FROM pragma_database_list WHERE name = 'main'",
    position: "SELECT position, anchor FROM eventsourcing_projections WHERE projection = ? AND upstream = ?",
    look: "SELECT coalesce((SELECT position FROM eventsourcing_projections WHERE projection = ?1 AND upstream = ?2), 0), \
           EXISTS (SELECT 1 FROM eventsourcing_dead_letters WHERE projection = ?1 AND upstream = ?2)",
    begin: "BEGIN IMMEDIATE",
    forget: "DELETE FROM eventsourcing_projections WHERE projection = ? AND upstream = ?",
    begin_at: "INSERT INTO eventsourcing_projections (projection, upstream, position, anchor) VALUES (?, ?, ?, ?) \
               ON CONFLICT (projection, upstream) DO NOTHING",
    insert: "INSERT INTO eventsourcing_projections (projection, upstream, position, anchor) VALUES (?, ?, ?, ?) \
             ON CONFLICT (projection, upstream) DO UPDATE SET position = excluded.position, anchor = excluded.anchor",
};
