//! A rebuild of a view whose log was rolled back, by a failover or a restore: it replaces the live version although that was further.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use eventsourcing::projection::{ProjectionKey, RebuildableViews as _, Switched};
use eventsourcing::recording::{EventQuery, LogPosition, MemoryRecorder, NotificationQuery, NotificationVisitor};
use eventsourcing::{
    Application, Notification, ProjectionRunner, Rebuild, RebuildError, Recorder, RecorderError, StoredEvent, Uuid,
};

use super::super::{Office, PATIENCE, deposits, office};
use super::places::{self, Place, Version as _};

in_each_place! {
    a_view_of_a_log_that_went_back_is_rebuilt_from_what_the_log_is_now
    a_rebuild_may_be_behind_a_lost_position_and_no_other
    a_rebuild_whose_own_log_went_back_is_aborted_and_begun_anew
}

/// The log is shorter than the live version's position, and then longer.
async fn a_view_of_a_log_that_went_back_is_rebuilt_from_what_the_log_is_now<P: Place>(place: P) {
    let lost = office().await;
    let last = deposits(&lost, 10, 1).await;
    let old = ProjectionRunner::start(&lost, P::V1::open(), place.views().await).await.unwrap();
    old.wait_for(last, PATIENCE).await.unwrap();
    old.stop().await.unwrap();
    assert_eq!(place.seen().await, (9, 10, 1, 1));

    let restored = office().await;
    deposits(&restored, 4, 1).await;
    let refused = ProjectionRunner::start(&restored, P::V1::open(), place.views().await).await.unwrap_err();
    assert!(refused.is_log_mismatch(), "{refused:?}");
    let mut rebuilding = Rebuild::builder(&restored, P::V2::open(), place.views().await).start().await.unwrap();
    rebuilding.switch(PATIENCE).await.unwrap();
    assert_eq!(place.seen().await, (6, 4, 2, 2));

    let new = ProjectionRunner::start(&restored, P::V2::open(), place.views().await).await.unwrap();
    let last = deposits(&restored, 10, 1).await;
    new.wait_for(last, PATIENCE).await.unwrap();
    assert_eq!(place.seen().await, (24, 14, 2, 2));
    new.stop().await.unwrap();
    // once more, from a log that is longer
    let restored = office().await;
    deposits(&restored, 20, 1).await;
    Rebuild::builder(&restored, P::V3::open(), place.views().await)
        .start()
        .await
        .unwrap()
        .switch(PATIENCE)
        .await
        .unwrap();
    assert_eq!(place.seen().await, (57, 20, 3, 3));
}

/// The live version is no longer at the position that was lost: it was told to accept the log, and has moved on.
async fn a_rebuild_may_be_behind_a_lost_position_and_no_other<P: Place>(place: P) {
    let office = office().await;
    let last = deposits(&office, 10, 1).await;
    let old = ProjectionRunner::start(&office, P::V1::open(), place.views().await).await.unwrap();
    old.wait_for(last, PATIENCE).await.unwrap();
    let views = place.views().await;
    let live = views.live_positions("sums").await.unwrap();
    assert_eq!(live, [("Office".to_owned(), office.recorder().position_at(last).await.unwrap().unwrap())]);
    let restored = super::super::office().await;
    deposits(&restored, 4, 1).await;
    let rebuilding = Rebuild::builder(&restored, P::V2::open(), views.clone()).start().await.unwrap();
    let key = ProjectionKey::new("sums", 2).rebuilt();
    for lost in [LogPosition::from(last), LogPosition::anchored(last, Uuid::from_u128(1))] {
        let lost = ("Office".to_owned(), lost);
        assert_eq!(views.switch(key, std::slice::from_ref(&lost)).await.unwrap(), Switched::Behind, "{lost:?}");
    }
    assert_eq!(place.seen().await, (9, 10, 1, 1));
    assert_eq!(views.switch(key, &live).await.unwrap(), Switched::Done);
    rebuilding.abort().await.unwrap_err();
}

async fn a_rebuild_whose_own_log_went_back_is_aborted_and_begun_anew<P: Place>(place: P) {
    let lost = office().await;
    let last = deposits(&lost, 10, 1).await;
    let old = ProjectionRunner::start(&lost, P::V1::open(), place.views().await).await.unwrap();
    old.wait_for(last, PATIENCE).await.unwrap();
    old.stop().await.unwrap();
    let rebuilding = Rebuild::builder(&lost, P::V2::open(), place.views().await).start().await.unwrap();
    while rebuilding.progress().await.unwrap().position < last {
        tokio::task::yield_now().await;
    }
    drop(rebuilding);

    let restored = office().await;
    deposits(&restored, 4, 1).await;
    let start = async || Rebuild::builder(&restored, P::V2::open(), place.views().await).start().await;
    let refused = start().await.err().unwrap();
    assert!(matches!(&refused, RebuildError::Runner(error) if error.is_log_mismatch()), "{refused:?}");
    assert_eq!(Rebuild::abort_any("sums", &place.views().await).await.unwrap(), Some(2));
    start().await.unwrap().switch(PATIENCE).await.unwrap();
    assert_eq!(place.seen().await, (6, 4, 2, 2));
}

/// A log of which this number of reads fails, except those of consumers.
#[derive(Debug, Default)]
struct Unsteady {
    recorder: MemoryRecorder,
    fails: AtomicUsize,
}

#[async_trait::async_trait]
impl Recorder for Unsteady {
    async fn insert_events(&self, events: Vec<StoredEvent>) -> Result<Vec<Notification>, RecorderError> {
        self.recorder.insert_events(events).await
    }

    async fn select_events(&self, query: EventQuery) -> Result<Vec<StoredEvent>, RecorderError> {
        self.recorder.select_events(query).await
    }

    async fn select_notifications(&self, query: NotificationQuery) -> Result<Vec<Notification>, RecorderError> {
        match self.fails.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) {
            Ok(_) => Err(RecorderError::Disconnected { source: "the cable is cut".into() }),
            Err(_) => self.recorder.select_notifications(query).await,
        }
    }

    async fn read_notifications(
        &self,
        query: NotificationQuery,
        visit: &mut NotificationVisitor<'_>,
    ) -> Result<(), RecorderError> {
        self.recorder.read_notifications(query, visit).await
    }

    async fn max_notification_id(&self) -> Result<Option<u64>, RecorderError> {
        self.recorder.max_notification_id().await
    }
}

#[tokio::test]
async fn a_log_that_cannot_be_read_for_a_moment_does_not_end_a_switch() {
    let recorder = Arc::new(Unsteady::default());
    let office = Application::builder("Office").recorder(Arc::clone(&recorder) as Arc<dyn Recorder>).open().unwrap();
    let office = Office::from(office);
    let place = places::memory().await;
    let last = deposits(&office, 3, 1).await;
    let old = ProjectionRunner::start(&office, places::InMemory1::open(), place.views().await).await.unwrap();
    old.wait_for(last, PATIENCE).await.unwrap();
    let rebuild = Rebuild::builder(&office, places::InMemory2::open(), place.views().await);
    let mut rebuilding = rebuild.start().await.unwrap();
    recorder.fails.store(2, Ordering::SeqCst);
    rebuilding.switch(PATIENCE).await.unwrap();
    assert_eq!(recorder.fails.load(Ordering::SeqCst), 0);
    assert_eq!(place.seen().await, (4, 3, 2, 2));
}
