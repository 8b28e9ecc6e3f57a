//! Dead letters in memory, by notification id and by aggregate.

use std::collections::btree_map::{BTreeMap, Entry};
use std::collections::{BTreeSet, HashMap};
use std::ops::Bound::{Excluded, Included};

use uuid::Uuid;

use crate::recording::{LetterChanges, LetterQuery, RecorderError, StoredLetter};

/// The dead letters of all upstream applications.
#[derive(Debug, Default)]
pub(super) struct Letters(HashMap<String, OfUpstream>);

#[derive(Debug, Default)]
struct OfUpstream {
    letters: BTreeMap<u64, StoredLetter>,
    by_originator: BTreeSet<(Uuid, u64)>,
}

impl Letters {
    /// Checks that the dead letters that the changes rely on exist.
    pub(super) fn check(&self, changes: &LetterChanges) -> Result<(), RecorderError> {
        let letters = self.0.get(&changes.upstream);
        let is_there = |id: &u64| letters.is_some_and(|letters| letters.letters.contains_key(id));
        let mut taken = BTreeSet::new();
        let can_be_taken = |id: &u64| is_there(id) && taken.insert(*id);
        let waits = |id: &Uuid| letters.is_some_and(|letters| letters.has(*id));
        if changes.behind.iter().all(waits) && changes.taken.iter().all(can_be_taken) {
            Ok(())
        } else {
            Err(changes.refused())
        }
    }

    /// Returns whether changes that park letters are recorded already: each is stored as it is, and those to be removed are gone.
    pub(super) fn are_parked(&self, changes: &LetterChanges) -> bool {
        let letters = self.0.get(&changes.upstream);
        let find = |id: u64| letters.and_then(|letters| letters.letters.get(&id));
        let is_parked = |id: u64| changes.parked.iter().any(|letter| letter.notification_id == id);
        !changes.parked.is_empty()
            && changes.parked.iter().all(|letter| find(letter.notification_id) == Some(letter))
            && changes.taken.iter().all(|id| is_parked(*id) || find(*id).is_none())
    }

    /// Applies changes that were checked.
    pub(super) fn change(&mut self, changes: LetterChanges) {
        let letters = self.0.entry(changes.upstream).or_default();
        changes.taken.into_iter().for_each(|id| letters.remove(id));
        changes.parked.into_iter().for_each(|letter| letters.insert(letter));
    }

    pub(super) fn select(&self, query: &LetterQuery) -> Vec<StoredLetter> {
        let Some(letters) = self.0.get(&query.upstream) else { return Vec::new() };
        let up_to = query.up_to.unwrap_or(u64::MAX);
        if query.after >= up_to {
            return Vec::new();
        }
        match query.originator_id {
            None => {
                let found = letters.letters.range((Excluded(query.after), Included(up_to)));
                found.take(query.limit).map(|(_, letter)| letter.clone()).collect()
            }
            Some(id) => {
                let found = letters.by_originator.range((Excluded((id, query.after)), Included((id, up_to))));
                found.filter_map(|(_, place)| letters.letters.get(place)).take(query.limit).cloned().collect()
            }
        }
    }

    pub(super) fn count(&self, upstream: &str) -> u64 {
        self.0.get(upstream).map_or(0, |letters| letters.letters.len() as u64)
    }

    pub(super) fn among(&self, upstream: &str, originators: &[Uuid]) -> Vec<Uuid> {
        let Some(letters) = self.0.get(upstream) else { return Vec::new() };
        originators.iter().copied().filter(|id| letters.has(*id)).collect()
    }
}

impl OfUpstream {
    fn has(&self, originator_id: Uuid) -> bool {
        self.by_originator.range((originator_id, 0)..=(originator_id, u64::MAX)).next().is_some()
    }

    fn insert(&mut self, letter: StoredLetter) {
        let (id, originator_id) = (letter.notification_id, letter.originator_id);
        if let Entry::Vacant(free) = self.letters.entry(id) {
            free.insert(letter);
            self.by_originator.insert((originator_id, id));
        }
    }

    fn remove(&mut self, id: u64) {
        if let Some(letter) = self.letters.remove(&id) {
            self.by_originator.remove(&(letter.originator_id, id));
        }
    }
}
