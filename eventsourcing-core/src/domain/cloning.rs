//! Whether an aggregate can be cloned, as generated code finds out.

use std::marker::PhantomData;

/// Selects how an aggregate is cloned, as generated code does: only if the aggregate is `Clone`.
///
/// A macro does not see whether a type is `Clone`. An associated constant of this type, which exists only then, takes precedence over that
/// of [`NotCloned`].
#[derive(Debug)]
pub struct Cloned<A>(PhantomData<A>);

impl<A: Clone> Cloned<A> {
    /// How the aggregate is cloned.
    pub const CLONE: Option<fn(&A) -> A> = Some(A::clone);
}

/// What applies to an aggregate that is not `Clone`.
pub trait NotCloned<A> {
    /// How the aggregate is cloned: not at all.
    const CLONE: Option<fn(&A) -> A> = None;
}

impl<A> NotCloned<A> for Cloned<A> {}
