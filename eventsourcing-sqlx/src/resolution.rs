//! What to do about events some of whose versions are taken: they are done, partly done, or in conflict.

use std::collections::{HashMap, HashSet};

use eventsourcing_core::{RecorderError, StoredEvent};
use uuid::Uuid;

use crate::rows::Taken;

/// Where versions are recorded, found by looking for those of one or more saves.
pub(crate) type TakenVersions = HashMap<(Uuid, u64), Taken>;

/// What the recorded rows make of a save.
#[derive(Debug)]
pub(crate) enum Resolution {
    /// Nothing stands in the way: the events at `missing` are still to be recorded, the others have an id already.
    ///
    /// An aggregate whose earlier, cancelled save turns out to have been recorded, and which has triggered more events since,
    /// comes with both.
    Free { ids: Vec<Option<u64>>, missing: Vec<usize> },
    /// Somebody else recorded a version.
    Conflict(RecorderError),
}

/// Compares the events of a save with the rows that were found at their versions.
///
/// A row with the event's own `append_id` is this very event: an earlier attempt recorded it.
pub(crate) fn resolve(events: &[StoredEvent], taken: &TakenVersions) -> Resolution {
    let mut seen = HashSet::new();
    let mut ids = Vec::with_capacity(events.len());
    let mut missing = Vec::new();
    for (place, event) in events.iter().enumerate() {
        let version = version_of(event);
        let row = taken.get(&version);
        let ours = row.filter(|row| row.append_id == event.append_id).map(|row| row.notification_id);
        // one event alone cannot have a version twice
        let again = events.len() > 1 && !seen.insert(version);
        if again || (row.is_some() && ours.is_none()) {
            let recorded = row.map_or(event.originator_version, |row| row.last_version);
            return Resolution::Conflict(conflict(event, recorded));
        }
        if ours.is_none() {
            missing.push(place);
        }
        ids.push(ours);
    }
    Resolution::Free { ids, missing }
}

/// The conflict of an event whose version is taken.
pub(crate) fn conflict(event: &StoredEvent, recorded: u64) -> RecorderError {
    RecorderError::Conflict { originator_id: event.originator_id, tried: event.originator_version, recorded }
}

/// What there can be one of.
pub(crate) fn version_of(event: &StoredEvent) -> (Uuid, u64) {
    (event.originator_id, event.originator_version)
}

/// Puts the ids of newly recorded events, which follow one another from `first`, beside those recorded earlier.
pub(crate) fn complete(ids: Vec<Option<u64>>, first: u64) -> Vec<u64> {
    let mut next = first..;
    ids.into_iter().map(|id| id.or_else(|| next.next()).unwrap_or(u64::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTEMPT: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    fn event(originator: u128, version: u64, append_id: Uuid) -> StoredEvent {
        StoredEvent {
            originator_id: Uuid::from_u128(originator),
            originator_version: version,
            topic: "".into(),
            state: [].into(),
            checksum: None,
            append_id,
        }
    }

    /// Rows of one aggregate, whose last version is 9.
    fn rows(rows: &[(u64, u128, u64, Uuid)]) -> TakenVersions {
        let row = |&(notification_id, originator, version, append_id)| {
            let originator_id = Uuid::from_u128(originator);
            ((originator_id, version), Taken { notification_id, append_id, last_version: 9 })
        };
        rows.iter().map(row).collect()
    }

    fn free(events: &[StoredEvent], taken: &TakenVersions) -> (Vec<Option<u64>>, Vec<usize>) {
        match resolve(events, taken) {
            Resolution::Free { ids, missing } => (ids, missing),
            Resolution::Conflict(error) => panic!("{error}"),
        }
    }

    fn conflicting(events: &[StoredEvent], taken: &TakenVersions) -> (Uuid, u64, u64) {
        match resolve(events, taken) {
            Resolution::Conflict(RecorderError::Conflict { originator_id, tried, recorded }) => {
                (originator_id, tried, recorded)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn rows_of_the_same_attempt_are_done() {
        let events = [event(7, 1, ATTEMPT), event(7, 2, ATTEMPT)];
        let found = free(&events, &rows(&[(5, 7, 2, ATTEMPT), (4, 7, 1, ATTEMPT)]));
        assert_eq!(found, (vec![Some(4), Some(5)], vec![]));
    }

    #[test]
    fn later_events_of_an_attempt_that_was_recorded_are_missing() {
        let events = [event(7, 1, ATTEMPT), event(7, 2, OTHER), event(8, 1, OTHER)];
        let found = free(&events, &rows(&[(4, 7, 1, ATTEMPT)]));
        assert_eq!(found, (vec![Some(4), None, None], vec![1, 2]));
        assert_eq!(complete(vec![Some(4), None, None], 9), [4, 9, 10]);
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
        assert_eq!(found, (Uuid::from_u128(7), 1, 1));
    }
}
