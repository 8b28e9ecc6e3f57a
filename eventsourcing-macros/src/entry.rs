//! The macros as functions from tokens to tokens, which tests can call. Each macro parses, checks and expands.
//!
//! With errors, the output still contains the user's item. Editors keep working, and the compiler does not report the item
//! as missing.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Attribute, Generics, Item};

use crate::errors::Errors;
use crate::syntax::source;
use crate::{check, expand, messages, parse};

/// `#[aggregate]`, on the struct or on the impl block.
pub(crate) fn aggregate(arguments: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse2(item.clone()) {
        Ok(Item::Struct(item)) => {
            pipeline(arguments, item, parse::aggregate_struct, check::aggregate_struct, expand::aggregate_struct)
        }
        Ok(Item::Impl(item)) => {
            pipeline(arguments, item, parse::aggregate_impl, check::aggregate_impl, expand::aggregate_impl)
        }
        Ok(Item::Enum(other)) => no_struct(arguments, &other.ident, &other.generics, &other.attrs, item),
        Ok(Item::Union(other)) => no_struct(arguments, &other.ident, &other.generics, &other.attrs, item),
        Ok(_) => misplaced(messages::aggregate::PLACE, item),
        Err(error) => with_error(&error, item),
    }
}

/// `#[event]` outside its place; `#[aggregate]` removes it inside.
pub(crate) fn event(item: TokenStream) -> TokenStream {
    match syn::parse2(item.clone()) {
        Ok(method) => expand::event_outside(method, source::block_around("event")),
        Err(_) => misplaced(messages::event::PLACE, item),
    }
}

/// `#[unrecorded]` outside its place; `#[aggregate]` removes it inside.
pub(crate) fn unrecorded(item: TokenStream) -> TokenStream {
    misplaced(messages::unrecorded::PLACE, item)
}

/// `#[personal]` outside its place; `#[aggregate]` removes it inside.
pub(crate) fn personal(item: TokenStream) -> TokenStream {
    misplaced(messages::personal::PLACE, item)
}

/// `#[application]`.
pub(crate) fn application(arguments: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse2(item.clone()) {
        Ok(Item::Struct(item)) => {
            pipeline(arguments, item, parse::application, check::application, expand::application)
        }
        Ok(_) => misplaced(messages::application::PLACE, item),
        Err(error) => with_error(&error, item),
    }
}

/// `#[projection]`.
pub(crate) fn projection(arguments: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse2(item.clone()) {
        Ok(Item::Impl(item)) => pipeline(arguments, item, parse::projection, check::projection, expand::projection),
        Ok(_) => misplaced(messages::projection::PLACE, item),
        Err(error) => with_error(&error, item),
    }
}

/// `#[policy]`.
pub(crate) fn policy(arguments: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse2(item.clone()) {
        Ok(Item::Impl(item)) => pipeline(arguments, item, parse::policy, check::policy, expand::policy),
        Ok(_) => misplaced(messages::policy::PLACE, item),
        Err(error) => with_error(&error, item),
    }
}

/// `#[on]` outside its place; `#[projection]` and `#[policy]` remove it inside.
pub(crate) fn on(item: TokenStream) -> TokenStream {
    misplaced(messages::on::PLACE, item)
}

/// `#[tables]` outside its place; `#[projection]` removes it inside.
pub(crate) fn tables(item: TokenStream) -> TokenStream {
    misplaced(messages::tables::PLACE, item)
}

/// Runs the three phases. Each phase receives only the output of the phase before it.
fn pipeline<Source, Parsed, Checked>(
    arguments: TokenStream,
    item: Source,
    parse: fn(TokenStream, Source) -> Parsed,
    check: fn(Parsed) -> (Checked, Errors),
    expand: fn(Checked) -> TokenStream,
) -> TokenStream {
    let parsed = parse(arguments, item);
    let (checked, errors) = check(parsed);
    let expanded = expand(checked);
    quote!(#expanded #errors)
}

/// A type that cannot be an aggregate, with what the impl block of an aggregate needs.
fn no_struct(
    arguments: TokenStream,
    name: &Ident,
    generics: &Generics,
    attributes: &[Attribute],
    item: TokenStream,
) -> TokenStream {
    let krate = parse::path_of_library(arguments);
    let stand_in = expand::aggregate_type(name, generics, attributes, &krate);
    let error = syn::Error::new_spanned(name, messages::aggregate::no_struct(name)).to_compile_error();
    quote!(#item #stand_in #error)
}

fn misplaced(message: &str, item: TokenStream) -> TokenStream {
    with_error(&syn::Error::new(Span::call_site(), message), item)
}

fn with_error(error: &syn::Error, item: TokenStream) -> TokenStream {
    let error = error.to_compile_error();
    quote!(#item #error)
}
