//! Work on a task of its own, which is not interrupted when the caller drops its future.
//!
//! sqlx 0.9 would lose sight of a transaction whose `BEGIN` is interrupted, and give its connection to the next caller
//! (<https://github.com/launchbadge/sqlx/issues/4393>).

use std::time::Duration;

use eventsourcing_core::projection::RebuildError;
use eventsourcing_core::{RecorderError, ViewError};
use tokio::time::timeout;

use super::versions::rebuild_failed;
use crate::errors;
use crate::time_limit::clamped;

/// Refuses to open views outside of a Tokio runtime, or in one without timers, where the driver would panic.
pub(crate) fn check_runtime() -> Result<(), ViewError> {
    errors::check_runtime(|| "the database of views".to_owned()).map_err(|error| match error {
        RecorderError::Open { cause, cure, source, .. } => ViewError::Open { cause, cure, source },
        error => error.into(),
    })
}

/// Runs work on a task of its own.
pub(crate) async fn uninterrupted<T: Send + 'static>(
    work: impl Future<Output = Result<T, ViewError>> + Send + 'static,
) -> Result<T, ViewError> {
    tokio::spawn(work).await.unwrap_or_else(|ended| Err(ViewError::Disconnected { source: ended.into() }))
}

/// Runs a step of a rebuild on a task of its own. After its longest time it is dropped, as if the connection had broken.
pub(super) async fn uninterrupted_step<T: Send + 'static>(
    name: &str,
    longest: Option<Duration>,
    work: impl Future<Output = Result<T, RebuildError>> + Send + 'static,
) -> Result<T, RebuildError> {
    let lost = |source| rebuild_failed(name, ViewError::Disconnected { source });
    let limited = async move {
        match longest {
            None => Ok(work.await),
            Some(longest) => timeout(clamped(longest), work).await,
        }
    };
    match tokio::spawn(limited).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err(lost("the server did not answer in time".into())),
        Err(ended) => Err(lost(ended.into())),
    }
}
