//! The statements for versions of projections: which serves, which is rebuilt, and how one takes the other's place.

/// The statements that both dialects have, each with its own placeholders.
pub(crate) struct RebuildsSql {
    pub(crate) create: &'static str,
    /// `(projection, version)`: one row if none serves yet. In PostgreSQL it waits for others who do the same.
    pub(crate) claim: &'static str,
    /// `(projection)` → serving, rebuilt; in PostgreSQL it keeps both where they are until the transaction ends.
    pub(crate) hold: &'static str,
    /// `(projection)` → serving, rebuilt; in PostgreSQL nobody else can hold them until the transaction ends.
    pub(crate) take: &'static str,
    /// `(projection)` → serving, or none; the first version if it began before it was kept which serves.
    pub(crate) serving: &'static str,
    /// `(projection, version)`.
    pub(crate) set_rebuilt: &'static str,
    /// `(projection, names)`: the tables that the rebuild made, one a line.
    pub(crate) set_tables: &'static str,
    /// `(projection)` → the names of the tables that the rebuild made, one a line; none if that was not kept.
    pub(crate) made: &'static str,
    /// `(projection, version)`: it serves, and none is rebuilt.
    pub(crate) set_serving: &'static str,
    /// `(key)` → upstream, position, anchor.
    pub(crate) positions: &'static str,
    /// `(key)`: waits for the locks on the positions of all its upstreams, and holds them until the transaction ends. SQLite's write
    /// lock is enough.
    pub(crate) lock_positions: Option<&'static str>,
    /// `(key)` → upstream, position, anchor, under these locks.
    pub(crate) take_positions: &'static str,
    /// `(key)`.
    pub(crate) forget: &'static [&'static str],
    /// `(key, new key)`.
    pub(crate) rename: &'static [&'static str],
    /// `(prefix)` → the names of tables that begin with it.
    pub(crate) tables: &'static str,
    /// `(name)` → the name, if there is such a table.
    pub(crate) table: &'static str,
    /// `()`: before tables are dropped and renamed.
    pub(crate) before_dropping: &'static str,
    /// Between the names of tables that are dropped.
    pub(crate) between_dropped: &'static str,
    /// After the names of tables that are the rebuild's own, with what was made of them.
    pub(crate) after_dropped: &'static str,
    /// The bytes of the longest name that is certainly not cut.
    pub(crate) longest_name: usize,
    /// Whether positions move while the transaction of a switch holds others.
    pub(crate) others_move: bool,
}

#[cfg(feature = "postgres")]
use super::views::{is, lock_position, op};

/// The tables of the schema that tables are made in.
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
/// One look into the index for each upstream: deleted rows stay below the newest one until they are vacuumed, and are not met.
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
pub(crate) const POSTGRES: RebuildsSql = RebuildsSql {
    create: "CREATE TABLE IF NOT EXISTS eventsourcing_projection_versions (\
               projection text PRIMARY KEY, serving bigint NOT NULL, rebuilt bigint, tables text)",
    claim: "INSERT INTO eventsourcing_projection_versions (projection, serving) VALUES ($1, $2) \
            ON CONFLICT (projection) DO NOTHING",
    hold: concat!(
        "SELECT serving, rebuilt FROM eventsourcing_projection_versions WHERE ",
        is!("projection", "$1"),
        " FOR KEY SHARE"
    ),
    take: concat!(
        "SELECT serving, rebuilt FROM eventsourcing_projection_versions WHERE ",
        is!("projection", "$1"),
        " FOR UPDATE"
    ),
    serving: concat!(
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
    set_serving: concat!(
        "UPDATE eventsourcing_projection_versions SET serving = $2, rebuilt = NULL, tables = NULL WHERE ",
        is!("projection", "$1")
    ),
    positions: concat!(newest!(), "SELECT upstream, position, anchor FROM newest"),
    lock_positions: Some(concat!(newest!(), "SELECT ", lock_position!("$1", "upstream"), " FROM newest")),
    take_positions: concat!(
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
    // who waits for a table keeps all waiting that come after
    before_dropping: "SET LOCAL lock_timeout = '1s'",
    between_dropped: ", ",
    after_dropped: " CASCADE",
    longest_name: 62,
    others_move: true,
};

/// What only PostgreSQL has.
#[cfg(feature = "postgres")]
pub(crate) struct PostgresRebuildsSql {
    /// `(projection)` → serving, rebuilt, as they are now. Whoever holds the lock on a position must not wait for versions: a switch
    /// takes them first.
    pub(crate) versions: &'static str,
    /// `()`: what a crash of the server loses, it loses of the view and of its position together.
    pub(crate) asynchronous: &'static str,
    /// `(prefix)` → a table that this transaction used, of which there is another with the prefix.
    pub(crate) serving_table_in_use: &'static str,
}

#[cfg(feature = "postgres")]
pub(crate) const POSTGRES_ONLY: PostgresRebuildsSql = PostgresRebuildsSql {
    versions: concat!("SELECT serving, rebuilt FROM eventsourcing_projection_versions WHERE ", is!("projection", "$1")),
    asynchronous: "SET LOCAL synchronous_commit = off",
    // whoever uses a table keeps a lock on it until the transaction ends
    serving_table_in_use: concat!(
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
pub(crate) const SQLITE: RebuildsSql = RebuildsSql {
    create: "CREATE TABLE IF NOT EXISTS eventsourcing_projection_versions (\
               projection TEXT PRIMARY KEY, serving INTEGER NOT NULL, rebuilt INTEGER, tables TEXT) STRICT, WITHOUT ROWID",
    claim: "INSERT INTO eventsourcing_projection_versions (projection, serving) VALUES (?, ?) \
            ON CONFLICT (projection) DO NOTHING",
    hold: "SELECT serving, rebuilt FROM eventsourcing_projection_versions WHERE projection = ?",
    take: "SELECT serving, rebuilt FROM eventsourcing_projection_versions WHERE projection = ?",
    serving: "SELECT coalesce((SELECT serving FROM eventsourcing_projection_versions WHERE projection = ?1), \
              (SELECT 1 FROM eventsourcing_projections WHERE projection = ?1 LIMIT 1))",
    set_rebuilt: "UPDATE eventsourcing_projection_versions SET rebuilt = ?2, tables = NULL WHERE projection = ?1",
    set_tables: "UPDATE eventsourcing_projection_versions SET tables = ?2 WHERE projection = ?1",
    made: "SELECT tables FROM eventsourcing_projection_versions WHERE projection = ?",
    set_serving: "UPDATE eventsourcing_projection_versions SET serving = ?2, rebuilt = NULL, tables = NULL WHERE projection = ?1",
    positions: "SELECT upstream, position, anchor FROM eventsourcing_projections WHERE projection = ?",
    lock_positions: None,
    take_positions: "SELECT upstream, position, anchor FROM eventsourcing_projections WHERE projection = ?",
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
    // tables that refer to one another may be dropped in any order
    before_dropping: "PRAGMA defer_foreign_keys = ON",
    between_dropped: "; DROP TABLE ",
    after_dropped: "",
    longest_name: usize::MAX,
    others_move: false,
};

/// What only SQLite has.
#[cfg(feature = "sqlite")]
pub(crate) struct SqliteRebuildsSql {
    /// `()` → the names of triggers that guard tables that serve.
    pub(crate) guards: &'static str,
    /// What their names begin with.
    pub(crate) guard: &'static str,
}

#[cfg(feature = "sqlite")]
pub(crate) const SQLITE_ONLY: SqliteRebuildsSql = SqliteRebuildsSql {
    guards: "SELECT name FROM sqlite_temp_master WHERE type = 'trigger' AND substr(name, 1, 20) = 'eventsourcing_guard_'",
    guard: "eventsourcing_guard_",
};
