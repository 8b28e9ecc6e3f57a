//! Parts of statements in PostgreSQL's dialect.

/// A built-in operator, with its schema.
macro_rules! op {
    ($op:literal) => {
        concat!(" OPERATOR(pg_catalog.", $op, ") ")
    };
}
pub(super) use op;

/// `column = $n` for each.
macro_rules! is {
    ($first:literal, $first_value:literal $(, $column:literal, $value:literal)*) => {
        concat!($first, " OPERATOR(pg_catalog.=) ", $first_value $(, " AND ", $column, " OPERATOR(pg_catalog.=) ", $value)*)
    };
}
pub(super) use is;

/// The advisory lock on the position of a projection with an upstream, in the schema that the table is in.
///
/// Two keys with the same hash share a lock, and wait for each other unnecessarily.
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
pub(super) use lock_position;
