//! Markers of the two places of `#[aggregate]`, so that the compiler can name a missing one.

/// A marker that `#[aggregate]` on a struct implements.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has `#[aggregate]` on its impl block but not on the struct",
    label = "`struct {Self}` has no `#[aggregate]`",
    note = "write `#[aggregate]` above `struct {Self}` and its derives"
)]
#[doc(hidden)]
pub trait AggregateStruct {}

/// A marker that `#[aggregate]` on an impl block implements. It requires the marker of the struct.
#[doc(hidden)]
pub trait AggregateImpl: AggregateStruct {}
