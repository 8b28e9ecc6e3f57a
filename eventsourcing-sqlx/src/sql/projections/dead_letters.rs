//! The statements for the dead letters of projections.

#[cfg(feature = "postgres")]
use super::fragments::{is, op};

/// The statements in one dialect. `(projection, upstream)` come first in all that have parameters; letters are returned as
/// id, originator id, version, topic, reason, microseconds since 1970, attempts, microseconds of the last attempt, first reason.
pub(crate) struct LettersSql {
    /// With both indexes: creating one by a separate statement, even if it exists, takes a lock and must be done by the table's owner.
    pub(crate) create: &'static str,
    /// The columns that tables of earlier versions lack.
    pub(crate) add_attempts: &'static [&'static str],
    /// The table of resolved letters.
    pub(crate) create_resolved: &'static str,
    /// `(…, limit)` → resolution, operator, why, microseconds since 1970, and then as letters; the last one first.
    pub(crate) resolved: &'static str,
    /// `(…, id, originator id, version, topic, reason, microseconds, attempts, microseconds, first reason, resolution, operator, why,
    /// microseconds)`.
    pub(crate) record: &'static str,
    /// `(…, after, limit)` → letters, by id.
    pub(crate) list: &'static str,
    /// `(…)` → the number of letters.
    pub(crate) count: &'static str,
    /// `(…, originator ids)` → those that have letters. The ids are an array in PostgreSQL, and concatenated in a blob in SQLite.
    pub(crate) parked: &'static str,
    /// `(…, ids, originator ids, versions, topics, reasons, microseconds, attempts, microseconds, first reasons)`: arrays in PostgreSQL, one
    /// of each in SQLite.
    pub(crate) park: &'static str,
    /// `(…, originator id, limit)` → the letters, in any order.
    pub(crate) unpark: &'static str,
    /// `(…, id)` → the letter.
    pub(crate) discard: &'static str,
}

/// A time as microseconds since 1970, and back.
#[cfg(feature = "postgres")]
macro_rules! microseconds {
    ($time:literal) => {
        concat!("(extract(epoch FROM ", $time, ") OPERATOR(pg_catalog.*) 1000000)::bigint")
    };
}
#[cfg(feature = "postgres")]
macro_rules! time {
    ($microseconds:literal) => {
        concat!(
            "'epoch'::pg_catalog.timestamptz OPERATOR(pg_catalog.+) ((",
            $microseconds,
            " OPERATOR(pg_catalog./) 1000000) OPERATOR(pg_catalog.*) interval '1 second') OPERATOR(pg_catalog.+) ((",
            $microseconds,
            " OPERATOR(pg_catalog.%) 1000000) OPERATOR(pg_catalog.*) interval '1 microsecond')"
        )
    };
}
#[cfg(feature = "postgres")]
pub(super) use {microseconds, time};

#[cfg(feature = "postgres")]
macro_rules! postgres_letter {
    () => {
        concat!(
            "notification_id, originator_id, originator_version, topic, reason, ",
            microseconds!("parked_at"),
            ", attempts, ",
            microseconds!("tried_at"),
            ", first_reason"
        )
    };
}

/// The rows of one projection and upstream.
#[cfg(feature = "postgres")]
macro_rules! of_owner {
    () => {
        concat!(" FROM eventsourcing_dead_letters WHERE ", is!("projection", "$1", "upstream", "$2"))
    };
}

#[cfg(feature = "postgres")]
pub(crate) const POSTGRES: LettersSql = LettersSql {
    create: "CREATE TABLE IF NOT EXISTS eventsourcing_dead_letters (\
               projection text NOT NULL, upstream text NOT NULL, notification_id bigint NOT NULL, \
               originator_id uuid NOT NULL, originator_version bigint NOT NULL, topic text NOT NULL, \
               reason text, parked_at timestamptz NOT NULL, attempts bigint NOT NULL DEFAULT 0, tried_at timestamptz, \
               first_reason text, \
               PRIMARY KEY (projection, upstream, notification_id), \
               UNIQUE (projection, upstream, originator_id, notification_id))",
    add_attempts: &[
        "ALTER TABLE eventsourcing_dead_letters ADD COLUMN IF NOT EXISTS attempts bigint NOT NULL DEFAULT 0, \
                       ADD COLUMN IF NOT EXISTS tried_at timestamptz, ADD COLUMN IF NOT EXISTS first_reason text",
    ],
    create_resolved: "CREATE TABLE IF NOT EXISTS eventsourcing_resolved_letters (\
                        projection text NOT NULL, upstream text NOT NULL, notification_id bigint NOT NULL, \
                        originator_id uuid NOT NULL, originator_version bigint NOT NULL, topic text NOT NULL, \
                        reason text, parked_at timestamptz NOT NULL, attempts bigint NOT NULL, tried_at timestamptz, \
                        first_reason text, resolution text NOT NULL, operator text, why text, resolved_at timestamptz NOT NULL, \
                        PRIMARY KEY (projection, upstream, resolved_at, notification_id))",
    resolved: concat!(
        "SELECT resolution, operator, why, ",
        microseconds!("resolved_at"),
        ", ",
        postgres_letter!(),
        " FROM eventsourcing_resolved_letters WHERE ",
        is!("projection", "$1", "upstream", "$2"),
        " ORDER BY resolved_at DESC, notification_id DESC LIMIT $3"
    ),
    record: concat!(
        "INSERT INTO eventsourcing_resolved_letters (projection, upstream, notification_id, originator_id, originator_version, \
           topic, reason, parked_at, attempts, tried_at, first_reason, resolution, operator, why, resolved_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, ",
        time!("$8::bigint"),
        ", $9, ",
        time!("$10::bigint"),
        ", $11, $12, $13, $14, ",
        time!("$15::bigint"),
        ") ON CONFLICT DO NOTHING"
    ),
    list: concat!(
        "SELECT ",
        postgres_letter!(),
        of_owner!(),
        " AND notification_id",
        op!(">"),
        "$3 ORDER BY notification_id LIMIT $4"
    ),
    count: concat!("SELECT pg_catalog.count(*)", of_owner!()),
    // one index lookup for each, however many letters there are: only the index gives this order. For a comparison by `=` the planner
    // may expect that a scan finds a row early, and reads the whole table for each aggregate that has no letters
    parked: concat!(
        "SELECT asked.id FROM pg_catalog.unnest($3::pg_catalog.uuid[]) AS asked (id) CROSS JOIN LATERAL (SELECT originator_id",
        of_owner!(),
        " AND originator_id",
        op!(">="),
        "asked.id ORDER BY originator_id, notification_id LIMIT 1) AS next WHERE next.originator_id",
        op!("="),
        "asked.id"
    ),
    park: concat!(
        "INSERT INTO eventsourcing_dead_letters (projection, upstream, notification_id, originator_id, \
           originator_version, topic, reason, parked_at, attempts, tried_at, first_reason) \
         SELECT $1, $2, id, originator_id, version, topic, reason, ",
        time!("microseconds"),
        ", attempts, ",
        time!("tried"),
        ", first_reason \
         FROM ROWS FROM (pg_catalog.unnest($3::bigint[]), pg_catalog.unnest($4::pg_catalog.uuid[]), \
           pg_catalog.unnest($5::bigint[]), pg_catalog.unnest($6::pg_catalog.text[]), \
           pg_catalog.unnest($7::pg_catalog.text[]), pg_catalog.unnest($8::bigint[]), \
           pg_catalog.unnest($9::bigint[]), pg_catalog.unnest($10::bigint[]), pg_catalog.unnest($11::pg_catalog.text[])) \
           AS letter (id, originator_id, version, topic, reason, microseconds, attempts, tried, first_reason) \
         ON CONFLICT DO NOTHING"
    ),
    unpark: concat!(
        "DELETE",
        of_owner!(),
        " AND notification_id",
        op!("="),
        "ANY (ARRAY(SELECT notification_id",
        of_owner!(),
        " AND originator_id",
        op!("="),
        "$3 ORDER BY notification_id LIMIT $4)) RETURNING ",
        postgres_letter!()
    ),
    discard: concat!("DELETE", of_owner!(), " AND notification_id", op!("="), "$3 RETURNING ", postgres_letter!()),
};

#[cfg(feature = "sqlite")]
macro_rules! sqlite_letter {
    () => {
        "notification_id, originator_id, originator_version, topic, reason, parked_at, attempts, tried_at, first_reason"
    };
}

#[cfg(feature = "sqlite")]
pub(crate) const SQLITE: LettersSql = LettersSql {
    create: "CREATE TABLE IF NOT EXISTS eventsourcing_dead_letters (\
               projection TEXT NOT NULL, upstream TEXT NOT NULL, notification_id INTEGER NOT NULL, \
               originator_id BLOB NOT NULL, originator_version INTEGER NOT NULL, topic TEXT NOT NULL, \
               reason TEXT, parked_at INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, tried_at INTEGER, first_reason TEXT, \
               PRIMARY KEY (projection, upstream, notification_id), \
               UNIQUE (projection, upstream, originator_id, notification_id)) STRICT, WITHOUT ROWID",
    add_attempts: &[
        "ALTER TABLE eventsourcing_dead_letters ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE eventsourcing_dead_letters ADD COLUMN tried_at INTEGER",
        "ALTER TABLE eventsourcing_dead_letters ADD COLUMN first_reason TEXT",
    ],
    create_resolved: "CREATE TABLE IF NOT EXISTS eventsourcing_resolved_letters (\
                        projection TEXT NOT NULL, upstream TEXT NOT NULL, notification_id INTEGER NOT NULL, \
                        originator_id BLOB NOT NULL, originator_version INTEGER NOT NULL, topic TEXT NOT NULL, \
                        reason TEXT, parked_at INTEGER NOT NULL, attempts INTEGER NOT NULL, tried_at INTEGER, first_reason TEXT, \
                        resolution TEXT NOT NULL, operator TEXT, why TEXT, resolved_at INTEGER NOT NULL, \
                        PRIMARY KEY (projection, upstream, resolved_at, notification_id)) STRICT, WITHOUT ROWID",
    resolved: concat!(
        "SELECT resolution, operator, why, resolved_at, ",
        sqlite_letter!(),
        " FROM eventsourcing_resolved_letters WHERE projection = ?1 AND upstream = ?2 \
         ORDER BY resolved_at DESC, notification_id DESC LIMIT ?3"
    ),
    record: "INSERT INTO eventsourcing_resolved_letters (projection, upstream, notification_id, originator_id, originator_version, \
               topic, reason, parked_at, attempts, tried_at, first_reason, resolution, operator, why, resolved_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) ON CONFLICT DO NOTHING",
    list: concat!(
        "SELECT ",
        sqlite_letter!(),
        " FROM eventsourcing_dead_letters WHERE projection = ?1 AND upstream = ?2 AND notification_id > ?3 \
         ORDER BY notification_id LIMIT ?4"
    ),
    count: "SELECT count(*) FROM eventsourcing_dead_letters WHERE projection = ?1 AND upstream = ?2",
    parked: "WITH RECURSIVE place (at) AS (SELECT 1 UNION ALL SELECT at + 16 FROM place WHERE at + 16 < length(?3)) \
             SELECT substr(?3, at, 16) FROM place WHERE EXISTS (\
               SELECT 1 FROM eventsourcing_dead_letters \
               WHERE projection = ?1 AND upstream = ?2 AND originator_id = substr(?3, at, 16))",
    park: "INSERT INTO eventsourcing_dead_letters (projection, upstream, notification_id, originator_id, \
             originator_version, topic, reason, parked_at, attempts, tried_at, first_reason) \
           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING",
    unpark: concat!(
        "DELETE FROM eventsourcing_dead_letters WHERE projection = ?1 AND upstream = ?2 \
         AND notification_id IN (SELECT notification_id FROM eventsourcing_dead_letters \
           WHERE projection = ?1 AND upstream = ?2 AND originator_id = ?3 ORDER BY notification_id LIMIT ?4) RETURNING ",
        sqlite_letter!()
    ),
    discard: concat!(
        "DELETE FROM eventsourcing_dead_letters WHERE projection = ?1 AND upstream = ?2 AND notification_id = ?3 RETURNING ",
        sqlite_letter!()
    ),
};
