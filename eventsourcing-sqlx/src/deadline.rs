//! Times that are added to the clock: however long a setting is, its deadline can be told.

use std::time::Duration;

use tokio::time::Instant;

/// Longer than any program runs: thirty years, to which each system's clock can count. Some cannot count to a hundred.
const FAR: Duration = Duration::from_secs(30 * 365 * 86_400);

/// When a wait of this length that begins now is over; far in the future if the clock cannot count so far.
pub(crate) fn deadline(wait: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(tellable(wait)).unwrap_or(now)
}

/// A wait for those who add it to the clock themselves, and panic if it cannot count so far, as sqlx's pool does.
pub(crate) fn tellable(wait: Duration) -> Duration {
    wait.min(FAR)
}
