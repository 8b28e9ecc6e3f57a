//! The statements that create the tables of an application, and that migrate older ones.

use uuid::Uuid;

use super::SqliteSql;
use crate::schema::SCHEMA_VERSION;

impl SqliteSql {
    /// The statements that create the tables, in this order and in one transaction. They change nothing if the tables exist.
    pub(crate) fn create(&self, log_id: Uuid) -> Vec<String> {
        let Self { events, head_table: head, name, .. } = self;
        let mut statements = vec![
            format!(
                "CREATE TABLE IF NOT EXISTS {events} (\n  \
                   notification_id INTEGER NOT NULL PRIMARY KEY,\n  \
                   originator_id BLOB NOT NULL,\n  \
                   originator_version INTEGER NOT NULL,\n  \
                   topic TEXT NOT NULL,\n  \
                   state BLOB NOT NULL,\n  \
                   checksum INTEGER,\n  \
                   append_id BLOB NOT NULL,\n  \
                   recorded_at INTEGER,\n  \
                   CONSTRAINT {} UNIQUE (originator_id, originator_version)\n) STRICT",
                name.version_key(),
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {head} (\n  \
                   id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),\n  \
                   last INTEGER NOT NULL,\n  \
                   schema_version INTEGER NOT NULL,\n  \
                   log_id BLOB NOT NULL,\n  \
                   application TEXT\n) STRICT"
            ),
            format!(
                "INSERT INTO {head} (id, last, schema_version, log_id, application) \
                 VALUES (1, 0, {SCHEMA_VERSION}, x'{}', '{}') ON CONFLICT (id) DO NOTHING",
                log_id.simple(),
                name.application(),
            ),
        ];
        statements.push(self.create_dictionaries());
        statements.push(format!(
            "CREATE TABLE IF NOT EXISTS {} (\n  \
               upstream TEXT NOT NULL PRIMARY KEY,\n  \
               position INTEGER NOT NULL,\n  \
               anchor BLOB\n) STRICT",
            self.tracking,
        ));
        statements.push(self.create_letters());
        statements.push(self.create_snapshots());
        statements.push(self.create_first_key());
        statements.push(self.commands.create());
        statements
    }

    /// The statements that migrate tables of this older version, in one transaction.
    pub(crate) fn upgrade(&self, version: i64) -> Vec<String> {
        let Self { head_table: head, tracking, name, .. } = self;
        let mut statements = Vec::new();
        if version < 2 {
            statements.push(self.create_dictionaries());
            // as version 2 made it
            statements.push(format!(
                "CREATE TABLE IF NOT EXISTS {tracking} (\n  \
                   upstream TEXT NOT NULL PRIMARY KEY,\n  \
                   position INTEGER NOT NULL\n) STRICT"
            ));
        }
        if version < 3 {
            statements.push(format!("ALTER TABLE {tracking} ADD COLUMN anchor BLOB"));
            statements.push(self.create_letters());
            statements.push(format!("ALTER TABLE {head} ADD COLUMN application TEXT"));
        }
        if version < 4 {
            statements.push(self.create_snapshots());
            statements.push(self.create_first_key());
            statements.push(self.commands.create());
            // without a default: existing rows are not rewritten, and have no time
            statements.push(format!("ALTER TABLE {} ADD COLUMN recorded_at INTEGER", self.events));
        }
        // the owner of tables that have one stays: another application is refused after this
        statements.push(format!(
            "UPDATE {head} SET schema_version = {SCHEMA_VERSION}, application = coalesce(application, '{}') \
             WHERE id = 1 AND schema_version = {version}",
            name.application()
        ));
        statements
    }

    fn create_letters(&self) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {} (\n  \
               upstream TEXT NOT NULL,\n  \
               notification_id INTEGER NOT NULL,\n  \
               originator_id BLOB NOT NULL,\n  \
               state BLOB NOT NULL,\n  \
               checksum INTEGER,\n  \
               PRIMARY KEY (upstream, notification_id),\n  \
               UNIQUE (upstream, originator_id, notification_id)\n) STRICT, WITHOUT ROWID",
            self.letters,
        )
    }

    /// The index of the first events of aggregates. It covers the query, so that no event is read.
    pub(super) fn create_first_key(&self) -> String {
        format!(
            "CREATE INDEX IF NOT EXISTS {} ON {} (topic, notification_id, originator_id) WHERE originator_version = 1",
            self.name.first_key(),
            self.events,
        )
    }

    pub(crate) fn create_snapshots(&self) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {} (\n  \
               originator_id BLOB NOT NULL,\n  \
               originator_version INTEGER NOT NULL,\n  \
               fingerprint INTEGER NOT NULL,\n  \
               topic TEXT NOT NULL,\n  \
               state BLOB NOT NULL,\n  \
               checksum INTEGER,\n  \
               append_id BLOB NOT NULL,\n  \
               PRIMARY KEY (originator_id, originator_version, fingerprint)\n) STRICT",
            self.snapshots,
        )
    }

    fn create_dictionaries(&self) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {} (\n  \
               id INTEGER NOT NULL PRIMARY KEY,\n  \
               bytes BLOB NOT NULL,\n  \
               checksum INTEGER,\n  \
               made_on TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))\n) STRICT",
            self.dictionaries,
        )
    }
}
