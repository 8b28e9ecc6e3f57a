//! The snapshots of aggregates: stored by a statement of their own, and read together with the events that follow.

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::{
    EventQuery, ReplayItem, ReplayQuery, ReplayVisitor, StoredSnapshot, StoredSnapshotRef,
};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::Inner;
use super::answer_timeout::{self, within};
use super::error::{Fault, StatementError, fault};
use super::select::{ShownRow, event};
use crate::rows;

/// A replay while its rows arrive.
struct Read {
    query: ReplayQuery,
    /// The events that are left, once any row was passed.
    rest: Option<EventQuery>,
    /// Whether the rows of the current statement tell snapshots from events.
    has_kinds: bool,
}

impl Inner {
    /// Stores a snapshot and deletes older ones. Returns whether it is kept.
    ///
    /// If the pooled connection was broken, this is retried on a new one: the second attempt replaces what the first one stored.
    pub(super) async fn insert_snapshot(&self, snapshot: StoredSnapshot, keep: usize) -> Result<bool, RecorderError> {
        self.check_writable()?;
        let limit = answer_timeout::limit(&self.config);
        let mut connection = self.acquire().await?;
        match within(limit, self.try_insert_snapshot(&mut connection, &snapshot, keep)).await {
            Ok(is_kept) => {
                connection.mark_clean();
                Ok(is_kept)
            }
            Err(error) if matches!(fault(&error, &self.name), Fault::Lost | Fault::StaleConnection) => {
                drop(connection);
                let mut connection = self.reconnect().await?;
                let inserted = within(limit, self.try_insert_snapshot(&mut connection, &snapshot, keep)).await;
                let is_kept = inserted.map_err(|error| self.failed("store a snapshot", error))?;
                drop(connection.close().await);
                Ok(is_kept)
            }
            Err(error) => Err(self.failed("store a snapshot", error)),
        }
    }

    async fn try_insert_snapshot(
        &self,
        connection: &mut PgConnection,
        snapshot: &StoredSnapshot,
        keep: usize,
    ) -> Result<bool, sqlx::Error> {
        self.keep_session(connection).await?;
        let is_kept = sqlx::query_scalar(self.sql.insert_snapshot.text())
            .persistent(self.is_persistent())
            .bind(snapshot.originator_id)
            .bind(rows::to_bound(snapshot.originator_version))
            .bind(rows::to_fingerprint(snapshot.fingerprint))
            .bind(&*snapshot.topic)
            .bind(&*snapshot.state)
            .bind(rows::to_checksum(snapshot.checksum))
            .bind(snapshot.append_id)
            .bind(rows::to_count(keep))
            .fetch_one(&mut *connection)
            .await?;
        self.leave_session(connection, true).await?;
        Ok(is_kept)
    }

    pub(super) async fn delete_snapshots(&self, originator_id: Uuid) -> Result<(), RecorderError> {
        self.check_writable()?;
        let limit = answer_timeout::limit(&self.config);
        let mut connection = self.acquire().await?;
        match within(limit, self.try_delete_snapshots(&mut connection, originator_id)).await {
            Ok(()) => {
                connection.mark_clean();
                Ok(())
            }
            Err(error) if matches!(fault(&error, &self.name), Fault::Lost | Fault::StaleConnection) => {
                drop(connection);
                let mut connection = self.reconnect().await?;
                let deleted = within(limit, self.try_delete_snapshots(&mut connection, originator_id)).await;
                deleted.map_err(|error| self.failed("delete snapshots", error))?;
                drop(connection.close().await);
                Ok(())
            }
            Err(error) => Err(self.failed("delete snapshots", error)),
        }
    }

    async fn try_delete_snapshots(&self, connection: &mut PgConnection, id: Uuid) -> Result<(), sqlx::Error> {
        self.keep_session(connection).await?;
        sqlx::query(self.sql.common.delete_snapshots.text())
            .persistent(self.is_persistent())
            .bind(id)
            .execute(&mut *connection)
            .await?;
        self.leave_session(connection, true).await
    }

    pub(super) async fn read_replay(
        &self,
        query: ReplayQuery,
        visit: &mut ReplayVisitor<'_>,
    ) -> Result<(), RecorderError> {
        let mut read = Read { query, rest: None, has_kinds: true };
        // if the connection breaks after some rows, the rest are events
        let select = |read: &mut &mut Read| {
            read.has_kinds = read.rest.is_none();
            match &read.rest {
                None => sqlx::query(self.sql.replay.text())
                    .bind(read.query.originator_id)
                    .bind(rows::to_fingerprint(read.query.fingerprint))
                    .bind(rows::to_up_to(read.query.up_to)),
                Some(rest) => sqlx::query(self.sql.common.events.text())
                    .bind(rest.originator_id)
                    .bind(rows::to_after(rest.after))
                    .bind(rows::to_up_to(rest.up_to))
                    .bind(rows::to_count(usize::MAX)),
            }
        };
        let show = |read: &mut &mut Read, row: ShownRow<'_>| {
            let fits = if read.has_kinds { row.value::<Option<bool>>(6)? } else { None };
            let (item, after) = item(row, fits, read.query.fingerprint)?;
            let rest = match after {
                Some(after) => read.query.events_from(0).after(after),
                None => read.query.events_from(0),
            };
            read.rest = Some(rest);
            Ok(visit(item))
        };
        self.read("read a snapshot and events", &mut read, select, show).await
    }
}

/// The item of a row, and the version after which the next events come, if not all do.
fn item(
    row: ShownRow<'_>,
    fits: Option<bool>,
    fingerprint: u64,
) -> Result<(ReplayItem<'_>, Option<u64>), StatementError> {
    if fits == Some(false) {
        return Ok((ReplayItem::OtherSnapshot, None));
    }
    let event = event(row)?;
    if fits.is_none() {
        return Ok((ReplayItem::Event(event), Some(event.originator_version)));
    }
    let (id, version) = (event.originator_id, event.originator_version);
    let snapshot = StoredSnapshotRef::new(id, version, event.topic, fingerprint, event.state, event.append_id);
    // the event of its own version follows
    Ok((ReplayItem::Snapshot(snapshot.with_checksum(event.checksum)), version.checked_sub(1)))
}
