//! The snapshots of the plain recorder, and their faults.

use std::ops::ControlFlow;
use std::sync::PoisonError;

use eventsourcing_core::recording::{ReplayItem, ReplayQuery, ReplayVisitor, StoredSnapshot};
use eventsourcing_core::{Recorder as _, RecorderError, StoredEvent, Uuid};

use super::{Fault, PlainRecorder};

impl PlainRecorder {
    pub(super) fn keep_snapshot(&self, mut snapshot: StoredSnapshot, keep: usize) -> Result<bool, RecorderError> {
        snapshot.check()?;
        match self.fault {
            Fault::CutsSnapshots => {
                let end = snapshot.state.iter().position(|byte| *byte == 0).unwrap_or(snapshot.state.len());
                snapshot.state = snapshot.state[..end].into();
            }
            Fault::CountsSnapshots => self.state().drawn += 1,
            _ => {}
        }
        let (id, key) = (snapshot.originator_id, place(&snapshot));
        let versions = |event: &StoredEvent| (event.originator_id == id).then_some(event.originator_version);
        let last = self.state().rows.values().filter_map(versions).max();
        Ok(self.with_snapshots(|kept| {
            let is_same = |other: &StoredSnapshot| other.originator_id == id && place(other) == key;
            if self.fault == Fault::KeepsTheFirstSnapshot && kept.iter().any(is_same) {
                return true;
            }
            kept.retain(|other| !is_same(other));
            kept.push(snapshot);
            if self.fault != Fault::KeepsSnapshotsAhead {
                let is_ahead = |version: u64| last.is_some_and(|last| version > last);
                kept.retain(|other| other.originator_id != id || !is_ahead(other.originator_version));
            }
            kept.sort_by_key(|snapshot| std::cmp::Reverse(place(snapshot)));
            let (mut own, mut others) = (0, 0);
            kept.retain(|other| {
                if other.originator_id != id || self.fault == Fault::NeverPrunes {
                    return true;
                }
                let is_own = other.fingerprint == key.1;
                let count = if is_own { &mut own } else { &mut others };
                *count += 1;
                *count <= keep && (is_own || self.fault != Fault::PrunesThoseOfOthers)
            });
            kept.iter().any(is_same)
        }))
    }

    pub(super) fn forget_snapshots(&self, id: Uuid) {
        let all = self.fault == Fault::DeletesAllSnapshots;
        self.with_snapshots(|kept| kept.retain(|snapshot| !all && snapshot.originator_id != id));
    }

    pub(super) async fn replay(&self, query: ReplayQuery, visit: &mut ReplayVisitor<'_>) -> Result<(), RecorderError> {
        let beyond = self.fault == Fault::StartsBeyondTheEnd;
        let up_to = if beyond { u64::MAX } else { query.up_to.unwrap_or(u64::MAX) };
        let mut found = self.with_snapshots(|kept| kept.clone());
        found.retain(|snapshot| snapshot.originator_id == query.originator_id && snapshot.originator_version <= up_to);
        let fits = |snapshot: &&StoredSnapshot| {
            snapshot.fingerprint == query.fingerprint || self.fault == Fault::IgnoresFingerprints
        };
        let snapshot = found.iter().find(fits);
        let first = snapshot.map_or(0, |snapshot| snapshot.originator_version);
        let after = first + u64::from(self.fault == Fault::LeavesOutTheAnchor && snapshot.is_some());
        let events = self.select_events(query.events_from(after)).await?;
        let start = match (snapshot, found.first()) {
            (Some(snapshot), _) => Some(ReplayItem::Snapshot(snapshot.as_ref())),
            (None, other) => other.map(|_| ReplayItem::OtherSnapshot),
        };
        for item in start.into_iter().chain(events.iter().map(|event| ReplayItem::Event(event.as_ref()))) {
            if visit(item) == ControlFlow::Break(()) && self.fault != Fault::ReplaysToTheEnd {
                break;
            }
        }
        Ok(())
    }

    fn with_snapshots<T>(&self, with: impl FnOnce(&mut Vec<StoredSnapshot>) -> T) -> T {
        if self.fault == Fault::KeepsSnapshotsToItself {
            return with(&mut self.own_snapshots.lock().unwrap_or_else(PoisonError::into_inner));
        }
        with(&mut self.state().snapshots)
    }
}

fn place(snapshot: &StoredSnapshot) -> (u64, u64) {
    (snapshot.originator_version, snapshot.fingerprint)
}
