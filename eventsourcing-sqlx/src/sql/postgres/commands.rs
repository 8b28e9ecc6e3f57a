//! The statements on commands, and the function that appends and records commands.

use super::functions::RAISE;
use super::raised;
use super::statements::PostgresSql;
use crate::schema::TableName;
use crate::sql::statements::Sql;

/// The statements on the commands of one application.
#[derive(Debug)]
pub(crate) struct CommandSql {
    /// `(…, command ids, new events before those of each, numbers of events, earlier ones, contents, checksums, times)` → as `append`, whose
    /// parameters come first.
    ///
    /// A separate function, so that appends without commands have no extra cost.
    pub(crate) append: Sql,
    /// `(originator id, version, topic, state, checksum, append id, command id, content, checksum of the content, time)` → its notification id.
    ///
    /// `append` for a single event and its command, at a lower cost.
    pub(crate) append_one: Sql,
    /// `(command ids)` → those that are recorded: id, first new id, number of events, earlier ones, content, checksum, time.
    pub(crate) find: Sql,
    /// `(time, limit, place)`: deletes those of the first commands behind this place, by this number, that are older than the time, but
    /// not the last one of all. Returns their places.
    ///
    /// By the places of rows in the file, so that no plan reads the whole table. While another transaction still sees what was deleted, the
    /// index has it too: a look from its beginning would read all of that, and so would the next command's look for the last place.
    pub(crate) delete_before: Sql,
    /// `(number, limit, place)`: deletes the first commands behind this place, at most as many as the limit, but not this number of the
    /// last ones, nor the last one of all. Returns their places.
    pub(crate) delete_all_but: Sql,
    pub(crate) table: String,
}

impl CommandSql {
    pub(super) fn of(name: &TableName, schema: &str) -> Self {
        let table = format!("{schema}.{}", name.commands());
        Self {
            append: format!(
                "SELECT {schema}.{}($1::uuid[], $2::bigint[], $3::text[], $4::bytea[], $5::bigint[], $6::uuid[], \
                   $7::uuid[], $8::bigint[], $9::text[], $10::bigint[], $11::bigint[], $12::uuid[], $13::uuid[], \
                   $14::bigint[], $15::text, $16::uuid[], $17::bigint[], $18::bigint[], $19::bytea[], $20::bytea[], \
                   $21::bigint[], $22::bigint[])",
                name.append_commands()
            )
            .into(),
            append_one: format!(
                "SELECT {schema}.{}($1::uuid, $2::bigint, $3::text, $4::bytea, $5::bigint, $6::uuid, \
                   $7::uuid, $8::bytea, $9::bigint, $10::bigint)",
                name.append_one_command()
            )
            .into(),
            find: format!(
                "SELECT command.command_id, first_id, events, earlier, content, checksum, recorded_at \
                 FROM unnest($1::uuid[]) AS asked (id) JOIN {table} AS command ON command.command_id = asked.id"
            )
            .into(),
            delete_before: format!(
                "DELETE FROM {table} WHERE ctid = ANY (ARRAY(\
                   SELECT row FROM (SELECT ctid AS row, place, recorded_at FROM {table} WHERE place > $3 ORDER BY place LIMIT $2) \
                     AS first WHERE recorded_at < $1 AND place < (SELECT max(place) FROM {table}))) RETURNING place"
            )
            .into(),
            delete_all_but: format!(
                "DELETE FROM {table} WHERE ctid = ANY (ARRAY(\
                   SELECT ctid FROM {table} WHERE place > $3 AND place <= (SELECT max(place) FROM {table}) - greatest($1, 1) \
                   ORDER BY place LIMIT $2)) RETURNING place"
            )
            .into(),
            table,
        }
    }
}

impl PostgresSql {
    /// The table of commands. `place` has their order, in which they are deleted.
    pub(super) fn create_commands(&self) -> [String; 2] {
        let (table, name) = (&self.commands.table, &self.name);
        [
            format!(
                "CREATE TABLE IF NOT EXISTS {table} (\n  \
                   command_id uuid NOT NULL CONSTRAINT {} PRIMARY KEY,\n  \
                   place bigint NOT NULL,\n  \
                   first_id bigint NOT NULL,\n  \
                   recorded_at bigint NOT NULL,\n  \
                   events bigint NOT NULL,\n  \
                   checksum bigint,\n  \
                   earlier bytea,\n  \
                   content bytea\n)",
                name.commands_key()
            ),
            format!("CREATE INDEX IF NOT EXISTS {} ON {table} (place)", name.commands_order_key()),
        ]
    }

    /// The function that appends as `append_function` does and then records commands, under the same lock: all of it or nothing.
    ///
    /// A command that is recorded already violates the primary key. The lock is held, so the last place is that of the last command.
    pub(super) fn append_commands_function(&self) -> String {
        let Self { schema, name, .. } = self;
        let (raise, table) = (RAISE, &self.commands.table);
        format!(
            "CREATE OR REPLACE FUNCTION {schema}.{append_commands}(ids uuid[], versions bigint[], topics text[], states bytea[], \
               checksums bigint[], append_ids uuid[], before_ids uuid[], before_versions bigint[], upstreams text[], \
               afters bigint[], positions bigint[], anchors uuid[], trusted_ids uuid[], trusted_versions bigint[], \
               seen_server text, command_ids uuid[], offsets bigint[], events bigint[], earlier bytea[], contents bytea[], \
               content_checksums bigint[], times bigint[]) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $append$\n\
             DECLARE\n  \
               lowest CONSTANT bigint := {schema}.{append}(ids, versions, topics, states, checksums, append_ids, before_ids, \
                 before_versions, upstreams, afters, positions, anchors, trusted_ids, trusted_versions, seen_server);\n  \
               recorded bigint;\n\
             BEGIN\n  \
               INSERT INTO {table} (command_id, place, first_id, recorded_at, events, checksum, earlier, content)\n    \
                 SELECT new.id, last.place + new.number, coalesce(lowest + new.before, 0), new.time, new.events, new.checksum,\n      \
                   new.earlier, new.content\n    \
                 FROM (SELECT coalesce(max(command.place), 0) AS place FROM {table} AS command) AS last,\n      \
                   unnest(command_ids, offsets, events, earlier, contents, content_checksums, times) WITH ORDINALITY\n      \
                   AS new (id, before, events, earlier, content, checksum, time, number);\n  \
               GET DIAGNOSTICS recorded = ROW_COUNT;\n  \
               IF recorded <> cardinality(command_ids) THEN\n    \
                 {raise} '{not_as_given}', MESSAGE = 'commands were not recorded as they were given', \
                   DETAIL = recorded || ' of ' || cardinality(command_ids) || ' commands were';\n  \
               END IF;\n  \
               RETURN lowest;\n\
             END $append$",
            append = name.append(),
            append_commands = name.append_commands(),
            not_as_given = raised::NOT_AS_GIVEN,
        )
    }

    /// The function that appends one event as `append_one_function` does and then records its command.
    pub(super) fn append_one_command_function(&self) -> String {
        let Self { schema, name, .. } = self;
        let (raise, table) = (RAISE, &self.commands.table);
        format!(
            "CREATE OR REPLACE FUNCTION {schema}.{append_one_command}(new_id uuid, new_version bigint, new_topic text, \
               new_state bytea, new_checksum bigint, new_append_id uuid, new_command_id uuid, new_content bytea, \
               content_checksum bigint, new_time bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $append$\n\
             DECLARE\n  \
               new_notification_id CONSTANT bigint := \
                 {schema}.{append_one}(new_id, new_version, new_topic, new_state, new_checksum, new_append_id);\n\
             BEGIN\n  \
               INSERT INTO {table} (command_id, place, first_id, recorded_at, events, checksum, content)\n    \
                 SELECT new_command_id, coalesce(max(command.place), 0) + 1, new_notification_id, new_time, 1, content_checksum,\n      \
                   new_content FROM {table} AS command;\n  \
               IF NOT FOUND THEN\n    \
                 {raise} '{not_as_given}', MESSAGE = 'a command was not recorded as it was given', \
                   DETAIL = '0 of 1 commands were';\n  \
               END IF;\n  \
               RETURN new_notification_id;\n\
             END $append$",
            append_one = name.append_one(),
            append_one_command = name.append_one_command(),
            not_as_given = raised::NOT_AS_GIVEN,
        )
    }
}
