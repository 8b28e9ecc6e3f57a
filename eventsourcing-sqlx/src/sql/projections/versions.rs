//! The statements for versions of projections: which is live, which is rebuilt, and the switch from one to the other.

#[cfg(feature = "postgres")]
use super::fragments::{is, lock_position, op};

/// The statements that both dialects have, each with its own placeholders.
pub(crate) struct VersionsSql {
    pub(crate) create: &'static str,
    /// `(projection, version)`: makes a version live; one row if none is live yet. In PostgreSQL it waits for others that do the same.
    pub(crate) insert_live: &'static str,
    /// `(projection)` → live, rebuilt; in PostgreSQL neither changes until the transaction ends.
    pub(crate) hold: &'static str,
    /// `(projection)` → live, rebuilt; in PostgreSQL no other transaction can hold them until this one ends.
    pub(crate) lock: &'static str,
    /// `(projection)` → the live version, or none; the first version if it began before versions were stored.
    pub(crate) live: &'static str,
    /// `(projection, version)`.
    pub(crate) set_rebuilt: &'static str,
    /// `(projection, names)`: stores the tables that the rebuild made, one name per line.
    pub(crate) set_tables: &'static str,
    /// `(projection)` → the names of the tables that the rebuild made, one per line; none if they were not stored.
    pub(crate) made: &'static str,
    /// `(projection, version)`: makes a version live, and ends the rebuild.
    pub(crate) set_live: &'static str,
    /// `(key)` → upstream, position, anchor.
    pub(crate) positions: &'static str,
    /// `(key)`: waits for the locks on the positions of all its upstreams, and holds them until the transaction ends. SQLite needs none:
    /// the transaction has the write lock.
    pub(crate) lock_positions: Option<&'static str>,
    /// `(key)` → upstream, position, anchor, under these locks.
    pub(crate) locked_positions: &'static str,
    /// `(key)`: deletes its positions and dead letters.
    pub(crate) forget: &'static [&'static str],
    /// `(key, new key)`: moves its positions and dead letters to the new key.
    pub(crate) rename: &'static [&'static str],
    /// `(prefix)` → the names of tables that begin with it.
    pub(crate) tables: &'static str,
    /// `(name)` → the name, if there is such a table.
    pub(crate) table: &'static str,
    /// `()`: runs before tables are dropped and renamed.
    pub(crate) before_dropping: &'static str,
    /// The separator between the names of tables that are dropped.
    pub(crate) between_dropped: &'static str,
    /// The end of the statement that drops the rebuild's own tables, with objects that depend on them.
    pub(crate) after_dropped: &'static str,
    /// The longest table name in bytes that is not truncated.
    pub(crate) longest_name: usize,
    /// Whether positions of the rebuild can move while a switch holds those of the live version.
    pub(crate) others_move: bool,
}

/// The tables of the schema in which tables are created.
#[cfg(feature = "postgres")]
macro_rules! of_schema {
    () => {
        concat!(
            "SELECT c.relname::pg_catalog.text FROM pg_catalog.pg_class c WHERE c.relnamespace",
            op!("="),
            "pg_catalog.current_schema()::pg_catalog.regnamespace::pg_catalog.oid AND c.relkind",
            op!("="),
            "ANY ('{r,p}'::pg_catalog.\"char\"[])"
        )
    };
}

/// `newest`: upstream, position and anchor of each row of the key `$1`.
///
/// One index lookup for each upstream: deleted rows stay below the newest one until they are vacuumed, and are not read.
#[cfg(feature = "postgres")]
macro_rules! newest {
    () => {
        concat!(
            "WITH RECURSIVE newest AS ((SELECT upstream, position, anchor FROM eventsourcing_projections WHERE ",
            is!("projection", "$1"),
            " ORDER BY upstream DESC, position DESC LIMIT 1) UNION ALL \
             SELECT next.upstream, next.position, next.anchor FROM newest CROSS JOIN LATERAL (\
               SELECT upstream, position, anchor FROM eventsourcing_projections WHERE ",
            is!("projection", "$1"),
            " AND upstream",
            op!("<"),
            "newest.upstream ORDER BY upstream DESC, position DESC LIMIT 1) AS next) "
        )
    };
}

#[cfg(feature = "postgres")]
pub(crate) const POSTGRES: VersionsSql = VersionsSql {
    create: "CREATE TABLE IF NOT EXISTS eventsourcing_projection_versions (\
               projection text PRIMARY KEY, serving bigint NOT NULL, rebuilt bigint, tables text)",
    insert_live: "INSERT INTO eventsourcing_projection_versions (projection, serving) VALUES ($1, $2) \
            ON CONFLICT (projection) DO NOTHING",
    hold: concat!(
        "SELECT serving, rebuilt FROM eventsourcing_projection_versions WHERE ",
        is!("projection", "$1"),
        " FOR KEY SHARE"
    ),
    lock: concat!(
        "SELECT serving, rebuilt FROM eventsourcing_projection_versions WHERE ",
        is!("projection", "$1"),
        " FOR UPDATE"
    ),
    live: concat!(
        "SELECT coalesce((SELECT serving FROM eventsourcing_projection_versions WHERE ",
        is!("projection", "$1"),
        "), (SELECT 1 FROM eventsourcing_projections WHERE ",
        is!("projection", "$1"),
        " ORDER BY upstream DESC, position DESC LIMIT 1))"
    ),
    set_rebuilt: concat!(
        "UPDATE eventsourcing_projection_versions SET rebuilt = $2, tables = NULL WHERE ",
        is!("projection", "$1")
    ),
    set_tables: concat!("UPDATE eventsourcing_projection_versions SET tables = $2 WHERE ", is!("projection", "$1")),
    made: concat!("SELECT tables FROM eventsourcing_projection_versions WHERE ", is!("projection", "$1")),
    set_live: concat!(
        "UPDATE eventsourcing_projection_versions SET serving = $2, rebuilt = NULL, tables = NULL WHERE ",
        is!("projection", "$1")
    ),
    positions: concat!(newest!(), "SELECT upstream, position, anchor FROM newest"),
    lock_positions: Some(concat!(newest!(), "SELECT ", lock_position!("$1", "upstream"), " FROM newest")),
    locked_positions: concat!(
        "SELECT upstream, position, anchor FROM eventsourcing_projections WHERE ",
        is!("projection", "$1"),
        " ORDER BY upstream FOR UPDATE"
    ),
    forget: &[
        concat!("DELETE FROM eventsourcing_projections WHERE ", is!("projection", "$1")),
        concat!("DELETE FROM eventsourcing_dead_letters WHERE ", is!("projection", "$1")),
    ],
    rename: &[
        concat!("UPDATE eventsourcing_projections SET projection = $2 WHERE ", is!("projection", "$1")),
        concat!("UPDATE eventsourcing_dead_letters SET projection = $2 WHERE ", is!("projection", "$1")),
    ],
    tables: concat!(of_schema!(), " AND pg_catalog.starts_with(c.relname::pg_catalog.text, $1) ORDER BY c.relname"),
    table: concat!(of_schema!(), " AND c.relname::pg_catalog.text", op!("="), "$1"),
    // a transaction that waits for a table blocks all later ones
    before_dropping: "SET LOCAL lock_timeout = '1s'",
    between_dropped: ", ",
    after_dropped: " CASCADE",
    longest_name: 62,
    others_move: true,
};

/// What only PostgreSQL has.
#[cfg(feature = "postgres")]
pub(crate) struct PostgresVersionsSql {
    /// `(projection)` → live, rebuilt, as they are now. A transaction that holds the lock on a position must not wait for versions: a
    /// switch locks versions first.
    pub(crate) versions: &'static str,
    /// `()`: commits do not wait for the disk. A crash of the server loses changes of the view and of its position together.
    pub(crate) asynchronous: &'static str,
    /// `()`: checks deferred constraints now.
    pub(crate) check_constraints: &'static str,
    /// `(prefix)` → a table that this transaction used, and that also exists with the prefix.
    pub(crate) live_table_in_use: &'static str,
}

#[cfg(feature = "postgres")]
pub(crate) const POSTGRES_ONLY: PostgresVersionsSql = PostgresVersionsSql {
    versions: concat!("SELECT serving, rebuilt FROM eventsourcing_projection_versions WHERE ", is!("projection", "$1")),
    asynchronous: "SET LOCAL synchronous_commit = off",
    check_constraints: "SET CONSTRAINTS ALL IMMEDIATE",
    // a transaction that uses a table keeps a lock on it until it ends
    live_table_in_use: concat!(
        "SELECT c.relname::pg_catalog.text FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid",
        op!("="),
        "l.relation WHERE l.locktype",
        op!("="),
        "'relation' AND l.pid",
        op!("="),
        "pg_catalog.pg_backend_pid() AND c.relnamespace",
        op!("="),
        "pg_catalog.current_schema()::pg_catalog.regnamespace::pg_catalog.oid AND EXISTS (\
           SELECT FROM pg_catalog.pg_class r WHERE r.relnamespace",
        op!("="),
        "c.relnamespace AND r.relkind",
        op!("="),
        "ANY ('{r,p}'::pg_catalog.\"char\"[]) AND r.relname::pg_catalog.text",
        op!("="),
        "pg_catalog.concat($1::pg_catalog.text, c.relname)) LIMIT 1"
    ),
};

#[cfg(feature = "sqlite")]
pub(crate) const SQLITE: VersionsSql = VersionsSql {
    create: "CREATE TABLE IF NOT EXISTS eventsourcing_projection_versions (\
               projection TEXT PRIMARY KEY, serving INTEGER NOT NULL, rebuilt INTEGER, tables TEXT) STRICT, WITHOUT ROWID",
    insert_live: "INSERT INTO eventsourcing_projection_versions (projection, serving) VALUES (?, ?) \
            ON CONFLICT (projection) DO NOTHING",
    hold: "SELECT serving, rebuilt FROM eventsourcing_projection_versions WHERE projection = ?",
    lock: "SELECT serving, rebuilt FROM eventsourcing_projection_versions WHERE projection = ?",
    live: "SELECT coalesce((SELECT serving FROM eventsourcing_projection_versions WHERE projection = ?1), \
              (SELECT 1 FROM eventsourcing_projections WHERE projection = ?1 LIMIT 1))",
    set_rebuilt: "UPDATE eventsourcing_projection_versions SET rebuilt = ?2, tables = NULL WHERE projection = ?1",
    set_tables: "UPDATE eventsourcing_projection_versions SET tables = ?2 WHERE projection = ?1",
    made: "SELECT tables FROM eventsourcing_projection_versions WHERE projection = ?",
    set_live: "UPDATE eventsourcing_projection_versions SET serving = ?2, rebuilt = NULL, tables = NULL WHERE projection = ?1",
    positions: "SELECT upstream, position, anchor FROM eventsourcing_projections WHERE projection = ?",
    lock_positions: None,
    locked_positions: "SELECT upstream, position, anchor FROM eventsourcing_projections WHERE projection = ?",
    forget: &[
        "DELETE FROM eventsourcing_projections WHERE projection = ?",
        "DELETE FROM eventsourcing_dead_letters WHERE projection = ?",
    ],
    rename: &[
        "UPDATE eventsourcing_projections SET projection = ?2 WHERE projection = ?1",
        "UPDATE eventsourcing_dead_letters SET projection = ?2 WHERE projection = ?1",
    ],
    tables: "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, length(?1)) = ?1 ORDER BY name",
    table: "SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?",
    // tables with foreign keys to one another may be dropped in any order
    before_dropping: "PRAGMA defer_foreign_keys = ON",
    between_dropped: "; DROP TABLE ",
    after_dropped: "",
    longest_name: usize::MAX,
    others_move: false,
};

/// What only SQLite has.
#[cfg(feature = "sqlite")]
pub(crate) struct SqliteVersionsSql {
    /// `()` → the names of triggers that guard live tables.
    pub(crate) guards: &'static str,
    /// The prefix of their names.
    pub(crate) guard: &'static str,
}

#[cfg(feature = "sqlite")]
pub(crate) const SQLITE_ONLY: SqliteVersionsSql = SqliteVersionsSql {
    guards: "SELECT name FROM sqlite_temp_master WHERE type = 'trigger' AND substr(name, 1, 20) = 'eventsourcing_guard_'",
    guard: "eventsourcing_guard_",
};
