//! The two places of `#[aggregate]`, so that the compiler can say which one was forgotten.

/// What `#[aggregate]` on a struct leaves behind.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has `#[aggregate]` on its impl block and not on the struct",
    label = "`struct {Self}` has no `#[aggregate]`",
    note = "write `#[aggregate]` above `struct {Self}` and its derives"
)]
#[doc(hidden)]
pub trait AggregateStruct {}

/// What `#[aggregate]` on an impl block leaves behind, which needs the other.
#[doc(hidden)]
pub trait AggregateImpl: AggregateStruct {}
