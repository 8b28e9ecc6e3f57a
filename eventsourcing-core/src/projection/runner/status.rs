//! The status of a projection runner.

use std::time::Duration;

use crate::projection::RunnerError;

/// The activity of a projection runner.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Progress {
    /// It processes the log.
    #[default]
    Running,
    /// It retries after this error.
    Retrying(RunnerError),
    /// It was stopped.
    Stopped,
    /// It gave up after this error.
    Failed(RunnerError),
}

/// The status of a projection runner: its position, lag and errors.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use std::time::Duration;
///
/// use eventsourcing::projection::Progress;
/// use eventsourcing::{Application, MemoryViews, ProjectionRunner};
/// # use eventsourcing::projection::Recorded;
/// # use eventsourcing::recording::Cause;
/// # use eventsourcing::{Projection, StoredEvent, Uuid};
/// # struct Bookings;
/// # impl Projection for Bookings {
/// #     type View = u64;
/// #     const NAME: &'static str = "bookings";
/// #     const TOPICS: &'static [&'static str] = &["Trip.Booked"];
/// #     async fn handle(&self, _: &str, events: &[Recorded<'_>], view: &mut u64) -> Result<(), Cause> {
/// #         *view += events.len() as u64;
/// #         Ok(())
/// #     }
/// # }
/// # fn booked() -> StoredEvent {
/// #     let state = br#"{"timestamp":"2026-01-01T00:00:00.000000Z"}"#.to_vec();
/// #     StoredEvent::new(Uuid::new_v4(), 1, "Trip.Booked", state, Uuid::new_v4()).checksummed()
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let agency = Application::builder("Agency").open()?;
/// # agency.recorder().insert_events(vec![booked(), booked()]).await?;
/// let runner = ProjectionRunner::start(&agency, Bookings, MemoryViews::new(0)).await?;
/// runner.wait_for(2, Duration::from_secs(5)).await?;
///
/// let status = runner.status().await?;
/// assert_eq!((status.position, status.last, status.lag()), (2, 2, 0));
/// assert_eq!((status.behind_for, status.dead_letters), (Duration::ZERO, 0));
/// assert!(matches!(status.progress, Progress::Running));
/// runner.stop().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// The notification id up to which the log is processed.
    pub position: u64,
    /// The last notification id of the log.
    pub last: u64,
    /// Age of the oldest unprocessed event; zero if all events are processed.
    pub behind_for: Duration,
    /// The number of dead letters: see [`DeadLetters`](crate::projection::DeadLetters).
    pub dead_letters: u64,
    /// How long the current transaction has been running; none if no events are being handled.
    ///
    /// The transaction holds locks: in SQLite, no other connection can write to the file of the view meanwhile.
    pub handling_for: Option<Duration>,
    /// The activity of the runner.
    pub progress: Progress,
    /// The last error, even if the runner has recovered from it.
    pub last_error: Option<RunnerError>,
}

impl Status {
    /// The number of notifications that are still to be processed.
    pub fn lag(&self) -> u64 {
        self.last.saturating_sub(self.position)
    }
}
