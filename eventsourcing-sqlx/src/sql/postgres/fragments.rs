//! The parts that several statements share.

/// The name of a channel, which PostgreSQL truncates to 63 bytes.
pub(super) const CHANNEL: &str = "'eventsourcing_' || replace(log_id::text, '-', '')";

/// The settings that make commits durable, and whether the server is a standby.
///
/// With synchronous standbys, a commit that does not wait until they have flushed it can be lost with the primary.
pub(super) const SETTINGS: &str = "\
    current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on', \
    current_setting('synchronous_commit') NOT IN ('off', 'local', 'remote_write') \
      OR current_setting('synchronous_commit') <> 'off' AND current_setting('synchronous_standby_names') = '', \
    pg_is_in_recovery()";

/// The server process of the connection, and the row version of the head. If both are unchanged, the server is the same and no event was
/// deleted.
pub(super) const SERVER: &str = "pg_backend_pid() || ' ' || head.xmin::text";

/// A part of the source of the current append function. Older functions do not record times.
pub(super) const NEW_PART: &str = "recorded_at";

/// A text in quotes.
pub(super) fn quoted_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
