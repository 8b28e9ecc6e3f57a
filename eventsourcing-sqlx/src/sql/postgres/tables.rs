//! The statements that create the tables of an application, and that migrate older ones.

use uuid::Uuid;

use super::statements::PostgresSql;
use crate::schema::SCHEMA_VERSION;

impl PostgresSql {
    /// Creates the schema. It needs the privilege even if the schema exists: see [`SCHEMA_EXISTS`](super::SCHEMA_EXISTS).
    pub(crate) fn create_schema(&self) -> String {
        format!("CREATE SCHEMA IF NOT EXISTS {}", self.schema)
    }

    /// The statements that create the tables, in this order and in one transaction. They change nothing if the tables exist.
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
                   recorded_at timestamp with time zone,\n  \
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
            self.create_snapshots(),
            self.create_first_key(),
        ];
        statements.extend(self.create_commands());
        statements.extend(self.functions());
        statements
    }

    /// The statements that migrate tables of an older version, in one transaction. They change nothing if the tables are up to date.
    pub(crate) fn upgrade(&self) -> Vec<String> {
        let Self { events, tracking, head, name, .. } = self;
        let (key, application) = (name.tracking_key(), name.application());
        let mut statements = vec![
            self.create_dictionaries(),
            // as version 2 created it; an existing table is changed below
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
            self.create_snapshots(),
            self.create_first_key(),
            // without a default: existing rows are not rewritten, and have no time
            format!("ALTER TABLE {events} ADD COLUMN IF NOT EXISTS recorded_at timestamp with time zone"),
        ];
        statements.extend(self.create_commands());
        statements.extend(self.functions());
        // the owner of tables that have one stays: another application is refused after this
        statements.push(format!(
            "UPDATE {head} SET schema_version = {SCHEMA_VERSION}, application = coalesce(application, '{application}') \
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

    /// The index of the first events of aggregates. It covers the query, so that no event is read.
    pub(super) fn create_first_key(&self) -> String {
        format!(
            "CREATE INDEX IF NOT EXISTS {} ON {} (topic, notification_id) INCLUDE (originator_id) WHERE originator_version = 1",
            self.name.first_key(),
            self.events,
        )
    }

    pub(crate) fn create_snapshots(&self) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {} (\n  \
               originator_id uuid NOT NULL,\n  \
               originator_version bigint NOT NULL,\n  \
               fingerprint bigint NOT NULL,\n  \
               topic text NOT NULL,\n  \
               state bytea NOT NULL,\n  \
               checksum bigint,\n  \
               append_id uuid NOT NULL,\n  \
               CONSTRAINT {} PRIMARY KEY (originator_id, originator_version, fingerprint)\n)",
            self.snapshots,
            self.name.snapshots_key(),
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

    /// The key of the lock against other migrations of the same schema.
    pub(crate) fn migration_key(&self) -> String {
        format!("eventsourcing migration of {}", self.schema)
    }
}
