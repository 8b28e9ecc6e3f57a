//! Messages about event-sourced logs: `#[aggregate(log)]`.

use proc_macro2::Ident;

pub(crate) const TAKES_NOTHING: &str = "`log` takes no value: write `#[aggregate(log)]`";

pub(crate) const NO_SNAPSHOTS: &str =
    "a log has no snapshots: it has no state, and opening it reads its last event alone; remove this option";

pub(crate) fn no_creation(log: &Ident, function: &Ident) -> String {
    format!(
        "a log has no creation event: any event may be its first one; take `&mut self` in `{function}`, \
         and open the log with `repository().log(id)`, or make an empty one with `{log}::empty(id)`"
    )
}

/// The message for a function that makes a log without an id.
pub(crate) fn made_without_id(log: &Ident, function: &Ident) -> String {
    format!(
        "`{function}` makes a `{log}` without an id, which cannot be saved; \
         open the log with `repository().log(id)`, or make an empty one with `{log}::empty(id)`"
    )
}

pub(crate) fn no_events(log: &Ident) -> String {
    format!(
        "the log `{log}` has no events; write `#[event(\"…\")]` on a method that takes `&mut self` and what is recorded: \
         `fn add(&mut self, id: Uuid) {{}}`"
    )
}
