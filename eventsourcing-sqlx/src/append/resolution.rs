//! The resolution of a save that may be recorded already: it is done, partly done, or refused.

use std::collections::{HashMap, HashSet};

use eventsourcing_core::recording::{Append, RecordedCommand, StoredLetter, is_same_attempt, stamped};
use eventsourcing_core::{CommandId, LogPosition, RecorderError, StoredEvent};
use uuid::Uuid;

use crate::rows::{self, LookRow};

/// The recorded versions and dead letters of one or more saves, as a lookup found them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    rows: HashMap<(Uuid, u64), LogPosition>,
    /// The last version of each aggregate that has any.
    last: HashMap<Uuid, u64>,
    /// The dead letters that were found, by upstream and notification id.
    letters: HashMap<(String, u64), StoredLetter>,
    /// The commands that are recorded.
    commands: HashMap<CommandId, RecordedCommand>,
    /// The aggregates that have dead letters, by upstream.
    #[cfg(feature = "postgres")]
    waiting: HashSet<(String, Uuid)>,
}

/// The tracking positions of upstreams that were looked up; the start for those without one.
pub(crate) type Positions = HashMap<String, LogPosition>;

impl Found {
    /// Adds the result of looking up a version.
    pub(crate) fn add(&mut self, row: LookRow) -> Result<(), RecorderError> {
        let (id, originator_id, version, append_id, last) = row;
        if let Some(last) = last {
            self.last.insert(originator_id, rows::from_version(last)?);
        }
        if let Some(id) = id {
            let position = LogPosition { id: rows::from_id(id)?, anchor: append_id };
            self.rows.insert((originator_id, rows::from_version(version)?), position);
        }
        Ok(())
    }

    /// Adds a recorded command.
    #[cfg(feature = "postgres")]
    pub(crate) fn add_command(&mut self, command: RecordedCommand) {
        self.commands.insert(command.id, command);
    }

    /// The recorded command of an append, if there is one.
    pub(crate) fn command_of(&self, append: &Append) -> Option<&RecordedCommand> {
        self.commands.get(&append.command.as_ref()?.id)
    }

    /// A recorded command.
    #[cfg(feature = "postgres")]
    pub(crate) fn command(&self, id: CommandId) -> Option<&RecordedCommand> {
        self.commands.get(&id)
    }

    /// Adds dead letters of an upstream.
    pub(crate) fn add_letters(&mut self, upstream: &str, letters: impl IntoIterator<Item = StoredLetter>) {
        let letters = letters.into_iter().map(|letter| ((upstream.to_owned(), letter.notification_id), letter));
        self.letters.extend(letters);
    }

    /// Adds aggregates that have dead letters of an upstream.
    #[cfg(feature = "postgres")]
    pub(crate) fn add_waiting(&mut self, upstream: &str, waiting: Vec<Uuid>) {
        self.waiting.extend(waiting.into_iter().map(|id| (upstream.to_owned(), id)));
    }

    /// Whether an append without events is recorded already, judged by its letters and its tracking.
    ///
    /// Letters that it parks must be found byte for byte. Letters that it only takes out leave no trace: their absence counts if
    /// an earlier attempt at the append may have been recorded.
    pub(crate) fn has_own_letters(&self, append: &Append, positions: &Positions, was_sent: bool) -> bool {
        let Append { events, tracking, letters: Some(changes), .. } = append else { return false };
        let find = |id: u64| self.letters.get(&(changes.upstream.clone(), id));
        let is_processed = tracking
            .as_ref()
            .is_none_or(|tracking| positions.get(&tracking.upstream).copied() == Some(tracking.log_position()));
        let is_evident = !changes.parked.is_empty() || was_sent && !changes.taken.is_empty();
        let is_parked = |id: u64| changes.parked.iter().any(|letter| letter.notification_id == id);
        events.is_empty()
            && is_processed
            && is_evident
            && changes.parked.iter().all(|letter| find(letter.notification_id) == Some(letter))
            && changes.taken.iter().all(|id| is_parked(*id) || find(*id).is_none())
    }

    /// The error if the changes of dead letters cannot be made.
    #[cfg(feature = "postgres")]
    pub(crate) fn refusal_of_letters(&self, append: &Append) -> Option<RecorderError> {
        let changes = append.letters.as_ref()?;
        let upstream = || changes.upstream.clone();
        let waits = |id: &Uuid| self.waiting.contains(&(upstream(), *id));
        let mut once = HashSet::new();
        let exists = |id: &u64| once.insert(*id) && self.letters.contains_key(&(upstream(), *id));
        let can_be_made = changes.behind.iter().all(waits) && changes.taken.iter().all(exists);
        (!can_be_made).then(|| changes.refused())
    }

    /// Whether the event was recorded by its own attempt.
    pub(crate) fn has_own(&self, event: &StoredEvent) -> bool {
        let row = self.rows.get(&version_of(event));
        row.and_then(|row| row.anchor).is_some_and(|attempt| is_same_attempt(attempt, event.append_id))
    }

    /// The position of an event that was recorded by its own attempt.
    #[cfg(feature = "sqlite")]
    pub(crate) fn own_position(&self, event: &StoredEvent) -> Option<LogPosition> {
        self.rows.get(&version_of(event)).copied().filter(|_| self.has_own(event))
    }

    fn has(&self, originator_id: Uuid, version: u64) -> bool {
        self.rows.contains_key(&(originator_id, version))
    }

    /// The conflict of an event whose version is taken, or whose predecessor is missing.
    fn conflict(&self, event: &StoredEvent) -> RecorderError {
        let recorded = self.last.get(&event.originator_id).copied().unwrap_or_default();
        RecorderError::Conflict { originator_id: event.originator_id, tried: event.originator_version, recorded }
    }
}

/// The versions to look up: those of the events, and those that must be recorded before them.
pub(crate) fn wanted<'e>(events: impl IntoIterator<Item = &'e StoredEvent>) -> HashSet<(Uuid, u64)> {
    let mut wanted = HashSet::new();
    for event in events {
        wanted.insert(version_of(event));
        wanted.extend(predecessor_of(event));
    }
    wanted
}

#[cfg(any(test, feature = "postgres"))]
/// The versions that must be recorded before these events, which are recorded together in this order.
pub(crate) fn predecessors<'e>(events: impl IntoIterator<Item = &'e StoredEvent>) -> Vec<(Uuid, u64)> {
    let mut earlier = HashMap::new();
    let mut needed = Vec::new();
    for event in events {
        let before = predecessor_of(event);
        let last = earlier.insert(event.originator_id, event.originator_version);
        needed.extend(before.filter(|(_, version)| last != Some(*version)));
    }
    needed
}

/// The version before that of an event; none for the first event of an aggregate.
fn predecessor_of(event: &StoredEvent) -> Option<(Uuid, u64)> {
    let before = event.originator_version.checked_sub(1).filter(|before| *before > 0);
    before.map(|before| (event.originator_id, before))
}

/// What the recorded rows mean for a save.
#[derive(Debug)]
pub(crate) enum Resolution {
    /// There is no conflict: the events without a position, and the tracking if there is one, are still to be recorded.
    ///
    /// Some events have positions if an earlier, cancelled save of the aggregate was recorded, and the aggregate has triggered more
    /// events since.
    Free(Vec<Option<LogPosition>>),
    /// The whole save is recorded, at these positions.
    Done(Vec<LogPosition>),
    /// Another writer recorded a version or processed the upstream, or the version before is missing.
    Refused(RecorderError),
}

/// Compares a save with the rows that were found at its versions, and with the tracking position of its upstream.
///
/// `pending` are versions that may be recorded before this save: those of other saves of its batch. `was_sent` says that the save
/// was sent before with an unknown outcome.
pub(crate) fn resolve(
    append: &Append,
    found: &Found,
    pending: &HashSet<(Uuid, u64)>,
    positions: &Positions,
    was_sent: bool,
) -> Resolution {
    if found.has_own_letters(append, positions, was_sent) {
        return Resolution::Done(Vec::new());
    }
    let events = resolve_events(&append.events, found, pending);
    match &events {
        // rows of its own attempt count first
        Resolution::Done(positions) if !positions.is_empty() => {}
        _ => {
            if let Some(recorded) = found.command_of(append) {
                return Resolution::Refused(RecorderError::CommandRecorded { recorded: Box::new(recorded.clone()) });
            }
        }
    }
    let Some(tracking) = &append.tracking else {
        return match events {
            // the command is still to be recorded
            Resolution::Done(positions) if append.command.is_some() && found.command_of(append).is_none() => {
                Resolution::Free(positions.into_iter().map(Some).collect())
            }
            // the letters are still to be changed
            Resolution::Done(positions) if positions.is_empty() && append.letters.is_some() => {
                Resolution::Free(Vec::new())
            }
            events => events,
        };
    };
    let recorded = positions.get(&tracking.upstream).copied().unwrap_or_default().id;
    let is_free = recorded == tracking.after;
    match events {
        // without events, an earlier attempt cannot be distinguished from another writer's
        Resolution::Done(positions) if !is_free && !positions.is_empty() => Resolution::Done(positions),
        _ if !is_free => Resolution::Refused(tracking.already_processed(recorded)),
        // the tracking is still to be recorded
        Resolution::Done(positions) => Resolution::Free(positions.into_iter().map(Some).collect()),
        events => events,
    }
}

/// Compares the events of a save with the rows that were found at their versions.
///
/// A row of the event's own attempt is this very event, recorded by an earlier try.
fn resolve_events(events: &[StoredEvent], found: &Found, pending: &HashSet<(Uuid, u64)>) -> Resolution {
    let mut seen = HashSet::new();
    let mut positions = Vec::with_capacity(events.len());
    for event in events {
        let version = version_of(event);
        let row = found.rows.get(&version);
        let ours = row.filter(|_| found.has_own(event)).copied();
        let follows = predecessor_of(event)
            .is_none_or(|before| seen.contains(&before) || pending.contains(&before) || found.has(before.0, before.1));
        let again = !seen.insert(version);
        if again || (ours.is_none() && (row.is_some() || !follows)) {
            return Resolution::Refused(found.conflict(event));
        }
        positions.push(ours);
    }
    match positions.iter().copied().collect() {
        Some(positions) => Resolution::Done(positions),
        None => Resolution::Free(positions),
    }
}

/// The key that is unique in the log.
pub(crate) fn version_of(event: &StoredEvent) -> (Uuid, u64) {
    (event.originator_id, event.originator_version)
}

/// The positions of these events in order: those recorded earlier, and new ones from an id on.
pub(crate) fn complete(
    known: &[Option<LogPosition>],
    events: &[StoredEvent],
    first: u64,
    stamp: u32,
) -> Vec<LogPosition> {
    let mut next = first;
    let mut next_position = |event: &StoredEvent| {
        let position = LogPosition::anchored(next, stamped(event.append_id, stamp));
        next += 1;
        position
    };
    let known = known.iter().copied().chain(std::iter::repeat(None));
    events.iter().zip(known).map(|(event, known)| known.unwrap_or_else(|| next_position(event))).collect()
}

#[cfg(test)]
mod tests;
