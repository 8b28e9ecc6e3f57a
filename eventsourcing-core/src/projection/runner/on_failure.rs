//! What a runner does when a handler fails.

use std::time::Duration;

/// The reaction of a runner to a handler that fails.
///
/// It applies to failures that a retry would repeat. Transient failures, such as a lost connection, a lock that is not available,
/// or a conflict with another writer, are retried in any case.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use std::time::Duration;
///
/// use eventsourcing::{Application, MemoryViews, OnFailure, ProjectionRunner};
/// # use eventsourcing::projection::Recorded;
/// # use eventsourcing::recording::Cause;
/// # use eventsourcing::{Projection, StoredEvent, Uuid};
/// # struct Bookings;
/// # impl Projection for Bookings {
/// #     type View = u64;
/// #     const NAME: &'static str = "bookings";
/// #     const TOPICS: &'static [&'static str] = &["Trip.Booked"];
/// #     async fn handle(&self, _: &str, _: &[Recorded<'_>], _: &mut u64) -> Result<(), Cause> {
/// #         Err("no seat is left".into())
/// #     }
/// # }
/// # fn booked() -> StoredEvent {
/// #     let state = br#"{"timestamp":"2026-01-01T00:00:00.000000Z"}"#.to_vec();
/// #     StoredEvent::new(Uuid::new_v4(), 1, "Trip.Booked", state, Uuid::new_v4()).checksummed()
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let agency = Application::builder("Agency").open()?;
/// # agency.recorder().insert_events(vec![booked()]).await?;
/// // the handler of this projection always fails
/// let runner = ProjectionRunner::builder(&agency, Bookings, MemoryViews::new(0))
///     .on_failure(OnFailure::park(2, Duration::from_millis(1)))
///     .start()
///     .await?;
/// runner.wait_for(1, Duration::from_secs(5)).await?;
/// assert_eq!(runner.status().await?.dead_letters, 1);
/// runner.stop().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnFailure {
    /// Stop, so that the cause can be investigated. The position stays before the event.
    #[default]
    Stop,
    /// Retry up to `attempts` times, with pauses that double up to five seconds, and then stop: see [`retry`](Self::retry).
    #[non_exhaustive]
    Retry {
        /// The maximum number of retries.
        attempts: u32,
        /// The pause before the first retry.
        pause: Duration,
    },
    /// Retry as [`Retry`](Self::Retry) does, then park the event as a dead letter and continue with other aggregates: see
    /// [`park`](Self::park).
    ///
    /// Later events of the same aggregate are parked as well, until the [`DeadLetters`](crate::projection::DeadLetters) are retried or
    /// discarded: no event of an aggregate is handled before an earlier one. This holds for all runners of the projection, whatever
    /// their own setting is.
    #[non_exhaustive]
    Park {
        /// The maximum number of retries.
        attempts: u32,
        /// The pause before the first retry.
        pause: Duration,
    },
}

impl OnFailure {
    /// Creates [`Retry`](Self::Retry): at most this many retries, with this pause before the first.
    pub const fn retry(attempts: u32, pause: Duration) -> Self {
        Self::Retry { attempts, pause }
    }

    /// Creates [`Park`](Self::Park): at most this many retries, with this pause before the first.
    pub const fn park(attempts: u32, pause: Duration) -> Self {
        Self::Park { attempts, pause }
    }
}
