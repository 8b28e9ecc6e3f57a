//! Connections to PostgreSQL that break: an insert is recorded exactly once, and its caller gets its ids.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::ops::ControlFlow;
use std::time::Duration;

use eventsourcing_core::recording::{EventQuery, NotificationQuery, NotificationRef};
use eventsourcing_core::{Recorder, RecorderError, Tracking, Uuid};
use eventsourcing_sqlx::PostgresRecorder;
use futures::future::join_all;
use sqlx::Connection;
use tokio::sync::watch;
use tokio::task::block_in_place;

use common::proxy::{Cut, Proxy};
use common::{PATIENCE, Schema, connect, events, ids, one_event, open_in_time, server, unstamped};

/// A recorder that reaches the server through a proxy.
async fn behind_a_proxy(cut: Cut) -> (Schema, Proxy, PostgresRecorder) {
    let mut schema = Schema::new();
    let proxy = Proxy::before(&mut schema.config, cut).await;
    // however busy the machine is, there is time to find out what was recorded
    (schema.config.answer_timeout, schema.config.resolve_timeout) = (PATIENCE * 4, PATIENCE * 4);
    schema.config.idle_in_transaction_session_timeout = PATIENCE;
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    // prepared once, so that from here on each append is one message
    recorder.insert_events(one_event()).await.unwrap();
    (schema, proxy, recorder)
}

async fn is_recorded_once(cut: Cut, cuts: usize) {
    let (schema, proxy, recorder) = behind_a_proxy(cut).await;
    for round in 0..10 {
        let attempt = events(Uuid::new_v4(), 1..=3);
        proxy.cut(cuts);
        let recorded = recorder.insert_events(attempt.clone()).await.unwrap();
        assert!(proxy.is_done(), "nothing was cut");
        assert_eq!(ids(&recorded), [2 + 3 * round, 3 + 3 * round, 4 + 3 * round]);
        let found = recorder.select_events(EventQuery::of(attempt[0].originator_id)).await.unwrap();
        assert_eq!(unstamped(found), attempt);
    }
    let log = recorder.select_notifications(NotificationQuery::after(0, 100)).await.unwrap();
    assert_eq!(ids(&log), (1..=31).collect::<Vec<_>>());
    recorder.close().await;
    schema.drop().await;
}

#[tokio::test]
async fn an_insert_whose_answer_is_lost_is_recorded_once() {
    is_recorded_once(Cut::BeforeAnswer, 1).await;
}

#[tokio::test]
async fn an_insert_that_is_lost_on_its_way_is_recorded_once() {
    is_recorded_once(Cut::BeforeStatement, 1).await;
}

async fn a_tracked_insert_is_recorded_once(cut: Cut) {
    let (schema, proxy, recorder) = behind_a_proxy(cut).await;
    // prepared too
    recorder.insert_tracked(vec![], Tracking::new("Orders", 0, 1)).await.unwrap();
    for round in 0..5 {
        let (attempt, tracking) = (events(Uuid::new_v4(), 1..=2), Tracking::new("Orders", round + 1, round + 2));
        proxy.cut(1);
        let recorded = recorder.insert_tracked(attempt.clone(), tracking.clone()).await.unwrap();
        assert!(proxy.is_done(), "nothing was cut");
        assert_eq!(ids(&recorded), [2 + 2 * round, 3 + 2 * round]);
        assert_eq!(recorder.tracked_position("Orders").await.unwrap(), round + 2);
        assert_eq!(recorder.insert_tracked(attempt, tracking).await.unwrap(), recorded);
    }
    // without events it may be said to be processed already, and is processed once
    proxy.cut(1);
    match recorder.insert_tracked(vec![], Tracking::new("WithoutEvents", 0, 7)).await {
        Ok(_) | Err(RecorderError::AlreadyProcessed { after: 0, recorded: 7, .. }) => {}
        Err(error) => panic!("{error:?}"),
    }
    assert!(proxy.is_done(), "nothing was cut");
    assert_eq!(recorder.tracked_position("WithoutEvents").await.unwrap(), 7);
    recorder.close().await;
    schema.drop().await;
}

#[tokio::test]
async fn a_tracked_insert_whose_answer_is_lost_is_recorded_once() {
    a_tracked_insert_is_recorded_once(Cut::BeforeAnswer).await;
}

#[tokio::test]
async fn a_tracked_insert_that_is_lost_on_its_way_is_recorded_once() {
    a_tracked_insert_is_recorded_once(Cut::BeforeStatement).await;
}

/// Loses the connection with this number of saves in one statement.
async fn a_batch_is_recorded_once(cut: Cut) {
    const SAVES: u64 = 500;
    let (schema, proxy, recorder) = behind_a_proxy(cut).await;
    let mut outsider = connect(&server()).await;
    let lock = format!("BEGIN; SELECT last FROM {}.universe_head FOR UPDATE", schema.name);
    sqlx::raw_sql(sqlx::AssertSqlSafe(lock)).execute(&mut outsider).await.unwrap();
    let mut plug = recorder.insert_events(one_event());
    assert!(futures::poll!(&mut plug).is_pending());
    let mut watcher = connect(&server()).await;
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%' || $1 || '%'";
    while sqlx::query_scalar::<_, i64>(waits).bind(&schema.name).fetch_one(&mut watcher).await.unwrap() < 1 {
        tokio::task::yield_now().await;
    }
    // its statement is on its way, so these come with the next, which is cut; one of them is in conflict
    let attempts: Vec<_> = (0..SAVES).map(|_| events(Uuid::new_v4(), 1..=2)).collect();
    let mut rival = attempts[250].clone();
    rival.iter_mut().for_each(|event| event.append_id = Uuid::nil());
    let inserts = attempts.iter().map(|attempt| recorder.insert_events(attempt.clone()));
    let mut inserts = Box::pin(futures::future::join_all(inserts.chain([recorder.insert_events(rival)])));
    assert!(futures::poll!(&mut inserts).is_pending());
    proxy.cut(1);
    sqlx::raw_sql("ROLLBACK").execute(&mut outsider).await.unwrap();
    let (plug, mut answers) = tokio::join!(plug, inserts);
    assert!(proxy.is_done(), "nothing was cut");
    assert_eq!(ids(&plug.unwrap()), [2]);
    let conflict = answers.pop().unwrap();
    assert!(matches!(conflict, Err(RecorderError::Conflict { tried: 1, recorded: 2, .. })), "{conflict:?}");
    for (answer, first) in answers.iter().zip((3..).step_by(2)) {
        assert_eq!(ids(answer.as_ref().unwrap()), [first, first + 1]);
    }
    let log = recorder.select_notifications(NotificationQuery::after(0, 10_000)).await.unwrap();
    assert_eq!(ids(&log), (1..=2 + 2 * SAVES).collect::<Vec<_>>());
    recorder.close().await;
    schema.drop().await;
}

#[tokio::test]
async fn five_hundred_saves_whose_answer_is_lost_are_recorded_once() {
    a_batch_is_recorded_once(Cut::BeforeAnswer).await;
}

#[tokio::test]
async fn five_hundred_saves_that_are_lost_on_their_way_are_recorded_once() {
    a_batch_is_recorded_once(Cut::BeforeStatement).await;
}

#[tokio::test]
async fn an_insert_cut_in_the_middle_is_recorded_once() {
    for count in [1, 5, 40, 300] {
        is_recorded_once(Cut::Within(count), 1).await;
    }
}

#[tokio::test]
async fn an_insert_that_is_lost_again_while_that_is_found_out_is_recorded_once() {
    is_recorded_once(Cut::BeforeStatement, 3).await;
}

#[tokio::test]
async fn a_version_taken_by_somebody_else_meanwhile_is_a_conflict() {
    let (schema, proxy, recorder) = behind_a_proxy(Cut::BeforeStatement).await;
    let world = Uuid::new_v4();
    let mut direct = schema.config.clone();
    (direct.host, direct.port) = (server().host, server().port);
    let other = PostgresRecorder::open("Universe", direct).await.unwrap();
    other.insert_events(events(world, 1..=2)).await.unwrap();
    proxy.cut(1);
    let error = recorder.insert_events(events(world, [2])).await.unwrap_err();
    assert!(proxy.is_done());
    assert!(matches!(error, RecorderError::Conflict { tried: 2, recorded: 2, .. }), "{error:?}");
    schema.drop().await;
}

#[tokio::test]
async fn an_outcome_that_cannot_be_found_out_is_said_to_be_unknown() {
    let (mut schema, proxy, recorder) = behind_a_proxy(Cut::BeforeAnswer).await;
    recorder.close().await;
    schema.config.resolve_timeout = Duration::from_millis(300);
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    // the lock is held, so that whoever looks cannot get it in time
    let mut outsider = connect(&server()).await;
    let mut transaction = outsider.begin().await.unwrap();
    let lock = format!("SELECT last FROM {}.universe_head FOR UPDATE", schema.name);
    sqlx::raw_sql(sqlx::AssertSqlSafe(lock)).execute(&mut *transaction).await.unwrap();
    proxy.cut(1);
    let attempt = one_event();
    // the append waits for the lock, so the connection is cut by the server's end
    let terminate = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE '%' || $1 || '%' \
                     AND query LIKE '%universe_append%' AND wait_event_type = 'Lock'";
    let running = tokio::spawn({
        let (recorder, attempt) = (recorder.clone(), attempt.clone());
        async move { recorder.insert_events(attempt).await }
    });
    let mut watcher = connect(&server()).await;
    while sqlx::query_scalar::<_, i64>(terminate).bind(&schema.name).fetch_one(&mut watcher).await.unwrap() < 1 {
        tokio::task::yield_now().await;
    }
    let error = running.await.unwrap().unwrap_err();
    assert!(matches!(error, RecorderError::OutcomeUnknown { .. }) && !error.is_not_done(), "{error:?}");
    transaction.rollback().await.unwrap();
    // and the same attempt again settles it
    assert_eq!(ids(&recorder.insert_events(attempt.clone()).await.unwrap()), [2]);
    assert_eq!(ids(&recorder.insert_events(attempt).await.unwrap()), [2]);
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn terminated_backends_lose_and_duplicate_no_insert() {
    let schema = Schema::new();
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    let has_begun = watch::Sender::new(false);
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let (recorder, mut has_begun) = (recorder.clone(), has_begun.subscribe());
            tokio::spawn(async move {
                let world = Uuid::new_v4();
                for version in 1..=50 {
                    if version == 10 {
                        // most events are recorded while backends are terminated, however late that begins
                        has_begun.wait_for(|has_begun| *has_begun).await.unwrap();
                    }
                    let attempt = events(world, [version]);
                    // an error that says that it may be made again is
                    while let Err(error) = recorder.insert_events(attempt.clone()).await {
                        assert!(error.is_retryable(), "{error:?}");
                    }
                    // each read is answered, whatever happened to the connections of the pool
                    let last = recorder.max_notification_id().await;
                    assert!(last.is_ok() || matches!(last, Err(RecorderError::Disconnected { .. })), "{last:?}");
                }
                world
            })
        })
        .collect();
    let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                     WHERE pid <> pg_backend_pid() AND query LIKE '%' || $1 || '%'";
    let mut assassin = connect(&schema.config).await;
    let last = format!("SELECT coalesce(max(notification_id), 0) FROM {}.universe_events", schema.name);
    let mut next = 1;
    while writers.iter().any(|writer| !writer.is_finished()) {
        // again only once something was recorded: otherwise nobody would ever get anywhere
        if sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(last.as_str())).fetch_one(&mut assassin).await.unwrap()
            >= next
        {
            let killed = sqlx::query(terminate).bind(&schema.name).fetch_all(&mut assassin).await.unwrap().len();
            if killed > 0 {
                has_begun.send_replace(true);
                next += 3;
            }
        }
    }
    assert!(*has_begun.borrow(), "nobody was ever terminated");
    for writer in writers {
        let world = writer.await.unwrap();
        let found = recorder.select_events(EventQuery::of(world)).await.unwrap();
        assert_eq!(
            found.iter().map(|event| event.originator_version).collect::<Vec<_>>(),
            (1..=50).collect::<Vec<_>>()
        );
    }
    let log = recorder.select_notifications(NotificationQuery::after(0, 1000)).await.unwrap();
    assert_eq!(ids(&log), (1..=200).collect::<Vec<_>>());
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_wait_for_a_connection_in_vain_do_not_each_open_one() {
    const WAITING: usize = 300;
    let mut schema = Schema::new();
    let server = server();
    let proxy = Proxy::start((server.host, server.port), Cut::BeforeAnswer).await;
    (schema.config.host, schema.config.port) = ("127.0.0.1".to_owned(), proxy.port);
    (schema.config.pool_size, schema.config.max_overflow) = (1, 0);
    schema.config.connect_timeout = Duration::from_millis(500);
    let recorder = open_in_time(&schema.config).await;
    recorder.insert_events(one_event()).await.unwrap();
    let (is_reading, reading) = tokio::sync::oneshot::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let reader = recorder.clone();
    let read = tokio::spawn(async move {
        let mut is_reading = Some(is_reading);
        let mut visit = move |_: NotificationRef<'_>| {
            is_reading.take().unwrap().send(()).unwrap();
            block_in_place(|| released.recv().unwrap());
            ControlFlow::Break(())
        };
        // whatever fails before the row is shown may be tried again
        loop {
            match reader.read_notifications(NotificationQuery::after(0, 1), &mut visit).await {
                Err(error) if error.is_retryable() => {}
                done => return done,
            }
        }
    });
    reading.await.unwrap();
    proxy.connections();
    let outcomes = join_all((0..WAITING).map(|_| recorder.max_notification_id())).await;
    for outcome in outcomes {
        let error = outcome.unwrap_err();
        // a server that is busy may not take a connection in time, and then counts as one that is not there
        let is_in_vain = matches!(error, RecorderError::PoolTimeout { .. } | RecorderError::Disconnected { .. });
        assert!(is_in_vain, "{error:?}");
    }
    let connections = proxy.connections();
    assert!((1..WAITING / 10).contains(&connections), "{connections} connections were opened");
    release.send(()).unwrap();
    read.await.unwrap().unwrap();
    recorder.close().await;
    schema.drop().await;
}
