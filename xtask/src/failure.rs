//! Why a command failed: one text, for the person at the terminal.

use std::fmt;

/// What went wrong and what to do about it.
///
/// A text and not an enum: no caller decides by it, all of them show it.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// A failure with that text.
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

/// Says what was being done when an error came.
pub(crate) trait While<T> {
    /// Turns the error into a [`Failure`] that begins with `doing`.
    fn while_doing(self, doing: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T, E: fmt::Display> While<T> for Result<T, E> {
    fn while_doing(self, doing: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| Failure::new(format!("{}: {error}", doing())))
    }
}
