//! Time limits: deadlines, timeouts by the clock of the machine, and durations as PostgreSQL's settings count them.

#[cfg(feature = "postgres")]
use std::fmt;
#[cfg(feature = "postgres")]
use std::future::poll_fn;
#[cfg(feature = "postgres")]
use std::pin::pin;
#[cfg(feature = "postgres")]
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

/// Longer than any program runs: thirty years, which the clock of every system can count. Some cannot count a hundred.
const LONGEST: Duration = Duration::from_secs(30 * 365 * 86_400);

/// When a wait that begins now is over. A wait that is too long for the clock is shortened to thirty years.
pub(crate) fn deadline(wait: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(clamped(wait)).unwrap_or(now)
}

/// A wait that can be added to the clock without a panic, for code that does so itself, such as sqlx's pool.
pub(crate) fn clamped(wait: Duration) -> Duration {
    wait.min(LONGEST)
}

/// The error of a time limit that was exceeded.
#[cfg(feature = "postgres")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Elapsed;

#[cfg(feature = "postgres")]
impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there was no answer in time")
    }
}

/// Waits for a future no longer than this limit, by the clock of the machine.
///
/// Tokio's own clock can be paused in tests, and then jumps to the next limit whenever all tasks wait.
#[cfg(feature = "postgres")]
pub(crate) async fn timeout<T>(limit: Duration, future: impl Future<Output = T>) -> Result<T, Elapsed> {
    let begun = std::time::Instant::now();
    let mut future = pin!(future);
    loop {
        let mut over = pin!(tokio::time::sleep(clamped(limit.saturating_sub(begun.elapsed()))));
        let ended = poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => over.as_mut().poll(context).map(|()| None),
        });
        if let Some(done) = ended.await {
            return Ok(done);
        }
        // a paused clock wakes this up before the limit
        if begun.elapsed() >= limit {
            return Err(Elapsed);
        }
    }
}

/// A duration in milliseconds, as PostgreSQL's settings count it in an `int`.
#[cfg(feature = "postgres")]
pub(crate) fn milliseconds(time: Duration) -> String {
    // zero means no limit to PostgreSQL, so what is shorter than a millisecond becomes one
    let shortest = u128::from(!time.is_zero());
    time.as_millis().clamp(shortest, i32::MAX.unsigned_abs().into()).to_string()
}
