//! The saves of a batch while they are recorded: which are decided, and which can share the next statement.

use std::collections::HashSet;

use eventsourcing_core::recording::{Append, LetterChanges};
use eventsourcing_core::{CommandId, LogPosition, StoredEvent, Tracking};

use crate::append::{CommandRow, Found, Positions, Resolution, SaveOutcome, complete, resolve, version_of};

/// The saves of a batch, each with its state.
#[derive(Debug)]
pub(super) struct SaveBatch<'s> {
    saves: Vec<BatchedSave<'s>>,
    /// Whether there may be conflicts with the undecided saves, so that a lookup comes before the next statement.
    must_look: bool,
}

#[derive(Debug)]
struct BatchedSave<'s> {
    append: &'s Append,
    /// The positions of events that an earlier try of the attempt recorded; empty if there are none.
    known: Vec<Option<LogPosition>>,
    /// Whether it was sent before with an unknown outcome.
    was_sent: bool,
    outcome: Option<SaveOutcome>,
}

/// What one statement records.
#[derive(Debug)]
pub(super) struct Contents<'s> {
    pub(super) events: Vec<&'s StoredEvent>,
    pub(super) tracking: Vec<&'s Tracking>,
    pub(super) letters: Vec<&'s LetterChanges>,
    pub(super) commands: Vec<CommandRow<'s>>,
}

impl BatchedSave<'_> {
    fn is_missing(&self, index: usize) -> bool {
        self.known.get(index).is_none_or(Option::is_none)
    }

    /// The number of events that are still to be recorded.
    fn missing(&self) -> usize {
        self.append.events.len() - self.known.iter().flatten().count()
    }
}

impl<'s> SaveBatch<'s> {
    /// A batch of these saves. `were_sent` says that they were sent before with an unknown outcome.
    pub(super) fn of(saves: &[&'s Append], were_sent: bool) -> Self {
        let member =
            |append: &&'s Append| BatchedSave { append, known: Vec::new(), was_sent: were_sent, outcome: None };
        Self { saves: saves.iter().map(member).collect(), must_look: false }
    }

    /// The indexes of the saves that can share a statement: of two with the same version, the same upstream or the same command, the first. Dead
    /// letters and commands have functions of their own, so saves with the one do not share a statement with saves with the other.
    ///
    /// The other follows once the outcome of the first is known. Empty if all saves are decided.
    pub(super) fn next_round(&self) -> Vec<usize> {
        let undecided: Vec<usize> =
            (0..self.saves.len()).filter(|index| self.saves[*index].outcome.is_none()).collect();
        if let [only] = undecided.as_slice() {
            return vec![*only];
        }
        let mut seen = HashSet::with_capacity(undecided.len());
        let (mut upstreams, mut commands, mut has_letters) = (HashSet::new(), HashSet::new(), false);
        let mut round = undecided;
        round.retain(|index| {
            let Append { events, tracking, letters, command, .. } = self.saves[*index].append;
            let command = command.as_ref().map(|command| command.id);
            let tracked = tracking.as_ref().map(|tracking| tracking.upstream.as_str());
            let of_letters = letters.as_ref().map(|letters| letters.upstream.as_str());
            let is_free = command.is_none_or(|id| !has_letters && !commands.contains(&id))
                && (letters.is_none() || commands.is_empty())
                && !events.iter().any(|event| seen.contains(&version_of(event)))
                && !tracked.iter().chain(&of_letters).any(|upstream| upstreams.contains(upstream));
            if is_free {
                seen.extend(events.iter().map(version_of));
                upstreams.extend(tracked);
                upstreams.extend(of_letters);
                commands.extend(command);
                has_letters |= letters.is_some();
            }
            is_free
        });
        round
    }

    pub(super) fn must_look(&self) -> bool {
        self.must_look
    }

    /// Requests a lookup before the next statement, since there is a conflict.
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

    /// The commands of all saves that are undecided.
    pub(super) fn undecided_commands(&self) -> Vec<CommandId> {
        let undecided = self.saves.iter().filter(|save| save.outcome.is_none());
        undecided.filter_map(|save| save.append.command.as_ref()).map(|command| command.id).collect()
    }

    /// The commands of a round.
    fn commands(&self, round: &[usize]) -> Vec<CommandRow<'s>> {
        let mut before = 0;
        let mut rows = Vec::new();
        for save in round.iter().map(|index| &self.saves[*index]) {
            let events = save.append.events.len();
            if let Some(command) = &save.append.command {
                rows.push(CommandRow::new(command, events, &save.known, before));
            }
            before += save.missing() as u64;
        }
        rows
    }

    /// The changes of dead letters of a round.
    fn letters(&self, round: &[usize]) -> Vec<&'s LetterChanges> {
        round.iter().filter_map(|index| self.saves[*index].append.letters.as_ref()).collect()
    }

    /// What a statement records of a round.
    pub(super) fn contents(&self, round: &[usize]) -> Contents<'s> {
        Contents {
            events: self.missing(round),
            tracking: self.tracking(round),
            letters: self.letters(round),
            commands: self.commands(round),
        }
    }

    /// The tracking of a round.
    fn tracking(&self, round: &[usize]) -> Vec<&'s Tracking> {
        round.iter().filter_map(|index| self.saves[*index].append.tracking.as_ref()).collect()
    }

    /// The events of a round that are still to be recorded, in order.
    pub(super) fn missing(&self, round: &[usize]) -> Vec<&'s StoredEvent> {
        let saves = round.iter().map(|index| &self.saves[*index]);
        saves
            .flat_map(|save| {
                save.append
                    .events
                    .iter()
                    .enumerate()
                    .filter(|(index, _)| save.is_missing(*index))
                    .map(|(_, event)| event)
            })
            .collect()
    }

    /// Decides the saves for which the found rows are enough: those that are refused, and those that are recorded already. Returns
    /// whether there were any.
    ///
    /// The round is the next one. A save outside of it may continue from where a save in it ends.
    pub(super) fn resolve(&mut self, found: &Found, positions: &Positions, round: &[usize]) -> bool {
        let command_of = |append: &Append| append.command.as_ref().map(|command| command.id);
        let commands: HashSet<CommandId> =
            round.iter().filter_map(|index| command_of(self.saves[*index].append)).collect();
        let round: HashSet<usize> = round.iter().copied().collect();
        let mut any = false;
        // versions of earlier saves, which may be recorded before
        let mut pending = HashSet::new();
        for (index, save) in self.saves.iter_mut().enumerate().filter(|(_, save)| save.outcome.is_none()) {
            let comes_later = |tracking: &Tracking| {
                !round.contains(&index)
                    && positions.get(&tracking.upstream).copied().unwrap_or_default().id < tracking.after
            };
            // the command of a save in the round counts before whatever else is wrong with this one
            let repeats = !round.contains(&index) && command_of(save.append).is_some_and(|id| commands.contains(&id));
            if repeats || save.append.tracking.as_ref().is_some_and(comes_later) {
                pending.extend(save.append.events.iter().map(version_of));
                continue;
            }
            match resolve(save.append, found, &pending, positions, save.was_sent) {
                Resolution::Refused(error) => save.outcome = Some(SaveOutcome::Failed(error)),
                Resolution::Done(recorded) => save.outcome = Some(SaveOutcome::Recorded(recorded)),
                Resolution::Free(known) => {
                    // a save outside of the round may rely on letters that a save in it changes
                    if round.contains(&index)
                        && let Some(error) = found.refusal_of_letters(save.append)
                    {
                        save.outcome = Some(SaveOutcome::Failed(error));
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

    /// Whether events or letters of undecided saves were recorded already by their own attempts, or their commands by any.
    pub(super) fn has_own(&self, found: &Found, positions: &Positions) -> bool {
        let mut undecided = self.saves.iter().filter(|save| save.outcome.is_none());
        self.undecided_events().any(|event| found.has_own(event))
            || undecided.any(|save| {
                found.command_of(save.append).is_some() || found.has_own_letters(save.append, positions, save.was_sent)
            })
    }

    /// Notes that the saves of a round were sent and their outcome is unknown.
    pub(super) fn were_sent(&mut self, round: &[usize]) {
        round.iter().for_each(|index| self.saves[*index].was_sent = true);
    }

    /// Notes that the missing events of a round are recorded, the first with this id, all with this stamp.
    pub(super) fn recorded(&mut self, round: &[usize], first: u64, stamp: u32) {
        let mut next = first;
        for index in round {
            let save = &mut self.saves[*index];
            let missing = save.missing();
            let known = std::mem::take(&mut save.known);
            save.outcome = Some(SaveOutcome::Recorded(complete(&known, &save.append.events, next, stamp)));
            next += missing as u64;
        }
        // saves that were left out of the round have versions that are now taken, or an upstream that has moved
        self.must_look = true;
    }

    pub(super) fn is_undecided(&self, index: usize) -> bool {
        self.saves[index].outcome.is_none()
    }

    /// Decides all undecided saves.
    pub(super) fn decide_rest(&mut self, outcome: impl Fn() -> SaveOutcome) {
        self.decide(&(0..self.saves.len()).collect::<Vec<_>>(), outcome);
    }

    /// Decides the undecided saves of a round.
    pub(super) fn decide(&mut self, round: &[usize], outcome: impl Fn() -> SaveOutcome) {
        for index in round {
            let save = &mut self.saves[*index];
            if save.outcome.is_none() {
                save.outcome = Some(outcome());
            }
        }
    }

    /// The outcome of each save, in their order.
    pub(super) fn into_outcomes(self) -> Vec<SaveOutcome> {
        self.saves.into_iter().filter_map(|save| save.outcome).collect()
    }
}
