//! What to do about an insert some of whose versions are taken: it is done, partly done, or a conflict.

use std::collections::{HashMap, HashSet};

use eventsourcing_core::StoredEvent;
use uuid::Uuid;

use crate::rows::Taken;

/// What the recorded rows make of an insert.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Resolution {
    /// Nothing stands in the way: the events at `missing` are still to be recorded, the others have an id already.
    ///
    /// An aggregate whose earlier, cancelled save turns out to have been recorded, and which has triggered more events since,
    /// comes with both.
    Free { ids: Vec<Option<u64>>, missing: Vec<usize> },
    /// Somebody else recorded this version.
    Conflict { originator_id: Uuid, tried: u64 },
}

/// Compares the events of an insert with the rows that were found at their versions.
///
/// A row with the event's own `append_id` is this very event: an earlier attempt recorded it.
pub(crate) fn resolve(events: &[StoredEvent], taken: &[Taken]) -> Resolution {
    let taken: HashMap<_, _> = taken.iter().map(|row| ((row.originator_id, row.originator_version), row)).collect();
    let mut seen = HashSet::with_capacity(events.len());
    let mut ids = Vec::with_capacity(events.len());
    let mut missing = Vec::new();
    for (place, event) in events.iter().enumerate() {
        let version = (event.originator_id, event.originator_version);
        let ours = match taken.get(&version) {
            None => None,
            Some(row) if row.append_id == event.append_id => Some(row.notification_id),
            Some(_) => return conflict(event),
        };
        if !seen.insert(version) {
            return conflict(event);
        }
        if ours.is_none() {
            missing.push(place);
        }
        ids.push(ours);
    }
    Resolution::Free { ids, missing }
}

fn conflict(event: &StoredEvent) -> Resolution {
    Resolution::Conflict { originator_id: event.originator_id, tried: event.originator_version }
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
            topic: String::new(),
            state: Vec::new(),
            checksum: None,
            append_id,
        }
    }

    fn row(id: u64, originator: u128, version: u64, append_id: Uuid) -> Taken {
        Taken {
            notification_id: id,
            originator_id: Uuid::from_u128(originator),
            originator_version: version,
            append_id,
        }
    }

    #[test]
    fn rows_of_the_same_attempt_are_done() {
        let events = [event(7, 1, ATTEMPT), event(7, 2, ATTEMPT)];
        let found = resolve(&events, &[row(5, 7, 2, ATTEMPT), row(4, 7, 1, ATTEMPT)]);
        assert_eq!(found, Resolution::Free { ids: vec![Some(4), Some(5)], missing: vec![] });
    }

    #[test]
    fn later_events_of_an_attempt_that_was_recorded_are_missing() {
        let events = [event(7, 1, ATTEMPT), event(7, 2, OTHER), event(8, 1, OTHER)];
        let found = resolve(&events, &[row(4, 7, 1, ATTEMPT)]);
        assert_eq!(found, Resolution::Free { ids: vec![Some(4), None, None], missing: vec![1, 2] });
        assert_eq!(complete(vec![Some(4), None, None], 9), [4, 9, 10]);
    }

    #[test]
    fn a_row_of_another_attempt_is_a_conflict_at_the_first_such_version() {
        let events = [event(7, 1, ATTEMPT), event(8, 3, ATTEMPT), event(8, 4, ATTEMPT)];
        let found = resolve(&events, &[row(4, 7, 1, ATTEMPT), row(6, 8, 4, OTHER), row(5, 8, 3, OTHER)]);
        assert_eq!(found, Resolution::Conflict { originator_id: Uuid::from_u128(8), tried: 3 });
    }

    #[test]
    fn two_events_of_one_version_in_one_insert_are_a_conflict() {
        let found = resolve(&[event(7, 1, ATTEMPT), event(7, 1, ATTEMPT)], &[]);
        assert_eq!(found, Resolution::Conflict { originator_id: Uuid::from_u128(7), tried: 1 });
    }
}
