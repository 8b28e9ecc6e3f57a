//! Snapshots in memory, by aggregate.

use std::collections::HashMap;
use std::collections::btree_map::BTreeMap;

use uuid::Uuid;

use super::id_hash::IdHashing;
use crate::recording::StoredSnapshot;

/// The snapshots of all aggregates.
#[derive(Debug, Default)]
pub(super) struct Snapshots(HashMap<Uuid, BTreeMap<(u64, u64), StoredSnapshot>, IdHashing>);

impl Snapshots {
    /// Stores a snapshot, in place of one with the same key, and removes those beyond `keep` and those after the aggregate's last event,
    /// if there is one. Returns whether the snapshot is kept.
    pub(super) fn insert(&mut self, snapshot: StoredSnapshot, keep: usize, last: Option<u64>) -> bool {
        let of_aggregate = self.0.entry(snapshot.originator_id).or_default();
        let (version, fingerprint) = (snapshot.originator_version, snapshot.fingerprint);
        of_aggregate.insert((version, fingerprint), snapshot);
        of_aggregate.retain(|(version, _), _| last.is_none_or(|last| *version <= last));
        let (mut own, mut others) = (0, 0);
        let keys: Vec<(u64, u64)> = of_aggregate.keys().rev().copied().collect();
        for key in keys {
            let count = if key.1 == fingerprint { &mut own } else { &mut others };
            *count += 1;
            if *count > keep {
                of_aggregate.remove(&key);
            }
        }
        of_aggregate.contains_key(&(version, fingerprint))
    }

    pub(super) fn delete(&mut self, originator_id: Uuid) {
        self.0.remove(&originator_id);
    }

    /// Returns the last snapshot with this fingerprint, up to this version; if there is none, one with another fingerprint.
    pub(super) fn last(&self, originator_id: Uuid, fingerprint: u64, up_to: u64) -> Option<StoredSnapshot> {
        let found = self.0.get(&originator_id)?.range(..=(up_to, u64::MAX)).rev().map(|(_, snapshot)| snapshot);
        let fits = |snapshot: &&StoredSnapshot| snapshot.fingerprint == fingerprint;
        found.clone().find(fits).or_else(|| found.clone().next()).cloned()
    }
}
