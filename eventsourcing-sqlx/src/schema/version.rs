//! The version of an application's tables.

/// The version of the tables that this program creates and knows.
///
/// 1: events and head. 2: dictionaries and tracking. 3: anchors beside tracking positions, the application's name in the head,
/// dead letters, and PostgreSQL's append functions. 4: snapshots, the index of first events, the times at which events were
/// recorded, and command ids.
pub(crate) const SCHEMA_VERSION: i64 = 4;

/// Whether tables of this version can be migrated to [`SCHEMA_VERSION`].
pub(crate) fn is_old(version: i64) -> bool {
    (1..SCHEMA_VERSION).contains(&version)
}

/// The problem of old tables that may not be migrated here.
pub(crate) fn outdated(version: i64, database: &str) -> String {
    format!("the tables in {database} have schema version {version}, which must be migrated to {SCHEMA_VERSION},")
}
