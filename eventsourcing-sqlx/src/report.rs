//! What a database says about itself, for tools that operate it: its applications, its settings, its clock.

use eventsourcing_core::Timestamp;

use crate::schema::SCHEMA_VERSION;

/// What a database says about itself: [`PostgresConfig::report`](crate::PostgresConfig::report) and
/// [`SqliteConfig::report`](crate::SqliteConfig::report) return it.
///
/// Nothing is created or changed, and no event is read. A role that may only read gets it too. What a role may not see is missing from it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DatabaseReport {
    /// The database, without its password.
    pub database: String,
    /// The version of the server, or of SQLite.
    pub version: String,
    /// The time by the clock of the server; in SQLite, by that of this process.
    pub time: Timestamp,
    /// The size of the database in bytes, with its write-ahead log in SQLite.
    pub bytes: u64,
    /// The bytes of the file that contain nothing; none in PostgreSQL.
    pub free_bytes: Option<u64>,
    /// Whether the server is a standby, which accepts no writes.
    pub is_standby: bool,
    /// The number of connections of all clients to the server; none in SQLite.
    pub connections: Option<u64>,
    /// The settings on which durability depends, and some others, by name.
    pub settings: Vec<DatabaseSetting>,
    /// The standbys that are connected to the server; empty if the role may not see them.
    pub replicas: Vec<Replica>,
    /// The replication slots that no standby uses, for which the server keeps its write-ahead log.
    pub unused_slots: Vec<UnusedSlot>,
    /// The applications whose tables the database has, by name.
    pub applications: Vec<RecordedApplication>,
}

/// A setting of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DatabaseSetting {
    /// The name, as the database has it.
    pub name: String,
    /// The value.
    pub value: String,
}

/// A standby of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replica {
    /// The name that it gave.
    pub name: String,
    /// What it does, such as `streaming`.
    pub state: String,
    /// Whether commits wait for it: `sync`, `quorum`, `potential` or `async`.
    pub sync_state: String,
    /// The bytes of the write-ahead log that it has yet to replay.
    pub behind: Option<u64>,
}

/// A replication slot that nothing uses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnusedSlot {
    /// The name.
    pub name: String,
    /// The bytes of the write-ahead log that the server keeps for it.
    pub kept: Option<u64>,
}

/// An application whose tables a database has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedApplication {
    /// The name, as the program spells it that created the tables. Of tables before version 3, and of those that the role may not read, it
    /// is that of the tables, in lower case.
    pub name: String,
    /// The version of its tables; none if the role may not read them.
    pub schema_version: Option<i64>,
    /// The last notification id in use; none if the role may not read it.
    pub last_position: Option<u64>,
    /// The indexes that its table of events does not have.
    pub missing_indexes: Vec<MissingIndex>,
}

/// An index that a table of events does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingIndex {
    /// The name.
    pub name: String,
    /// The SQL that creates it.
    pub sql: String,
    /// Whether the library works without it, and only searches for rare topics are slower.
    pub is_optional: bool,
}

impl DatabaseReport {
    /// The version of the tables that this program creates and reads.
    pub const SCHEMA_VERSION: i64 = SCHEMA_VERSION;

    /// Returns the value of a setting; none if the database has none of this name.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.iter().find(|setting| setting.name == name).map(|setting| setting.value.as_str())
    }
}

impl DatabaseSetting {
    pub(crate) fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}
