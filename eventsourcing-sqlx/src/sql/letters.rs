//! The statements for dead letters: what projections put aside.

/// The statements in one dialect. `(projection, upstream)` come first in all that have parameters; letters are returned as
/// id, originator id, version, topic, reason, microseconds since 1970.
pub(crate) struct LettersSql {
    /// With both its indexes: to make one by a statement of its own, be it there or not, takes a lock and the table's owner.
    pub(crate) create: &'static str,
    /// `(…, after, limit)` → letters, by id.
    pub(crate) list: &'static str,
    /// `(…)` → how many.
    pub(crate) count: &'static str,
    /// `(…, originator ids)` → those of which there are letters. In PostgreSQL an array, in SQLite one after the other in a blob.
    pub(crate) parked: &'static str,
    /// `(…, ids, originator ids, versions, topics, reasons, microseconds)`: arrays in PostgreSQL, one of each in SQLite.
    pub(crate) park: &'static str,
    /// `(…, originator id, limit)` → the letters, in any order.
    pub(crate) unpark: &'static str,
    /// `(…, id)` → the letter.
    pub(crate) discard: &'static str,
}

#[cfg(feature = "postgres")]
macro_rules! postgres_letter {
    () => {
        "notification_id, originator_id, originator_version, topic, reason, \
         (extract(epoch FROM parked_at) * 1000000)::bigint"
    };
}

#[cfg(feature = "postgres")]
pub(crate) const POSTGRES: LettersSql = LettersSql {
    create: "CREATE TABLE IF NOT EXISTS eventsourcing_dead_letters (\
               projection text NOT NULL, upstream text NOT NULL, notification_id bigint NOT NULL, \
               originator_id uuid NOT NULL, originator_version bigint NOT NULL, topic text NOT NULL, \
               reason text, parked_at timestamptz NOT NULL, \
               PRIMARY KEY (projection, upstream, notification_id), \
               UNIQUE (projection, upstream, originator_id, notification_id))",
    list: concat!(
        "SELECT ",
        postgres_letter!(),
        " FROM eventsourcing_dead_letters WHERE projection = $1 AND upstream = $2 AND notification_id > $3 \
         ORDER BY notification_id LIMIT $4"
    ),
    count: "SELECT count(*) FROM eventsourcing_dead_letters WHERE projection = $1 AND upstream = $2",
    // one look into the index for each, however many letters there are: no other way gives this order, while a planner that asks for
    // equal ones takes it that the first row of the table will do, and reads it all for each aggregate that has no letters
    parked: "SELECT asked.id FROM unnest($3::uuid[]) AS asked (id) CROSS JOIN LATERAL (\
               SELECT originator_id FROM eventsourcing_dead_letters \
               WHERE projection = $1 AND upstream = $2 AND originator_id >= asked.id \
               ORDER BY originator_id, notification_id LIMIT 1) AS next WHERE next.originator_id = asked.id",
    park: "INSERT INTO eventsourcing_dead_letters (projection, upstream, notification_id, originator_id, \
             originator_version, topic, reason, parked_at) \
           SELECT $1, $2, id, originator_id, version, topic, reason, 'epoch'::timestamptz \
             + microseconds / 1000000 * interval '1 second' + microseconds % 1000000 * interval '1 microsecond' \
           FROM unnest($3::bigint[], $4::uuid[], $5::bigint[], $6::text[], $7::text[], $8::bigint[]) \
             AS letter (id, originator_id, version, topic, reason, microseconds) \
           ON CONFLICT DO NOTHING",
    unpark: concat!(
        "DELETE FROM eventsourcing_dead_letters WHERE projection = $1 AND upstream = $2 \
         AND notification_id = ANY (ARRAY(SELECT notification_id FROM eventsourcing_dead_letters \
           WHERE projection = $1 AND upstream = $2 AND originator_id = $3 ORDER BY notification_id LIMIT $4)) \
         RETURNING ",
        postgres_letter!()
    ),
    discard: concat!(
        "DELETE FROM eventsourcing_dead_letters WHERE projection = $1 AND upstream = $2 AND notification_id = $3 RETURNING ",
        postgres_letter!()
    ),
};

#[cfg(feature = "sqlite")]
pub(crate) const SQLITE: LettersSql = LettersSql {
    create: "CREATE TABLE IF NOT EXISTS eventsourcing_dead_letters (\
               projection TEXT NOT NULL, upstream TEXT NOT NULL, notification_id INTEGER NOT NULL, \
               originator_id BLOB NOT NULL, originator_version INTEGER NOT NULL, topic TEXT NOT NULL, \
               reason TEXT, parked_at INTEGER NOT NULL, \
               PRIMARY KEY (projection, upstream, notification_id), \
               UNIQUE (projection, upstream, originator_id, notification_id)) STRICT, WITHOUT ROWID",
    list: "SELECT notification_id, originator_id, originator_version, topic, reason, parked_at \
           FROM eventsourcing_dead_letters WHERE projection = ?1 AND upstream = ?2 AND notification_id > ?3 \
           ORDER BY notification_id LIMIT ?4",
    count: "SELECT count(*) FROM eventsourcing_dead_letters WHERE projection = ?1 AND upstream = ?2",
    parked: "WITH RECURSIVE place (at) AS (SELECT 1 UNION ALL SELECT at + 16 FROM place WHERE at + 16 < length(?3)) \
             SELECT substr(?3, at, 16) FROM place WHERE EXISTS (\
               SELECT 1 FROM eventsourcing_dead_letters \
               WHERE projection = ?1 AND upstream = ?2 AND originator_id = substr(?3, at, 16))",
    park: "INSERT INTO eventsourcing_dead_letters (projection, upstream, notification_id, originator_id, \
             originator_version, topic, reason, parked_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
           ON CONFLICT DO NOTHING",
    unpark: "DELETE FROM eventsourcing_dead_letters WHERE projection = ?1 AND upstream = ?2 \
             AND notification_id IN (SELECT notification_id FROM eventsourcing_dead_letters \
               WHERE projection = ?1 AND upstream = ?2 AND originator_id = ?3 ORDER BY notification_id LIMIT ?4) \
             RETURNING notification_id, originator_id, originator_version, topic, reason, parked_at",
    discard: "DELETE FROM eventsourcing_dead_letters WHERE projection = ?1 AND upstream = ?2 AND notification_id = ?3 \
              RETURNING notification_id, originator_id, originator_version, topic, reason, parked_at",
};
