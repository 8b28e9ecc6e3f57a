//! The bytes that a server sends to a consumer of the log: about as many as the consumer gets, however large events are.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::ops::ControlFlow;
use std::sync::Arc;

use eventsourcing_core::recording::{LogPosition, NotificationQuery, NotificationRef};
use eventsourcing_core::{Application, Recorder, StoredEvent, Uuid};
use eventsourcing_sqlx::PostgresRecorder;

use common::proxy::{Cut, Proxy};
use common::{Schema, ids};

const MEGABYTE: usize = 1 << 20;

async fn behind_a_proxy() -> (Schema, Proxy, PostgresRecorder) {
    let mut schema = Schema::new();
    let proxy = Proxy::before(&mut schema.config, Cut::BeforeAnswer).await;
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    (schema, proxy, recorder)
}

/// Records events of a new aggregate, each with a state of this many bytes, and every tenth of another topic.
async fn record(recorder: &PostgresRecorder, count: u64, size: usize) {
    let (id, append_id) = (Uuid::new_v4(), Uuid::new_v4());
    for first in (1..=count).step_by(100) {
        let event = |version| {
            let topic = if version % 10 == 0 { "World.Ended" } else { "World.SomethingHappened" };
            // nothing that the server could send in fewer bytes
            StoredEvent::new(id, version, topic, vec![b'x'; size], append_id)
        };
        recorder.insert_events((first..=count.min(first + 99)).map(event).collect()).await.unwrap();
    }
}

/// Consumes the log to its end and returns the total length of the states.
async fn follow(application: &Application, topics: &[&str], count: usize) -> usize {
    let mut subscription = application.subscribe(0).topics(topics.iter().copied()).notifications();
    let mut bytes = 0;
    for _ in 0..count {
        bytes += subscription.try_next().await.unwrap().unwrap().item.state.len();
    }
    bytes
}

#[tokio::test]
async fn a_subscription_to_large_events_pulls_no_more_than_twice_what_it_gives() {
    let (schema, proxy, recorder) = behind_a_proxy().await;
    record(&recorder, 300, 100_000).await;
    let application = Application::builder("Universe").recorder(Arc::new(recorder.clone())).open().unwrap();
    for (topics, count) in [(&[][..], 300), (&["World.SomethingHappened"], 270)] {
        proxy.answered();
        let given = follow(&application, topics, count).await;
        assert_eq!(given, count * 100_000);
        let pulled = proxy.answered();
        assert!(pulled < given * 11 / 10, "{pulled} bytes were pulled, and {given} given");
    }
    recorder.close().await;
    schema.drop().await;
}

#[tokio::test]
async fn events_that_become_large_are_pulled_no_more_than_twice() {
    let (schema, proxy, recorder) = behind_a_proxy().await;
    // small ones are read without a look at their sizes
    record(&recorder, 3_000, 100).await;
    record(&recorder, 400, 100_000).await;
    let application = Application::builder("Universe").recorder(Arc::new(recorder.clone())).open().unwrap();
    proxy.answered();
    let given = follow(&application, &[], 3_400).await;
    let pulled = proxy.answered();
    assert!(pulled < given * 2, "{pulled} bytes were pulled, and {given} given");
    recorder.close().await;
    schema.drop().await;
}

#[tokio::test]
async fn a_read_of_so_many_bytes_ends_with_the_event_that_reaches_them() {
    let (schema, proxy, recorder) = behind_a_proxy().await;
    record(&recorder, 100, 100_000).await;
    let last = recorder.last_position().await.unwrap();
    for (after, topics, expected) in [
        (LogPosition::START, &[][..], (1..=3).collect::<Vec<_>>()),
        (recorder.position_at(7).await.unwrap().unwrap(), &[], (8..=10).collect()),
        (LogPosition::START, &["World.Ended"], vec![10, 20, 30]),
        (recorder.position_at(85).await.unwrap().unwrap(), &["World.Ended"], vec![90, 100]),
        (last, &[], vec![]),
    ] {
        let query = NotificationQuery::after(after, 1_000).topics(topics.iter().copied());
        for bytes in [200_001, 300_000] {
            let found = recorder.select_notifications(query.clone().max_bytes(bytes)).await.unwrap();
            assert_eq!(ids(&found), expected, "{query:?}");
        }
        // and one that reaches them alone is shown
        let found = recorder.select_notifications(query.clone().max_bytes(1)).await.unwrap();
        assert_eq!(ids(&found), expected.get(..1).unwrap_or_default());
    }
    proxy.answered();
    let mut visit = |_: NotificationRef<'_>| ControlFlow::Break(());
    recorder.read_notifications(NotificationQuery::after(0, 1_000).max_bytes(1), &mut visit).await.unwrap();
    assert!(proxy.answered() < MEGABYTE / 4);
    // the twin: who does not say how much is wanted pulls more
    recorder.read_notifications(NotificationQuery::after(0, 1_000), &mut visit).await.unwrap();
    assert!(proxy.answered() > MEGABYTE);
    recorder.close().await;
    schema.drop().await;
}

#[tokio::test]
async fn a_rare_topic_is_searched_for_in_slices_of_the_log() {
    let (schema, proxy, recorder) = behind_a_proxy().await;
    record(&recorder, 1, 10).await;
    let name = &schema.name;
    schema
        .run(format!(
            "INSERT INTO {name}.universe_events \
               (notification_id, originator_id, originator_version, topic, state, checksum, append_id) \
             SELECT id, gen_random_uuid(), 1, CASE id WHEN 60000 THEN 'World.Rare' ELSE 'World.Started' END, 'x', NULL, \
               gen_random_uuid() FROM generate_series(2, 60000) AS id; \
             UPDATE {name}.universe_head SET last = 60000"
        ))
        .await;
    // the first time it is prepared
    let query = NotificationQuery::after(0, 100).up_to(60_000).topics(["World.Rare"]);
    for _ in 0..2 {
        proxy.statements();
        let found = recorder.select_notifications(query.clone()).await.unwrap();
        assert_eq!(ids(&found), [60_000]);
    }
    let statements = proxy.statements();
    assert!(statements >= 4, "the log was searched in {statements} statements");
    recorder.close().await;
    schema.drop().await;
}
