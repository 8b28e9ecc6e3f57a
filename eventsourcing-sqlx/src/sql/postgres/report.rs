//! Statements about the database as a whole, and about the tables of all applications.

use super::statements::PostgresSql;

/// `()` → the version, the time in microseconds since 1970, the size in bytes, whether it is a standby, and the number of clients.
pub(crate) const SERVER: &str = "\
    SELECT current_setting('server_version'), (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, \
           pg_database_size(current_database()), pg_is_in_recovery(), \
           (SELECT sum(numbackends)::bigint FROM pg_stat_database)";

/// `(names)` → the name and the value of each setting.
pub(crate) const SETTINGS: &str = "SELECT name, setting FROM pg_settings WHERE name = ANY($1) ORDER BY name";

/// `()` → the name, the state, the synchronous state and the bytes to replay of each standby that the role may see.
pub(crate) const REPLICAS: &str = "\
    SELECT coalesce(application_name, ''), state, coalesce(sync_state, ''), \
           CASE WHEN pg_is_in_recovery() THEN NULL ELSE greatest(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn), 0)::bigint END \
    FROM pg_stat_replication WHERE state IS NOT NULL ORDER BY 1 LIMIT 100";

/// `()` → the name of each replication slot that nothing uses, and the bytes that are kept for it.
pub(crate) const UNUSED_SLOTS: &str = "\
    SELECT slot_name::text, \
           CASE WHEN pg_is_in_recovery() THEN NULL ELSE greatest(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint END \
    FROM pg_replication_slots WHERE NOT active AND NOT temporary ORDER BY 1 LIMIT 100";

/// `(schema)` → the prefix of the tables of each application, and whether the role may read its events and their head.
pub(crate) const HEADS: &str = "\
    SELECT left(head.relname::text, -5), \
           has_schema_privilege(pg_namespace.oid, 'USAGE') AND has_table_privilege(head.oid, 'SELECT') \
             AND has_table_privilege(events.oid, 'SELECT') \
    FROM pg_class AS head JOIN pg_namespace ON pg_namespace.oid = head.relnamespace \
    JOIN pg_class AS events ON events.relnamespace = head.relnamespace \
      AND events.relname::text = left(head.relname::text, -5) || '_events' \
    WHERE nspname = $1::name AND head.relkind IN ('r', 'p') AND right(head.relname::text, 5) = '_head' \
      AND (SELECT count(*) FROM pg_attribute WHERE attrelid = head.oid AND attname IN ('last', 'schema_version', 'log_id')) = 3 \
    ORDER BY 1 LIMIT 1000";

/// `(schema, events table)` → the name and the definition of each valid index.
pub(crate) const INDEXES: &str = "\
    SELECT found.relname::text, pg_get_indexdef(found.oid) \
    FROM pg_index JOIN pg_class AS found ON found.oid = indexrelid JOIN pg_class AS events ON events.oid = indrelid \
    JOIN pg_namespace ON pg_namespace.oid = events.relnamespace \
    WHERE nspname = $1::name AND events.relname = $2::name AND indisvalid";

impl PostgresSql {
    /// `()` → the version of the tables, the last notification id in use, and the name of the application if it is recorded.
    ///
    /// The column of the name is missing before version 3.
    pub(crate) fn head_of_any_version(&self) -> String {
        let Self { events, head, .. } = self;
        // appends do not write the head's own number, which matters only if the newest events were deleted
        format!(
            "SELECT schema_version, greatest(last, (SELECT max(notification_id) FROM {events})), \
               to_jsonb(head) ->> 'application' \
             FROM {head} AS head WHERE id = 1"
        )
    }

    /// The indexes that the events must have in this version: names, and the statements that create them.
    pub(crate) fn indexes(&self, version: i64) -> Vec<(String, String)> {
        let Self { events, name, .. } = self;
        let (id, aggregate) = (name.events_key(), name.version_key());
        let mut indexes = vec![
            (id.clone(), format!("ALTER TABLE {events} ADD CONSTRAINT {id} PRIMARY KEY (notification_id)")),
            (
                aggregate.clone(),
                format!("ALTER TABLE {events} ADD CONSTRAINT {aggregate} UNIQUE (originator_id, originator_version)"),
            ),
        ];
        if version >= 4 {
            indexes.push((name.first_key(), self.create_first_key()));
        }
        indexes
    }

    /// The index by which searches for rare topics need not read the whole log. The library works without it.
    pub(crate) fn topic_index(&self) -> (String, String) {
        let name = self.name.topic_key();
        let sql = format!("CREATE INDEX CONCURRENTLY {name} ON {} (topic, notification_id)", self.events);
        (name, sql)
    }
}

/// Whether this is the definition of an index by topic, whatever its name is.
pub(crate) fn is_topic_index(definition: &str) -> bool {
    definition.contains("(topic, notification_id") && !definition.contains(" WHERE ")
}
