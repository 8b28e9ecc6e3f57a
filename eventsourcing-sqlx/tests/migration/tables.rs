//! The tables of earlier versions.

/// The tables of the first version in SQLite, with two events.
pub(crate) const SQLITE_VERSION_1: &str = "
    CREATE TABLE universe_events (
      notification_id INTEGER NOT NULL PRIMARY KEY,
      originator_id BLOB NOT NULL,
      originator_version INTEGER NOT NULL,
      topic TEXT NOT NULL,
      state BLOB NOT NULL,
      checksum INTEGER,
      append_id BLOB NOT NULL,
      CONSTRAINT universe_events_version_key UNIQUE (originator_id, originator_version)
    ) STRICT;
    CREATE TABLE universe_head (
      id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
      last INTEGER NOT NULL,
      schema_version INTEGER NOT NULL,
      log_id BLOB NOT NULL
    ) STRICT;
    INSERT INTO universe_head VALUES (1, 2, 1, x'0190e2b47c1d4f3a9b526d8e01a7c3f5');
    INSERT INTO universe_events VALUES
      (1, x'00000000000000000000000000000007', 1, 'World.Started', x'7b7d', 7, x'00000000000000000000000000000001'),
      (2, x'00000000000000000000000000000007', 2, 'World.Ended', x'7b7d', NULL, x'00000000000000000000000000000002');";

/// The tables of the first version in PostgreSQL, with two events.
pub(crate) const POSTGRES_VERSION_1: &str = "
    CREATE TABLE universe_events (
      notification_id bigint NOT NULL CONSTRAINT universe_events_pkey PRIMARY KEY,
      originator_id uuid NOT NULL,
      originator_version bigint NOT NULL,
      topic text NOT NULL,
      state bytea NOT NULL,
      checksum bigint,
      append_id uuid NOT NULL,
      CONSTRAINT universe_events_version_key UNIQUE (originator_id, originator_version)
    );
    CREATE TABLE universe_head (
      id smallint NOT NULL PRIMARY KEY CHECK (id = 1),
      last bigint NOT NULL,
      schema_version bigint NOT NULL,
      log_id uuid NOT NULL
    ) WITH (fillfactor = 10);
    INSERT INTO universe_head VALUES (1, 2, 1, '0190e2b4-7c1d-4f3a-9b52-6d8e01a7c3f5');
    INSERT INTO universe_events VALUES
      (1, '00000000-0000-0000-0000-000000000007', 1, 'World.Started', '{}', 7, '00000000-0000-0000-0000-000000000001'),
      (2, '00000000-0000-0000-0000-000000000007', 2, 'World.Ended', '{}', NULL, '00000000-0000-0000-0000-000000000002');";

/// The tables that version 2 added in SQLite, with a position.
pub(crate) const SQLITE_VERSION_2: &str = "
    CREATE TABLE universe_dictionaries (
      id INTEGER NOT NULL PRIMARY KEY,
      bytes BLOB NOT NULL,
      checksum INTEGER,
      made_on TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    ) STRICT;
    CREATE TABLE universe_tracking (
      upstream TEXT NOT NULL PRIMARY KEY,
      position INTEGER NOT NULL
    ) STRICT;
    INSERT INTO universe_tracking VALUES ('Orders', 7);
    UPDATE universe_head SET schema_version = 2;";

/// The tables that version 2 added in PostgreSQL, with a position.
pub(crate) const POSTGRES_VERSION_2: &str = "
    CREATE TABLE universe_dictionaries (
      id bigint NOT NULL CONSTRAINT universe_dictionaries_key PRIMARY KEY,
      bytes bytea NOT NULL,
      checksum bigint,
      made_on timestamp with time zone NOT NULL DEFAULT now()
    );
    CREATE TABLE universe_tracking (
      upstream text NOT NULL CONSTRAINT universe_tracking_key PRIMARY KEY,
      position bigint NOT NULL
    );
    INSERT INTO universe_tracking VALUES ('Orders', 7);
    UPDATE universe_head SET schema_version = 2;";

/// What version 3 added in SQLite, with a dead letter.
pub(crate) const SQLITE_VERSION_3: &str = "
    ALTER TABLE universe_tracking ADD COLUMN anchor BLOB;
    CREATE TABLE universe_letters (
      upstream TEXT NOT NULL,
      notification_id INTEGER NOT NULL,
      originator_id BLOB NOT NULL,
      state BLOB NOT NULL,
      checksum INTEGER,
      PRIMARY KEY (upstream, notification_id),
      UNIQUE (upstream, originator_id, notification_id)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO universe_letters VALUES ('Orders', 5, x'00000000000000000000000000000007', x'7b7d', NULL);
    ALTER TABLE universe_head ADD COLUMN application TEXT;
    UPDATE universe_head SET schema_version = 3, application = 'Universe';";

/// What version 3 added in PostgreSQL, with a dead letter. The functions are replaced in any case.
pub(crate) const POSTGRES_VERSION_3: &str = "
    ALTER TABLE universe_tracking ADD COLUMN anchor uuid, DROP CONSTRAINT universe_tracking_key,
      ADD CONSTRAINT universe_tracking_key PRIMARY KEY (upstream, position);
    CREATE TABLE universe_letters (
      upstream text NOT NULL,
      notification_id bigint NOT NULL,
      originator_id uuid NOT NULL,
      state bytea NOT NULL,
      checksum bigint,
      CONSTRAINT universe_letters_key PRIMARY KEY (upstream, notification_id),
      CONSTRAINT universe_letters_id_key UNIQUE (upstream, originator_id, notification_id)
    );
    INSERT INTO universe_letters VALUES ('Orders', 5, '00000000-0000-0000-0000-000000000007', '{}', NULL);
    ALTER TABLE universe_head ADD COLUMN application text;
    UPDATE universe_head SET schema_version = 3, application = 'Universe';";
