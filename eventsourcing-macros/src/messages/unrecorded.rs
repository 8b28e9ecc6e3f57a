//! Messages about `#[unrecorded]`, and about methods that need it.

use proc_macro2::Ident;

pub(crate) const PLACE: &str = "`#[unrecorded]` belongs on a plain method in an `#[aggregate]` impl block";

pub(crate) const TAKES_NOTHING: &str = "`#[unrecorded]` takes no arguments: the method may change every field";

pub(crate) const ON_AN_EVENT: &str =
    "an `#[event]` method is recorded and cannot have `#[unrecorded]` too; remove one of the two";

pub(crate) fn change(method: &Ident, what: &str, is_of_events: bool) -> String {
    let private = if is_of_events { "; if only events call it, make it private" } else { "" };
    format!(
        "`{method}` changes `{what}` without recording an event, so the change is lost when the aggregate is loaded; \
         write `#[event]` on `{method}`, or `#[unrecorded]` if `{what}` is a cache{private}"
    )
}

pub(crate) fn change_by(method: &Ident, helper: &str) -> String {
    format!(
        "`{method}` changes the aggregate through `{helper}` without recording an event, so the change is lost when the aggregate is loaded; \
         write `#[event]` on `{method}`, or call an event that calls `{helper}`"
    )
}
