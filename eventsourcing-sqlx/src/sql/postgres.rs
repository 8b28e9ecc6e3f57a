//! The statements in PostgreSQL's dialect.

mod commands;
mod fragments;
mod functions;
pub(crate) mod raised;
pub(crate) mod report;
mod statements;
mod tables;

pub(crate) use self::statements::PostgresSql;

/// Not with the database's default isolation: at a higher level an append would not see rows committed while it waited.
pub(crate) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// `(key)`: waits for the migration lock, and holds it until the transaction ends.
pub(crate) const MIGRATION_LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";

/// `(schema)` → whether it exists.
pub(crate) const SCHEMA_EXISTS: &str = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)";

/// `(schema, events table, head table, dictionaries table, tracking table, letters table, snapshots table,
/// commands table)` → whether each exists: [`ApplicationTables`](crate::schema::ApplicationTables).
///
/// Not by `to_regclass`, which sees the catalog at the moment of each call: others may commit between two of them.
pub(crate) const TABLES: &str = "\
    SELECT coalesce(bool_or(relname = $2::name), false), coalesce(bool_or(relname = $3::name), false), \
           coalesce(bool_or(relname = $4::name), false), coalesce(bool_or(relname = $5::name), false), \
           coalesce(bool_or(relname = $6::name), false), coalesce(bool_or(relname = $7::name), false), \
           coalesce(bool_or(relname = $8::name), false) \
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace \
    WHERE nspname = $1::name AND relname IN ($2::name, $3::name, $4::name, $5::name, $6::name, $7::name, $8::name)";
