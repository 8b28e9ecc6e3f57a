//! Parts of error messages that both databases use.

use std::time::Duration;

use eventsourcing_core::RecorderError;
use eventsourcing_core::recording::{Cause, check_timers};
use tokio::runtime::Handle;

/// A duration in messages.
pub(crate) fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        1.0 => "1 second".to_owned(),
        seconds => format!("{seconds} seconds"),
    }
}

/// Refuses to open a database outside of a Tokio runtime, or in one without timers, where the driver would panic.
pub(crate) fn check_runtime(database: impl FnOnce() -> String) -> Result<(), RecorderError> {
    match Handle::try_current() {
        Ok(_) => check_timers(database),
        Err(_) => Err(RecorderError::Open {
            database: database(),
            cause: "no Tokio runtime is running".to_owned(),
            cure: "open it inside `#[tokio::main]` or `tokio::runtime::Runtime::block_on`".to_owned(),
            source: None,
        }),
    }
}

/// The error of a call outside of a Tokio runtime.
pub(crate) fn no_runtime(operation: &'static str) -> RecorderError {
    RecorderError::Database {
        operation,
        message: "no Tokio runtime is running; call it inside `#[tokio::main]`".to_owned(),
        source: "no Tokio runtime".into(),
    }
}

#[cfg(feature = "postgres")]
/// The error of a value that no recorder wrote, or else the driver's error itself.
pub(crate) fn decoding(error: sqlx::Error) -> Result<RecorderError, sqlx::Error> {
    match error {
        sqlx::Error::ColumnDecode { index, source } => {
            Ok(RecorderError::Corrupt { found: format!("a value in column {index} that cannot be read: {source}") })
        }
        sqlx::Error::Decode(source) => {
            Ok(RecorderError::Corrupt { found: format!("a value that cannot be read: {source}") })
        }
        error => Err(error),
    }
}

/// The message and the source of an error that has no variant of its own.
pub(crate) fn other(error: sqlx::Error) -> (String, Cause) {
    let message = match &error {
        sqlx::Error::Database(error) => match error.code() {
            Some(code) => format!("{} (code {code})", error.message()),
            None => error.message().to_owned(),
        },
        error => error.to_string(),
    };
    (message, error.into())
}
