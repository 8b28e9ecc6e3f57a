//! Markers of the two places of `#[aggregate]`, so that the compiler can name a missing one.

use super::{Aggregate, Root};

/// A marker that `#[aggregate]` on a struct implements.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has `#[aggregate]` on its impl block but not on the struct",
    label = "`struct {Self}` has no `#[aggregate]`",
    note = "write `#[aggregate]` above `struct {Self}` and its derives"
)]
#[doc(hidden)]
pub trait AggregateStruct {}

/// A marker that `#[aggregate]` on an impl block implements. It requires the marker of the struct.
///
/// The compiler names it if a type has two such blocks.
#[doc(hidden)]
pub trait AllEventsInOneImpl: AggregateStruct {}

/// A marker that `#[aggregate]` on a struct without fields implements.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is a log, and has fields",
    label = "a log has no fields",
    note = "a log is opened without its history, so nothing would fill the fields: remove them from the struct, \
            or remove `log` and write an aggregate"
)]
#[doc(hidden)]
pub trait NoFields: Aggregate {
    /// Returns the log with this root.
    fn with_root(root: Root<Self>) -> Self;
}

/// An aggregate whose fields have their default values, for the creation of an aggregate that has no other.
///
/// `#[aggregate]` on a struct implements it, under the condition that each field has a default.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no creation event, and none can be generated",
    label = "no creation event",
    note = "write an `#[event(\"Created\")]` function that returns `Self` in the `#[aggregate]` impl block; \
            one is generated for a struct with `#[aggregate]` whose fields all have defaults, and no `#[cfg]`"
)]
#[doc(hidden)]
pub trait DefaultFields: Sized {
    /// Returns the aggregate, which no event has created.
    fn default_fields() -> Self;
}
