//! The error of a command: a text for the person at the terminal.

use std::fmt;

/// What went wrong and what to do about it.
///
/// It is a text instead of an enum, because every caller only shows it.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// Creates a failure with this text.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// Adds to an error what was being done.
pub(crate) trait While<T> {
    /// Turns the error into a [`Failure`] that begins with `doing`.
    fn while_doing(self, doing: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T, E: fmt::Display> While<T> for Result<T, E> {
    fn while_doing(self, doing: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(format!("{}: {error}", doing())))
    }
}
