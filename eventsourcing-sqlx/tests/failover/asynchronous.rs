//! Asynchronous replication: acknowledged saves can be lost, and no event is recorded on top of a lost one.

use std::sync::Arc;
use std::time::Duration;

use eventsourcing_core::recording::{LogPosition, NotificationQuery, StoredDictionary};
use eventsourcing_core::{Error, MemoryViews, ProjectionRunner, Recorder, RecorderError, RunnerError, Uuid};
use eventsourcing_sqlx::PostgresRecorder;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::address::Address;
use super::common::counted::InMemory;
use super::common::followed::universe;
use super::common::{PATIENCE, events, ids, one_event};
use super::pair::Pair;
use super::{by, open, versions};

/// A pair whose standby lags after two events of an aggregate, a recorder, and its address.
async fn behind(world: Uuid) -> (Pair, Address, PostgresRecorder) {
    let pair = Pair::of_environment();
    let address = Address::of(pair.primary.config.port).await;
    let recorder = open(by(&address, &pair.primary)).await;
    recorder.insert_events(events(world, 1..=2)).await.unwrap();
    pair.leave_the_standby_behind().await;
    (pair, address, recorder)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs two servers: run `cargo xtask failover`"]
async fn what_follows_a_version_that_was_lost_is_a_conflict() {
    let world = Uuid::new_v4();
    let (pair, address, recorder) = behind(world).await;
    // acknowledged by the primary alone
    assert_eq!(ids(&recorder.insert_events(events(world, 3..=5)).await.unwrap()), [3, 4, 5]);
    pair.fail_over().await;
    address.lead_to(pair.standby.config.port);

    // as who still has the aggregate in memory does; alone, and beside another one that is whole
    for rest in [vec![], events(Uuid::new_v4(), [1])] {
        let (one, other) = tokio::join!(recorder.insert_events(events(world, [6])), async {
            if rest.is_empty() { Ok(vec![]) } else { recorder.insert_events(rest).await }
        },);
        let error = one.unwrap_err();
        assert!(matches!(error, RecorderError::Conflict { tried: 6, recorded: 2, .. }), "{error:?}");
        other.unwrap();
    }
    assert_eq!(versions(&recorder, world).await, [1, 2]);
    // who read again goes on
    recorder.insert_events(events(world, [3])).await.unwrap();
    assert_eq!(versions(&recorder, world).await, [1, 2, 3]);

    // the twin: to the database a version after a hole is as good as any
    let hole = format!(
        "INSERT INTO universe_events SELECT max(notification_id) + 1, '{world}', 6, 'World.SomethingHappened', '{{}}', 7, \
         gen_random_uuid() FROM universe_events"
    );
    pair.standby.run(&hole).await;
    assert_eq!(versions(&recorder, world).await, [1, 2, 3, 6]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs two servers: run `cargo xtask failover`"]
async fn a_consumer_of_a_log_that_lost_events_and_grew_again_gets_an_error() {
    let often = Duration::from_millis(5);
    let (pair, address, recorder) = behind(Uuid::new_v4()).await;
    recorder.insert_events(events(Uuid::new_v4(), 1..=3)).await.unwrap();
    let log = recorder.select_notifications(NotificationQuery::after(0, 10)).await.unwrap();
    let (kept, lost) = (log[1].position(), log[4].position());
    let application = universe(Arc::new(recorder.clone()));
    let mut subscription = application.subscribe(0).poll_interval(often).notifications();
    for id in 1..=5 {
        assert_eq!(subscription.try_next().await.unwrap().unwrap().item.id, id);
    }
    // views that did not go back with the log
    let views = MemoryViews::new(0);
    let run = async || {
        let projection = InMemory(Arc::new(Semaphore::new(1_000)));
        ProjectionRunner::builder(&application, projection, views.clone()).poll_interval(often).start().await
    };
    let runner = run().await.unwrap();
    runner.wait_for(5, PATIENCE).await.unwrap();

    pair.fail_over().await;
    address.lead_to(pair.standby.config.port);
    // past both positions, in one save: nobody could read in between
    let again = recorder.insert_events(events(Uuid::new_v4(), 1..=10)).await.unwrap();
    assert_eq!(ids(&again), (3..=12).collect::<Vec<_>>());

    let read = async |after: LogPosition| recorder.select_notifications(NotificationQuery::after(after, 100)).await;
    let error = read(lost).await.unwrap_err();
    assert!(matches!(error, RecorderError::LogChanged { position, .. } if position == lost), "{error:?}");
    assert_eq!(ids(&read(kept).await.unwrap()), (3..=12).collect::<Vec<_>>());
    // the twin: a number alone goes on, and never sees three events
    assert_eq!(ids(&read(lost.id.into()).await.unwrap()), (6..=12).collect::<Vec<_>>());

    let followed = timeout(PATIENCE, subscription.try_next()).await.expect("the subscription hangs");
    let error = followed.unwrap_err();
    assert!(matches!(error, Error::LogChanged { position, .. } if position == lost), "{error:?}");
    // while it runs, and when it is started again
    for error in [runner.wait_for(12, PATIENCE).await.unwrap_err(), run().await.unwrap_err()] {
        assert!(matches!(error, RunnerError::Upstream { .. }) && error.is_log_mismatch(), "{error:?}");
    }
    assert_eq!(views.read(|counted| *counted), 5);
}

fn dictionary(id: u32, bytes: &[u8]) -> StoredDictionary {
    StoredDictionary::new(id, bytes).with_checksum(StoredDictionary::checksum_of(id, bytes))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs two servers: run `cargo xtask failover`"]
async fn a_dictionary_that_was_lost_is_stored_again_before_events_that_need_it() {
    let (pair, address, recorder) = behind(Uuid::new_v4()).await;
    let (first, second) = (dictionary(1, b"of the schema"), dictionary(2, b"trained"));
    assert!(recorder.insert_dictionary(first.clone()).await.unwrap());
    // another process knows what it read, and one that reads nothing writes nothing with it
    let reader = open(by(&address, &pair.primary)).await;
    assert!(recorder.insert_dictionary(second.clone()).await.unwrap());
    assert_eq!(reader.select_dictionaries(0).await.unwrap(), [first.clone(), second.clone()]);
    let unaware = open(by(&address, &pair.primary)).await;
    pair.fail_over().await;
    address.lead_to(pair.standby.config.port);

    // the twin: who knows of none leaves it at that
    unaware.insert_events(one_event()).await.unwrap();
    assert_eq!(pair.standby.number("SELECT count(*) FROM universe_dictionaries").await, 0);
    for recorder in [&recorder, &reader] {
        recorder.insert_events(one_event()).await.unwrap();
        assert_eq!(unaware.select_dictionaries(0).await.unwrap(), [first.clone(), second.clone()]);
        pair.standby.run("DELETE FROM universe_dictionaries").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs two servers: run `cargo xtask failover`"]
async fn who_writes_with_a_dictionary_that_became_another_is_refused() {
    let (pair, address, recorder) = behind(Uuid::new_v4()).await;
    assert!(recorder.insert_dictionary(dictionary(1, b"lost")).await.unwrap());
    pair.fail_over().await;
    let other = open(pair.standby.config.clone()).await;
    assert!(other.insert_dictionary(dictionary(1, b"another")).await.unwrap());
    address.lead_to(pair.standby.config.port);

    let error = loop {
        match recorder.insert_events(one_event()).await.unwrap_err() {
            error if error.is_retryable() && !matches!(error, RecorderError::OutcomeUnknown { .. }) => {}
            error => break error,
        }
    };
    assert!(error.to_string().contains("another dictionary 1 than this process writes with"), "{error:?}");
    assert_eq!(ids(&other.select_notifications(NotificationQuery::after(0, 10)).await.unwrap()), [1, 2]);
    // opened again it writes with the one that is there
    let recorder = open(by(&address, &pair.standby)).await;
    assert_eq!(recorder.select_dictionaries(0).await.unwrap(), [dictionary(1, b"another")]);
    assert_eq!(ids(&recorder.insert_events(one_event()).await.unwrap()), [3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs two servers: run `cargo xtask failover`"]
async fn a_standby_is_opened_to_look() {
    let pair = Pair::of_environment();
    let primary = open(pair.primary.config.clone()).await;
    primary.insert_events(one_event()).await.unwrap();
    let mut outsider = super::common::connect(&pair.primary.config).await;
    let last: String = sqlx::query_scalar("SELECT pg_current_wal_lsn()::text").fetch_one(&mut outsider).await.unwrap();
    pair.primary.until(&format!("EXISTS (SELECT FROM pg_stat_replication WHERE replay_lsn >= '{last}')")).await;

    // without the setting, it is refused
    let refused = PostgresRecorder::open("Universe", pair.standby.config.clone()).await.unwrap_err();
    assert!(matches!(refused, RecorderError::ReadOnly { .. }), "{refused:?}");
    let mut config = pair.standby.config.clone();
    config.read_only = true;
    let standby = open(config).await;
    assert_eq!(ids(&standby.select_notifications(NotificationQuery::after(0, 10)).await.unwrap()), [1]);
    let refused = standby.insert_events(one_event()).await.unwrap_err();
    assert!(matches!(refused, RecorderError::NotPrimary { .. }), "{refused:?}");
    // what is recorded on the primary is read from the standby
    primary.insert_events(one_event()).await.unwrap();
    let read = async { while standby.max_notification_id().await.unwrap() != Some(2) {} };
    timeout(PATIENCE, read).await.unwrap();
}
