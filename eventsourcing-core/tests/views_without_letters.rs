//! Views with the required methods and no others: they keep a view, and refuse to park an event.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::sync::Arc;
use std::time::Duration;

use eventsourcing_core::projection::{Recorded, ViewTransaction};
use eventsourcing_core::recording::{Cause, LogPosition};
use eventsourcing_core::{
    Application, DeadLetter, DeadLetterError, DeadLetters, OnFailure, Projection, ProjectionRunner, RunnerError,
    StoredEvent, Timestamp, Tracking, Uuid, ViewError, Views,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// How long a test waits for a runner.
const PATIENCE: Duration = Duration::from_secs(60);

/// A number and the position up to which events are counted in it.
#[derive(Clone, Default)]
struct Total(Arc<Mutex<(u64, LogPosition)>>);

struct Change {
    kept: OwnedMutexGuard<(u64, LogPosition)>,
    total: u64,
    position: LogPosition,
}

impl Views for Total {
    type View = u64;
    type Transaction = Change;

    async fn position(&self, _: &str, _: &str) -> Result<LogPosition, ViewError> {
        Ok(self.0.lock().await.1)
    }

    async fn begin(&self, _: &str, tracking: &Tracking) -> Result<Change, ViewError> {
        tracking.check()?;
        let kept = Arc::clone(&self.0).lock_owned().await;
        let (total, LogPosition { id, .. }) = *kept;
        if id != tracking.after {
            return Err(tracking.already_processed(id).into());
        }
        Ok(Change { kept, total, position: tracking.log_position() })
    }
}

impl ViewTransaction for Change {
    type View = u64;

    fn view(&mut self) -> &mut u64 {
        &mut self.total
    }

    async fn commit(mut self) -> Result<(), ViewError> {
        *self.kept = (self.total, self.position);
        Ok(())
    }
}

/// Counts seats, and refuses a trip of more than this many.
struct Seats(u64);

impl Projection for Seats {
    type View = u64;
    const NAME: &'static str = "seats";
    const TOPICS: &'static [&'static str] = &["Trip.Booked"];

    async fn handle(&self, _: &str, trips: &[Recorded<'_>], total: &mut u64) -> Result<(), Cause> {
        *total += trips.len() as u64;
        if *total > self.0 { Err("no seat is left".into()) } else { Ok(()) }
    }
}

async fn agency(trips: usize) -> Application {
    let agency = Application::builder("Agency").open().unwrap();
    let state = br#"{"timestamp":"2026-01-01T00:00:00.000000Z"}"#;
    let booked = || StoredEvent::new(Uuid::new_v4(), 1, "Trip.Booked", *state, Uuid::new_v4()).checksummed();
    agency.recorder().insert_events((0..trips).map(|_| booked()).collect()).await.unwrap();
    agency
}

#[tokio::test]
async fn views_of_two_methods_keep_a_view_with_its_position() {
    let (agency, views) = (agency(3).await, Total::default());
    for _ in 0..2 {
        let runner = ProjectionRunner::start(&agency, Seats(3), views.clone()).await.unwrap();
        runner.wait_for(3, PATIENCE).await.unwrap();
        assert_eq!(runner.status().await.unwrap().dead_letters, 0);
        runner.stop().await.unwrap();
        assert_eq!(views.0.lock().await.0, 3);
    }
}

#[tokio::test]
async fn views_without_dead_letters_park_no_event() {
    let (agency, views) = (agency(3).await, Total::default());
    let park = OnFailure::park(0, Duration::ZERO);
    let runner = ProjectionRunner::builder(&agency, Seats(2), views.clone()).on_failure(park).start().await.unwrap();
    let error = runner.wait_for(3, PATIENCE).await.unwrap_err();
    assert!(matches!(error, RunnerError::View { source: ViewError::NoDeadLetters, .. }), "{error:?}");
    let cure = "use views that store them, or let the projection stop or retry on failure";
    assert!(format!("{error:?}").contains(cure), "{error:?}");
    // nothing is left out: the event is handled once it can be
    assert_eq!(*views.0.lock().await, (2, agency.recorder().position_at(2).await.unwrap().unwrap()));
    let runner = ProjectionRunner::start(&agency, Seats(3), views.clone()).await.unwrap();
    runner.wait_for(3, PATIENCE).await.unwrap();
    assert_eq!(views.0.lock().await.0, 3);

    let letters = DeadLetters::new(&agency, Seats(3), views);
    assert_eq!(letters.count().await.unwrap(), 0);
    assert!(letters.list(0, 10).await.unwrap().is_empty());
    let error = letters.discard(3).await.unwrap_err();
    let DeadLetterError::Runner(RunnerError::View { source: ViewError::NoDeadLetters, .. }) = error else {
        panic!("{error:?}")
    };
}

/// Views with this many dead letters, which are listed and not counted.
struct Listed(u64);

impl Views for Listed {
    type View = u64;
    type Transaction = Change;

    async fn position(&self, _: &str, _: &str) -> Result<LogPosition, ViewError> {
        Ok(self.0.into())
    }

    async fn begin(&self, _: &str, _: &Tracking) -> Result<Change, ViewError> {
        Err(ViewError::Closed)
    }

    async fn dead_letters(&self, _: &str, _: &str, after: u64, limit: usize) -> Result<Vec<DeadLetter>, ViewError> {
        let letter = |id| DeadLetter::new(id, Uuid::from_u128(1), id, "Trip.Booked", Timestamp::UNIX_EPOCH);
        Ok((after + 1..=self.0).take(limit).map(letter).collect())
    }
}

#[tokio::test]
async fn views_that_list_no_projections_say_so() {
    let error = Listed(1).projections("", 10).await.unwrap_err();
    let said = "these views do not list the projections that they contain; ask for the position of each by its name, \
                or use views that list them";
    assert_eq!(error.to_string(), said);
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn views_that_only_list_dead_letters_count_them_all() {
    for letters in [0, 1, 999, 1_000, 2_500] {
        assert_eq!(Listed(letters).count_dead_letters("seats", "Agency").await.unwrap(), letters);
    }
}
