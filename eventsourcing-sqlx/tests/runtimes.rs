//! An application that is used by several runtimes: a runtime that is idle or ends does not block the others' saves.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::sync::Arc;
use std::thread;

use eventsourcing_core::recording::NotificationQuery;
use eventsourcing_core::{Recorder, Uuid};
use eventsourcing_sqlx::{PostgresRecorder, SqliteConfig, SqliteRecorder};
use tokio::runtime::{Builder, Runtime};

use common::{Schema, events, ids, one_event};

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Recorders that were opened on a runtime, one for each database, with their stores.
fn opened_on(runtime: &Runtime) -> ([Arc<dyn Recorder>; 2], Schema, tempfile::TempDir) {
    let (schema, directory) = (Schema::new(), tempfile::tempdir().unwrap());
    let path = directory.path().join("universe.db");
    let recorders = runtime.block_on(async {
        let postgres = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
        let sqlite = SqliteRecorder::open("Universe", SqliteConfig::new(path.to_str().unwrap())).await.unwrap();
        [Arc::new(postgres) as Arc<dyn Recorder>, Arc::new(sqlite)]
    });
    (recorders, schema, directory)
}

fn assert_log(runtime: &Runtime, recorders: &[Arc<dyn Recorder>; 2], last: u64) {
    for recorder in recorders {
        let log = runtime.block_on(recorder.select_notifications(NotificationQuery::after(0, 10_000))).unwrap();
        assert_eq!(ids(&log), (1..=last).collect::<Vec<_>>(), "{recorder:?}");
    }
}

#[test]
fn a_runtime_that_nobody_drives_keeps_no_other_from_saving() {
    let idle = current_thread();
    let (recorders, schema, _directory) = opened_on(&idle);
    for recorder in &recorders {
        // a save that is begun there, and left
        idle.block_on(async {
            let mut save = recorder.insert_events(events(Uuid::new_v4(), [1]));
            let _ = futures::poll!(&mut save);
        });
    }
    let other = current_thread();
    for recorder in &recorders {
        for _ in 0..5 {
            other.block_on(recorder.insert_events(one_event())).unwrap();
        }
    }
    let last = other.block_on(recorders[0].max_notification_id()).unwrap().unwrap();
    assert!([5, 6].contains(&last), "{last}");
    drop(idle);
    other.block_on(async {
        for recorder in &recorders {
            recorder.close().await;
        }
        schema.drop().await;
    });
}

#[test]
fn threads_with_runtimes_of_their_own_that_come_and_go_lose_no_save() {
    let own = current_thread();
    let (recorders, schema, _directory) = opened_on(&own);
    thread::scope(|scope| {
        for thread in 0..24_u32 {
            let recorders = &recorders;
            scope.spawn(move || {
                for round in 0..5 {
                    // both kinds, each of which ends while others still wait for their saves
                    let runtime = match (thread + round) % 2 {
                        0 => current_thread(),
                        _ => Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap(),
                    };
                    for recorder in recorders {
                        runtime.block_on(recorder.insert_events(one_event())).unwrap();
                    }
                }
            });
        }
    });
    assert_log(&own, &recorders, 24 * 5);
    own.block_on(async {
        for recorder in &recorders {
            recorder.close().await;
        }
        schema.drop().await;
    });
}

/// Users' tests pause Tokio's clock, which then jumps whenever all tasks wait.
#[tokio::test(start_paused = true)]
async fn a_clock_that_is_paused_is_not_taken_for_a_server_that_is_silent() {
    let schema = Schema::new();
    let recorder = PostgresRecorder::open("Universe", schema.config.clone()).await.unwrap();
    for version in 1..=5 {
        assert_eq!(ids(&recorder.insert_events(one_event()).await.unwrap()), [version]);
        assert_eq!(recorder.max_notification_id().await.unwrap(), Some(version));
    }
    recorder.close().await;
    schema.drop().await;
}

#[test]
fn reads_and_saves_outside_of_a_runtime_are_errors() {
    let own = current_thread();
    let (recorders, schema, _directory) = opened_on(&own);
    let [postgres, _] = &recorders;
    for error in [
        futures::executor::block_on(postgres.insert_events(one_event())).unwrap_err(),
        futures::executor::block_on(postgres.select_notifications(NotificationQuery::after(0, 1))).unwrap_err(),
        futures::executor::block_on(postgres.max_notification_id()).unwrap_err(),
    ] {
        assert!(error.to_string().contains("no Tokio runtime is running"), "{error}");
    }
    own.block_on(async {
        for recorder in &recorders {
            recorder.close().await;
        }
        schema.drop().await;
    });
}
