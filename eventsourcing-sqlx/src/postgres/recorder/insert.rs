//! The one statement that records a round of saves, with its parameters.

use eventsourcing_core::recording::{LetterChanges, StoredLetter, stamped};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Inner;
use super::error::StatementError;
use super::recorded_versions::RecordedVersions;
use super::save_batch::Contents;
use crate::append::{CommandRow, predecessors, to_time};
use crate::rows;

impl Inner {
    /// Sends the one statement, and reads its answer to the end: only then is it known to be committed. Returns the first of the
    /// consecutive ids.
    ///
    /// Anything that could be wrong with the answer makes the statement fail on the server, which then records nothing.
    pub(super) async fn insert(
        &self,
        connection: &mut PgConnection,
        contents: &Contents<'_>,
        (stamp, trusted): (u32, &RecordedVersions),
    ) -> Result<u64, StatementError> {
        let Contents { events, tracking, letters, commands } = contents;
        let first: i64 = if let ([event], [], [], []) = (&**events, &**tracking, &**letters, &**commands) {
            sqlx::query_scalar(self.sql.append_one.text())
                .persistent(self.is_persistent())
                .bind(event.originator_id)
                .bind(rows::to_bound(event.originator_version))
                .bind(&*event.topic)
                .bind(&*event.state)
                .bind(rows::to_checksum(event.checksum))
                .bind(stamped(event.append_id, stamp))
                .fetch_one(connection)
                .await?
        } else if let ([event], [], [], [CommandRow { command, earlier: None, events: 1, .. }]) =
            (&**events, &**tracking, &**letters, &**commands)
        {
            let content = command.content.as_ref();
            sqlx::query_scalar(self.sql.commands.append_one.text())
                .persistent(self.is_persistent())
                .bind(event.originator_id)
                .bind(rows::to_bound(event.originator_version))
                .bind(&*event.topic)
                .bind(&*event.state)
                .bind(rows::to_checksum(event.checksum))
                .bind(stamped(event.append_id, stamp))
                .bind(command.id.as_uuid())
                .bind(content.map(|content| &*content.state))
                .bind(content.and_then(|content| rows::to_checksum(content.checksum)))
                .bind(to_time(command.recorded_at))
                .fetch_one(connection)
                .await?
        } else {
            let (known, unknown): (Vec<_>, Vec<_>) = predecessors(events.iter().copied())
                .into_iter()
                .partition(|(id, version)| letters.is_empty() && trusted.has(*id, *version));
            let columns = |versions: Vec<(Uuid, u64)>| -> (Vec<Uuid>, Vec<i64>) {
                versions.into_iter().map(|(id, version)| (id, rows::to_bound(version))).unzip()
            };
            let ((before_ids, before_versions), (trusted_ids, trusted_versions)) = (columns(unknown), columns(known));
            let statement = match (letters.is_empty(), commands.is_empty()) {
                (true, true) => &self.sql.append,
                (true, false) => &self.sql.commands.append,
                // a round has no commands then
                (false, _) => &self.sql.append_letters,
            };
            let append = sqlx::query_scalar(statement.text())
                .persistent(self.is_persistent())
                .bind(events.iter().map(|event| event.originator_id).collect::<Vec<Uuid>>())
                .bind(events.iter().map(|event| rows::to_bound(event.originator_version)).collect::<Vec<i64>>())
                .bind(events.iter().map(|event| &*event.topic).collect::<Vec<&str>>())
                .bind(events.iter().map(|event| &*event.state).collect::<Vec<&[u8]>>())
                .bind(events.iter().map(|event| rows::to_checksum(event.checksum)).collect::<Vec<Option<i64>>>())
                .bind(events.iter().map(|event| stamped(event.append_id, stamp)).collect::<Vec<Uuid>>())
                .bind(before_ids)
                .bind(before_versions)
                .bind(tracking.iter().map(|tracking| tracking.upstream.as_str()).collect::<Vec<&str>>())
                .bind(tracking.iter().map(|tracking| rows::to_bound(tracking.after)).collect::<Vec<i64>>())
                .bind(tracking.iter().map(|tracking| rows::to_bound(tracking.position)).collect::<Vec<i64>>())
                .bind(tracking.iter().map(|tracking| tracking.anchor).collect::<Vec<Option<Uuid>>>());
            let append = if letters.is_empty() {
                let append = append.bind(trusted_ids).bind(trusted_versions).bind(trusted.server());
                if commands.is_empty() { append } else { with_commands(append, commands) }
            } else {
                with_letters(append, letters)
            };
            append.fetch_one(connection).await?
        };
        Ok(rows::from_id(first)?)
    }
}

/// Adds the parameters for changes of dead letters.
fn with_letters<'q>(append: Scalar<'q>, changes: &[&'q LetterChanges]) -> Scalar<'q> {
    /// The items of a list of each change, each with its upstream.
    fn listed<'q, T: 'q, R>(
        changes: &[&'q LetterChanges],
        list: impl Fn(&'q LetterChanges) -> &'q [T],
        row: impl Fn(&'q T) -> R,
    ) -> (Vec<&'q str>, Vec<R>) {
        let rows = changes.iter().flat_map(|changes| list(changes).iter().map(|row| (changes.upstream.as_str(), row)));
        rows.map(|(upstream, one)| (upstream, row(one))).unzip()
    }
    let (behind_upstreams, behind_ids) = listed(changes, |changes| &changes.behind, |id: &Uuid| *id);
    let (taken_upstreams, taken_ids) = listed(changes, |changes| &changes.taken, |id: &u64| rows::to_bound(*id));
    let (upstreams, letters) = listed(changes, |changes| &changes.parked, |letter: &'q StoredLetter| letter);
    append
        .bind(behind_upstreams)
        .bind(behind_ids)
        .bind(taken_upstreams)
        .bind(taken_ids)
        .bind(upstreams)
        .bind(letters.iter().map(|letter| rows::to_bound(letter.notification_id)).collect::<Vec<i64>>())
        .bind(letters.iter().map(|letter| letter.originator_id).collect::<Vec<Uuid>>())
        .bind(letters.iter().map(|letter| &*letter.state).collect::<Vec<&[u8]>>())
        .bind(letters.iter().map(|letter| rows::to_checksum(letter.checksum)).collect::<Vec<Option<i64>>>())
}

type Scalar<'q> = sqlx::query::QueryScalar<'q, sqlx::Postgres, i64, sqlx::postgres::PgArguments>;

/// Adds the parameters for commands. A column of nothing is empty: the function fills up shorter columns.
fn with_commands<'q>(append: Scalar<'q>, commands: &'q [CommandRow<'q>]) -> Scalar<'q> {
    fn column<'q, T>(
        commands: &'q [CommandRow<'q>],
        value: impl Fn(&'q CommandRow<'q>) -> Option<T>,
    ) -> Vec<Option<T>> {
        if commands.iter().all(|row| value(row).is_none()) {
            return Vec::new();
        }
        commands.iter().map(value).collect()
    }
    append
        .bind(commands.iter().map(|row| row.command.id.as_uuid()).collect::<Vec<Uuid>>())
        .bind(column(commands, |row| row.offset.map(rows::to_bound)))
        .bind(commands.iter().map(|row| rows::to_count(row.events)).collect::<Vec<i64>>())
        .bind(column(commands, |row| row.earlier.as_deref()))
        .bind(column(commands, |row| row.command.content.as_ref().map(|content| &*content.state)))
        .bind(column(commands, |row| rows::to_checksum(row.command.content.as_ref()?.checksum)))
        .bind(commands.iter().map(CommandRow::recorded_at).collect::<Vec<i64>>())
}
