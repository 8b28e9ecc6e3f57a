//! The statements of an application's recorder.

use super::commands::CommandSql;
use super::fragments::{CHANNEL, NEW_PART, SERVER, SETTINGS, quoted_text};
use crate::schema::TableName;
use crate::sql::identifier::quoted;
use crate::sql::statements::{Sql, Statements};

/// A version below all others.
const LEAST: &str = "'-9223372036854775808'::bigint";

/// The statements of one application.
#[derive(Debug)]
pub(crate) struct PostgresSql {
    pub(crate) common: Statements,
    pub(crate) commands: CommandSql,
    /// `(after, up to, limit, bytes)` → as `notifications_anchored`, until the states reach this number of bytes.
    pub(crate) notifications_sized: Sql,
    /// `(after, up to, limit, topics, bytes)` → as `notifications_of_topics`, until the states reach this number of bytes.
    pub(crate) notifications_of_topics_sized: Sql,
    /// `(originator ids, versions, topics, states, checksums, append ids, originator ids and versions that must be recorded
    /// before them, upstreams, positions before, positions, anchors, originator ids and versions that are trusted to be recorded
    /// on the given server, server)` → the first of the new notification ids, which are consecutive in the order of the events.
    ///
    /// One round trip for any number of events: a call of the function that [`append_function`](Self::append_function) makes.
    pub(crate) append: Sql,
    /// `()` → the server process and the row version of the head, as an append with trusted versions passes them.
    pub(crate) server: Sql,
    /// `(…, upstreams and originator ids that must have letters, upstreams and ids of letters to take out, upstreams, ids,
    /// originator ids, states and checksums of letters to store)` → as `append`, whose parameters come first.
    ///
    /// A separate function, so that appends without letters have no extra cost.
    pub(crate) append_letters: Sql,
    /// `(upstream, ids)` → the dead letters of these ids, as `letters` returns them.
    pub(crate) letters_there: Sql,
    /// `(originator id, version, topic, state, checksum, append id)` → its notification id.
    ///
    /// `append` for a single event, at a lower cost.
    pub(crate) append_one: Sql,
    /// `(originator id, fingerprint, up to)` → the last snapshot with this fingerprint or, if there is none, one with another fingerprint and
    /// without its state; then the events from the version of the snapshot on, or all. Columns as `events` returns them, and whether the
    /// fingerprint is this one, which is NULL for an event.
    ///
    /// One round trip. The numbers by which rows are ordered are those of the index by version.
    pub(crate) replay: Sql,
    /// `(originator id, version, fingerprint, topic, state, checksum, append id, number)`: stores a snapshot, in place of one with the same
    /// key, and deletes all others of the aggregate except for this number of the last ones with this fingerprint, and as many with other
    /// fingerprints → whether it is kept.
    ///
    /// A statement does not see the rows that it inserts, so the new row is counted beside those of the table.
    pub(crate) insert_snapshot: Sql,
    /// `()`: takes the append lock until the transaction ends. No row if the head's row is missing.
    ///
    /// As a transaction of its own, its commit waits for a synchronous standby: rows that were visible before are durable after it.
    pub(crate) lock: Sql,
    /// `()` → the channel of this log's notifications, and the last notification id in use.
    ///
    /// The channel is named after the log's id: channels belong to the whole database, and several schemas may have an
    /// application of the same name.
    pub(crate) channel: Sql,
    /// `()` → whether the server is a primary, the session may write, and the role may append.
    pub(crate) writable: Sql,
    /// `(notification id)`: notifies listeners that ids up to it are recorded.
    pub(crate) announce: Sql,
    pub(crate) events: String,
    pub(crate) dictionaries: String,
    pub(crate) tracking: String,
    pub(crate) letters: String,
    pub(crate) snapshots: String,
    pub(super) head: String,
    pub(super) schema: String,
    pub(super) name: TableName,
}

impl PostgresSql {
    pub(crate) fn of(name: &TableName, schema: &str) -> Self {
        let schema_name = schema;
        let schema = quoted(schema);
        let events = format!("{schema}.{}", name.events());
        let head = format!("{schema}.{}", name.head());
        let dictionaries = format!("{schema}.{}", name.dictionaries());
        let tracking = format!("{schema}.{}", name.tracking());
        let letters = format!("{schema}.{}", name.letters());
        let snapshots = format!("{schema}.{}", name.snapshots());
        let event = "originator_id, originator_version, topic, state, checksum, append_id";
        let notification = "notification_id, originator_id, originator_version, topic, state, checksum, append_id";
        let letter = "notification_id, originator_id, state, checksum";
        let range = "originator_id = $1 AND originator_version > $2 AND originator_version <= $3";
        let section = "notification_id > $1 AND notification_id <= $2";
        let closed_section = "notification_id >= $1 AND notification_id <= $2";
        // the head's own number matters only if the newest events were deleted
        let last = format!("greatest(head.last, (SELECT max(notification_id) FROM {events}))");
        // the planner takes a CASE for half of the rows. As plain conditions it takes these for next to none, and reads and sorts the whole
        // section instead of ending with the limit
        let of_topics = "CASE WHEN (cardinality($5::text[]) + cardinality($6::text[]) = 0 OR topic = ANY($5) OR topic ^@ ANY($6)) \
                         AND NOT (topic = ANY($7::text[]) OR topic ^@ ANY($8::text[])) THEN true ELSE false END";
        let search = format!(
            "SELECT {notification} FROM {events} WHERE {section} AND CASE WHEN $4::uuid IS NULL THEN true ELSE originator_id = $4 END AND {of_topics}"
        );
        let search_aggregate = format!(
            "SELECT {notification} FROM {events} \
             WHERE originator_id = $4 AND CASE WHEN {section} THEN {of_topics} ELSE false END"
        );
        let common = Statements {
            look: format!(
                "SELECT to_regclass($1) IS NOT NULL AND \
                   (schema_version < 2 OR (to_regclass($2) IS NOT NULL AND to_regclass($3) IS NOT NULL)) AND \
                   (schema_version < 3 OR to_regclass($4) IS NOT NULL) AND \
                   (schema_version < 4 OR (to_regclass($5) IS NOT NULL AND to_regclass($6) IS NOT NULL)), \
                   schema_version, {SETTINGS}, to_jsonb(head) ->> 'application', \
                   (SELECT count(*) = 5 FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace \
                     WHERE nspname = {schema_name} AND (proname IN ('{append_one}', '{append_letters}', '{append_commands}', '{append_one_command}') \
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
                append_commands = name.append_commands(),
                append_one_command = name.append_one_command(),
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
            search: format!("{search} ORDER BY notification_id LIMIT $3").into(),
            search_back: format!("{search} ORDER BY notification_id DESC LIMIT $3").into(),
            search_aggregate: format!("{search_aggregate} ORDER BY originator_version LIMIT $3").into(),
            search_aggregate_back: format!("{search_aggregate} ORDER BY originator_version DESC LIMIT $3").into(),
            version_count: format!(
                "SELECT coalesce(max(originator_version) - min(originator_version) + 1, 0) FROM {events} WHERE originator_id = $1"
            )
            .into(),
            taken: format!(
                "SELECT e.notification_id, wanted.id, wanted.version, e.append_id, \
                   (SELECT max(originator_version) FROM {events} WHERE originator_id = wanted.id) \
                 FROM unnest($1::uuid[], $2::bigint[]) AS wanted (id, version) \
                 LEFT JOIN {events} AS e ON e.originator_id = wanted.id AND e.originator_version = wanted.version"
            )
            .into(),
            // the newest row of an upstream comes first: deleted ones stay below it until they are vacuumed
            positions: format!(
                "SELECT asked.upstream, tracked.position, tracked.anchor \
                 FROM unnest($1::text[]) AS asked (upstream) CROSS JOIN LATERAL (\
                   SELECT position, anchor FROM {tracking} WHERE upstream = asked.upstream \
                   ORDER BY position DESC LIMIT 1) AS tracked"
            )
            .into(),
            // one lookup of the newest row for each upstream, however many deleted ones are below it
            all_positions: format!(
                "WITH RECURSIVE newest AS (\
                   (SELECT upstream, position, anchor FROM {tracking} ORDER BY upstream DESC, position DESC LIMIT 1) UNION ALL \
                   SELECT next.upstream, next.position, next.anchor FROM newest CROSS JOIN LATERAL (\
                     SELECT upstream, position, anchor FROM {tracking} WHERE upstream < newest.upstream \
                     ORDER BY upstream DESC, position DESC LIMIT 1) AS next) \
                 SELECT upstream, position, anchor FROM newest"
            )
            .into(),
            initialize_tracking: format!(
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
            // in the order of the index by aggregate: the other index would be read from its beginning, through letters of other aggregates
            letters_of: format!(
                "SELECT {letter} FROM {letters} \
                 WHERE upstream = $1 AND originator_id = $5 AND notification_id > $2 AND notification_id <= $3 \
                 ORDER BY upstream, originator_id, notification_id LIMIT $4"
            )
            .into(),
            count_letters: format!("SELECT count(*) FROM {letters} WHERE upstream = $1").into(),
            // one index lookup for each, as for the letters of projections
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
            // of each topic the index gives the next ones in order, however many other aggregates there are
            originators: format!(
                "SELECT first.notification_id, first.originator_id FROM unnest($1::text[]) AS wanted(topic) \
                 CROSS JOIN LATERAL (\
                   SELECT notification_id, originator_id FROM {events} AS event \
                   WHERE event.topic = wanted.topic AND originator_version = 1 AND notification_id > $2 \
                   ORDER BY notification_id LIMIT $3) AS first \
                 ORDER BY first.notification_id LIMIT $3"
            )
            .into(),
            count_originators: format!("SELECT count(*) FROM {events} WHERE originator_version = 1 AND topic = ANY($1)")
                .into(),
            // from one id to the next one, by the index by version: other events of the aggregates are not read
            originators_by_id: format!(
                "WITH RECURSIVE found (id, place) AS (\
                   (SELECT originator_id, 1::bigint FROM {events} WHERE originator_id >= $1 AND originator_id <= $2 \
                    ORDER BY originator_id, originator_version LIMIT 1) \
                   UNION ALL \
                   SELECT next.originator_id, place + 1 FROM found CROSS JOIN LATERAL (\
                     SELECT originator_id FROM {events} WHERE originator_id > found.id AND originator_id <= $2 \
                     ORDER BY originator_id, originator_version LIMIT 1) AS next \
                   WHERE place < $3) \
                 SELECT id, (SELECT max(originator_version) FROM {events} WHERE originator_id = id), \
                   (SELECT topic FROM {events} WHERE originator_id = id ORDER BY originator_version LIMIT 1) \
                 FROM found ORDER BY place"
            )
            .into(),
            recorded_times: format!(
                "SELECT notification_id, round(extract(epoch FROM recorded_at) * 1000000)::bigint FROM {events} \
                 WHERE notification_id = ANY($1) AND recorded_at IS NOT NULL"
            )
            .into(),
            // one index lookup for each: with `ANY` a planner without statistics might read all events of a long history
            event_places: format!(
                "SELECT asked.version, event.notification_id, round(extract(epoch FROM event.recorded_at) * 1000000)::bigint \
                 FROM unnest($2::bigint[]) AS asked (version) CROSS JOIN LATERAL (\
                   SELECT notification_id, recorded_at FROM {events} \
                   WHERE originator_id = $1 AND originator_version = asked.version) AS event"
            )
            .into(),
            delete_snapshots: format!("DELETE FROM {snapshots} WHERE originator_id = $1").into(),
        };
        // the bytes before a row are summed without reading TOASTed values; rows after enough bytes are not sent
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
            commands: CommandSql::of(name, &schema),
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
            replay: format!(
                "WITH snapshot AS (\
                   SELECT originator_version, topic, fingerprint = $2 AS fits, state, checksum, append_id FROM {snapshots} \
                   WHERE originator_id = $1 AND originator_version <= $3 \
                   ORDER BY fingerprint = $2 DESC, originator_version DESC LIMIT 1) \
                 SELECT originator_id, originator_version, topic, state, checksum, append_id, fits FROM (\
                   SELECT $1::uuid AS originator_id, originator_version, topic, CASE WHEN fits THEN state ELSE ''::bytea END AS state, \
                     checksum, append_id, fits, CASE WHEN fits THEN originator_version - 1 ELSE {LEAST} END AS place FROM snapshot \
                   UNION ALL \
                   SELECT {event}, NULL::boolean, originator_version FROM {events} \
                   WHERE originator_id = $1 AND originator_version <= $3 \
                     AND originator_version >= coalesce((SELECT originator_version FROM snapshot WHERE fits), {LEAST})) AS item \
                 ORDER BY place"
            )
            .into(),
            insert_snapshot: format!(
                "WITH placed AS (\
                   SELECT originator_version, fingerprint, originator_version > coalesce(\
                     (SELECT max(originator_version) FROM {events} WHERE originator_id = $1), originator_version) AS is_ahead \
                   FROM (SELECT originator_version, fingerprint FROM {snapshots} WHERE originator_id = $1 \
                     UNION SELECT $2::bigint, $3::bigint) AS together), \
                 ranked AS (\
                   SELECT originator_version, fingerprint, is_ahead, row_number() OVER (\
                     PARTITION BY is_ahead, fingerprint = $3 ORDER BY originator_version DESC, fingerprint DESC) AS place \
                   FROM placed), \
                 stored AS (\
                   INSERT INTO {snapshots} \
                     (originator_id, originator_version, fingerprint, topic, state, checksum, append_id) \
                   SELECT $1::uuid, $2::bigint, $3::bigint, $4::text, $5::bytea, $6::bigint, $7::uuid FROM ranked \
                   WHERE originator_version = $2 AND fingerprint = $3 AND place <= $8 AND NOT is_ahead \
                   ON CONFLICT (originator_id, originator_version, fingerprint) DO UPDATE SET topic = excluded.topic, \
                     state = excluded.state, checksum = excluded.checksum, append_id = excluded.append_id \
                   RETURNING originator_version), \
                 pruned AS (\
                   DELETE FROM {snapshots} AS old USING ranked WHERE old.originator_id = $1 AND (is_ahead OR place > $8) \
                     AND old.originator_version = ranked.originator_version AND old.fingerprint = ranked.fingerprint) \
                 SELECT EXISTS (SELECT FROM stored)"
            )
            .into(),
            lock: format!("SELECT id FROM {head} WHERE id = 1 FOR NO KEY UPDATE").into(),
            channel: format!("SELECT {CHANNEL}, {last} FROM {head} AS head WHERE id = 1").into(),
            writable: format!(
                "SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off' \
                   AND has_table_privilege({events}::text, 'INSERT') AND has_table_privilege({head}::text, 'UPDATE')",
                events = quoted_text(&events),
                head = quoted_text(&head),
            )
            .into(),
            announce: format!("SELECT pg_notify({CHANNEL}, $1::bigint::text) FROM {head} WHERE id = 1").into(),
            events,
            dictionaries,
            tracking,
            letters,
            snapshots,
            head,
            schema,
            name: name.clone(),
        }
    }
}
