//! What the errors of both databases have in common.

use std::time::Duration;

use eventsourcing_core::RecorderError;
use eventsourcing_core::persistence::Cause;
use tokio::runtime::Handle;

/// A time as messages name it.
pub(crate) fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        1.0 => "1 second".to_owned(),
        seconds => format!("{seconds} seconds"),
    }
}

/// Refuses to open a database where there is no Tokio runtime: the driver would panic.
pub(crate) fn check_runtime(database: impl FnOnce() -> String) -> Result<(), RecorderError> {
    match Handle::try_current() {
        Ok(_) => Ok(()),
        Err(_) => Err(RecorderError::Open {
            database: database(),
            cause: "there is no Tokio runtime to run on".to_owned(),
            cure: "open it inside of `#[tokio::main]` or of `tokio::runtime::Runtime::block_on`".to_owned(),
            source: None,
        }),
    }
}

/// The error of a call outside of a Tokio runtime.
pub(crate) fn no_runtime(operation: &'static str) -> RecorderError {
    RecorderError::Database {
        operation,
        message: "there is no Tokio runtime to run on; call it inside of `#[tokio::main]`".to_owned(),
        source: "no Tokio runtime".into(),
    }
}

#[cfg(feature = "postgres")]
/// What the driver made of a value that no recorder wrote, or the error itself.
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

/// What an error says that has no variant of its own, and the error.
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
