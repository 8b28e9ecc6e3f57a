//! Anchored positions: a log that was rolled back is detected, however far it has grown since.

use std::ops::ControlFlow;

use uuid::Uuid;

use super::Fixture;
use super::store::{Store, append, assert_same, expect, versions};
use crate::recording::{LogPosition, Notification, NotificationQuery, NotificationRef, RecorderError};

const TOPIC: &str = "Conformance.Event1";

/// A read that starts at an anchored position returns the same as a read from the id alone.
pub async fn an_anchored_read_goes_on_from_its_event(fixture: &dyn Fixture) {
    let (store, log) = recorded(fixture).await;
    for position in log.iter().map(Notification::position) {
        for query in queries(position) {
            let mut plain = query.clone();
            plain.anchor = None;
            let rule = format!("{query:?} selects what follows its event");
            assert_same(&store.notifications(query).await, &store.notifications(plain).await, &rule);
        }
    }
}

/// A read from a position of another event is refused with the event that is there, and shows nothing.
pub async fn a_read_from_another_event_is_refused(fixture: &dyn Fixture) {
    let (store, log) = recorded(fixture).await;
    for event in &log {
        // the append ids of other inserts, and some that do not exist
        let others = log.iter().map(|other| other.append_id).filter(|other| *other != event.append_id);
        for anchor in others.take(2).chain([Uuid::new_v4(), Uuid::nil()]) {
            store.assert_refused(LogPosition::anchored(event.id, anchor), Some(event.append_id)).await;
        }
    }
}

/// A read from a position without an event, before the first or after the last, is refused and shows nothing.
pub async fn a_read_from_an_event_that_is_not_there_is_refused(fixture: &dyn Fixture) {
    let (store, log) = recorded(fixture).await;
    let Some(last) = log.last() else { panic!("nothing was recorded") };
    for id in [0, last.id + 1, last.id + 100_000, u64::MAX] {
        store.assert_refused(LogPosition::anchored(id, last.append_id), None).await;
    }
}

/// The position of an event is found by its id, and that of the last event without an id.
pub async fn positions_are_found(fixture: &dyn Fixture) {
    let store = Store::open(fixture).await;
    let last_position = async || expect("last_position", store.recorder().last_position().await);
    let position_at = async |id| expect("position_at", store.recorder().position_at(id).await);
    assert_eq!(last_position().await, LogPosition::START, "the last position of an empty log is its start");
    assert_eq!(position_at(1).await, None, "no event of an empty log has the id 1");
    for version in [1, 3] {
        store.insert(&append([(Uuid::from_u128(7), version), (Uuid::from_u128(7), version + 1)])).await;
        let log = store.log().await;
        let last = log.last().map(Notification::position);
        assert_eq!(Some(last_position().await), last, "the last position is that of the last event");
    }
    for event in store.log().await {
        assert_eq!(position_at(event.id).await, Some(event.position()), "the position of an event is found");
    }
    for id in [0, 5, u64::MAX] {
        assert_eq!(position_at(id).await, None, "no event has the id {id}");
    }
}

/// Readers that anchor each page at the last event of the previous one, while others write, are never refused and miss no event.
pub async fn anchored_pages_among_writers_join(fixture: &dyn Fixture) {
    const WRITERS: usize = 4;
    const INSERTS: u64 = 25;
    let store = Store::open_patient(fixture).await;
    let mut writers = tokio::task::JoinSet::new();
    for store in Store::open_several(fixture, WRITERS).await {
        writers.spawn(async move {
            let id = Uuid::new_v4();
            for version in (1..).step_by(3).take(usize::try_from(INSERTS).unwrap_or(0)) {
                store.insert(&versions(id, version..version + 3)).await;
            }
        });
    }
    let read = async |topics: &[&str], is_over: bool, seen: &mut Vec<Notification>| {
        loop {
            let position = seen.last().map_or(LogPosition::START, Notification::position);
            let page = store.notifications(NotificationQuery::after(position, 7).topics(topics.iter().copied())).await;
            let is_short = page.len() < 7;
            seen.extend(page);
            if is_short || !is_over {
                return;
            }
        }
    };
    let (mut all, mut of_topic) = (Vec::new(), Vec::new());
    let mut is_over = false;
    while !is_over {
        is_over = writers.is_empty();
        read(&[], is_over, &mut all).await;
        read(&[TOPIC], is_over, &mut of_topic).await;
        if let Some(Err(error)) = writers.try_join_next() {
            std::panic::resume_unwind(error.into_panic());
        }
        tokio::task::yield_now().await;
    }
    let mut log = store.log().await;
    assert_same(&all, &log, "anchored pages join");
    log.retain(|event| event.topic == TOPIC);
    assert_same(&of_topic, &log, "anchored pages of a topic join");
}

/// Records a log of several inserts, some with one event and some with several.
async fn recorded(fixture: &dyn Fixture) -> (Store, Vec<Notification>) {
    let store = Store::open(fixture).await;
    let id = Uuid::new_v4();
    for (first, last) in [(1, 1), (2, 5), (6, 6), (7, 12)] {
        store.insert(&versions(id, first..=last)).await;
    }
    let log = store.log().await;
    (store, log)
}

/// Returns queries of all forms after a position.
fn queries(position: LogPosition) -> Vec<NotificationQuery> {
    let mut queries = Vec::new();
    for limit in [0, 1, 3, 1_000_000] {
        for up_to in [None, Some(0), Some(position.id), Some(position.id.saturating_add(2)), Some(u64::MAX)] {
            for topics in [&[][..], &[TOPIC], &["Conformance.Never"]] {
                queries.push(NotificationQuery::after(position, limit).up_to(up_to).topics(topics.iter().copied()));
            }
        }
    }
    queries
}

impl Store {
    async fn assert_refused(&self, position: LogPosition, stands_there: Option<Uuid>) {
        for query in queries(position) {
            let mut shown = 0;
            let mut visit = |_: NotificationRef<'_>| {
                shown += 1;
                ControlFlow::Continue(())
            };
            let read = self.recorder().read_notifications(query.clone(), &mut visit).await;
            let selected = self.recorder().select_notifications(query.clone()).await.map(|_| ());
            assert_eq!(shown, 0, "{query:?} is refused and shows nothing: it showed some");
            for outcome in [read, selected] {
                let Err(RecorderError::LogChanged { position: told, found }) = &outcome else {
                    panic!("{query:?} is refused: LogChanged was expected, and it gives {outcome:?}");
                };
                assert_eq!((*told, *found), (position, stands_there), "{query:?} is refused with what is there");
            }
        }
    }
}
