//! Synchronous replication: an acknowledged save is never lost, whatever was visible meanwhile.

use std::collections::HashMap;
use std::time::Duration;

use eventsourcing_core::recording::NotificationQuery;
use eventsourcing_core::{Notification, Recorder as _, RecorderError, StoredEvent, Subscribe, Tracked, Uuid};
use eventsourcing_sqlx::PostgresRecorder;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::address::Address;
use super::common::followed::{assert_same, universe};
use super::common::{PATIENCE, events, ids, one_event};
use super::pair::{Pair, Server};
use super::{by, impatient, open, open_on, versions};

type Saving = JoinHandle<Result<Vec<Notification>, RecorderError>>;

fn save(recorder: &PostgresRecorder, attempt: &[StoredEvent]) -> Saving {
    let (recorder, attempt) = (recorder.clone(), attempt.to_vec());
    tokio::spawn(async move { recorder.insert_events(attempt).await })
}

/// The number of events that are visible on a server.
async fn visible(server: &Server) -> i64 {
    server.number("SELECT count(*) FROM universe_events").await
}

/// Waits until a save is acknowledged, which must not be before it waited for the standby.
async fn waits_for_the_standby(server: &Server, saving: &mut Saving) {
    tokio::select! {
        acknowledged = saving => panic!("acknowledged without the standby: {acknowledged:?}"),
        () = server.until_it_waits_for_the_standby() => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs two servers: run `cargo xtask failover`"]
async fn an_interrupted_save_is_acknowledged_once_the_standby_has_it() {
    let pair = Pair::synchronous().await;
    let address = Address::of(pair.primary.config.port).await;
    let recorder = open(by(&address, &pair.primary)).await;
    let world = Uuid::new_v4();
    assert_eq!(ids(&recorder.insert_events(events(world, [1])).await.unwrap()), [1]);

    pair.standby.stop().await;
    let mut saving = save(&recorder, &events(world, [2]));
    waits_for_the_standby(&pair.primary, &mut saving).await;
    assert_eq!(visible(&pair.primary).await, 1);
    pair.primary.restart().await;
    // the twin: who only looks finds the event, and the standby does not have it
    assert_eq!(visible(&pair.primary).await, 2);
    waits_for_the_standby(&pair.primary, &mut saving).await;

    pair.standby.start().await;
    let saved = timeout(PATIENCE, saving).await.expect("the save hangs").unwrap().unwrap();
    assert_eq!(ids(&saved), [2]);
    pair.fail_over().await;
    assert_eq!(versions(&open_on(&pair.standby).await, world).await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs two servers: run `cargo xtask failover`"]
async fn a_save_that_is_made_again_is_acknowledged_once_the_standby_has_it() {
    let pair = Pair::synchronous().await;
    let world = Uuid::new_v4();
    let recorder = open(impatient(pair.primary.config.clone())).await;
    pair.standby.stop().await;
    let attempt = events(world, [1]);
    // neither the server's own limits nor ours make an answer of what only waits
    let error = recorder.insert_events(attempt.clone()).await.unwrap_err();
    assert!(matches!(error, RecorderError::OutcomeUnknown { .. }), "{error:?}");
    recorder.close().await;
    pair.primary.restart().await;
    assert_eq!(visible(&pair.primary).await, 1);

    let recorder = open_on(&pair.primary).await;
    let mut saving = save(&recorder, &attempt);
    waits_for_the_standby(&pair.primary, &mut saving).await;
    pair.standby.start().await;
    let saved = timeout(PATIENCE, saving).await.expect("the save hangs").unwrap().unwrap();
    assert_eq!(ids(&saved), [1]);
    pair.fail_over().await;
    assert_eq!(versions(&open_on(&pair.standby).await, world).await, [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs two servers: run `cargo xtask failover`"]
async fn a_visible_save_that_is_lost_was_not_acknowledged_and_can_be_retried() {
    let pair = Pair::synchronous().await;
    let address = Address::of(pair.primary.config.port).await;
    let recorder = open(impatient(by(&address, &pair.primary))).await;
    let world = Uuid::new_v4();
    recorder.insert_events(events(world, [1])).await.unwrap();
    pair.standby.stop().await;
    let attempt = events(world, [2]);
    let error = recorder.insert_events(attempt.clone()).await.unwrap_err();
    assert!(matches!(error, RecorderError::OutcomeUnknown { .. }), "{error:?}");
    pair.primary.restart().await;
    assert_eq!(visible(&pair.primary).await, 2);
    let error = recorder.insert_events(attempt.clone()).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");

    pair.fail_over().await;
    // what anybody could see is gone
    assert_eq!(visible(&pair.standby).await, 1);
    address.lead_to(pair.standby.config.port);
    let saved = until_it_is_saved(&recorder, &attempt).await;
    assert_eq!(ids(&saved), [2]);
    assert_eq!(versions(&recorder, world).await, [1, 2]);
}

/// The topic of the event after which a consumer ends.
const LAST: &str = "World.Ended";

fn last_event() -> Vec<StoredEvent> {
    let mut last = one_event();
    last[0].topic = LAST.into();
    last
}

/// The events that a consumer gets before the last one, continuing after transient errors.
async fn follow(subscribe: Subscribe) -> Vec<(u64, Uuid, u64)> {
    let mut subscription = subscribe.poll_interval(Duration::from_millis(5)).notifications();
    let mut got = Vec::new();
    loop {
        match subscription.try_next().await {
            Ok(Some(Tracked { item, .. })) if item.topic == LAST => return got,
            Ok(Some(Tracked { item, .. })) => got.push((item.id, item.originator_id, item.originator_version)),
            Ok(None) => panic!("a subscription has no end"),
            Err(error) => assert!(error.is_retryable(), "{error:?}"),
        }
    }
}

/// The library cannot prevent this: the server itself acknowledges the commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs two servers: run `cargo xtask failover`"]
async fn a_manually_cancelled_save_is_acknowledged_without_the_standby() {
    let pair = Pair::synchronous().await;
    let recorder = open_on(&pair.primary).await;
    pair.standby.stop().await;
    let mut saving = save(&recorder, &one_event());
    waits_for_the_standby(&pair.primary, &mut saving).await;
    pair.primary.run("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'").await;
    timeout(PATIENCE, saving).await.expect("the save hangs").unwrap().unwrap();
    pair.fail_over().await;
    assert_eq!(visible(&pair.standby).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs two servers: run `cargo xtask failover`"]
async fn a_terminated_save_is_acknowledged_once_the_standby_has_it() {
    let pair = Pair::synchronous().await;
    let address = Address::of(pair.primary.config.port).await;
    let recorder = open(by(&address, &pair.primary)).await;
    pair.standby.stop().await;
    let mut saving = save(&recorder, &one_event());
    waits_for_the_standby(&pair.primary, &mut saving).await;
    pair.primary.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'").await;
    pair.primary.until("EXISTS (SELECT FROM universe_events)").await;
    waits_for_the_standby(&pair.primary, &mut saving).await;
    pair.standby.start().await;
    timeout(PATIENCE, saving).await.expect("the save hangs").unwrap().unwrap();
    pair.fail_over().await;
    assert_eq!(visible(&pair.standby).await, 1);
}

/// Retries an attempt while its error is retryable.
async fn until_it_is_saved(recorder: &PostgresRecorder, attempt: &[StoredEvent]) -> Vec<Notification> {
    let save = async {
        loop {
            match recorder.insert_events(attempt.to_vec()).await {
                Ok(saved) => return saved,
                Err(error) => assert!(error.is_retryable(), "{error:?}"),
            }
        }
    };
    timeout(PATIENCE, save).await.expect("the save hangs")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs two servers: run `cargo xtask failover`"]
async fn killing_the_primary_loses_and_duplicates_no_acknowledged_save() {
    /// The number of acknowledged saves before the primary is killed, and of each writer after it.
    const BEFORE: usize = 200;
    const EACH: u64 = 200;

    let pair = Pair::synchronous().await;
    let address = Address::of(pair.primary.config.port).await;
    let recorder = open(by(&address, &pair.primary)).await;
    let following = tokio::spawn(follow(universe(std::sync::Arc::new(recorder.clone())).subscribe(0)));
    let (acknowledge, mut acknowledged) = tokio::sync::mpsc::unbounded_channel();
    let (took_over, takes_over) = tokio::sync::watch::channel(false);
    for _ in 0..8 {
        let (recorder, acknowledge, takes_over) = (recorder.clone(), acknowledge.clone(), takes_over.clone());
        tokio::spawn(async move {
            let (world, mut left) = (Uuid::new_v4(), EACH);
            for version in 1.. {
                let saved = until_it_is_saved(&recorder, &events(world, [version])).await;
                acknowledge.send((world, version, saved[0].id)).unwrap();
                left -= u64::from(*takes_over.borrow());
                if left == 0 {
                    return;
                }
            }
        });
    }
    drop(acknowledge);
    let mut saved = Vec::new();
    while saved.len() < BEFORE {
        saved.push(acknowledged.recv().await.expect("a writer failed"));
    }
    pair.primary.kill().await;
    // the address leads to a standby for a while, which refuses all writes
    address.lead_to(pair.standby.config.port);
    pair.standby.promote().await;
    took_over.send_replace(true);
    while let Some(one) = timeout(PATIENCE, acknowledged.recv()).await.expect("a writer hangs") {
        saved.push(one);
    }
    assert!(saved.len() as u64 >= BEFORE as u64 + 8 * EACH, "a writer failed: {}", saved.len());

    let log = recorder.select_notifications(NotificationQuery::after(0, usize::MAX)).await.unwrap();
    let mut last: HashMap<Uuid, u64> = HashMap::new();
    for (expected, event) in (1..).zip(&log) {
        assert_eq!(event.id, expected, "there is a gap");
        let before = last.insert(event.originator_id, event.originator_version).unwrap_or_default();
        assert_eq!(event.originator_version, before + 1, "a version is missing, or there twice");
    }
    let mut recorded: Vec<_> =
        log.iter().map(|event| (event.originator_id, event.originator_version, event.id)).collect();
    recorded.sort_unstable();
    saved.sort_unstable();
    // a consumer meanwhile sees each event once, in order
    recorder.insert_events(last_event()).await.unwrap();
    let followed = timeout(PATIENCE, following).await.expect("the follower hangs").unwrap();
    let of_log = log.iter().map(|event| (event.id, event.originator_id, event.originator_version));
    assert_same(&followed, &of_log.collect::<Vec<_>>());
    // each is where its writer was told that it is, and there are no others
    assert!(saved == recorded, "{} were acknowledged, {} are recorded", saved.len(), recorded.len());
}
