//! Consumers beside writers: each of them gets exactly the log.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use eventsourcing_core::recording::{NotificationQuery, NotificationRef};
use eventsourcing_core::{
    Application, NotificationLog, Recorder, RecorderError, StoredEvent, Subscribe, Tracked, Tracking, Uuid,
};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::foreign::Foreign;
use super::store::NOT_WANTED;
use super::{PATIENCE, dice, events, one_event};

/// A poll interval so long that polling finds nothing: only notified events arrive.
pub const NEVER: Duration = Duration::from_secs(100_000);

/// The topic of every other version.
const EVEN: &str = "World.SomethingEvenHappened";

/// The topic of the event after which consumers end.
const LAST: &str = "World.Ended";

/// A notification id, an aggregate id and a version.
type Place = (u64, Uuid, u64);

/// An application that looks to the database like another process.
pub fn universe(recorder: Arc<dyn Recorder>) -> Application {
    Application::builder("Universe").recorder(recorder).open().unwrap()
}

/// Records this number of events of one aggregate, through the library or as another program would; some are refused or rolled back.
pub async fn write(recorder: Arc<dyn Recorder>, foreign: Option<Arc<Foreign>>, wanted: u64) {
    let (id, mut version) = (Uuid::new_v4(), 0);
    while version < wanted {
        let more = (dice(3) + 1).min(wanted - version);
        let mut attempt = events(id, version + 1..=version + more);
        let even = attempt.iter_mut().filter(|event| event.originator_version % 2 == 0);
        even.for_each(|event| event.topic = EVEN.into());
        let is_recorded = match (dice(16), &foreign) {
            (0, _) if version > 0 => {
                let refused = recorder.insert_events(events(id, [version])).await;
                assert!(matches!(refused, Err(RecorderError::Conflict { .. })), "{refused:?}");
                false
            }
            (lot @ 1..=2, Some(foreign)) => foreign.attempt(&attempt, lot == 1).await,
            _ => is_recorded(&*recorder, attempt).await,
        };
        if is_recorded {
            version += more;
        }
    }
}

/// Whether the events are recorded; a commit that fails on purpose is no error here.
async fn is_recorded(recorder: &dyn Recorder, attempt: Vec<StoredEvent>) -> bool {
    match recorder.insert_events(attempt).await {
        Ok(_) => true,
        Err(error) if error.to_string().contains(NOT_WANTED) => false,
        Err(error) => panic!("{error}"),
    }
}

/// The events that a consumer gets, up to the last one.
pub async fn follow(subscribe: Subscribe) -> Vec<Place> {
    let mut subscription = subscribe.notifications();
    let (mut got, mut position) = (Vec::new(), 0);
    loop {
        let next = timeout(PATIENCE, subscription.try_next()).await.expect("the follower hangs");
        let Tracked { item, tracking, .. } = next.unwrap().expect("a subscription has no end");
        assert_eq!(tracking, Tracking::new("Universe", position, item.position()), "it does not go on from the last");
        position = item.id;
        if item.topic == LAST {
            return got;
        }
        got.push((item.id, item.originator_id, item.originator_version));
    }
}

/// Records the event after which consumers end.
pub async fn end(recorder: &dyn Recorder) {
    let mut last = one_event();
    last[0].topic = LAST.into();
    while !is_recorded(recorder, last.clone()).await {}
}

/// The log before its last event: all topics, or these.
pub async fn log(recorder: &dyn Recorder, topics: &[&str]) -> Vec<Place> {
    let mut log = Vec::new();
    let query = NotificationQuery::after(0, usize::MAX).topics(topics.iter().copied());
    let mut visit = |item: NotificationRef<'_>| {
        if item.topic != LAST {
            log.push((item.id, item.originator_id, item.originator_version));
        }
        ControlFlow::Continue(())
    };
    recorder.read_notifications(query, &mut visit).await.unwrap();
    log
}

/// Asserts that both are equal, and reports only the first difference: they may hold a million events.
pub fn assert_same(got: &[Place], log: &[Place]) {
    let place = got.iter().zip(log).take_while(|(got, logged)| got == logged).count();
    assert!(got == log, "at {place} it got {:?} where the log has {:?}", got.get(place), log.get(place));
}

/// Asserts that ids have no gap and versions are in order.
fn assert_whole(log: &[Place], events: u64) {
    let mut versions: HashMap<Uuid, u64> = HashMap::new();
    for (expected, &(id, originator_id, version)) in (1..).zip(log) {
        assert_eq!(id, expected, "there is a gap");
        let before = versions.insert(originator_id, version).unwrap_or_default();
        assert_eq!(version, before + 1, "versions are not in the order of the log");
    }
    assert_eq!(log.len() as u64, events);
}

/// Lets writers record this number of events together, beside consumers with pages of many sizes.
pub async fn is_followed_whole(
    writers: u64,
    events: u64,
    open: impl AsyncFn() -> Arc<dyn Recorder>,
    foreign: Option<Foreign>,
    is_told: bool,
) {
    let mut followers = JoinSet::new();
    let often = Duration::from_millis(2);
    let rarely = if is_told { NEVER } else { Duration::from_millis(300) };
    for (page, interval, topics) in [
        (7, often, &[] as &[&str]),
        (100, rarely, &[]),
        (NotificationLog::MAX_LIMIT, often, &[]),
        (10, often, &[EVEN]),
        (500, rarely, &[EVEN]),
    ] {
        let subscribe = universe(open().await).subscribe(0).page_size(page).poll_interval(interval);
        let wanted = topics.iter().copied().chain((!topics.is_empty()).then_some(LAST));
        followers.spawn({
            let subscribe = subscribe.topics(wanted);
            async move { (topics, follow(subscribe).await) }
        });
    }
    let (one, other) = (open().await, open().await);
    let foreign = foreign.map(Arc::new);
    let mut writing = JoinSet::new();
    for writer in 0..writers {
        let recorder = if writer % 2 == 0 { &one } else { &other };
        writing.spawn(write(Arc::clone(recorder), foreign.clone(), events / writers));
    }
    writing.join_all().await;
    end(&*one).await;
    let whole = log(&*one, &[]).await;
    assert_whole(&whole, events / writers * writers);
    let even = log(&*one, &[EVEN]).await;
    while let Some(ended) = followers.join_next().await {
        let (topics, got) = ended.unwrap();
        assert_same(&got, if topics.is_empty() { &whole } else { &even });
    }
    if let Some(foreign) = foreign {
        foreign.close().await;
    }
}
