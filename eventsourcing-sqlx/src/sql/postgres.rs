//! The statements in PostgreSQL's dialect.

use uuid::Uuid;

use super::{SCHEMA_VERSION, Sql, Statements};
use crate::table_name::TableName;

/// The statements of one application.
#[derive(Debug)]
pub(crate) struct PostgresSql {
    pub(crate) common: Statements,
    /// `(after, up to, limit, bytes)` → as `notifications_anchored`, until the states come to so many bytes.
    pub(crate) notifications_sized: Sql,
    /// `(after, up to, limit, topics, bytes)` → as `notifications_of_topics`, until the states come to so many bytes.
    pub(crate) notifications_of_topics_sized: Sql,
    /// `(originator ids, versions, topics, states, checksums, append ids)` → the first of the new notification ids, and how many
    /// there are. They follow one another, in the order of the events.
    ///
    /// One statement and so one round trip for any number of events. Raising the head row's `last` comes first: its row lock,
    /// held until the commit, is what makes ids follow the order of commits. A statement that waited for it reads the row again
    /// (at isolation level READ COMMITTED), and so goes on from the id that the one before left.
    pub(crate) append: Sql,
    /// `(originator id, version, topic, state, checksum, append id)` → its notification id; no row if nothing is recorded.
    ///
    /// `append` for an event alone, which costs the server an eighth less so.
    pub(crate) append_one: Sql,
    /// As `append`, with `(upstreams, positions before, positions)` after its arguments: each upstream is processed up to its
    /// position from now on, or, if one of them is not processed exactly up to where it was before, nothing is recorded.
    ///
    /// That it then fails is what undoes the rest of the statement, and the text that is no number is what the server's log
    /// tells of it: SQLSTATE 22P02, [`Fault::TrackingMoved`](crate::postgres). An upstream without a row is at 0.
    pub(crate) append_tracked: Sql,
    /// `()` → the last notification id in use, and the append lock until the transaction ends.
    pub(crate) lock: Sql,
    /// `()` → the channel on which this log's new ids are announced, and the last notification id in use.
    ///
    /// The channel is named for the log's own id: channels are those of the whole database, and any schema may have an
    /// application of the same name.
    pub(crate) channel: Sql,
    /// `()`: announces the last notification id in use.
    pub(crate) announce: Sql,
    pub(crate) events: String,
    pub(crate) dictionaries: String,
    pub(crate) tracking: String,
    head: String,
    schema: String,
    name: TableName,
}

/// Not left to the database's default: at a higher level an append would not see what was committed while it waited.
pub(crate) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// `(key)`: waits for the lock on migrations, and holds it until the transaction ends.
pub(crate) const MIGRATION_LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";

/// `(schema)` → whether it exists.
pub(crate) const SCHEMA_EXISTS: &str = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)";

/// `(schema, events table, head table, dictionaries table, tracking table)` → whether each exists:
/// [`Tables`](crate::damage::Tables).
///
/// Not by `to_regclass`, which sees the catalog at the moment of each call: others may commit between two of them.
pub(crate) const TABLES: &str = "\
    SELECT coalesce(bool_or(relname = $2::name), false), coalesce(bool_or(relname = $3::name), false), \
           coalesce(bool_or(relname = $4::name), false), coalesce(bool_or(relname = $5::name), false) \
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace \
    WHERE nspname = $1::name AND relname IN ($2::name, $3::name, $4::name, $5::name)";

/// The name of a channel, which PostgreSQL cuts to 63 bytes.
const CHANNEL: &str = "'eventsourcing_' || replace(log_id::text, '-', '')";

/// The settings without which a commit is not durable, and whether the server is a standby.
const SETTINGS: &str = "\
    current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on', \
    current_setting('synchronous_commit') <> 'off', pg_is_in_recovery()";

impl PostgresSql {
    pub(crate) fn of(name: &TableName, schema: &str) -> Self {
        let schema = quoted(schema);
        let events = format!("{schema}.{}", name.events());
        let head = format!("{schema}.{}", name.head());
        let dictionaries = format!("{schema}.{}", name.dictionaries());
        let tracking = format!("{schema}.{}", name.tracking());
        let event = "originator_id, originator_version, topic, state, checksum, append_id";
        let notification = "notification_id, originator_id, originator_version, topic, state, checksum, append_id";
        let range = "originator_id = $1 AND originator_version > $2 AND originator_version <= $3";
        let section = "notification_id > $1 AND notification_id <= $2";
        let closed_section = "notification_id >= $1 AND notification_id <= $2";
        let common = Statements {
            look: format!(
                "SELECT to_regclass($1) IS NOT NULL AND \
                   (schema_version < 2 OR (to_regclass($2) IS NOT NULL AND to_regclass($3) IS NOT NULL)), \
                   schema_version, {SETTINGS} FROM {head} WHERE id = 1"
            )
            .into(),
            last: format!("SELECT last FROM {head} WHERE id = 1").into(),
            events: format!("SELECT {event} FROM {events} WHERE {range} ORDER BY originator_version LIMIT $4").into(),
            events_descending: format!(
                "SELECT {event} FROM {events} WHERE {range} ORDER BY originator_version DESC LIMIT $4"
            )
            .into(),
            notifications: format!(
                "SELECT {notification} FROM {events} WHERE {section} ORDER BY notification_id LIMIT $3"
            )
            .into(),
            last_position: format!(
                "SELECT notification_id, append_id FROM {events} ORDER BY notification_id DESC LIMIT 1"
            )
            .into(),
            append_id_at: format!("SELECT append_id FROM {events} WHERE notification_id = $1").into(),
            notifications_anchored: format!(
                "SELECT notification_id, originator_id, originator_version, topic, \
                   CASE WHEN notification_id > $1 THEN state END, checksum, append_id \
                 FROM {events} WHERE {closed_section} ORDER BY notification_id LIMIT $3"
            )
            .into(),
            notifications_of_topics: format!(
                "SELECT notification_id, originator_id, originator_version, topic, \
                   CASE WHEN notification_id > $1 AND topic = ANY($4) THEN state END, checksum, append_id \
                 FROM {events} WHERE {closed_section} \
                   AND (notification_id = $1 OR notification_id = $2 OR topic = ANY($4)) \
                 ORDER BY notification_id LIMIT $3"
            )
            .into(),
            taken: format!(
                "SELECT e.notification_id, e.originator_id, e.originator_version, e.append_id, \
                   (SELECT max(originator_version) FROM {events} WHERE originator_id = e.originator_id) \
                 FROM unnest($1::uuid[], $2::bigint[]) AS wanted (id, version) \
                 JOIN {events} AS e ON e.originator_id = wanted.id AND e.originator_version = wanted.version"
            )
            .into(),
            positions: format!("SELECT upstream, position FROM {tracking} WHERE upstream = ANY($1)").into(),
            insert_dictionary: format!(
                "INSERT INTO {dictionaries} (id, bytes, checksum) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING"
            )
            .into(),
            dictionaries: format!("SELECT id, bytes, checksum FROM {dictionaries} WHERE id > $1 ORDER BY id").into(),
        };
        // how many bytes come before a row is added up without a look into what is kept outside of it; rows after enough of them
        // are not sent
        let sized = |columns: &str, state: &str, condition: &str, bytes: &str| {
            format!(
                "SELECT {columns}, state, checksum, append_id FROM (\
                   SELECT {columns}, {state} AS state, checksum, append_id, \
                     sum(octet_length({state})) OVER \
                       (ORDER BY notification_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before \
                   FROM {events} WHERE {closed_section}{condition} ORDER BY notification_id LIMIT $3) AS page \
                 WHERE bytes_before IS NULL OR bytes_before < {bytes} ORDER BY notification_id"
            )
        };
        let columns = "notification_id, originator_id, originator_version, topic";
        let notifications_sized = sized(columns, "CASE WHEN notification_id > $1 THEN state END", "", "$4");
        let notifications_of_topics_sized = sized(
            columns,
            "CASE WHEN notification_id > $1 AND topic = ANY($4) THEN state END",
            " AND (notification_id = $1 OR notification_id = $2 OR topic = ANY($4))",
            "$5",
        );
        let head_and_events = format!(
            "head AS (\
               UPDATE {head} SET last = last + cardinality($1::uuid[]) WHERE id = 1 \
               RETURNING last - cardinality($1::uuid[]) AS base\
             ), recorded AS (\
               INSERT INTO {events} (notification_id, {event}) \
               SELECT head.base + new.place, new.id, new.version, new.topic, new.state, new.checksum, new.append_id \
               FROM head, unnest($1::uuid[], $2::bigint[], $3::text[], $4::bytea[], $5::bigint[], $6::uuid[]) \
                 WITH ORDINALITY AS new (id, version, topic, state, checksum, append_id, place) \
               RETURNING 1\
             )"
        );
        let recorded = "head.base + 1, (SELECT count(*) FROM recorded)";
        let append = format!("WITH {head_and_events} SELECT {recorded} FROM head");
        let append_one = format!(
            "WITH head AS (UPDATE {head} SET last = last + 1 WHERE id = 1 RETURNING last) \
             INSERT INTO {events} (notification_id, {event}) \
             SELECT head.last, $1::uuid, $2::bigint, $3::text, $4::bytea, $5::bigint, $6::uuid FROM head \
             RETURNING notification_id"
        );
        let new = "unnest($7::text[], $8::bigint[], $9::bigint[]) AS new (upstream, before, position)";
        let append_tracked = format!(
            "WITH {head_and_events}, moved AS (\
               UPDATE {tracking} AS tracked SET position = new.position FROM {new} \
               WHERE tracked.upstream = new.upstream AND tracked.position = new.before RETURNING 1\
             ), begun AS (\
               INSERT INTO {tracking} (upstream, position) SELECT upstream, position FROM {new} WHERE before = 0 \
               ON CONFLICT (upstream) DO NOTHING RETURNING 1\
             ) \
             SELECT {recorded} FROM head \
             WHERE CASE (SELECT count(*) FROM moved) + (SELECT count(*) FROM begun) \
               WHEN cardinality($7::text[]) THEN '1' ELSE 'an upstream is not processed up to where it was before' END::bigint = 1"
        );
        Self {
            common,
            notifications_sized: notifications_sized.into(),
            notifications_of_topics_sized: notifications_of_topics_sized.into(),
            append: append.into(),
            append_one: append_one.into(),
            append_tracked: append_tracked.into(),
            lock: format!("SELECT last FROM {head} WHERE id = 1 FOR UPDATE").into(),
            channel: format!("SELECT {CHANNEL}, last FROM {head} WHERE id = 1").into(),
            announce: format!("SELECT pg_notify({CHANNEL}, last::text) FROM {head} WHERE id = 1").into(),
            events,
            dictionaries,
            tracking,
            head,
            schema,
            name: name.clone(),
        }
    }

    /// What makes the schema. It asks for the right to create one even where it exists: see `schema_exists`.
    pub(crate) fn create_schema(&self) -> String {
        format!("CREATE SCHEMA IF NOT EXISTS {}", self.schema)
    }

    /// What makes the tables, in this order and in one transaction; harmless where they exist.
    pub(crate) fn create(&self, log_id: Uuid) -> Vec<String> {
        let Self { events, head, name, .. } = self;
        let mut statements = vec![
            format!(
                "CREATE TABLE IF NOT EXISTS {events} (\n  \
                   notification_id bigint NOT NULL CONSTRAINT {} PRIMARY KEY,\n  \
                   originator_id uuid NOT NULL,\n  \
                   originator_version bigint NOT NULL,\n  \
                   topic text NOT NULL,\n  \
                   state bytea NOT NULL,\n  \
                   checksum bigint,\n  \
                   append_id uuid NOT NULL,\n  \
                   CONSTRAINT {} UNIQUE (originator_id, originator_version)\n)",
                name.events_key(),
                name.version_key(),
            ),
            // room in the page for new versions of the one row, so that updating it touches no index (HOT)
            format!(
                "CREATE TABLE IF NOT EXISTS {head} (\n  \
                   id smallint NOT NULL PRIMARY KEY CHECK (id = 1),\n  \
                   last bigint NOT NULL,\n  \
                   schema_version bigint NOT NULL,\n  \
                   log_id uuid NOT NULL\n) WITH (fillfactor = 10)"
            ),
            format!(
                "INSERT INTO {head} (id, last, schema_version, log_id) \
                 VALUES (1, 0, {SCHEMA_VERSION}, '{log_id}') ON CONFLICT (id) DO NOTHING"
            ),
        ];
        statements.extend(self.create_since_2());
        statements
    }

    /// What makes tables of version 1 into those of version 2, in one transaction; harmless where it was done.
    pub(crate) fn upgrade(&self) -> Vec<String> {
        let mut statements = self.create_since_2();
        statements.push(format!("UPDATE {} SET schema_version = 2 WHERE id = 1 AND schema_version = 1", self.head));
        statements
    }

    fn create_since_2(&self) -> Vec<String> {
        let Self { dictionaries, tracking, name, .. } = self;
        vec![
            format!(
                "CREATE TABLE IF NOT EXISTS {dictionaries} (\n  \
                   id bigint NOT NULL CONSTRAINT {} PRIMARY KEY,\n  \
                   bytes bytea NOT NULL,\n  \
                   checksum bigint,\n  \
                   made_on timestamp with time zone NOT NULL DEFAULT now()\n)",
                name.dictionaries_key(),
            ),
            // how far this application has processed the log of another: raised in the transaction that records what
            // came of it, so that each event is processed exactly once
            format!(
                "CREATE TABLE IF NOT EXISTS {tracking} (\n  \
                   upstream text NOT NULL CONSTRAINT {} PRIMARY KEY,\n  \
                   position bigint NOT NULL\n)",
                name.tracking_key(),
            ),
        ]
    }

    /// What locks out other migrations of the same schema.
    pub(crate) fn migration_key(&self) -> String {
        format!("eventsourcing migration of {}", self.schema)
    }
}

/// An identifier in quotes, so that any name of a schema is just a name.
fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}
