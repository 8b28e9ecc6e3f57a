//! Snapshots of an application's aggregates: which are taken, and what became of them.

use std::any::TypeId;
use std::num::NonZeroU64;
use std::sync::{PoisonError, RwLock, Weak};
use std::time::Duration;

use uuid::Uuid;

use super::due_snapshot::Due;
use super::handle::Shared;
use super::replay::{Missed, Replay};
use super::snapshot_counts::Counts;
use super::snapshot_queue::Queue;
use crate::domain::{Aggregate, SnapshotFormat};

/// What the builder of an application sets.
#[derive(Clone, Debug)]
pub(super) struct SnapshotSettings {
    /// Whether snapshots are read and taken.
    pub(super) is_enabled: bool,
    /// Takes a snapshot of an aggregate whose load took longer.
    pub(super) slower_than: Option<Duration>,
    /// The intervals that take precedence over those of the types, none if no snapshot is taken automatically.
    pub(super) intervals: Vec<(TypeId, Option<NonZeroU64>)>,
    /// How many snapshots of an aggregate are kept.
    pub(super) keep: usize,
}

impl Default for SnapshotSettings {
    fn default() -> Self {
        Self { is_enabled: true, slower_than: None, intervals: Vec::new(), keep: 1 }
    }
}

/// The snapshots of an application.
#[derive(Debug)]
pub(crate) struct Snapshots {
    pub(super) settings: SnapshotSettings,
    /// Whether snapshots are enabled, and the recorder keeps them.
    is_active: bool,
    /// Whether snapshots are taken in the background: not by an application that only reads.
    are_taken: bool,
    /// The fingerprints of the types that were used. They are few, so that a linear search is quicker than a hash.
    fingerprints: RwLock<Vec<(TypeId, u64)>>,
    counts: Counts,
    queue: Queue,
    /// The types of which an aggregate would not have been restored exactly. Loads ask for no snapshots of them, which would fail again.
    faulty: RwLock<Vec<TypeId>>,
}

impl Snapshots {
    pub(super) fn new(settings: SnapshotSettings, is_kept: bool, are_taken: bool, application: Weak<Shared>) -> Self {
        let is_active = settings.is_enabled && is_kept;
        Self {
            settings,
            is_active,
            are_taken,
            fingerprints: RwLock::default(),
            counts: Counts::default(),
            queue: Queue::new(application),
            faulty: RwLock::default(),
        }
    }

    /// Returns the format of a type's snapshots, if they are read and taken.
    pub(super) fn format_of<A: Aggregate>(&self) -> Option<SnapshotFormat<A>> {
        A::SNAPSHOTS.filter(|_| self.is_active)
    }

    /// Returns the fingerprint of a type's snapshots, which is computed once.
    pub(super) fn fingerprint_of<A: Aggregate>(&self, format: &SnapshotFormat<A>) -> u64 {
        let id = TypeId::of::<A>();
        let find = |known: &[(TypeId, u64)]| known.iter().find(|(known, _)| *known == id).map(|(_, found)| *found);
        if let Some(found) = find(&self.fingerprints.read().unwrap_or_else(PoisonError::into_inner)) {
            return found;
        }
        // it deserializes the type, which is code of the program, so no lock is held
        let fingerprint = format.fingerprint(A::NAME);
        let mut known = self.fingerprints.write().unwrap_or_else(PoisonError::into_inner);
        if find(&known).is_none() {
            known.push((id, fingerprint));
        }
        fingerprint
    }

    /// Returns after how many events a snapshot of this type is taken.
    pub(super) fn interval_of<A: Aggregate>(&self, format: &SnapshotFormat<A>) -> Option<NonZeroU64> {
        let own = self.settings.intervals.iter().find(|(id, _)| *id == TypeId::of::<A>());
        own.map_or_else(|| format.interval(), |(_, interval)| *interval)
    }

    /// Returns the duration after which a load is slow, if there is one.
    pub(super) fn slower_than(&self) -> Option<Duration> {
        self.settings.slower_than
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Queues snapshots that are due after a save.
    pub(crate) fn take_all(&self, due: Vec<Due>) {
        due.into_iter().for_each(|due| self.take(due));
    }

    /// Queues a snapshot, which is taken in the background.
    pub(super) fn take(&self, due: Due) {
        if self.are_taken && !self.queue.push(due) {
            self.counts.skip();
        }
    }

    /// Counts what a load found, and queues a snapshot if the load needs one.
    pub(super) fn note<A: Aggregate>(&self, id: Uuid, replay: &Replay<A>, is_slow: bool, is_current: bool) {
        if replay.snapshot.is_some() {
            self.counts.make_use();
        }
        if replay.missed.is_some() {
            self.counts.miss();
        }
        let Some(aggregate) = &replay.aggregate else { return };
        let due = match replay.missed {
            Some(_) if is_current => Some(Due::new::<A>(id, None)),
            Some(Missed::At(version)) => Some(Due::new::<A>(id, Some(version))),
            None if is_current && is_slow && replay.snapshot.unwrap_or(0) < aggregate.version() => {
                Some(Due::new::<A>(id, None))
            }
            _ => None,
        };
        let is_faulty = || self.faulty.read().unwrap_or_else(PoisonError::into_inner).contains(&TypeId::of::<A>());
        if let Some(due) = due.filter(|_| !is_faulty()) {
            self.take(due);
        }
    }

    /// Notes that an aggregate of this type would not have been restored exactly.
    pub(super) fn mark_faulty<A: Aggregate>(&self) {
        let mut faulty = self.faulty.write().unwrap_or_else(PoisonError::into_inner);
        if !faulty.contains(&TypeId::of::<A>()) {
            faulty.push(TypeId::of::<A>());
        }
    }

    /// Stops taking snapshots in the background.
    pub(super) fn close(&self) {
        self.queue.close();
    }
}
