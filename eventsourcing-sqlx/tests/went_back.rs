//! A log that was rolled back or has lost rows: a reader gets an error, however far the log has grown again.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::ops::ControlFlow;
use std::sync::Arc;

use eventsourcing_core::recording::{LogPosition, NotificationQuery, NotificationRef};
use eventsourcing_core::{Notification, Recorder, RecorderError, StoredEvent, Uuid};
use eventsourcing_sqlx::PostgresRecorder;
use sqlx::AssertSqlSafe;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use common::followed::universe;
use common::store::{Store, on_each};
use common::{Schema, connect, events, ids};

const TOPIC: &str = "World.SomethingHappened";

/// Loses all events after an id, like a server that lagged or a backup.
async fn go_back(store: &Store, id: u64) {
    store.run(&format!("DELETE FROM universe_events WHERE notification_id > {id}")).await;
    store.run(&format!("UPDATE universe_head SET last = {id}")).await;
}

async fn record(recorder: &dyn Recorder, count: u64) -> Vec<Notification> {
    recorder.insert_events(events(Uuid::new_v4(), 1..=count)).await.unwrap()
}

/// A read of everything after a position, and one of a topic.
async fn reads(
    recorder: &dyn Recorder,
    after: impl Into<LogPosition>,
) -> [Result<Vec<Notification>, RecorderError>; 2] {
    let query = NotificationQuery::after(after, 100_000);
    let of_topic = recorder.select_notifications(query.clone().topics([TOPIC])).await;
    [recorder.select_notifications(query).await, of_topic]
}

#[tokio::test]
async fn a_log_that_went_back_and_grew_again_is_noticed() {
    on_each(async |store| {
        let recorder = store.open().await;
        record(&*recorder, 5).await;
        let log = recorder.select_notifications(NotificationQuery::after(0, 10)).await.unwrap();
        let (early, late) = (log[1].position(), log[4].position());
        go_back(store, 3).await;
        for outcome in reads(&*recorder, late).await {
            let error = outcome.unwrap_err();
            assert!(matches!(error, RecorderError::LogChanged { position, found: None } if position == late), "{error:?}");
        }
        record(&*recorder, 7).await;
        let now = recorder.position_at(5).await.unwrap().unwrap();
        for outcome in reads(&*recorder, late).await {
            let error = outcome.unwrap_err();
            assert!(matches!(error, RecorderError::LogChanged { position, found } if position == late && found == now.anchor), "{error:?}");
        }
        // what both logs have in common is gone on from
        for outcome in reads(&*recorder, early).await {
            assert_eq!(ids(&outcome.unwrap()), (3..=10).collect::<Vec<_>>());
        }
        // the twin: without an anchor two events are missed, without an error
        for outcome in reads(&*recorder, late.id).await {
            assert_eq!(ids(&outcome.unwrap()), (6..=10).collect::<Vec<_>>());
        }
        recorder.close().await;
    })
    .await;
}

#[tokio::test]
async fn rows_that_are_missing_are_damage_to_a_read_of_all() {
    on_each(async |store| {
        let recorder = store.open().await;
        record(&*recorder, 9).await;
        store.run("DELETE FROM universe_events WHERE notification_id BETWEEN 3 AND 5").await;
        let position = recorder.position_at(2).await.unwrap().unwrap();
        for after in [LogPosition::START, LogPosition::from(1), position] {
            let mut shown = Vec::new();
            let mut visit = |notification: NotificationRef<'_>| {
                shown.push(notification.id);
                ControlFlow::Continue(())
            };
            let read = recorder.read_notifications(NotificationQuery::after(after, 100), &mut visit).await;
            let error = read.unwrap_err();
            assert!(matches!(error, RecorderError::Corrupt { .. }), "{error:?}");
            assert!(error.to_string().contains("notification id 6 right after 2"), "{error}");
            assert_eq!(shown, (after.id + 1..=2).collect::<Vec<_>>());
        }
        recorder.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_row_that_is_missing_where_a_follower_begins_is_damage() {
    on_each(async |store| {
        let recorder = store.open().await;
        record(&*recorder, 3).await;
        store.run("DELETE FROM universe_events WHERE notification_id = 2").await;
        // the rows after it have no gap
        let mut followed = universe(Arc::clone(&recorder)).subscribe(2).notifications();
        let error = followed.next().await.unwrap().unwrap_err();
        assert!(error.to_string().contains("notification ids up to 3, and no notification id 2"), "{error}");
        recorder.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_row_that_is_missing_where_a_search_goes_on_is_damage() {
    on_each(async |store| {
        let recorder = store.open().await;
        record(&*recorder, 10_000).await;
        // where a slice of the log ends, in either database
        store.run("DELETE FROM universe_events WHERE notification_id = 4096").await;
        let query = NotificationQuery::after(0, 100).topics(["World.Ended"]);
        for up_to in [None, Some(10_000)] {
            let error = recorder.select_notifications(query.clone().up_to(up_to)).await.unwrap_err();
            assert!(error.to_string().contains("without notification id 4096"), "{error}");
        }
        assert_eq!(recorder.select_notifications(query.up_to(4_095)).await.unwrap(), []);
        recorder.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_topic_that_is_rare_in_a_long_log_is_found_wherever_it_is() {
    on_each(async |store| {
        let recorder = store.open().await;
        record(&*recorder, 20_000).await;
        let rare = [1, 2_047, 2_048, 2_049, 4_095, 4_096, 4_097, 12_288, 20_000];
        let places = rare.map(|id: u64| id.to_string()).join(", ");
        store
            .run(&format!("UPDATE universe_events SET topic = 'World.Ended' WHERE notification_id IN ({places})"))
            .await;
        let query = |after: u64| NotificationQuery::after(after, 100).topics(["World.Ended"]);
        for up_to in [None, Some(20_000), Some(30_000), Some(u64::MAX)] {
            let found = recorder.select_notifications(query(0).up_to(up_to)).await.unwrap();
            assert_eq!(ids(&found), rare);
            assert!(found.iter().all(|found| !found.state.is_empty()));
        }
        let found = recorder.select_notifications(query(2_048).up_to(4_096)).await.unwrap();
        assert_eq!(ids(&found), [2_049, 4_095, 4_096]);
        let position = recorder.position_at(4_096).await.unwrap().unwrap();
        let query = NotificationQuery::after(position, 2).topics(["World.Ended"]);
        assert_eq!(ids(&recorder.select_notifications(query).await.unwrap()), [4_097, 12_288]);
        recorder.close().await;
    })
    .await;
}

/// Reads a log far longer than what is on its way between server and client, breaks the connection at the first row, and runs
/// these statements meanwhile.
async fn read_through_a_break(meanwhile: &str) -> (usize, Result<(), RecorderError>) {
    let schema = Schema::new();
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    let (id, append_id) = (Uuid::new_v4(), Uuid::new_v4());
    let large = |version| StoredEvent::new(id, version, "World.SomethingHappened", vec![b'x'; 20_000], append_id);
    recorder.insert_events((1..=1_500).map(large).collect()).await.unwrap();
    let mut outsider = connect(&schema.config).await;
    let mut shown = 0;
    let mut visit = |_: NotificationRef<'_>| {
        if shown == 0 {
            block_in_place(|| {
                Handle::current().block_on(async {
                    let terminate = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                                     WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%' || $1 || '%'";
                    let killed: i64 =
                        sqlx::query_scalar(terminate).bind(&schema.name).fetch_one(&mut outsider).await.unwrap();
                    assert_eq!(killed, 1, "the read is over");
                    sqlx::raw_sql(AssertSqlSafe(format!("SET search_path TO {}; {meanwhile}", schema.name)))
.execute(&mut outsider).await.unwrap();
                });
            });
        }
        shown += 1;
        ControlFlow::Continue(())
    };
    let outcome = recorder.read_notifications(NotificationQuery::after(0, 10_000), &mut visit).await;
    recorder.close().await;
    schema.drop().await;
    (shown, outcome)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_resumed_after_a_lost_connection_notices_a_rolled_back_log() {
    // what another server has instead: as many events, recorded otherwise
    let another = "UPDATE universe_events SET append_id = gen_random_uuid()";
    let (shown, outcome) = read_through_a_break(another).await;
    let error = outcome.unwrap_err();
    let position = u64::try_from(shown).unwrap();
    assert!(
        matches!(error, RecorderError::LogChanged { position: at, found: Some(_) } if at.id == position),
        "{error:?}"
    );
    assert!(shown < 1_500, "all was shown before the connection broke");
    // where nothing changed it goes on
    let (shown, outcome) = read_through_a_break("").await;
    outcome.unwrap();
    assert_eq!(shown, 1_500);
}
