//! The saves of a batch on their way: which are decided, and which can share the next statement.

use std::collections::HashSet;

use eventsourcing_core::StoredEvent;

use crate::resolution::{Resolution, TakenVersions, complete, resolve, version_of};
use crate::writer::Outcome;

/// The saves of a batch, each with what is known of it.
#[derive(Debug)]
pub(super) struct Batch<'s> {
    saves: Vec<Member<'s>>,
    /// Whether versions of those that are undecided may be taken, so that the next statement is preceded by a look.
    must_look: bool,
}

#[derive(Debug)]
struct Member<'s> {
    events: &'s [StoredEvent],
    /// The ids of events that an earlier attempt recorded; empty if none did.
    known: Vec<Option<u64>>,
    outcome: Option<Outcome>,
}

impl Member<'_> {
    fn is_missing(&self, place: usize) -> bool {
        self.known.get(place).is_none_or(Option::is_none)
    }
}

impl<'s> Batch<'s> {
    pub(super) fn of(saves: &[&'s [StoredEvent]]) -> Self {
        let member = |events: &&'s [StoredEvent]| Member { events, known: Vec::new(), outcome: None };
        Self { saves: saves.iter().map(member).collect(), must_look: false }
    }

    /// The places of those saves that can share a statement: of two with the same version, the first.
    ///
    /// The other comes after it is known whether the first was recorded. None are left when all are decided.
    pub(super) fn next_round(&self) -> Vec<usize> {
        let undecided: Vec<usize> =
            (0..self.saves.len()).filter(|place| self.saves[*place].outcome.is_none()).collect();
        if let [only] = undecided.as_slice() {
            return vec![*only];
        }
        let mut seen = HashSet::with_capacity(undecided.len());
        let mut round = undecided;
        round.retain(|place| {
            let events = self.saves[*place].events;
            let is_free = !events.iter().any(|event| seen.contains(&version_of(event)));
            if is_free {
                seen.extend(events.iter().map(version_of));
            }
            is_free
        });
        round
    }

    pub(super) fn must_look(&self) -> bool {
        self.must_look
    }

    /// Versions were found to be taken: which, the next look tells.
    pub(super) fn look_first(&mut self) {
        self.must_look = true;
    }

    /// The events of all saves that are undecided.
    pub(super) fn undecided_events(&self) -> impl Iterator<Item = &'s StoredEvent> {
        self.saves.iter().filter(|save| save.outcome.is_none()).flat_map(|save| save.events)
    }

    /// The events of a round that are still to be recorded, in order.
    pub(super) fn missing(&self, round: &[usize]) -> Vec<&'s StoredEvent> {
        let saves = round.iter().map(|place| &self.saves[*place]);
        saves
            .flat_map(|save| {
                save.events.iter().enumerate().filter(|(place, _)| save.is_missing(*place)).map(|(_, event)| event)
            })
            .collect()
    }

    /// Decides the saves that the rows found decide: those in conflict, and those that are recorded already. Whether there were any.
    pub(super) fn resolve(&mut self, taken: &TakenVersions) -> bool {
        let mut any = false;
        for save in self.saves.iter_mut().filter(|save| save.outcome.is_none()) {
            match resolve(save.events, taken) {
                Resolution::Conflict(error) => save.outcome = Some(Outcome::Failed(error)),
                Resolution::Free { ids, missing } if missing.is_empty() => {
                    save.outcome = Some(Outcome::Recorded(complete(ids, 1)));
                }
                Resolution::Free { ids, .. } => save.known = ids,
            }
            any |= save.outcome.is_some();
        }
        any
    }

    /// The missing events of a round are recorded, the first of them with this id.
    pub(super) fn recorded(&mut self, round: &[usize], first: u64) {
        let mut next = first;
        for place in round {
            let save = &mut self.saves[*place];
            let mut known = std::mem::take(&mut save.known);
            known.resize(save.events.len(), None);
            let missing = known.iter().filter(|id| id.is_none()).count() as u64;
            save.outcome = Some(Outcome::Recorded(complete(known, next)));
            next += missing;
        }
        // what was left out of the round has versions that are now taken
        self.must_look = true;
    }

    pub(super) fn is_undecided(&self, place: usize) -> bool {
        self.saves[place].outcome.is_none()
    }

    /// Decides all that are undecided.
    pub(super) fn decide_rest(&mut self, outcome: impl Fn() -> Outcome) {
        self.decide(&(0..self.saves.len()).collect::<Vec<_>>(), outcome);
    }

    /// Decides those of a round that are undecided.
    pub(super) fn decide(&mut self, round: &[usize], outcome: impl Fn() -> Outcome) {
        for place in round {
            let save = &mut self.saves[*place];
            if save.outcome.is_none() {
                save.outcome = Some(outcome());
            }
        }
    }

    /// What became of each save, in their order.
    pub(super) fn into_outcomes(self) -> Vec<Outcome> {
        self.saves.into_iter().filter_map(|save| save.outcome).collect()
    }
}
