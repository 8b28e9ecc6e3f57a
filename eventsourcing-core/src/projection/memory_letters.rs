//! Dead letters in memory.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::projection::DeadLetter;

/// The dead letters of one projection and one upstream application, by aggregate and notification id.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryLetters(BTreeMap<(Uuid, u64), DeadLetter>);

impl MemoryLetters {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Lists by notification id. They are stored by aggregate, which each event needs; a listing is rare.
    pub(crate) fn list(&self, after: u64, limit: usize) -> Vec<DeadLetter> {
        let mut letters: Vec<_> = self.0.values().filter(|letter| letter.notification_id > after).collect();
        letters.sort_unstable_by_key(|letter| letter.notification_id);
        letters.into_iter().take(limit).cloned().collect()
    }

    pub(crate) fn has(&self, originator_id: Uuid) -> bool {
        self.of(originator_id).next().is_some()
    }

    pub(crate) fn insert(&mut self, letter: &DeadLetter) {
        self.0.entry((letter.originator_id, letter.notification_id)).or_insert_with(|| letter.clone());
    }

    /// The first letters of an aggregate, by notification id.
    pub(crate) fn first(&self, originator_id: Uuid, limit: usize) -> Vec<DeadLetter> {
        self.of(originator_id).take(limit).map(|(_, letter)| letter.clone()).collect()
    }

    pub(crate) fn find(&self, notification_id: u64) -> Option<DeadLetter> {
        self.0.values().find(|letter| letter.notification_id == notification_id).cloned()
    }

    pub(crate) fn take(&mut self, notification_id: u64) -> Option<DeadLetter> {
        let letter = self.find(notification_id)?;
        self.remove(&letter);
        Some(letter)
    }

    pub(crate) fn remove(&mut self, letter: &DeadLetter) {
        self.0.remove(&(letter.originator_id, letter.notification_id));
    }

    fn of(&self, originator_id: Uuid) -> impl Iterator<Item = (&(Uuid, u64), &DeadLetter)> {
        self.0.range((originator_id, 0)..=(originator_id, u64::MAX))
    }
}
