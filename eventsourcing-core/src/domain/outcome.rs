//! What a command does with what its body returns: a `Result` may refuse, anything else is recorded.

use std::marker::PhantomData;

use super::{Aggregate, ApplyError, Root};

/// An aggregate whose state can be put back when a command refuses.
///
/// Every aggregate that is `Clone` is.
#[diagnostic::on_unimplemented(
    message = "an event method of `{Self}` returns a `Result`, so `{Self}` must be `Clone`",
    label = "not `Clone`",
    note = "write `#[derive(Clone)]` below `#[aggregate]` on the struct: when the body returns `Err`, the state is put back as it was",
    note = "or decide in a plain method that returns the `Result` and calls an `#[event]` method once nothing can fail"
)]
pub trait Restorable: Aggregate + Clone {}

impl<A: Aggregate + Clone> Restorable for A {}

/// The way a command with the return type `R` is triggered and replayed.
///
/// A macro sees the name of a return type and not what it stands for: `Fallible<()>` may well be a `Result`. Method lookup
/// knows, and prefers the inherent methods below, which only a `Result` has, to those of [`PlainOutcome`].
#[derive(Debug)]
pub struct Outcome<R>(PhantomData<R>);

impl<R> Outcome<R> {
    /// The way for `R`.
    #[expect(clippy::new_without_default, reason = "only generated code makes one, in one spelling")]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T, E> Outcome<Result<T, E>> {
    /// As [`Root::try_trigger`].
    ///
    /// # Errors
    /// What the body returns.
    pub fn trigger<A: Restorable, V>(
        self,
        aggregate: &mut A,
        event: V,
        wrap: impl FnOnce(V) -> A::Event,
        apply: impl FnOnce(&mut A, &V) -> Result<T, E>,
    ) -> Result<T, E> {
        Root::try_trigger(aggregate, event, wrap, apply)
    }

    /// What the body returned at a replay.
    ///
    /// # Errors
    /// [`ApplyError::Refused`] if it refused.
    pub fn replayed(self, returned: Result<T, E>) -> Result<(), ApplyError> {
        returned.map(drop).map_err(|_| ApplyError::Refused)
    }
}

/// The way for everything that is not a `Result`.
pub trait PlainOutcome<R>: Sized {
    /// As [`Root::trigger`].
    fn trigger<A: Aggregate, V>(
        self,
        aggregate: &mut A,
        event: V,
        wrap: impl FnOnce(V) -> A::Event,
        apply: impl FnOnce(&mut A, &V) -> R,
    ) -> R {
        Root::trigger(aggregate, event, wrap, apply)
    }

    /// What the body returned at a replay, which nobody needs.
    ///
    /// # Errors
    /// None.
    fn replayed(self, _returned: R) -> Result<(), ApplyError> {
        Ok(())
    }
}

impl<R> PlainOutcome<R> for Outcome<R> {}
