//! The statements for views: how far which projection is with which log.

/// The statements in PostgreSQL's dialect.
#[cfg(feature = "postgres")]
pub(crate) struct PostgresViewsSql {
    /// `()`: makes two who open at the same time take turns, since of two that create a table one would fail.
    pub(crate) lock: &'static str,
    pub(crate) create: &'static str,
    /// `(projection, upstream)` → position.
    pub(crate) position: &'static str,
    /// Not left to the database's default: who waited for another must see where that one left the position.
    pub(crate) begin: &'static str,
    /// `(projection, upstream)` → position, which nobody moves before the transaction ends.
    pub(crate) lock_position: &'static str,
    /// `(projection, upstream, position)` → whether there are dead letters; no row if it has begun already. It waits for others who begin.
    pub(crate) insert: &'static str,
    /// `(projection, upstream, position, position before)` → whether there are dead letters; no row if it is elsewhere.
    ///
    /// It sees the dead letters as they were before it waited for others. Of those one that moved the position and put something
    /// aside makes this give no row; one aside, which left the position where it is, can have taken letters out, and then they are
    /// looked for in vain.
    pub(crate) update: &'static str,
    /// `()`: fails if the transaction did.
    pub(crate) probe: &'static str,
    /// `()` → the database and the schema in which tables are made.
    pub(crate) schema: &'static str,
}

#[cfg(feature = "postgres")]
pub(crate) const POSTGRES: PostgresViewsSql = PostgresViewsSql {
    lock: "SELECT pg_advisory_xact_lock(hashtextextended('eventsourcing projections', 0))",
    create: "CREATE TABLE IF NOT EXISTS eventsourcing_projections (\
               projection text NOT NULL, upstream text NOT NULL, position bigint NOT NULL, \
               PRIMARY KEY (projection, upstream))",
    position: "SELECT position FROM eventsourcing_projections WHERE projection = $1 AND upstream = $2",
    begin: "BEGIN ISOLATION LEVEL READ COMMITTED",
    // the lock that an update takes
    lock_position: "SELECT position FROM eventsourcing_projections WHERE projection = $1 AND upstream = $2 \
                    FOR NO KEY UPDATE",
    // the smallest id is looked up in the index; for EXISTS a planner may read all letters of others
    insert: "INSERT INTO eventsourcing_projections (projection, upstream, position) VALUES ($1, $2, $3) \
             ON CONFLICT (projection, upstream) DO NOTHING \
             RETURNING (SELECT min(notification_id) FROM eventsourcing_dead_letters \
                        WHERE projection = $1 AND upstream = $2) IS NOT NULL",
    update: "UPDATE eventsourcing_projections SET position = $3 WHERE projection = $1 AND upstream = $2 AND position = $4 \
             RETURNING (SELECT min(notification_id) FROM eventsourcing_dead_letters \
                        WHERE projection = $1 AND upstream = $2) IS NOT NULL",
    probe: "SELECT 1",
    schema: "SELECT current_database() || ' ' || current_schema()",
};

/// The statements in SQLite's dialect.
#[cfg(feature = "sqlite")]
pub(crate) struct SqliteViewsSql {
    pub(crate) create: &'static str,
    /// `()` → the path of the file; empty if it is in memory.
    pub(crate) file: &'static str,
    /// `(projection, upstream)` → position.
    pub(crate) position: &'static str,
    /// `(projection, upstream)` → position, whether there are dead letters.
    pub(crate) look: &'static str,
    /// Takes the write lock at once: a transaction that reads and then writes cannot wait for it.
    pub(crate) begin: &'static str,
    /// `(projection, upstream, position)`: the position, whatever it was before.
    pub(crate) insert: &'static str,
}

#[cfg(feature = "sqlite")]
pub(crate) const SQLITE: SqliteViewsSql = SqliteViewsSql {
    create: "CREATE TABLE IF NOT EXISTS eventsourcing_projections (\
               projection TEXT NOT NULL, upstream TEXT NOT NULL, position INTEGER NOT NULL, \
               PRIMARY KEY (projection, upstream)) STRICT, WITHOUT ROWID",
    file: "SELECT file FROM pragma_database_list WHERE name = 'main'",
    position: "SELECT position FROM eventsourcing_projections WHERE projection = ? AND upstream = ?",
    look: "SELECT coalesce((SELECT position FROM eventsourcing_projections WHERE projection = ?1 AND upstream = ?2), 0), \
           EXISTS (SELECT 1 FROM eventsourcing_dead_letters WHERE projection = ?1 AND upstream = ?2)",
    begin: "BEGIN IMMEDIATE",
    insert: "INSERT INTO eventsourcing_projections (projection, upstream, position) VALUES (?, ?, ?) \
             ON CONFLICT (projection, upstream) DO UPDATE SET position = excluded.position",
};
