//! Every statement, built once when an application opens; each is one field here and one value per dialect.

pub(crate) mod letters;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
pub(crate) mod rebuilds;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
pub(crate) mod views;

use std::sync::Arc;

/// The version of the tables that this program makes and knows.
///
/// 1: events and head. 2: dictionaries and tracking. 3: anchors beside tracking positions, the application's name in the head,
/// dead
/// letters, and PostgreSQL's append functions.
pub(crate) const SCHEMA_VERSION: i64 = 3;

/// Whether tables of this version can be made into those of [`SCHEMA_VERSION`].
pub(crate) fn is_old(version: i64) -> bool {
    (1..SCHEMA_VERSION).contains(&version)
}

/// What is wrong with old tables, for those who must not touch them.
pub(crate) fn old(version: i64, database: &str) -> String {
    format!("the tables in {database} are of schema version {version}, which must become {SCHEMA_VERSION},")
}

/// A statement whose text holds names of [`TableName`](crate::table_name::TableName) and no other value.
#[derive(Clone, Debug)]
pub(crate) struct Sql(Arc<str>);

impl Sql {
    /// The text as sqlx takes it; copies nothing.
    #[cfg(feature = "postgres")]
    pub(crate) fn text(&self) -> sqlx::AssertSqlSafe<Arc<str>> {
        sqlx::AssertSqlSafe(Arc::clone(&self.0))
    }

    /// The text as SQLite takes it.
    #[cfg(feature = "sqlite")]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Sql {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

/// The statements that both databases have.
#[derive(Debug)]
pub(crate) struct Statements {
    /// `(events table, dictionaries table, tracking table, letters table)` → whether all exist that the schema's version has, that version,
    /// the name of the application that made them, and what else opening needs to know.
    ///
    /// No row, or an error, if the head's row or table is missing.
    pub(crate) look: Sql,
    /// `()` → the last notification id in use.
    pub(crate) last: Sql,
    /// `(originator id, after, up to, limit)` → originator id, version, topic, state, checksum, append id; first version first.
    pub(crate) events: Sql,
    /// As `events`, last version first.
    pub(crate) events_descending: Sql,
    /// `()` → notification id, append id of the last event.
    pub(crate) last_position: Sql,
    /// `(notification id)` → append id.
    pub(crate) append_id_at: Sql,
    /// `(after, up to, limit)` → notification id, originator id, version, topic, state, checksum, append id.
    pub(crate) notifications: Sql,
    /// As `notifications`, and first, without its state, the one at `after`, which counts for the limit.
    pub(crate) notifications_anchored: Sql,
    /// `(after, up to, limit, topics)` → as `notifications_anchored`, and, without its state, the one at `up to` if its topic is
    /// another.
    pub(crate) notifications_of_topics: Sql,
    /// Looks for versions that are recorded. PostgreSQL: `(originator ids, versions)` → a [`LookRow`](crate::rows::LookRow) for
    /// each; SQLite: `(originator id, version)` → notification id, append id, last version.
    pub(crate) taken: Sql,
    /// How far logs of others are processed. PostgreSQL: `(upstreams)` → upstream, position, anchor; SQLite: `(upstream)` →
    /// position, anchor.
    pub(crate) positions: Sql,
    /// `(upstream, position before, anchor before, position, anchor)`: one row, or none if it is elsewhere.
    pub(crate) move_tracking: Sql,
    /// `(upstream, position, anchor)`: unless a position of it is stored. PostgreSQL needs the append lock for it.
    pub(crate) begin_tracking: Sql,
    /// `(upstream, position before, anchor before)`: as if nothing of it were processed; one row, or none if it is elsewhere.
    pub(crate) forget_tracking: Sql,
    /// `(upstream, after, up to, limit)` → dead letters by id: id, originator id, state, checksum.
    pub(crate) letters: Sql,
    /// `(upstream, after, up to, limit, originator id)` → as `letters`, of one aggregate.
    pub(crate) letters_of: Sql,
    /// `(upstream)` → how many dead letters there are.
    pub(crate) count_letters: Sql,
    /// Which aggregates have dead letters. PostgreSQL: `(upstream, originator ids)` → those that have; SQLite: `(upstream, originator
    /// id)` → whether it has.
    pub(crate) with_letters: Sql,
    /// `(id, bytes, checksum)`: one row, or none if the id is taken.
    pub(crate) insert_dictionary: Sql,
    /// `(after)` → id, bytes, checksum; lowest id first.
    pub(crate) dictionaries: Sql,
}
