//! Splitting: the function of an event that became several others.
//!
//! A macro sees the name of the function's return type, and not the type. Method lookup tells a `Result` from another type: it prefers an
//! inherent method to one of a trait.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::StateError;

/// Runs the function of a split event, for generated code.
///
/// # Errors
/// [`StateError::Split`] if the function panics.
pub fn run<R>(function: &'static str, split: impl FnOnce() -> R) -> Result<Returned<R>, StateError> {
    match catch_unwind(AssertUnwindSafe(split)) {
        Ok(returned) => Ok(Returned { returned, function }),
        // the message of a panic may contain values, and the panic hook has shown it
        Err(_) => Err(failed(function, &"it panicked")),
    }
}

#[cold]
fn failed(function: &'static str, reason: &dyn Display) -> StateError {
    StateError::Split { function, reason: reason.to_string() }
}

/// What the function returned: the parts, or a `Result` of them.
#[derive(Debug)]
pub struct Returned<R> {
    returned: R,
    function: &'static str,
}

impl<T, E> Returned<Result<T, E>> {
    /// Returns the parts.
    ///
    /// # Errors
    /// [`StateError::Split`] with the error that the function returned.
    pub fn parts(self) -> Result<T, StateError>
    where
        E: Display,
    {
        self.returned.map_err(|error| failed(self.function, &error))
    }
}

/// The parts that a function returned which cannot fail.
pub trait PlainSplit<T>: Sized {
    /// Returns the parts.
    ///
    /// # Errors
    /// None.
    fn parts(self) -> Result<T, StateError>;
}

impl<T> PlainSplit<T> for Returned<T> {
    fn parts(self) -> Result<T, StateError> {
        Ok(self.returned)
    }
}
