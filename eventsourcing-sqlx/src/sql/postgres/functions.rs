//! The functions that append events in PostgreSQL, and the triggers on deletions.

use super::fragments::SERVER;
use super::raised;
use super::statements::PostgresSql;

/// How a function raises an error.
pub(super) const RAISE: &str = "RAISE EXCEPTION USING ERRCODE =";

impl PostgresSql {
    /// The functions that append, and the triggers that prevent ids from being issued twice.
    pub(super) fn functions(&self) -> Vec<String> {
        let Self { events, schema, name, .. } = self;
        let keep_ids = name.keep_ids();
        vec![
            self.append_function(),
            self.append_one_function(),
            self.append_letters_function(),
            self.append_commands_function(),
            self.append_one_command_function(),
            self.keep_ids_function(),
            format!("DROP TRIGGER IF EXISTS {keep_ids} ON {events}"),
            format!("DROP TRIGGER IF EXISTS {keep_ids}_all ON {events}"),
            format!(
                "CREATE TRIGGER {keep_ids} AFTER DELETE ON {events} REFERENCING OLD TABLE AS gone\n  \
                   FOR EACH STATEMENT EXECUTE FUNCTION {schema}.{keep_ids}()"
            ),
            format!(
                "CREATE TRIGGER {keep_ids}_all BEFORE TRUNCATE ON {events}\n  \
                   FOR EACH STATEMENT EXECUTE FUNCTION {schema}.{keep_ids}()"
            ),
        ]
    }

    /// The function that appends events and moves tracking, all of it or nothing.
    ///
    /// It locks the head's row first, without a new version of the row. The lock is held until the commit, so that the order of ids is the
    /// order of commits, and no read on the way grows with the oldest snapshot of the database. Each statement of a volatile
    /// function sees rows committed before that statement began, so the statements after the lock see all earlier appends.
    /// That holds at the isolation level READ COMMITTED, which the caller sets.
    ///
    /// A position moves by deleting the old row and inserting a new one: an updated row leaves old versions, which slow down later updates
    /// while a snapshot is held. An error undoes the whole call.
    fn append_function(&self) -> String {
        let Self { events, head, tracking, schema, name, .. } = self;
        let (raise, last_event) = (RAISE, self.last_event());
        format!(
            "CREATE OR REPLACE FUNCTION {schema}.{append}(ids uuid[], versions bigint[], topics text[], states bytea[], \
               checksums bigint[], append_ids uuid[], before_ids uuid[], before_versions bigint[], upstreams text[], \
               afters bigint[], positions bigint[], anchors uuid[], trusted_ids uuid[], trusted_versions bigint[], \
               seen_server text) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $append$\n\
             DECLARE\n  \
               wanted CONSTANT bigint := cardinality(ids);\n  \
               base bigint;\n  \
               server text;\n  \
               lowest bigint;\n  \
               highest bigint;\n  \
               recorded bigint;\n  \
               begun bigint;\n  \
               moved bigint;\n  \
               taken_at timestamp with time zone;\n\
             BEGIN\n  \
               SELECT head.last, {SERVER} INTO base, server FROM {head} AS head WHERE head.id = 1 FOR NO KEY UPDATE;\n  \
               IF NOT FOUND THEN\n    {raise} '{no_head}', MESSAGE = 'the head table has no row';\n  END IF;\n  \
               IF cardinality(upstreams) > 0 THEN\n    \
                 SELECT count(*) INTO begun FROM unnest(upstreams, afters) AS step (upstream, after)\n      \
                   WHERE step.after = 0 AND NOT EXISTS (\
                     SELECT FROM {tracking} AS tracked WHERE tracked.upstream = step.upstream);\n    \
                 DELETE FROM {tracking} AS tracked USING unnest(upstreams, afters) AS step (upstream, after)\n      \
                   WHERE tracked.upstream = step.upstream AND tracked.position = step.after;\n    \
                 GET DIAGNOSTICS moved = ROW_COUNT;\n    \
                 IF begun + moved <> cardinality(upstreams) THEN\n      \
                   {raise} '{tracking_moved}', MESSAGE = 'an upstream is not processed up to where it was before';\n    END IF;\n    \
                 INSERT INTO {tracking} (upstream, position, anchor)\n      \
                   SELECT step.upstream, step.position, step.anchor \
                   FROM unnest(upstreams, positions, anchors) AS step (upstream, position, anchor);\n  \
               END IF;\n  \
               IF server <> seen_server THEN\n    \
                 before_ids := before_ids || trusted_ids;\n    \
                 before_versions := before_versions || trusted_versions;\n  \
               END IF;\n  \
               IF cardinality(before_ids) > 0 AND EXISTS (\n    \
                 SELECT FROM unnest(before_ids, before_versions) AS needed (id, version) WHERE NOT EXISTS (\n      \
                   SELECT FROM {events} AS event WHERE event.originator_id = needed.id \
                     AND event.originator_version = needed.version))\n  THEN\n    \
                 {raise} '{predecessor_missing}', MESSAGE = 'the version before an event is not recorded';\n  \
               END IF;\n  \
               IF wanted > 0 THEN\n    \
                 taken_at := clock_timestamp();\n    \
                 WITH inserted AS (\n      \
                   INSERT INTO {events} (notification_id, originator_id, originator_version, topic, state, checksum, append_id, recorded_at)\n      \
                     SELECT greatest(base, last.id) + new.place, new.originator_id, new.version, new.topic, new.state, new.checksum, \
                       new.append_id, greatest(taken_at, last.recorded_at)\n      \
                     FROM (SELECT) AS always LEFT JOIN {last_event} ON true CROSS JOIN\n        \
                       unnest(ids, versions, topics, states, checksums, append_ids) WITH ORDINALITY\n        \
                       AS new (originator_id, version, topic, state, checksum, append_id, place)\n      \
                     RETURNING notification_id\n    \
                 ) SELECT min(notification_id), max(notification_id), count(*) INTO lowest, highest, recorded FROM inserted;\n    \
                 IF recorded <> wanted OR highest - lowest + 1 <> wanted THEN\n      \
                   {raise} '{not_as_given}', MESSAGE = 'events were not recorded as they were given', \
                     DETAIL = recorded || ' of ' || wanted || ' were';\n    END IF;\n  \
               END IF;\n  \
               RETURN coalesce(lowest, 0);\n\
             END $append$",
            append = name.append(),
            no_head = raised::NO_HEAD,
            tracking_moved = raised::TRACKING_MOVED,
            predecessor_missing = raised::PREDECESSOR_MISSING,
            not_as_given = raised::NOT_AS_GIVEN,
        )
    }

    /// The last event, as a row of its id and its time: none if there is no event.
    ///
    /// Its time is the least that the next one can have, since the clock may have been set back.
    fn last_event(&self) -> String {
        format!(
            "(SELECT event.notification_id AS id, event.recorded_at FROM {} AS event \
               ORDER BY event.notification_id DESC LIMIT 1) AS last",
            self.events
        )
    }

    /// The function that appends one event, as `append_function` does.
    fn append_one_function(&self) -> String {
        let Self { events, head, schema, name, .. } = self;
        let (raise, last_event) = (RAISE, self.last_event());
        let predecessor = format!(
            "SELECT FROM {events} AS event WHERE event.originator_id = new_id AND event.originator_version = new_version - 1"
        );
        format!(
            "CREATE OR REPLACE FUNCTION {schema}.{append_one}(new_id uuid, new_version bigint, new_topic text, \
               new_state bytea, new_checksum bigint, new_append_id uuid) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $append$\n\
             DECLARE\n  \
               base bigint;\n  \
               recorded bigint;\n  \
               taken_at timestamp with time zone;\n\
             BEGIN\n  \
               SELECT head.last INTO base FROM {head} AS head WHERE head.id = 1 FOR NO KEY UPDATE;\n  \
               IF NOT FOUND THEN\n    {raise} '{no_head}', MESSAGE = 'the head table has no row';\n  END IF;\n  \
               taken_at := clock_timestamp();\n  \
               INSERT INTO {events} (notification_id, originator_id, originator_version, topic, state, checksum, append_id, recorded_at)\n    \
                 SELECT greatest(base, last.id) + 1, new_id, new_version, new_topic, new_state, new_checksum, new_append_id, \
                   greatest(taken_at, last.recorded_at)\n    \
                 FROM (SELECT) AS always LEFT JOIN {last_event} ON true\n    \
                 WHERE new_version <= 1 OR EXISTS ({predecessor})\n    \
                 RETURNING notification_id INTO recorded;\n  \
               IF recorded IS NULL THEN\n    \
                 IF new_version > 1 AND NOT EXISTS ({predecessor}) THEN\n      \
                   {raise} '{predecessor_missing}', MESSAGE = 'the version before an event is not recorded';\n    END IF;\n    \
                 {raise} '{not_as_given}', MESSAGE = 'events were not recorded as they were given', DETAIL = '0 of 1 were';\n  \
               END IF;\n  \
               RETURN recorded;\n\
             END $append$",
            append_one = name.append_one(),
            no_head = raised::NO_HEAD,
            predecessor_missing = raised::PREDECESSOR_MISSING,
            not_as_given = raised::NOT_AS_GIVEN,
        )
    }

    /// The function that appends as `append_function` does and then changes dead letters, under the same lock: all of it or nothing.
    ///
    /// It looks up letters as `with_letters` does, with the same plan for any number of letters.
    fn append_letters_function(&self) -> String {
        let Self { letters, schema, name, .. } = self;
        let raise = RAISE;
        let refuse =
            format!("{raise} '{}', MESSAGE = 'dead letters were taken out meanwhile'", raised::LETTERS_CHANGED);
        format!(
            "CREATE OR REPLACE FUNCTION {schema}.{append_letters}(ids uuid[], versions bigint[], topics text[], states bytea[], \
               checksums bigint[], append_ids uuid[], before_ids uuid[], before_versions bigint[], upstreams text[], \
               afters bigint[], positions bigint[], anchors uuid[], behind_upstreams text[], behind_ids uuid[], \
               taken_upstreams text[], taken_ids bigint[], letter_upstreams text[], letter_ids bigint[], \
               letter_originators uuid[], letter_states bytea[], letter_checksums bigint[]) \
               RETURNS bigint LANGUAGE plpgsql VOLATILE AS $append$\n\
             DECLARE\n  \
               lowest CONSTANT bigint := {schema}.{append}(ids, versions, topics, states, checksums, append_ids, before_ids, \
                 before_versions, upstreams, afters, positions, anchors, '{{}}', '{{}}', '');\n  \
               changed bigint;\n\
             BEGIN\n  \
               IF cardinality(behind_ids) > 0 THEN\n    \
                 SELECT count(*) INTO changed FROM unnest(behind_upstreams, behind_ids) AS asked (upstream, id) \
                   CROSS JOIN LATERAL (\n      \
                     SELECT letter.originator_id FROM {letters} AS letter \
                     WHERE letter.upstream = asked.upstream AND letter.originator_id >= asked.id\n      \
                     ORDER BY letter.originator_id, letter.notification_id LIMIT 1) AS next \
                   WHERE next.originator_id = asked.id;\n    \
                 IF changed <> cardinality(behind_ids) THEN\n      {refuse};\n    END IF;\n  \
               END IF;\n  \
               IF cardinality(taken_ids) > 0 THEN\n    \
                 DELETE FROM {letters} AS letter USING unnest(taken_upstreams, taken_ids) AS taken (upstream, id)\n      \
                   WHERE letter.upstream = taken.upstream AND letter.notification_id = taken.id;\n    \
                 GET DIAGNOSTICS changed = ROW_COUNT;\n    \
                 IF changed <> cardinality(taken_ids) THEN\n      {refuse};\n    END IF;\n  \
               END IF;\n  \
               IF cardinality(letter_ids) > 0 THEN\n    \
                 INSERT INTO {letters} (upstream, notification_id, originator_id, state, checksum)\n      \
                   SELECT letter.upstream, letter.id, letter.originator_id, letter.state, letter.checksum\n      \
                   FROM unnest(letter_upstreams, letter_ids, letter_originators, letter_states, letter_checksums)\n        \
                     AS letter (upstream, id, originator_id, state, checksum)\n      \
                   ON CONFLICT (upstream, notification_id) DO NOTHING;\n  \
               END IF;\n  \
               RETURN lowest;\n\
             END $append$",
            append = name.append(),
            append_letters = name.append_letters(),
        )
    }

    /// The function of the triggers on deletion: later appends get ids after the last event and after deleted ones.
    ///
    /// Each deletion gives the head's row a new version, so that no append trusts in deleted versions.
    ///
    /// It sets its own search path, since it runs with that of the user who deletes.
    fn keep_ids_function(&self) -> String {
        let Self { events, head, schema, name, .. } = self;
        format!(
            "CREATE OR REPLACE FUNCTION {schema}.{keep_ids}() RETURNS trigger LANGUAGE plpgsql \
               SET search_path = pg_catalog AS $keep$\n\
             DECLARE\n  highest bigint;\n\
             BEGIN\n  \
               IF TG_OP = 'DELETE' THEN\n    SELECT max(notification_id) INTO highest FROM gone;\n  \
               ELSE\n    SELECT max(notification_id) INTO highest FROM {events};\n  END IF;\n  \
               UPDATE {head} SET last = greatest(last, highest) WHERE id = 1 AND highest IS NOT NULL;\n  \
               RETURN NULL;\n\
             END $keep$",
            keep_ids = name.keep_ids(),
        )
    }
}
