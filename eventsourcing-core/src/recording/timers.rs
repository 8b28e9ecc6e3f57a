//! The timers of a Tokio runtime, which its builder enables.

use std::panic::catch_unwind;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;

use super::RecorderError;

/// Refuses to open a database in a Tokio runtime without timers, where each time limit would panic.
///
/// A recorder calls it when it is opened. Outside of a Tokio runtime it returns `Ok`.
///
/// # Errors
/// [`RecorderError::Open`] with the cure.
///
/// # Examples
///
/// ```
/// # use eventsourcing_core as eventsourcing;
/// use eventsourcing::recording::check_timers;
/// use tokio::runtime::Builder;
///
/// let bare = Builder::new_current_thread().build()?;
/// let error = bare.block_on(async { check_timers(|| "orders.db".to_owned()) }).unwrap_err();
/// assert!(error.to_string().ends_with("build it with `enable_all()`"));
///
/// let complete = Builder::new_current_thread().enable_all().build()?;
/// assert!(complete.block_on(async { check_timers(|| "orders.db".to_owned()) }).is_ok());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn check_timers(database: impl FnOnce() -> String) -> Result<(), RecorderError> {
    if has_timers() {
        return Ok(());
    }
    Err(RecorderError::Open {
        database: database(),
        cause: "the Tokio runtime has no timers".to_owned(),
        cure: "build it with `enable_all()`".to_owned(),
        source: None,
    })
}

/// Whether the current runtime has timers; also true outside of a runtime.
///
/// Tokio's only answer is a panic. Its message, which the panic hook prints, names the same cure.
pub(crate) fn has_timers() -> bool {
    Handle::try_current().is_err() || catch_unwind(|| drop(sleep(Duration::ZERO))).is_ok()
}
