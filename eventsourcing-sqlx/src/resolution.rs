//! What to do about a save some of whose versions are taken, or whose tracking was moved: it is done, partly done, or refused.

use std::collections::{HashMap, HashSet};

use eventsourcing_core::{RecorderError, StoredEvent};
use uuid::Uuid;

use crate::rows::Taken;
use crate::writer::Append;

/// Where versions are recorded, found by looking for those of one or more saves.
pub(crate) type TakenVersions = HashMap<(Uuid, u64), Taken>;

/// Up to which id the log of each upstream is processed that was looked for; 0 for those that are not there.
pub(crate) type Positions = HashMap<String, u64>;

/// What the recorded rows make of a save.
#[derive(Debug)]
pub(crate) enum Resolution {
    /// Nothing stands in the way: the events that have no id yet, and the tracking if there is one, are still to be recorded.
    ///
    /// An aggregate whose earlier, cancelled save turns out to have been recorded, and which has triggered more events since,
    /// comes with both.
    Free(Vec<Option<u64>>),
    /// All of it is recorded, under these ids.
    Done(Vec<u64>),
    /// Somebody else recorded a version, or processed the upstream.
    Refused(RecorderError),
}

/// Compares a save with the rows that were found at its versions, and with how far its upstream is processed.
pub(crate) fn resolve(append: &Append, taken: &TakenVersions, positions: &Positions) -> Resolution {
    let events = resolve_events(&append.events, taken);
    let Some(tracking) = &append.tracking else { return events };
    let recorded = positions.get(&tracking.upstream).copied().unwrap_or_default();
    let is_free = recorded == tracking.after;
    match events {
        // without events there is nothing that tells an earlier attempt of this from another's
        Resolution::Done(ids) if !is_free && !ids.is_empty() => Resolution::Done(ids),
        _ if !is_free => Resolution::Refused(tracking.already_processed(recorded)),
        // the tracking is still to be recorded
        Resolution::Done(ids) => Resolution::Free(ids.into_iter().map(Some).collect()),
        events => events,
    }
}

/// Compares the events of a save with the rows that were found at their versions.
///
/// A row with the event's own `append_id` is this very event: an earlier attempt recorded it.
fn resolve_events(events: &[StoredEvent], taken: &TakenVersions) -> Resolution {
    let mut seen = HashSet::new();
    let mut ids = Vec::with_capacity(events.len());
    for event in events {
        let version = version_of(event);
        let row = taken.get(&version);
        let ours = row.filter(|row| row.append_id == event.append_id).map(|row| row.notification_id);
        // one event alone cannot have a version twice
        let again = events.len() > 1 && !seen.insert(version);
        if again || (row.is_some() && ours.is_none()) {
            let recorded = row.map_or(event.originator_version, |row| row.last_version);
            return Resolution::Refused(conflict(event, recorded));
        }
        ids.push(ours);
    }
    if ids.iter().all(Option::is_some) { Resolution::Done(complete(ids, 1)) } else { Resolution::Free(ids) }
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
    use eventsourcing_core::Tracking;

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

    fn free(events: &[StoredEvent], taken: &TakenVersions) -> Vec<Option<u64>> {
        match resolve_events(events, taken) {
            Resolution::Free(ids) => ids,
            other => panic!("{other:?}"),
        }
    }

    fn conflicting(events: &[StoredEvent], taken: &TakenVersions) -> (Uuid, u64, u64) {
        match resolve_events(events, taken) {
            Resolution::Refused(RecorderError::Conflict { originator_id, tried, recorded }) => {
                (originator_id, tried, recorded)
            }
            other => panic!("{other:?}"),
        }
    }

    /// A save that goes on from 4, of an upstream that is processed up to `recorded`.
    fn tracked(events: Vec<StoredEvent>, taken: &TakenVersions, recorded: u64) -> Resolution {
        let append = Append { events, tracking: Some(Tracking::new("Orders", 4, 6)) };
        resolve(&append, taken, &Positions::from([("Orders".to_owned(), recorded)]))
    }

    #[test]
    fn rows_of_the_same_attempt_are_done() {
        let events = [event(7, 1, ATTEMPT), event(7, 2, ATTEMPT)];
        let found = resolve_events(&events, &rows(&[(5, 7, 2, ATTEMPT), (4, 7, 1, ATTEMPT)]));
        assert!(matches!(&found, Resolution::Done(ids) if *ids == [4, 5]), "{found:?}");
    }

    #[test]
    fn later_events_of_an_attempt_that_was_recorded_are_missing() {
        let events = [event(7, 1, ATTEMPT), event(7, 2, OTHER), event(8, 1, OTHER)];
        let found = free(&events, &rows(&[(4, 7, 1, ATTEMPT)]));
        assert_eq!(found, [Some(4), None, None]);
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

    #[test]
    fn a_save_whose_upstream_has_moved_is_refused_even_in_conflict() {
        for taken in [rows(&[]), rows(&[(4, 7, 1, OTHER)])] {
            for recorded in [0, 3, 5, 6] {
                let found = tracked(vec![event(7, 1, ATTEMPT)], &taken, recorded);
                let is_right = matches!(
                    found,
                    Resolution::Refused(RecorderError::AlreadyProcessed { after: 4, recorded: found, .. }) if found == recorded
                );
                assert!(is_right, "{found:?}");
            }
        }
    }

    #[test]
    fn a_save_whose_upstream_has_moved_is_done_if_its_events_are_recorded() {
        let taken = rows(&[(4, 7, 1, ATTEMPT)]);
        let found = tracked(vec![event(7, 1, ATTEMPT)], &taken, 6);
        assert!(matches!(&found, Resolution::Done(ids) if *ids == [4]), "{found:?}");
        let found = tracked(vec![event(7, 1, ATTEMPT), event(7, 2, ATTEMPT)], &taken, 6);
        assert!(matches!(found, Resolution::Refused(RecorderError::AlreadyProcessed { .. })), "{found:?}");
        let found = tracked(Vec::new(), &taken, 6);
        assert!(matches!(found, Resolution::Refused(RecorderError::AlreadyProcessed { .. })), "{found:?}");
    }

    #[test]
    fn a_save_whose_upstream_has_not_moved_has_its_tracking_still_to_record() {
        let taken = rows(&[(4, 7, 1, ATTEMPT)]);
        for events in [vec![], vec![event(7, 1, ATTEMPT)]] {
            let found = tracked(events, &taken, 4);
            assert!(matches!(&found, Resolution::Free(ids) if ids.iter().all(Option::is_some)), "{found:?}");
        }
        let found = tracked(vec![event(7, 1, OTHER)], &taken, 4);
        assert!(matches!(found, Resolution::Refused(RecorderError::Conflict { .. })), "{found:?}");
    }
}
