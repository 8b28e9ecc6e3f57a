//! The statements that the recorders of both databases have: one field here, and one value per dialect.

use std::sync::Arc;

/// A statement whose text holds names of [`TableName`](crate::schema::TableName) and no other value.
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
    /// `(events table, dictionaries table, tracking table, letters table, snapshots table, commands table)` → whether all tables of the schema's
    /// version exist, that version, the name of the application that created them, and other facts that opening needs.
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
    /// As `notifications`, and first the one at `after`, without its state, which counts toward the limit.
    pub(crate) notifications_anchored: Sql,
    /// `(after, up to, limit, topics)` → as `notifications_anchored`, and the one at `up to`, without its state if it has another
    /// topic.
    pub(crate) notifications_of_topics: Sql,
    /// `(after, up to, limit, originator id or NULL, topics, beginnings of topics, topics and beginnings of topics that are not wanted)` → as
    /// `notifications`. All topics if there are neither topics nor beginnings.
    pub(crate) search: Sql,
    /// As `search`, last one first.
    pub(crate) search_back: Sql,
    /// As `search`, of one aggregate, whose events are found by their versions.
    pub(crate) search_aggregate: Sql,
    /// As `search_aggregate`, last one first.
    pub(crate) search_aggregate_back: Sql,
    /// `(originator id)` → the number of its versions; 0 if it has none.
    pub(crate) version_count: Sql,
    /// Looks up recorded versions. PostgreSQL: `(originator ids, versions)` → a [`LookRow`](crate::rows::LookRow) for
    /// each; SQLite: `(originator id, version)` → notification id, append id, last version.
    pub(crate) taken: Sql,
    /// The tracking positions of upstreams. PostgreSQL: `(upstreams)` → upstream, position, anchor; SQLite: `(upstream)` →
    /// position, anchor.
    pub(crate) positions: Sql,
    /// `()` → upstream, position, anchor of all upstreams. Each is looked up in the key.
    pub(crate) all_positions: Sql,
    /// `(upstream, position before, anchor before, position, anchor)`: one row, or none if the position is elsewhere.
    pub(crate) move_tracking: Sql,
    /// `(upstream, position, anchor)`: stores a position, unless one is stored. In PostgreSQL the append lock must be held.
    pub(crate) initialize_tracking: Sql,
    /// `(upstream, position before, anchor before)`: deletes the position; one row, or none if it is elsewhere.
    pub(crate) forget_tracking: Sql,
    /// `(upstream, after, up to, limit)` → dead letters by id: id, originator id, state, checksum.
    pub(crate) letters: Sql,
    /// `(upstream, after, up to, limit, originator id)` → as `letters`, of one aggregate.
    pub(crate) letters_of: Sql,
    /// `(upstream)` → the number of dead letters.
    pub(crate) count_letters: Sql,
    /// Which aggregates have dead letters. PostgreSQL: `(upstream, originator ids)` → those that have any; SQLite: `(upstream, originator
    /// id)` → whether it has any.
    pub(crate) with_letters: Sql,
    /// `(id, bytes, checksum)`: one row, or none if the id is taken.
    pub(crate) insert_dictionary: Sql,
    /// `(after)` → id, bytes, checksum; lowest id first.
    pub(crate) dictionaries: Sql,
    /// The aggregates whose first event has a topic, by the notification id of that event → notification id, originator id. PostgreSQL:
    /// `(topics, after, limit)`; SQLite: `(topic, after, limit)`, for one topic.
    pub(crate) originators: Sql,
    /// The number of these aggregates. PostgreSQL: `(topics)`; SQLite: `(topic)`, for one topic.
    pub(crate) count_originators: Sql,
    /// Aggregates with ids in a range, by id → originator id, last version, topic of the first event. PostgreSQL: `(first id, last id, limit)`;
    /// SQLite: `(first id, last id)`, the first one of them.
    pub(crate) originators_by_id: Sql,
    /// The times at which events were recorded, in microseconds since 1970. PostgreSQL: `(notification ids)` → notification id, time; SQLite:
    /// `(notification id)` → time.
    pub(crate) recorded_times: Sql,
    /// Where events of an aggregate are in the log. PostgreSQL: `(originator id, versions)` → version, notification id, time; SQLite:
    /// `(originator id, version)` → notification id, time.
    pub(crate) event_places: Sql,
    /// `(originator id)`: deletes all snapshots of an aggregate.
    pub(crate) delete_snapshots: Sql,
}
