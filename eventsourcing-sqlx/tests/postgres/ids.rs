//! Notification ids: in the order of commits, without gaps, and never beyond the largest.

use std::time::Duration;

use eventsourcing_core::recording::NotificationQuery;
use eventsourcing_core::{Recorder as _, RecorderError, Uuid};
use sqlx::{AssertSqlSafe, Connection as _};

use super::common::{Schema, connect, events, ids, one_event};
use super::{open, until_waiting};

#[tokio::test]
async fn a_lock_held_outside_makes_an_insert_busy_and_then_it_succeeds() {
    let mut schema = Schema::new();
    schema.config.lock_timeout = Some(Duration::from_millis(200));
    let recorder = open(&schema).await;
    let mut outsider = connect(&schema.config).await;
    let mut transaction = outsider.begin().await.unwrap();
    let lock = format!("SELECT last FROM {}.universe_head FOR UPDATE", schema.name);
    sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut *transaction).await.unwrap();
    let event = one_event();
    let error = recorder.insert_events(event.clone()).await.unwrap_err();
    assert!(error.is_retryable() && matches!(error, RecorderError::Busy { .. }), "{error:?}");
    let expected = "the write lock was not free within 0.2 seconds; try again, or raise POSTGRES_LOCK_TIMEOUT";
    assert_eq!(error.to_string(), expected);
    // opening what is up to date waits for no lock
    open(&schema).await.close().await;
    transaction.rollback().await.unwrap();
    assert_eq!(ids(&recorder.insert_events(event).await.unwrap()), [1]);
    schema.drop().await;
}

#[tokio::test]
async fn an_insert_waits_for_an_uncommitted_one_and_takes_the_next_id() {
    for (end, id) in [("COMMIT", 2), ("ROLLBACK", 1)] {
        let schema = Schema::new();
        let recorder = open(&schema).await;
        // another writer, between its statement and its commit
        let mut other = connect(&schema.config).await;
        let append = format!(
            "BEGIN; SET LOCAL search_path = {}; UPDATE universe_head SET last = 1; \
             INSERT INTO universe_events VALUES (1, gen_random_uuid(), 1, 'Other', '', NULL, gen_random_uuid())",
            schema.name
        );
        sqlx::raw_sql(AssertSqlSafe(append)).execute(&mut other).await.unwrap();
        let waiting = tokio::spawn({
            let recorder = recorder.clone();
            async move { recorder.insert_events(one_event()).await }
        });
        until_waiting(&schema).await;
        assert_eq!(recorder.select_notifications(NotificationQuery::after(0, 10)).await.unwrap(), []);
        sqlx::raw_sql(end).execute(&mut other).await.unwrap();
        assert_eq!(ids(&waiting.await.unwrap().unwrap()), [id]);
        let log = recorder.select_notifications(NotificationQuery::after(0, 10)).await.unwrap();
        assert_eq!(ids(&log), (1..=id).collect::<Vec<_>>());
        schema.drop().await;
    }
}

/// The twin: with ids from a sequence, a reader sees the second event first and never reads the first.
#[tokio::test]
async fn with_a_sequence_a_later_id_is_seen_before_an_earlier_one() {
    let schema = Schema::new();
    let name = &schema.name;
    schema.run(format!("CREATE SCHEMA {name}; CREATE TABLE {name}.log (id bigserial, writer int)")).await;
    let (mut first, mut second) = (connect(&schema.config).await, connect(&schema.config).await);
    let insert = format!("INSERT INTO {name}.log (writer) VALUES (1)");
    let mut transaction = first.begin().await.unwrap();
    sqlx::query(AssertSqlSafe(insert.as_str())).execute(&mut *transaction).await.unwrap();
    sqlx::query(AssertSqlSafe(insert.as_str())).execute(&mut second).await.unwrap();
    assert_eq!(schema.number(format!("SELECT min(id) FROM {name}.log")).await, 2);
    transaction.commit().await.unwrap();
    assert_eq!(schema.number(format!("SELECT min(id) FROM {name}.log")).await, 1);
    schema.drop().await;
}

#[tokio::test]
async fn ids_have_no_gaps_after_inserts_that_were_rolled_back() {
    let schema = Schema::new();
    let recorder = open(&schema).await;
    let world = Uuid::new_v4();
    for version in 1..=10 {
        recorder.insert_events(events(world, [version])).await.unwrap();
        let mut refused = events(Uuid::new_v4(), 1..=3);
        refused.extend(events(world, [version]));
        let error = recorder.insert_events(refused).await.unwrap_err();
        assert!(
            matches!(error, RecorderError::Conflict { tried, recorded, .. } if tried == version && recorded == version)
        );
    }
    let log = recorder.select_notifications(NotificationQuery::after(0, 100)).await.unwrap();
    assert_eq!(ids(&log), (1..=10).collect::<Vec<_>>());
    schema.drop().await;
}

#[tokio::test]
async fn ids_beyond_the_largest_are_refused_and_nothing_is_recorded() {
    let schema = Schema::new();
    let recorder = open(&schema).await;
    let last = i64::MAX - 2;
    schema.run(format!("UPDATE {}.universe_head SET last = {last}", schema.name)).await;
    let error = recorder.insert_events(events(Uuid::new_v4(), 1..=3)).await.unwrap_err();
    assert!(matches!(error, RecorderError::PositionExhausted { wanted: 3, .. }), "{error:?}");
    let expected = format!("the log is full: there is no notification id after {last} for 3 more events");
    assert_eq!(error.to_string(), expected);
    assert_eq!(recorder.select_notifications(NotificationQuery::after(0, 10)).await.unwrap(), []);
    let recorded = recorder.insert_events(events(Uuid::new_v4(), 1..=2)).await.unwrap();
    assert_eq!(ids(&recorded), [i64::MAX.unsigned_abs() - 1, i64::MAX.unsigned_abs()]);
    schema.drop().await;
}
