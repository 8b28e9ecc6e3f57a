//! How a command handles the return value of its body: an `Err` refuses the command, any other value records the event.

use std::marker::PhantomData;

use super::{Aggregate, ApplyError, Root};

/// An aggregate whose state can be restored when a command is refused.
///
/// Every aggregate that is `Clone` implements it.
#[diagnostic::on_unimplemented(
    message = "an event method of `{Self}` returns a `Result`, so `{Self}` must be `Clone`",
    label = "not `Clone`",
    note = "write `#[derive(Clone)]` below `#[aggregate]` on the struct: when the body returns `Err`, the previous state is restored",
    note = "or validate in a plain method that returns the `Result` and calls an `#[event]` method once nothing can fail"
)]
pub trait Restorable: Aggregate + Clone {}

impl<A: Aggregate + Clone> Restorable for A {}

/// Selects how a command with the return type `R` is triggered and replayed.
///
/// A macro sees only the name of a return type: an alias such as `Fallible<()>` may be a `Result`. Method lookup knows the actual
/// type. It prefers the inherent methods below, which only a `Result` has, to those of [`PlainOutcome`].
#[derive(Debug)]
pub struct Outcome<R>(PhantomData<R>);

impl<R> Outcome<R> {
    /// Returns the selection for `R`.
    #[expect(clippy::new_without_default, reason = "only generated code makes one, in one spelling")]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T, E> Outcome<Result<T, E>> {
    /// Triggers the event like [`Root::try_trigger`].
    ///
    /// # Errors
    /// The error that the body returns.
    pub fn trigger<A: Restorable, V>(
        self,
        aggregate: &mut A,
        event: V,
        wrap: impl FnOnce(V) -> A::Event,
        apply: impl FnOnce(&mut A, &V) -> Result<T, E>,
    ) -> Result<T, E> {
        Root::try_trigger(aggregate, event, wrap, apply)
    }

    /// Converts the result that the body returned during a replay.
    ///
    /// # Errors
    /// [`ApplyError::Refused`] if the body returned an error.
    pub fn replayed(self, returned: Result<T, E>) -> Result<(), ApplyError> {
        returned.map(drop).map_err(|_| ApplyError::Refused)
    }
}

/// Selects how a command that does not return a `Result` is triggered and replayed.
pub trait PlainOutcome<R>: Sized {
    /// Triggers the event like [`Root::trigger`].
    fn trigger<A: Aggregate, V>(
        self,
        aggregate: &mut A,
        event: V,
        wrap: impl FnOnce(V) -> A::Event,
        apply: impl FnOnce(&mut A, &V) -> R,
    ) -> R {
        Root::trigger(aggregate, event, wrap, apply)
    }

    /// Ignores the value that the body returned during a replay.
    ///
    /// # Errors
    /// None.
    fn replayed(self, _returned: R) -> Result<(), ApplyError> {
        Ok(())
    }
}

impl<R> PlainOutcome<R> for Outcome<R> {}
