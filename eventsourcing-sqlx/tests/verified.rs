//! A log is verified position by position, whatever somebody did to its tables; and a database says whether it accepts events.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod common;

use std::ops::ControlFlow;
use std::sync::Arc;

use eventsourcing_core::application::{StateFault, VerifiedLog, VerifiedPosition};
use eventsourcing_core::{Application, Recorder, StoredEvent, Uuid};
use eventsourcing_sqlx::{PostgresRecorder, SqliteConfig, SqliteRecorder};

use common::store::{Store, on_each};

/// Records this number of events that are whole.
async fn recorded(recorder: &dyn Recorder, count: u128) {
    let state = br#"{"timestamp":"2026-11-23T04:11:04.800139Z"}"#;
    let event = |id| StoredEvent::new(Uuid::from_u128(id), 1, "World.Started", *state, Uuid::new_v4()).checksummed();
    recorder.insert_events((1..=count).map(event).collect()).await.unwrap();
}

fn application(recorder: Arc<dyn Recorder>) -> Application {
    Application::builder("Universe").recorder(recorder).open().unwrap()
}

/// What a verification shows apart from events that are sound, and its result.
async fn verified(universe: &Application, range: impl std::ops::RangeBounds<u64>) -> (Vec<String>, VerifiedLog) {
    let mut shown = Vec::new();
    let verified = universe.verify(range, |position| {
        match position {
            VerifiedPosition::Sound { .. } => {}
            VerifiedPosition::Unreadable { event, fault } => shown.push(format!("{}: {fault}", event.id)),
            VerifiedPosition::Missing { positions } => shown.push(format!("missing {positions:?}")),
            VerifiedPosition::Broken { position, .. } => shown.push(format!("broken {position}")),
            other => panic!("{other:?}"),
        }
        ControlFlow::Continue(())
    });
    let verified = verified.await.unwrap();
    (shown, verified)
}

#[tokio::test]
async fn each_fault_of_a_log_is_found_at_its_position() {
    on_each(async |store| {
        let recorder = store.open().await;
        let universe = application(Arc::clone(&recorder));
        let (shown, empty) = verified(&universe, ..).await;
        assert!(shown.is_empty() && empty.is_sound() && empty.range.is_none());
        recorded(&*recorder, 2_500).await;
        let (shown, whole) = verified(&universe, ..).await;
        assert!(shown.is_empty() && whole.is_sound(), "{shown:?}");
        assert_eq!((whole.range, whole.verified_to, whole.events), (Some(1..=2_500), Some(2_500), 2_500));

        store.run("DELETE FROM universe_events WHERE notification_id IN (5, 6, 2499, 2500)").await;
        store.run("UPDATE universe_events SET topic = 'World.Ended' WHERE notification_id = 7").await;
        let (shown, found) = verified(&universe, ..).await;
        let moved =
            "7: its state was altered since it was recorded (its checksum does not match); restore it from a backup";
        assert_eq!(shown, ["missing 5..=6", moved, "missing 2499..=2500"]);
        assert!(found.is_complete() && !found.is_sound());
        assert_eq!((found.events, found.missing, found.unreadable), (2_496, 4, 1));
        let (shown, part) = verified(&universe, 8..=2_498).await;
        assert!(shown.is_empty() && part.is_sound());
        let (shown, part) = verified(&universe, 6..8).await;
        assert_eq!((shown.len(), part.events, part.missing), (2, 1, 1));
    })
    .await;
}

#[tokio::test]
async fn a_verification_stops_where_it_is_told_to() {
    on_each(async |store| {
        let recorder = store.open().await;
        recorded(&*recorder, 10).await;
        let universe = application(recorder);
        let mut seen = 0;
        let stopped = universe.verify(3.., |_| {
            seen += 1;
            if seen == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let stopped = stopped.await.unwrap();
        assert_eq!((stopped.verified_to, stopped.events, stopped.is_complete()), (Some(6), 4, false));
        assert!(!stopped.is_sound());
    })
    .await;
}

#[tokio::test]
async fn a_state_that_is_no_event_is_unreadable() {
    on_each(async |store| {
        let recorder = store.open().await;
        let states = [&b"[]"[..], b"{}", br#"{"timestamp":"2026-11-23T04:11:04Z"}"#];
        let event = |(number, state): (u128, &&[u8])| {
            StoredEvent::new(Uuid::from_u128(number), 1, "World.Started", *state, Uuid::new_v4()).checksummed()
        };
        recorder.insert_events((1..).zip(&states).map(event).collect()).await.unwrap();
        let mut faults = Vec::new();
        let universe = application(recorder);
        let verified = universe.verify(.., |position| {
            if let VerifiedPosition::Unreadable { event, fault } = position {
                faults.push((event.id, fault));
            }
            ControlFlow::Continue(())
        });
        assert_eq!(verified.await.unwrap().unreadable, 2);
        // the mapper refuses what does not begin as an object
        assert!(matches!(faults[0], (1, StateFault::Sealed(_))), "{faults:?}");
        assert_eq!(faults[1], (2, StateFault::NoTimestamp));
    })
    .await;
}

#[tokio::test]
async fn a_database_says_where_its_log_ends_and_whether_it_accepts_events() {
    on_each(async |store| {
        let recorder = store.open().await;
        recorded(&*recorder, 3).await;
        let answer = application(Arc::clone(&recorder)).ask_database().await.unwrap();
        assert_eq!((answer.last_position, answer.is_writable), (3, Some(true)));
        let to_look: Arc<dyn Recorder> = match store {
            Store::Postgres(schema) => {
                let mut config = schema.config.clone();
                config.read_only = true;
                Arc::new(PostgresRecorder::open("Universe", config).await.unwrap())
            }
            Store::Sqlite(_) => {
                let mut config = SqliteConfig::new(store.file().to_str().unwrap());
                config.read_only = true;
                Arc::new(SqliteRecorder::open("Universe", config).await.unwrap())
            }
        };
        let answer = application(Arc::clone(&to_look)).ask_database().await.unwrap();
        assert_eq!((answer.last_position, answer.is_writable), (3, Some(false)));
        to_look.close().await;
        assert!(application(to_look).ask_database().await.is_err());
        if let Store::Postgres(schema) = store {
            let (name, role) = (&schema.name, format!("reader_{}", Uuid::new_v4().simple()));
            let grant = "GRANT USAGE ON SCHEMA";
            schema
                .run(format!(
                    "CREATE ROLE {role} LOGIN PASSWORD 'open sesame'; {grant} {name} TO {role}; \
                     GRANT SELECT ON ALL TABLES IN SCHEMA {name} TO {role}"
                ))
                .await;
            let mut config = schema.config.clone();
            (config.user, config.password) = (role.clone(), Some("open sesame".to_owned()));
            let unprivileged = PostgresRecorder::open("Universe", config).await.unwrap();
            assert_eq!(unprivileged.is_writable().await.unwrap(), Some(false));
            unprivileged.close().await;
            schema.run(format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
        }
    })
    .await;
}
