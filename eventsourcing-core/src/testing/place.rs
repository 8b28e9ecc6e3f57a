//! The line of a test that an async method was called on.

use std::fmt;
use std::panic::Location;

/// The caller of an async method. A panic inside a future reports the line of this crate, and not that of the test.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place(&'static Location<'static>);

impl Place {
    #[track_caller]
    pub(super) fn caller() -> Self {
        Self(Location::caller())
    }

    /// Panics with a message that ends with the caller's file and line.
    pub(super) fn panic(self, message: fmt::Arguments<'_>) -> ! {
        panic!("{message}\n\n  at {}", self.0)
    }
}
