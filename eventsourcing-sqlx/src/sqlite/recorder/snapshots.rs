//! The snapshots of aggregates: stored in a transaction of their own, and read together with the events that follow.

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::{
    EventQuery, ReplayItem, ReplayQuery, ReplayVisitor, StoredSnapshot, StoredSnapshotRef,
};
use rusqlite::{Connection, Row, params};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::Inner;
use super::busy::PAUSE;
use super::columns::{blob, text, uuid};
use super::error::StatementError;
use super::select::Slice;
use super::transaction::execute;
use crate::rows;
use crate::sql::sqlite::{BEGIN, COMMIT};
use crate::time_limit::deadline;

impl Inner {
    /// Stores a snapshot and deletes older ones. Returns whether it is kept.
    pub(super) async fn insert_snapshot(&self, snapshot: StoredSnapshot, keep: usize) -> Result<bool, RecorderError> {
        self.change_snapshots("store a snapshot", |connection| self.try_insert(connection, &snapshot, keep)).await
    }

    pub(super) async fn delete_snapshots(&self, originator_id: Uuid) -> Result<(), RecorderError> {
        self.change_snapshots("delete snapshots", |connection| {
            // a single statement is a transaction of its own
            let mut delete = connection.prepare_cached(self.sql.common.delete_snapshots.as_str())?;
            delete.execute([originator_id.as_bytes().as_slice()])?;
            Ok(())
        })
        .await
    }

    async fn change_snapshots<T>(
        &self,
        operation: &'static str,
        change: impl Fn(&Connection) -> Result<T, StatementError>,
    ) -> Result<T, RecorderError> {
        let deadline = deadline(self.config.lock_timeout);
        loop {
            match self.connections.write(&change) {
                Ok(changed) => return Ok(changed),
                Err(failure) if self.is_busy(&failure) && Instant::now() < deadline => sleep(PAUSE).await,
                Err(StatementError::Driver(error)) => return Err(self.failed(operation, error)),
                Err(StatementError::Recorder(error)) => return Err(error),
            }
        }
    }

    fn try_insert(
        &self,
        connection: &Connection,
        snapshot: &StoredSnapshot,
        keep: usize,
    ) -> Result<bool, StatementError> {
        let StoredSnapshot { topic, state, append_id, .. } = snapshot;
        let id = snapshot.originator_id.as_bytes().as_slice();
        let (version, fingerprint) =
            (rows::to_bound(snapshot.originator_version), rows::to_fingerprint(snapshot.fingerprint));
        execute(connection, BEGIN)?;
        self.connections.check_file()?;
        connection.prepare_cached(self.sql.store_snapshot.as_str())?.execute(params![
            id,
            version,
            fingerprint,
            topic,
            state,
            rows::to_checksum(snapshot.checksum),
            append_id.as_bytes().as_slice(),
        ])?;
        // in the same transaction: another process may just have recorded the events of a later snapshot
        connection.prepare_cached(self.sql.drop_snapshots_ahead.as_str())?.execute([id])?;
        let mut prune = connection.prepare_cached(self.sql.prune_snapshots.as_str())?;
        prune.execute(params![id, fingerprint, rows::to_count(keep)])?;
        let mut look = connection.prepare_cached(self.sql.has_snapshot.as_str())?;
        let is_kept = look.query_row(params![id, version, fingerprint], |row| row.get(0))?;
        execute(connection, COMMIT)?;
        Ok(is_kept)
    }

    pub(super) async fn read_replay(
        &self,
        query: ReplayQuery,
        visit: &mut ReplayVisitor<'_>,
    ) -> Result<(), RecorderError> {
        let mut rest: Option<EventQuery> = None;
        self.read("read a snapshot and events", |connection| {
            let rest = match &mut rest {
                Some(rest) => rest,
                none => {
                    let mut select = connection.prepare_cached(self.sql.snapshot.as_str())?;
                    let id = query.originator_id.as_bytes().as_slice();
                    let fingerprint = rows::to_fingerprint(query.fingerprint);
                    let mut found = select.query(params![id, rows::to_up_to(query.up_to), fingerprint])?;
                    let item = found.next()?.map(|row| item(row, &query)).transpose()?;
                    let first = match &item {
                        Some(ReplayItem::Snapshot(snapshot)) => snapshot.originator_version,
                        _ => 0,
                    };
                    // it is passed once, whatever happens to the read of the events
                    let rest = none.insert(query.events_from(first));
                    if item.is_some_and(|item| visit(item).is_break()) {
                        return Ok(Slice::Last);
                    }
                    rest
                }
            };
            self.show_events(connection, rest, &mut |event| visit(ReplayItem::Event(event)))
        })
        .await
    }
}

/// The item of a snapshot's row.
fn item<'r>(row: &'r Row<'_>, query: &ReplayQuery) -> Result<ReplayItem<'r>, StatementError> {
    let fingerprint = rows::from_fingerprint(row.get(2)?);
    if fingerprint != query.fingerprint {
        return Ok(ReplayItem::OtherSnapshot);
    }
    let id = query.originator_id;
    let version = rows::of_aggregate(rows::from_version(row.get(0)?), id)?;
    let checksum = rows::of_aggregate(rows::from_checksum(row.get(4)?), id)?;
    let snapshot = StoredSnapshotRef::new(id, version, text(row, 1)?, fingerprint, blob(row, 3)?, uuid(row, 5)?);
    Ok(ReplayItem::Snapshot(snapshot.with_checksum(checksum)))
}
