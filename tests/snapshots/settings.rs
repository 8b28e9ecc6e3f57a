//! What an application and its environment say about snapshots.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use eventsourcing::prelude::*;

use super::{Note, Store, Universe, World, saved, until};

async fn opened(store: &Store, variables: &[(&str, &str)]) -> Result<Universe> {
    let recorder: Arc<super::Watched> = Arc::clone(&store.recorder);
    Universe::builder().variables(variables.to_vec()).recorder(recorder).open().await
}

#[tokio::test]
async fn a_switch_in_the_environment_disables_snapshots() {
    let store = Store::in_memory();
    for (value, calls) in [("n", 0), ("OFF", 0), ("", 2), ("y", 2)] {
        store.recorder.calls.store(0, SeqCst);
        let universe = opened(&store, &[("UNIVERSE_IS_SNAPSHOTTING_ENABLED", value)]).await.unwrap();
        let mut world = World::of(5);
        universe.save(&mut world).await.unwrap();
        if calls > 0 {
            until(&universe, |counts| counts.taken == 1).await;
        }
        // taking it reads the aggregate
        assert_eq!(store.recorder.calls.load(SeqCst), calls, "{value}");
        assert_eq!(universe.repository().get::<World>(world.id()).await.unwrap(), world);
        let counts = universe.snapshot_counts();
        assert_eq!((counts.used, counts.skipped, counts.failed), (u64::from(calls > 0), 0, 0), "{value}");
    }
    let universe = opened(&store, &[("IS_SNAPSHOTTING_ENABLED", "n")]).await.unwrap();
    let error = universe.take_snapshot::<World>(Uuid::new_v4()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no snapshot of World can be taken: they are disabled; remove IS_SNAPSHOTTING_ENABLED or `snapshots(false)`"
    );
}

#[tokio::test]
async fn a_switch_that_is_no_flag_is_refused() {
    let error = opened(&Store::in_memory(), &[("IS_SNAPSHOTTING_ENABLED", "maybe")]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "environment variable IS_SNAPSHOTTING_ENABLED is `maybe`; \
         expected y, yes, t, true, on or 1, or n, no, f, false, off or 0"
    );
}

#[tokio::test]
async fn the_program_takes_precedence_over_the_environment() {
    let store = Store::in_memory();
    let recorder: Arc<super::Watched> = Arc::clone(&store.recorder);
    let builder = Universe::builder().variables([("IS_SNAPSHOTTING_ENABLED", "n")]).recorder(recorder);
    let universe = builder.snapshots(true).open().await.unwrap();
    saved(&universe, 5).await;
}

#[tokio::test]
async fn a_slow_load_is_followed_by_a_snapshot() {
    let store = Store::in_memory();
    let mut world = World::of(4);
    store.program().save(&mut world).await.unwrap();
    let patient = store.builder().snapshot_when_slower_than(Duration::MAX).open().unwrap();
    patient.repository().get::<World>(world.id()).await.unwrap();
    let universe = store.builder().snapshot_when_slower_than(Duration::ZERO).open().unwrap();
    universe.repository().get::<World>(world.id()).await.unwrap();
    until(&universe, |counts| counts.taken == 1).await;
    // nothing is newer than the snapshot
    universe.repository().get::<World>(world.id()).await.unwrap();
    // a load of the past is no reason
    universe.repository().get_at::<World>(world.id(), 2).await.unwrap();
    world.grow(1);
    store.without_snapshots().save(&mut world).await.unwrap();
    universe.repository().get::<World>(world.id()).await.unwrap();
    until(&universe, |counts| counts.taken == 2).await;
    assert_eq!((store.recorder.versions(), patient.snapshot_counts().taken), (vec![4, 5], 0));
}

#[tokio::test]
async fn the_interval_of_an_application_takes_precedence_over_the_types() {
    let store = Store::in_memory();
    let often = store.builder().snapshot_every::<World>(9).snapshot_every::<World>(2).open().unwrap();
    let mut world = World::of(2);
    often.save(&mut world).await.unwrap();
    until(&often, |counts| counts.taken == 1).await;
    let never = store.builder().snapshot_every::<World>(0).open().unwrap();
    world.grow(20);
    never.save(&mut world).await.unwrap();
    never.take_snapshot::<World>(world.id()).await.unwrap();
    assert_eq!(store.recorder.versions(), [2, 22]);
    let error = store.builder().snapshot_every::<Note>(3).open().unwrap_err();
    assert!(error.to_string().starts_with("no snapshot of Note can be taken: its type has none; "), "{error}");
}

#[tokio::test]
async fn a_recorder_that_keeps_no_snapshots_is_told_of() {
    #[derive(Debug)]
    struct Plain(eventsourcing::recording::MemoryRecorder);

    #[async_trait::async_trait]
    impl eventsourcing::Recorder for Plain {
        async fn insert_events(
            &self,
            events: Vec<eventsourcing::StoredEvent>,
        ) -> Result<Vec<Notification>, eventsourcing::RecorderError> {
            self.0.insert_events(events).await
        }

        async fn select_events(
            &self,
            query: eventsourcing::recording::EventQuery,
        ) -> Result<Vec<eventsourcing::StoredEvent>, eventsourcing::RecorderError> {
            self.0.select_events(query).await
        }

        async fn select_notifications(
            &self,
            query: eventsourcing::recording::NotificationQuery,
        ) -> Result<Vec<Notification>, eventsourcing::RecorderError> {
            self.0.select_notifications(query).await
        }

        async fn max_notification_id(&self) -> Result<Option<u64>, eventsourcing::RecorderError> {
            self.0.max_notification_id().await
        }
    }

    let recorder = Arc::new(Plain(eventsourcing::recording::MemoryRecorder::new()));
    let universe = Application::builder("Universe").recorder(recorder).open().unwrap();
    let mut world = World::of(12);
    universe.save(&mut world).await.unwrap();
    assert_eq!(universe.repository().get::<World>(world.id()).await.unwrap(), world);
    let error = universe.take_snapshot::<World>(world.id()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no snapshot of World can be taken: the recorder keeps none; give the application a recorder that does"
    );
    assert_eq!(universe.snapshot_counts(), eventsourcing::application::SnapshotCounts::default());
}
