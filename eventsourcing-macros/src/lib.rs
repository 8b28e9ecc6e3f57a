//! The attribute macros of `eventsourcing`.
//!
//! - Aggregates: [`macro@aggregate`], [`macro@event`], [`macro@unrecorded`] and [`macro@personal`].
//! - Applications: [`macro@application`] and [`macro@policy`].
//! - Projections: [`macro@projection`], [`macro@on`] and [`macro@tables`].
//!
//! Depend on `eventsourcing`, which re-exports the macros. The macros generate types, matches and one-line calls of the
//! library, as a person would write them. `cargo expand` shows the generated code.
#![warn(missing_docs)]

mod check;
mod entry;
mod errors;
mod expand;
mod messages;
mod model;
mod parse;
#[cfg(test)]
mod snapshot;
mod syntax;

use proc_macro::TokenStream;

#[doc = include_str!("../docs/aggregate.md")]
#[proc_macro_attribute]
pub fn aggregate(arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::aggregate(arguments.into(), item.into()).into()
}

#[doc = include_str!("../docs/event.md")]
#[proc_macro_attribute]
pub fn event(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::event(item.into()).into()
}

#[doc = include_str!("../docs/unrecorded.md")]
#[proc_macro_attribute]
pub fn unrecorded(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::unrecorded(item.into()).into()
}

#[doc = include_str!("../docs/personal.md")]
#[proc_macro_attribute]
pub fn personal(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::personal(item.into()).into()
}

#[doc = include_str!("../docs/application.md")]
#[proc_macro_attribute]
pub fn application(arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::application(arguments.into(), item.into()).into()
}

#[doc = include_str!("../docs/projection.md")]
#[proc_macro_attribute]
pub fn projection(arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::projection(arguments.into(), item.into()).into()
}

#[doc = include_str!("../docs/policy.md")]
#[proc_macro_attribute]
pub fn policy(arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::policy(arguments.into(), item.into()).into()
}

/// Marks a method of a [`macro@projection`] or a [`macro@policy`] as the handler of an event.
#[proc_macro_attribute]
pub fn on(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::on(item.into()).into()
}

#[doc = include_str!("../docs/tables.md")]
#[proc_macro_attribute]
pub fn tables(_arguments: TokenStream, item: TokenStream) -> TokenStream {
    entry::tables(item.into()).into()
}
