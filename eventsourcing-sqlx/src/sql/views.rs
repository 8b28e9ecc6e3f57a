//! The statements for views: how far which projection is with which log.
//!
//! In PostgreSQL they run on connections whose `search_path` is the user's: the tables are found by it, as the handlers' are. Functions,
//! operators and types are named with their schema, so that nothing else of that name is run in their place.

/// The version of the tables of positions, dead letters and versions that this program makes and knows.
///
/// 1: as they were before it was kept which version they have. 2: the column `anchor` of positions, and `tables` of versions.
pub(crate) const VIEWS_SCHEMA_VERSION: i64 = 2;

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

/// The time limit of statements as it was before those of ours began.
#[cfg(feature = "postgres")]
macro_rules! restore_timeout {
    () => {
        "pg_catalog.set_config('statement_timeout', pg_catalog.current_setting('eventsourcing.statement_timeout'), true)"
    };
}

/// The statements in PostgreSQL's dialect.
#[cfg(feature = "postgres")]
pub(crate) struct PostgresViewsSql {
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
    /// `()`: remembers the time limit of statements until the transaction ends.
    pub(crate) keep_timeout: &'static str,
    /// `()` → the id of the transaction; from here on statements have the time limit that they had before.
    pub(crate) hand_over: &'static str,
    /// `(projection, upstream)`: as if nothing of it were processed.
    pub(crate) forget: &'static str,
    /// `(projection, upstream)` → position and anchor, which nobody moves before the transaction ends.
    pub(crate) lock_position: &'static str,
    /// `(projection, upstream, position, anchor)`: unless a position is stored.
    pub(crate) begin_at: &'static str,
    /// `(projection, upstream, position, anchor)` → whether there are dead letters, and as `hand_over`; no row if it is past the start
    /// already. It waits for others who begin.
    pub(crate) insert: &'static str,
    /// `(projection, upstream, position, position before, anchor)` → as `insert`; no row if it is elsewhere.
    ///
    /// It sees the dead letters as they were before it waited for others. Of those one that moved the position and put something
    /// aside makes this give no row; one aside, which left the position where it is, can have taken letters out, and then they are
    /// looked for in vain.
    pub(crate) update: &'static str,
    /// `(time limit)` → the id of the transaction that it is in; fails if that did.
    pub(crate) probe: &'static str,
}

#[cfg(feature = "postgres")]
pub(crate) const POSTGRES: PostgresViewsSql = PostgresViewsSql {
    lock: "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('eventsourcing projections', 0))",
    create: "CREATE TABLE IF NOT EXISTS eventsourcing_projections (\
               projection text NOT NULL, upstream text NOT NULL, position bigint NOT NULL, anchor uuid, \
               PRIMARY KEY (projection, upstream))",
    upgrade: &[
        "ALTER TABLE eventsourcing_projections ADD COLUMN IF NOT EXISTS anchor uuid",
        "ALTER TABLE eventsourcing_projection_versions ADD COLUMN IF NOT EXISTS tables text",
        concat!(
            "INSERT INTO eventsourcing_projection_versions (projection, serving) VALUES (",
            schema_row!(),
            ", 2) ON CONFLICT (projection) DO UPDATE SET serving = 2"
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
    position: concat!(
        "SELECT position, anchor FROM eventsourcing_projections WHERE ",
        is!("projection", "$1", "upstream", "$2")
    ),
    begin: "BEGIN ISOLATION LEVEL READ COMMITTED",
    keep_timeout: "SELECT pg_catalog.set_config('eventsourcing.statement_timeout', \
                   pg_catalog.current_setting('statement_timeout'), true)",
    hand_over: concat!("SELECT pg_catalog.txid_current(), ", restore_timeout!()),
    forget: concat!("DELETE FROM eventsourcing_projections WHERE ", is!("projection", "$1", "upstream", "$2")),
    // the lock that an update takes
    lock_position: concat!(
        "SELECT position, anchor FROM eventsourcing_projections WHERE ",
        is!("projection", "$1", "upstream", "$2"),
        " FOR NO KEY UPDATE"
    ),
    begin_at: "INSERT INTO eventsourcing_projections (projection, upstream, position, anchor) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (projection, upstream) DO NOTHING",
    // the smallest id is looked up in the index; for EXISTS a planner may read all letters of others
    insert: concat!(
        "INSERT INTO eventsourcing_projections (projection, upstream, position, anchor) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (projection, upstream) DO UPDATE SET position = excluded.position, anchor = excluded.anchor \
           WHERE eventsourcing_projections.position",
        op!("="),
        "0 RETURNING (SELECT pg_catalog.min(notification_id) FROM eventsourcing_dead_letters WHERE ",
        is!("projection", "$1", "upstream", "$2"),
        ") IS NOT NULL, pg_catalog.txid_current(), ",
        restore_timeout!()
    ),
    update: concat!(
        "UPDATE eventsourcing_projections SET position = $3, anchor = $5 WHERE ",
        is!("projection", "$1", "upstream", "$2", "position", "$4"),
        " RETURNING (SELECT pg_catalog.min(notification_id) FROM eventsourcing_dead_letters WHERE ",
        is!("projection", "$1", "upstream", "$2"),
        ") IS NOT NULL, pg_catalog.txid_current(), ",
        restore_timeout!()
    ),
    probe: "SELECT pg_catalog.txid_current_if_assigned(), pg_catalog.set_config('statement_timeout', $1, true)",
};

/// The statements in SQLite's dialect.
#[cfg(feature = "sqlite")]
pub(crate) struct SqliteViewsSql {
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
