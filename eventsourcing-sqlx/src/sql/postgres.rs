//! The statements in PostgreSQL's dialect.

mod functions;

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
    /// `(originator ids, versions, topics, states, checksums, append ids, originator ids and versions that must be recorded
    /// before them, upstreams, positions before, positions, anchors, originator ids and versions that are trusted to be recorded
    /// if the server is the one that follows)` → the first of the new notification ids. They follow one
    /// another, in the order of the events.
    ///
    /// One round trip for any number of events: a call of the function that [`append_function`](Self::append_function) makes.
    pub(crate) append: Sql,
    /// `()` → the server's process and the version of the head's row, as an append that trusts in versions says them.
    pub(crate) server: Sql,
    /// `(…, upstreams and originator ids of which there must be letters, upstreams and ids of letters to take out, upstreams, ids,
    /// originator ids, states and checksums of letters to put in)` → as `append`, whose parameters come first.
    ///
    /// A function of its own, so that those who append no letters pay nothing for them.
    pub(crate) append_letters: Sql,
    /// `(upstream, ids)` → the dead letters of these ids, as `letters` returns them.
    pub(crate) letters_there: Sql,
    /// `(originator id, version, topic, state, checksum, append id)` → its notification id.
    ///
    /// `append` for an event alone, which costs less so.
    pub(crate) append_one: Sql,
    /// `()`: takes the append lock until the transaction ends. No row if the head's row is missing.
    ///
    /// Alone it is a transaction whose commit waits for a synchronous standby: what was visible before is durable after it.
    pub(crate) lock: Sql,
    /// `()` → the channel on which this log's new ids are announced, and the last notification id in use.
    ///
    /// The channel is named for the log's own id: channels are those of the whole database, and any schema may have an
    /// application of the same name.
    pub(crate) channel: Sql,
    /// `(notification id)`: announces that ids up to it are recorded.
    pub(crate) announce: Sql,
    pub(crate) events: String,
    pub(crate) dictionaries: String,
    pub(crate) tracking: String,
    pub(crate) letters: String,
    head: String,
    schema: String,
    name: TableName,
}

/// What the append functions raise: the conditions that they check under the append lock.
pub(crate) mod raised {
    /// The version before one of the events is not recorded.
    pub(crate) const PREDECESSOR_MISSING: &str = "ES001";
    /// An upstream is not processed up to where the append goes on from.
    pub(crate) const TRACKING_MOVED: &str = "ES002";
    /// Something, such as a trigger, kept the events from being recorded as they were given.
    pub(crate) const NOT_AS_GIVEN: &str = "ES003";
    /// The head table has no row.
    pub(crate) const NO_HEAD: &str = "ES004";
    /// Dead letters that the append relies on are not there.
    pub(crate) const LETTERS_CHANGED: &str = "ES005";
}

/// Not left to the database's default: at a higher level an append would not see what was committed while it waited.
pub(crate) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// `(key)`: waits for the lock on migrations, and holds it until the transaction ends.
pub(crate) const MIGRATION_LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";

/// `(schema)` → whether it exists.
pub(crate) const SCHEMA_EXISTS: &str = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)";

/// `(schema, events table, head table, dictionaries table, tracking table, letters table)` → whether each exists:
/// [`Tables`](crate::damage::Tables).
///
/// Not by `to_regclass`, which sees the catalog at the moment of each call: others may commit between two of them.
pub(crate) const TABLES: &str = "\
    SELECT coalesce(bool_or(relname = $2::name), false), coalesce(bool_or(relname = $3::name), false), \
           coalesce(bool_or(relname = $4::name), false), coalesce(bool_or(relname = $5::name), false), \
           coalesce(bool_or(relname = $6::name), false) \
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace \
    WHERE nspname = $1::name AND relname IN ($2::name, $3::name, $4::name, $5::name, $6::name)";

/// The name of a channel, which PostgreSQL cuts to 63 bytes.
const CHANNEL: &str = "'eventsourcing_' || replace(log_id::text, '-', '')";

/// The settings without which a commit is not durable, and whether the server is a standby.
///
/// Where there are synchronous standbys, a commit that does not wait for them to flush it can be lost with the primary.
const SETTINGS: &str = "\
    current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on', \
    current_setting('synchronous_commit') NOT IN ('off', 'local', 'remote_write') \
      OR current_setting('synchronous_commit') <> 'off' AND current_setting('synchronous_standby_names') = '', \
    pg_is_in_recovery()";

impl PostgresSql {
    pub(crate) fn of(name: &TableName, schema: &str) -> Self {
        let schema_name = schema;
        let schema = quoted(schema);
        let events = format!("{schema}.{}", name.events());
        let head = format!("{schema}.{}", name.head());
        let dictionaries = format!("{schema}.{}", name.dictionaries());
        let tracking = format!("{schema}.{}", name.tracking());
        let letters = format!("{schema}.{}", name.letters());
        let event = "originator_id, originator_version, topic, state, checksum, append_id";
        let notification = "notification_id, originator_id, originator_version, topic, state, checksum, append_id";
        let letter = "notification_id, originator_id, state, checksum";
        let range = "originator_id = $1 AND originator_version > $2 AND originator_version <= $3";
        let section = "notification_id > $1 AND notification_id <= $2";
        let closed_section = "notification_id >= $1 AND notification_id <= $2";
        // the head's own number counts only where the newest events were deleted
        let last = format!("greatest(head.last, (SELECT max(notification_id) FROM {events}))");
        let common = Statements {
            look: format!(
                "SELECT to_regclass($1) IS NOT NULL AND \
                   (schema_version < 2 OR (to_regclass($2) IS NOT NULL AND to_regclass($3) IS NOT NULL)) AND \
                   (schema_version < 3 OR to_regclass($4) IS NOT NULL), \
                   schema_version, {SETTINGS}, to_jsonb(head) ->> 'application', \
                   (SELECT count(*) = 3 FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace \
                     WHERE nspname = {schema_name} AND (proname IN ('{append_one}', '{append_letters}') \
                       OR proname = '{append}' AND pronargs = 15 AND prosrc LIKE '%{NEW_PART}%')), \
                   NOT EXISTS (SELECT FROM pg_class WHERE oid IN (to_regclass($1), to_regclass({head_name})) AND relpersistence = 'u'), \
                   (SELECT string_agg(tgname, ', ') FROM pg_trigger WHERE tgrelid = to_regclass($1) AND NOT tgisinternal \
                     AND tgname NOT IN ('{keep_ids}', '{keep_ids}_all')), {SERVER} \
                 FROM {head} AS head WHERE id = 1",
                schema_name = quoted_text(schema_name),
                head_name = quoted_text(&head),
                append = name.append(),
                append_one = name.append_one(),
                append_letters = name.append_letters(),
                keep_ids = name.keep_ids(),
            )
            .into(),
            last: format!("SELECT {last} FROM {head} AS head WHERE head.id = 1").into(),
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
                "SELECT e.notification_id, wanted.id, wanted.version, e.append_id, \
                   (SELECT max(originator_version) FROM {events} WHERE originator_id = wanted.id) \
                 FROM unnest($1::uuid[], $2::bigint[]) AS wanted (id, version) \
                 LEFT JOIN {events} AS e ON e.originator_id = wanted.id AND e.originator_version = wanted.version"
            )
            .into(),
            // the newest of an upstream comes first: those that were deleted stay below it until they are vacuumed
            positions: format!(
                "SELECT asked.upstream, tracked.position, tracked.anchor \
                 FROM unnest($1::text[]) AS asked (upstream) CROSS JOIN LATERAL (\
                   SELECT position, anchor FROM {tracking} WHERE upstream = asked.upstream \
                   ORDER BY position DESC LIMIT 1) AS tracked"
            )
            .into(),
            begin_tracking: format!(
                "INSERT INTO {tracking} (upstream, position, anchor) SELECT $1, $2, $3 \
                 WHERE NOT EXISTS (SELECT FROM {tracking} AS tracked WHERE tracked.upstream = $1)"
            )
            .into(),
            move_tracking: format!(
                "UPDATE {tracking} SET position = $4, anchor = $5 \
                 WHERE upstream = $1 AND position = $2 AND anchor IS NOT DISTINCT FROM $3"
            )
            .into(),
            forget_tracking: format!(
                "DELETE FROM {tracking} WHERE upstream = $1 AND position = $2 AND anchor IS NOT DISTINCT FROM $3"
            )
            .into(),
            letters: format!(
                "SELECT {letter} FROM {letters} \
                 WHERE upstream = $1 AND notification_id > $2 AND notification_id <= $3 \
                 ORDER BY notification_id LIMIT $4"
            )
            .into(),
            // in the order of the index by aggregate: the other one would be read from its beginning, past the letters of others
            letters_of: format!(
                "SELECT {letter} FROM {letters} \
                 WHERE upstream = $1 AND originator_id = $5 AND notification_id > $2 AND notification_id <= $3 \
                 ORDER BY upstream, originator_id, notification_id LIMIT $4"
            )
            .into(),
            count_letters: format!("SELECT count(*) FROM {letters} WHERE upstream = $1").into(),
            // one look into the index for each, as for the letters of projections
            with_letters: format!(
                "SELECT asked.id FROM unnest($2::uuid[]) AS asked (id) CROSS JOIN LATERAL (\
                   SELECT originator_id FROM {letters} WHERE upstream = $1 AND originator_id >= asked.id \
                   ORDER BY originator_id, notification_id LIMIT 1) AS next WHERE next.originator_id = asked.id"
            )
            .into(),
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
        let parameters = "$1::uuid[], $2::bigint[], $3::text[], $4::bytea[], $5::bigint[], $6::uuid[], \
                          $7::uuid[], $8::bigint[], $9::text[], $10::bigint[], $11::bigint[], $12::uuid[]";
        let append = format!("SELECT {schema}.{}({parameters}, $13::uuid[], $14::bigint[], $15::text)", name.append());
        let append_letters = format!(
            "SELECT {schema}.{}({parameters}, $13::text[], $14::uuid[], $15::text[], $16::bigint[], \
               $17::text[], $18::bigint[], $19::uuid[], $20::bytea[], $21::bigint[])",
            name.append_letters()
        );
        let append_one = format!(
            "SELECT {schema}.{}($1::uuid, $2::bigint, $3::text, $4::bytea, $5::bigint, $6::uuid)",
            name.append_one()
        );
        Self {
            common,
            notifications_sized: notifications_sized.into(),
            notifications_of_topics_sized: notifications_of_topics_sized.into(),
            append: append.into(),
            server: format!("SELECT {SERVER} FROM {head} AS head WHERE head.id = 1").into(),
            append_letters: append_letters.into(),
            letters_there: format!(
                "SELECT {letter} FROM unnest($2::bigint[]) AS asked (id) \
                 JOIN {letters} AS letter ON letter.upstream = $1 AND letter.notification_id = asked.id"
            )
            .into(),
            append_one: append_one.into(),
            lock: format!("SELECT id FROM {head} WHERE id = 1 FOR NO KEY UPDATE").into(),
            channel: format!("SELECT {CHANNEL}, {last} FROM {head} AS head WHERE id = 1").into(),
            announce: format!("SELECT pg_notify({CHANNEL}, $1::bigint::text) FROM {head} WHERE id = 1").into(),
            events,
            dictionaries,
            tracking,
            letters,
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
        let Self { events, head, tracking, name, .. } = self;
        let application = name.application();
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
            format!(
                "CREATE TABLE IF NOT EXISTS {head} (\n  \
                   id smallint NOT NULL PRIMARY KEY CHECK (id = 1),\n  \
                   last bigint NOT NULL,\n  \
                   schema_version bigint NOT NULL,\n  \
                   log_id uuid NOT NULL,\n  \
                   application text\n)"
            ),
            format!(
                "INSERT INTO {head} (id, last, schema_version, log_id, application) \
                 VALUES (1, 0, {SCHEMA_VERSION}, '{log_id}', '{application}') ON CONFLICT (id) DO NOTHING"
            ),
            self.create_dictionaries(),
            format!(
                "CREATE TABLE IF NOT EXISTS {tracking} (\n  \
                   upstream text NOT NULL,\n  \
                   position bigint NOT NULL,\n  \
                   anchor uuid,\n  \
                   CONSTRAINT {} PRIMARY KEY (upstream, position)\n)",
                name.tracking_key(),
            ),
            self.create_letters(),
        ];
        statements.extend(self.functions());
        statements
    }

    /// What makes tables of an older version into those of now, in one transaction; harmless where it was done.
    pub(crate) fn upgrade(&self) -> Vec<String> {
        let Self { tracking, head, name, .. } = self;
        let (key, application) = (name.tracking_key(), name.application());
        let mut statements = vec![
            self.create_dictionaries(),
            // as version 2 made it; what was there already is changed below
            format!(
                "CREATE TABLE IF NOT EXISTS {tracking} (\n  \
                   upstream text NOT NULL CONSTRAINT {key} PRIMARY KEY,\n  \
                   position bigint NOT NULL\n)"
            ),
            format!(
                "ALTER TABLE {tracking} ADD COLUMN IF NOT EXISTS anchor uuid,\n  \
                   DROP CONSTRAINT {key},\n  ADD CONSTRAINT {key} PRIMARY KEY (upstream, position)"
            ),
            format!("ALTER TABLE {head} ADD COLUMN IF NOT EXISTS application text"),
            self.create_letters(),
        ];
        statements.extend(self.functions());
        statements.push(format!(
            "UPDATE {head} SET schema_version = {SCHEMA_VERSION}, application = '{application}' \
             WHERE id = 1 AND schema_version < {SCHEMA_VERSION}"
        ));
        statements
    }

    fn create_letters(&self) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {} (\n  \
               upstream text NOT NULL,\n  \
               notification_id bigint NOT NULL,\n  \
               originator_id uuid NOT NULL,\n  \
               state bytea NOT NULL,\n  \
               checksum bigint,\n  \
               CONSTRAINT {} PRIMARY KEY (upstream, notification_id),\n  \
               CONSTRAINT {} UNIQUE (upstream, originator_id, notification_id)\n)",
            self.letters,
            self.name.letters_key(),
            self.name.letters_originator_key(),
        )
    }

    fn create_dictionaries(&self) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {} (\n  \
               id bigint NOT NULL CONSTRAINT {} PRIMARY KEY,\n  \
               bytes bytea NOT NULL,\n  \
               checksum bigint,\n  \
               made_on timestamp with time zone NOT NULL DEFAULT now()\n)",
            self.dictionaries,
            self.name.dictionaries_key(),
        )
    }

    /// What locks out other migrations of the same schema.
    pub(crate) fn migration_key(&self) -> String {
        format!("eventsourcing migration of {}", self.schema)
    }
}

/// The process that serves a connection, and the version of the head's row: where both are what they were, the server is the same
/// and no event was deleted.
const SERVER: &str = "pg_backend_pid() || ' ' || head.xmin::text";

/// What the source of the append function must have: functions of before do not go on from a start that is stored.
const NEW_PART: &str = "begun + moved";

/// A text in quotes.
fn quoted_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// An identifier in quotes, so that any name of a schema is just a name.
fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}
