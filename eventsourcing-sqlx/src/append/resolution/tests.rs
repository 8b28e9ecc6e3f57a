//! Tests of what recorded rows mean for a save.

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
        assert!(matches!(&resolution, Resolution::Free(known) if known.iter().all(Option::is_some)), "{resolution:?}");
    }
    let resolution = tracked(vec![event(7, 1, OTHER)], &found, 4);
    assert!(matches!(resolution, Resolution::Refused(RecorderError::Conflict { .. })), "{resolution:?}");
}
