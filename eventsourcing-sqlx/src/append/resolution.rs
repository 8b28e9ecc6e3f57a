//! The resolution of a save that may be recorded already: it is done, partly done, or refused.

use std::collections::{HashMap, HashSet};

use eventsourcing_core::recording::{Append, StoredLetter, is_same_attempt, stamped};
use eventsourcing_core::{LogPosition, RecorderError, StoredEvent};
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
    let Some(tracking) = &append.tracking else {
        return match events {
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
mod tests {
    use eventsourcing_core::Tracking;

    use super::*;

    const ATTEMPT: Uuid = Uuid::from_u128(1 << 100);
    const OTHER: Uuid = Uuid::from_u128(2 << 100);

    fn event(originator: u128, version: u64, append_id: Uuid) -> StoredEvent {
        StoredEvent::new(Uuid::from_u128(originator), version, "", [], append_id)
    }

    /// Rows of aggregates, the last version of each of which is 9.
    fn rows(rows: &[(u64, u128, u64, Uuid)]) -> Found {
        let mut found = Found::default();
        for &(id, originator, version, append_id) in rows {
            let originator_id = Uuid::from_u128(originator);
            // as another sending of the same attempt stamped it
            let position = LogPosition::anchored(id, stamped(append_id, 77));
            found.rows.insert((originator_id, version), position);
            found.last.insert(originator_id, 9);
        }
        found
    }

    fn resolved(events: &[StoredEvent], found: &Found) -> Resolution {
        resolve_events(events, found, &HashSet::new())
    }

    fn free(events: &[StoredEvent], found: &Found) -> Vec<Option<u64>> {
        match resolved(events, found) {
            Resolution::Free(positions) => positions.iter().map(|known| known.map(|known| known.id)).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn conflicting(events: &[StoredEvent], found: &Found) -> (Uuid, u64, u64) {
        match resolved(events, found) {
            Resolution::Refused(RecorderError::Conflict { originator_id, tried, recorded }) => {
                (originator_id, tried, recorded)
            }
            other => panic!("{other:?}"),
        }
    }

    fn is_done(resolution: &Resolution, ids: &[u64]) -> bool {
        matches!(resolution, Resolution::Done(found) if found.iter().map(|found| found.id).eq(ids.iter().copied()))
    }

    /// A save that goes on from 4, of an upstream that is processed up to `recorded`.
    fn tracked(events: Vec<StoredEvent>, found: &Found, recorded: u64) -> Resolution {
        let append = Append::new(events).tracked(Tracking::new("Orders", 4, 6));
        resolve(&append, found, &HashSet::new(), &Positions::from([("Orders".to_owned(), recorded.into())]), false)
    }

    #[test]
    fn rows_of_the_same_attempt_are_done() {
        let events = [event(7, 1, ATTEMPT), event(7, 2, ATTEMPT)];
        let found = resolved(&events, &rows(&[(5, 7, 2, ATTEMPT), (4, 7, 1, ATTEMPT)]));
        assert!(is_done(&found, &[4, 5]), "{found:?}");
    }

    #[test]
    fn later_events_of_an_attempt_that_was_recorded_are_missing() {
        let events = [event(7, 1, ATTEMPT), event(7, 2, OTHER), event(8, 1, OTHER)];
        let found = free(&events, &rows(&[(4, 7, 1, ATTEMPT)]));
        assert_eq!(found, [Some(4), None, None]);
        let known = [Some(LogPosition::anchored(4, ATTEMPT)), None, None];
        let ids: Vec<u64> = complete(&known, &events, 9, 1).iter().map(|position| position.id).collect();
        assert_eq!(ids, [4, 9, 10]);
    }

    #[test]
    fn an_event_that_is_recorded_again_has_another_anchor() {
        let events = [event(7, 1, ATTEMPT)];
        let (first, again) = (complete(&[], &events, 9, 1), complete(&[], &events, 9, 2));
        assert_ne!(first, again);
        assert_eq!(first[0].id, again[0].id);
    }

    #[test]
    fn a_row_of_another_attempt_is_a_conflict_at_the_first_such_version() {
        let events = [event(7, 1, ATTEMPT), event(8, 3, ATTEMPT), event(8, 4, ATTEMPT)];
        let found = conflicting(&events, &rows(&[(4, 7, 1, ATTEMPT), (6, 8, 4, OTHER), (5, 8, 3, OTHER)]));
        assert_eq!(found, (Uuid::from_u128(8), 3, 9));
    }

    #[test]
    fn two_events_of_one_version_in_one_save_are_a_conflict() {
        let found = conflicting(&[event(7, 1, ATTEMPT), event(7, 1, ATTEMPT)], &rows(&[]));
        assert_eq!(found, (Uuid::from_u128(7), 1, 0));
    }

    #[test]
    fn an_event_whose_predecessor_is_missing_is_a_conflict() {
        assert_eq!(conflicting(&[event(7, 4, ATTEMPT)], &rows(&[])), (Uuid::from_u128(7), 4, 0));
        assert_eq!(conflicting(&[event(7, 4, ATTEMPT)], &rows(&[(3, 7, 2, OTHER)])), (Uuid::from_u128(7), 4, 9));
        let of_others = [event(8, 3, ATTEMPT), event(7, 4, ATTEMPT)];
        assert_eq!(conflicting(&of_others, &rows(&[(3, 8, 2, OTHER)])), (Uuid::from_u128(7), 4, 0));
    }

    #[test]
    fn an_event_whose_predecessor_is_recorded_or_comes_before_it_is_free() {
        assert_eq!(free(&[event(7, 4, ATTEMPT)], &rows(&[(3, 7, 3, OTHER)])), [None]);
        assert_eq!(free(&[event(7, 1, ATTEMPT), event(7, 2, ATTEMPT)], &rows(&[])), [None, None]);
        assert_eq!(free(&[event(7, 0, ATTEMPT), event(8, 1, ATTEMPT)], &rows(&[])), [None, None]);
        let pending = HashSet::from([(Uuid::from_u128(7), 3)]);
        let found = resolve_events(&[event(7, 4, ATTEMPT)], &rows(&[]), &pending);
        assert!(matches!(found, Resolution::Free(_)), "{found:?}");
        let needed =
            predecessors(&[event(7, 4, ATTEMPT), event(7, 5, ATTEMPT), event(8, 1, ATTEMPT), event(7, 9, ATTEMPT)]);
        assert_eq!(needed, [(Uuid::from_u128(7), 3), (Uuid::from_u128(7), 8)]);
    }

    #[test]
    fn a_save_whose_upstream_has_moved_is_refused_even_in_conflict() {
        for found in [rows(&[]), rows(&[(4, 7, 1, OTHER)])] {
            for recorded in [0, 3, 5, 6] {
                let resolution = tracked(vec![event(7, 1, ATTEMPT)], &found, recorded);
                let is_right = matches!(
                    resolution,
                    Resolution::Refused(RecorderError::AlreadyProcessed { after: 4, recorded: found, .. }) if found == recorded
                );
                assert!(is_right, "{resolution:?}");
            }
        }
    }

    #[test]
    fn a_save_whose_upstream_has_moved_is_done_if_its_events_are_recorded() {
        let found = rows(&[(4, 7, 1, ATTEMPT)]);
        let resolution = tracked(vec![event(7, 1, ATTEMPT)], &found, 6);
        assert!(is_done(&resolution, &[4]), "{resolution:?}");
        let resolution = tracked(vec![event(7, 1, ATTEMPT), event(7, 2, ATTEMPT)], &found, 6);
        assert!(matches!(resolution, Resolution::Refused(RecorderError::AlreadyProcessed { .. })), "{resolution:?}");
        let resolution = tracked(Vec::new(), &found, 6);
        assert!(matches!(resolution, Resolution::Refused(RecorderError::AlreadyProcessed { .. })), "{resolution:?}");
    }

    #[test]
    fn a_save_whose_upstream_has_not_moved_has_its_tracking_still_to_record() {
        let found = rows(&[(4, 7, 1, ATTEMPT)]);
        for events in [vec![], vec![event(7, 1, ATTEMPT)]] {
            let resolution = tracked(events, &found, 4);
            assert!(
                matches!(&resolution, Resolution::Free(known) if known.iter().all(Option::is_some)),
                "{resolution:?}"
            );
        }
        let resolution = tracked(vec![event(7, 1, OTHER)], &found, 4);
        assert!(matches!(resolution, Resolution::Refused(RecorderError::Conflict { .. })), "{resolution:?}");
    }
}
