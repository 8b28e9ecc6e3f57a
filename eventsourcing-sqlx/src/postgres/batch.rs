//! The saves of a batch on their way: which are decided, and which can share the next statement.

use std::collections::HashSet;

use eventsourcing_core::persistence::{Append, LetterChanges};
use eventsourcing_core::{LogPosition, StoredEvent, Tracking};

use crate::resolution::{Found, Positions, Resolution, complete, resolve, version_of};
use crate::writer::Outcome;

/// The saves of a batch, each with what is known of it.
#[derive(Debug)]
pub(super) struct Batch<'s> {
    saves: Vec<Member<'s>>,
    /// Whether something may stand in the way of those that are undecided, so that the next statement is preceded by a look.
    must_look: bool,
}

#[derive(Debug)]
struct Member<'s> {
    append: &'s Append,
    /// The positions of events that were recorded when the attempt was made before; empty if none were.
    known: Vec<Option<LogPosition>>,
    /// Whether it was sent before, and it is not known what became of it.
    was_sent: bool,
    outcome: Option<Outcome>,
}

impl Member<'_> {
    fn is_missing(&self, place: usize) -> bool {
        self.known.get(place).is_none_or(Option::is_none)
    }
}

impl<'s> Batch<'s> {
    /// A batch of these saves; whether they were sent before, and it is not known what became of them.
    pub(super) fn of(saves: &[&'s Append], were_sent: bool) -> Self {
        let member = |append: &&'s Append| Member { append, known: Vec::new(), was_sent: were_sent, outcome: None };
        Self { saves: saves.iter().map(member).collect(), must_look: false }
    }

    /// The places of those saves that can share a statement: of two with the same version, or the same upstream, the first.
    ///
    /// The other comes after it is known whether the first was recorded. None are left when all are decided.
    pub(super) fn next_round(&self) -> Vec<usize> {
        let undecided: Vec<usize> =
            (0..self.saves.len()).filter(|place| self.saves[*place].outcome.is_none()).collect();
        if let [only] = undecided.as_slice() {
            return vec![*only];
        }
        let mut seen = HashSet::with_capacity(undecided.len());
        let mut upstreams = HashSet::new();
        let mut round = undecided;
        round.retain(|place| {
            let Append { events, tracking, letters, .. } = self.saves[*place].append;
            let tracked = tracking.as_ref().map(|tracking| tracking.upstream.as_str());
            let of_letters = letters.as_ref().map(|letters| letters.upstream.as_str());
            let is_free = !events.iter().any(|event| seen.contains(&version_of(event)))
                && !tracked.iter().chain(&of_letters).any(|upstream| upstreams.contains(upstream));
            if is_free {
                seen.extend(events.iter().map(version_of));
                upstreams.extend(tracked);
                upstreams.extend(of_letters);
            }
            is_free
        });
        round
    }

    pub(super) fn must_look(&self) -> bool {
        self.must_look
    }

    /// Something was found to stand in the way: what, the next look tells.
    pub(super) fn look_first(&mut self) {
        self.must_look = true;
    }

    /// The events of all saves that are undecided.
    pub(super) fn undecided_events(&self) -> impl Iterator<Item = &'s StoredEvent> {
        self.saves.iter().filter(|save| save.outcome.is_none()).flat_map(|save| &save.append.events)
    }

    /// The upstreams of all saves that are undecided.
    pub(super) fn undecided_upstreams(&self) -> Vec<&'s str> {
        let undecided = self.saves.iter().filter(|save| save.outcome.is_none());
        undecided.filter_map(|save| save.append.tracking.as_ref()).map(|tracking| tracking.upstream.as_str()).collect()
    }

    /// The changes of dead letters of all saves that are undecided.
    pub(super) fn undecided_letters(&self) -> impl Iterator<Item = &'s LetterChanges> {
        let undecided = self.saves.iter().filter(|save| save.outcome.is_none());
        undecided.filter_map(|save| save.append.letters.as_ref())
    }

    /// The changes of dead letters of a round.
    pub(super) fn letters(&self, round: &[usize]) -> Vec<&'s LetterChanges> {
        round.iter().filter_map(|place| self.saves[*place].append.letters.as_ref()).collect()
    }

    /// The tracking of a round.
    pub(super) fn tracking(&self, round: &[usize]) -> Vec<&'s Tracking> {
        round.iter().filter_map(|place| self.saves[*place].append.tracking.as_ref()).collect()
    }

    /// The events of a round that are still to be recorded, in order.
    pub(super) fn missing(&self, round: &[usize]) -> Vec<&'s StoredEvent> {
        let saves = round.iter().map(|place| &self.saves[*place]);
        saves
            .flat_map(|save| {
                save.append
                    .events
                    .iter()
                    .enumerate()
                    .filter(|(place, _)| save.is_missing(*place))
                    .map(|(_, event)| event)
            })
            .collect()
    }

    /// Decides the saves that the rows found decide: those that are refused, and those that are recorded already. Whether there
    /// were any.
    ///
    /// The round is the next; one that is not in it may go on from where one in it ends.
    pub(super) fn resolve(&mut self, found: &Found, positions: &Positions, round: &[usize]) -> bool {
        let round: HashSet<usize> = round.iter().copied().collect();
        let mut any = false;
        // versions of saves that come before and may be recorded before
        let mut pending = HashSet::new();
        for (place, save) in self.saves.iter_mut().enumerate().filter(|(_, save)| save.outcome.is_none()) {
            let comes_later = |tracking: &Tracking| {
                !round.contains(&place)
                    && positions.get(&tracking.upstream).copied().unwrap_or_default().id < tracking.after
            };
            if save.append.tracking.as_ref().is_some_and(comes_later) {
                pending.extend(save.append.events.iter().map(version_of));
                continue;
            }
            match resolve(save.append, found, &pending, positions, save.was_sent) {
                Resolution::Refused(error) => save.outcome = Some(Outcome::Failed(error)),
                Resolution::Done(recorded) => save.outcome = Some(Outcome::Recorded(recorded)),
                Resolution::Free(known) => {
                    // one that is not in the round may rely on letters that one in it changes
                    if round.contains(&place)
                        && let Some(error) = found.refusal_of_letters(save.append)
                    {
                        save.outcome = Some(Outcome::Failed(error));
                        any = true;
                        continue;
                    }
                    pending.extend(save.append.events.iter().map(version_of));
                    save.known = known;
                }
            }
            any |= save.outcome.is_some();
        }
        any
    }

    /// Whether events or letters of undecided saves are recorded already, by their own attempts.
    pub(super) fn has_own(&self, found: &Found, positions: &Positions) -> bool {
        let mut undecided = self.saves.iter().filter(|save| save.outcome.is_none());
        self.undecided_events().any(|event| found.has_own(event))
            || undecided.any(|save| found.has_own_letters(save.append, positions, save.was_sent))
    }

    /// The saves of a round were sent, and it is not known what became of them.
    pub(super) fn were_sent(&mut self, round: &[usize]) {
        round.iter().for_each(|place| self.saves[*place].was_sent = true);
    }

    /// The missing events of a round are recorded, the first of them with this id, all with this stamp.
    pub(super) fn recorded(&mut self, round: &[usize], first: u64, stamp: u32) {
        let mut next = first;
        for place in round {
            let save = &mut self.saves[*place];
            let known = std::mem::take(&mut save.known);
            let missing = save.append.events.len() - known.iter().flatten().count();
            save.outcome = Some(Outcome::Recorded(complete(&known, &save.append.events, next, stamp)));
            next += missing as u64;
        }
        // what was left out of the round has versions that are now taken, or an upstream that has moved
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
