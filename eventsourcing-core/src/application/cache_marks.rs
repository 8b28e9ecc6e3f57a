//! Which aggregates the cache may answer for without a query: those that no append is changing, or may have changed.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockWriteGuard};

use uuid::Uuid;

/// The marks of aggregates, by id. An aggregate without a mark has none of what a mark is about.
pub(super) struct Marks {
    shards: Box<[RwLock<Shard>]>,
}

/// The number of shards. The last byte of an id selects one.
const SHARDS: u8 = 64;

/// The number of marks in a shard from which on saves of unknown outcome are not remembered one by one.
const CROWD: usize = 1024;

/// The marks of a part of the ids.
#[derive(Default)]
pub(super) struct Shard {
    marks: HashMap<Uuid, Mark>,
    /// Whether so many saves had an unknown outcome that each read of these ids asks the database.
    is_crowded: bool,
}

/// What is known of an aggregate while it is saved or loaded, or while the outcome of a save is unknown.
#[derive(Debug, Default)]
struct Mark {
    /// The appends that are running.
    appends: u64,
    /// The loads that are running, whose states may be older than the floor when they are put into the cache.
    loads: u64,
    /// The last version that is known to be recorded or in conflict: no state below it may be put into the cache.
    floor: u64,
    /// The first version of a save whose outcome is unknown. It is decided once this version is recorded, by that save or another one.
    undecided: Option<u64>,
}

/// How an append ended for one aggregate.
pub(super) enum End {
    /// The events up to this version are recorded.
    Recorded { last: u64 },
    /// Nothing was recorded by this append. After a conflict about this version, no state below it is known to be current.
    Refused { conflict: Option<u64> },
    /// The events from this version on may be recorded, now or later.
    Unknown { first: u64 },
}

impl Default for Marks {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| RwLock::default()).collect() }
    }
}

impl Marks {
    /// Whether what is cached of an aggregate is current, as far as this process has changed it.
    pub(super) fn trust(&self, id: Uuid) -> bool {
        let shard = self.shard(id).read().unwrap_or_else(PoisonError::into_inner);
        !shard.is_crowded && shard.marks.get(&id).is_none_or(|mark| mark.appends == 0 && mark.undecided.is_none())
    }

    /// Locks the marks of a part of the ids. What is put into the cache of these ids is put while they are locked.
    pub(super) fn lock(&self, id: Uuid) -> RwLockWriteGuard<'_, Shard> {
        self.shard(id).write().unwrap_or_else(PoisonError::into_inner)
    }

    fn shard(&self, id: Uuid) -> &RwLock<Shard> {
        let [.., last] = id.into_bytes();
        &self.shards[usize::from(last % SHARDS)]
    }
}

impl Shard {
    pub(super) fn begin_append(&mut self, id: Uuid) {
        self.marks.entry(id).or_default().appends += 1;
    }

    /// Notes how an append ended. Returns the version below which no state is current.
    pub(super) fn end_append(&mut self, id: Uuid, end: &End) -> u64 {
        let is_crowded = self.is_crowded || self.marks.len() > CROWD;
        let mark = self.marks.entry(id).or_default();
        mark.appends = mark.appends.saturating_sub(1);
        match *end {
            End::Recorded { last } => mark.reach(last),
            End::Refused { conflict } => mark.floor = mark.floor.max(conflict.unwrap_or_default()),
            End::Unknown { .. } if is_crowded => self.is_crowded = true,
            End::Unknown { first } => mark.undecided = mark.undecided.max(Some(first)),
        }
        let floor = mark.floor;
        self.tidy(id);
        floor
    }

    pub(super) fn begin_load(&mut self, id: Uuid) {
        self.marks.entry(id).or_default().loads += 1;
    }

    pub(super) fn end_load(&mut self, id: Uuid) {
        if let Some(mark) = self.marks.get_mut(&id) {
            mark.loads = mark.loads.saturating_sub(1);
        }
        self.tidy(id);
    }

    /// Notes that a version was read. Returns whether its state may be put into the cache.
    pub(super) fn has_read(&mut self, id: Uuid, version: u64) -> bool {
        let Some(mark) = self.marks.get_mut(&id) else { return true };
        let is_current = version >= mark.floor;
        mark.reach(version);
        is_current
    }

    fn tidy(&mut self, id: Uuid) {
        if self.marks.get(&id).is_some_and(|mark| mark.appends == 0 && mark.loads == 0 && mark.undecided.is_none()) {
            self.marks.remove(&id);
        }
    }
}

impl Mark {
    /// Notes that a version is recorded.
    fn reach(&mut self, version: u64) {
        self.floor = self.floor.max(version);
        self.undecided = self.undecided.filter(|first| *first > version);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_append_is_distrusted_until_its_outcome_is_known() {
        let (marks, id) = (Marks::default(), Uuid::new_v4());
        assert!(marks.trust(id));
        for end in [End::Recorded { last: 2 }, End::Refused { conflict: Some(2) }, End::Refused { conflict: None }] {
            marks.lock(id).begin_append(id);
            assert!(!marks.trust(id));
            marks.lock(id).end_append(id, &end);
            assert!(marks.trust(id) && marks.lock(id).marks.is_empty());
        }
        marks.lock(id).begin_append(id);
        marks.lock(id).end_append(id, &End::Unknown { first: 3 });
        assert!(!marks.trust(id));
        // what was read does not show it
        assert!(marks.lock(id).has_read(id, 2) && !marks.trust(id));
        assert!(marks.lock(id).has_read(id, 3) && marks.trust(id));
    }

    #[test]
    fn a_load_that_began_before_a_save_ended_is_too_old() {
        let (marks, id) = (Marks::default(), Uuid::new_v4());
        let mut shard = marks.lock(id);
        shard.begin_load(id);
        shard.begin_append(id);
        shard.end_append(id, &End::Recorded { last: 6 });
        assert!(!shard.has_read(id, 5));
        assert!(shard.has_read(id, 6));
        shard.end_load(id);
        assert!(shard.marks.is_empty());
    }

    #[test]
    fn two_unknown_outcomes_are_decided_by_the_later_version() {
        let (marks, id) = (Marks::default(), Uuid::new_v4());
        let mut shard = marks.lock(id);
        for first in [7, 6] {
            shard.begin_append(id);
            shard.end_append(id, &End::Unknown { first });
        }
        assert!(shard.has_read(id, 6) && shard.marks[&id].undecided == Some(7));
        shard.begin_append(id);
        shard.end_append(id, &End::Recorded { last: 7 });
        assert!(shard.marks.is_empty());
    }

    #[test]
    fn a_crowd_of_unknown_outcomes_is_not_remembered_one_by_one() {
        let marks = Marks::default();
        let id_of = |high: u128| Uuid::from_u128(high << 8);
        for number in 1..=5000 {
            let mut shard = marks.lock(id_of(number));
            shard.begin_append(id_of(number));
            shard.end_append(id_of(number), &End::Unknown { first: 1 });
            assert!(shard.marks.len() <= CROWD + 1);
        }
        // nothing of these ids is trusted any more, and ids of other shards are
        assert!(!marks.trust(id_of(1)) && !marks.trust(id_of(5000)) && !marks.trust(id_of(9999)));
        assert!(marks.trust(Uuid::from_u128(1)));
    }
}
