//! The macros as functions from tokens to tokens, so that tests can call them.
//!
//! Whatever is wrong, the user's item comes out again with the errors: the editor goes on working, and the compiler
//! has nothing to say about what would else be missing.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote};
use syn::{Item, ItemImpl, ItemStruct};

use crate::errors::Errors;
use crate::model::Projection;
use crate::{check, expand, messages, names, parse};

/// `#[aggregate]`, on the struct or on the impl block.
pub(crate) fn aggregate(arguments: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse2(item.clone()) {
        Ok(Item::Struct(item)) => aggregate_struct(arguments, item),
        Ok(Item::Impl(item)) => aggregate_impl(arguments, item),
        Ok(_) => misplaced(messages::AGGREGATE_PLACE, item),
        Err(error) => with_error(&error, item),
    }
}

/// `#[event]`, which `#[aggregate]` takes away where it belongs.
pub(crate) fn event(item: TokenStream) -> TokenStream {
    misplaced(messages::EVENT_PLACE, item)
}

/// `#[unrecorded]`, which `#[aggregate]` takes away where it belongs.
pub(crate) fn unrecorded(item: TokenStream) -> TokenStream {
    misplaced(messages::UNRECORDED_PLACE, item)
}

/// `#[application]`.
pub(crate) fn application(arguments: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse2(item.clone()) {
        Ok(Item::Struct(item)) => {
            let mut errors = Errors::default();
            let application = parse::application(arguments, item, &mut errors);
            let expanded = expand::application(&application);
            quote!(#expanded #errors)
        }
        Ok(_) => misplaced(messages::APPLICATION_PLACE, item),
        Err(error) => with_error(&error, item),
    }
}

/// `#[projection]`.
pub(crate) fn projection(arguments: TokenStream, item: TokenStream) -> TokenStream {
    handlers(arguments, item, messages::PROJECTION_PLACE, parse::projection, expand::projection)
}

/// `#[policy]`.
pub(crate) fn policy(arguments: TokenStream, item: TokenStream) -> TokenStream {
    handlers(arguments, item, messages::POLICY_PLACE, parse::policy, expand::policy)
}

fn handlers(
    arguments: TokenStream,
    item: TokenStream,
    place: &str,
    parse: fn(TokenStream, &mut ItemImpl, &mut Errors) -> Option<Projection>,
    expand: fn(&Projection) -> TokenStream,
) -> TokenStream {
    match syn::parse2(item.clone()) {
        Ok(Item::Impl(mut item)) => {
            let mut errors = Errors::default();
            let projection = parse(arguments, &mut item, &mut errors).filter(|_| errors.is_empty());
            let expanded = projection.as_ref().map(expand);
            quote!(#item #expanded #errors)
        }
        Ok(_) => misplaced(place, item),
        Err(error) => with_error(&error, item),
    }
}

/// `#[on]`, which `#[projection]` and `#[policy]` take away where it belongs.
pub(crate) fn on(item: TokenStream) -> TokenStream {
    misplaced(messages::ON_PLACE, item)
}

/// `#[tables]`, which `#[projection]` takes away where it belongs.
pub(crate) fn tables(item: TokenStream) -> TokenStream {
    misplaced(messages::TABLES_PLACE, item)
}

fn aggregate_struct(arguments: TokenStream, item: ItemStruct) -> TokenStream {
    let mut errors = Errors::default();
    let options = parse::struct_options(arguments, &mut errors);
    let krate = options.krate.unwrap_or_else(names::default_crate);
    let mark = expand::mark(&item, &krate);
    let expanded = if check::aggregate_struct(&item, &mut errors) {
        expand::aggregate_struct(item, &krate)
    } else {
        item.into_token_stream()
    };
    quote!(#expanded #mark #errors)
}

fn aggregate_impl(arguments: TokenStream, item: ItemImpl) -> TokenStream {
    let mut errors = Errors::default();
    let expanded = match parse::impl_block(arguments, item, &mut errors) {
        Ok(aggregate) => expand::impl_block(aggregate),
        Err(plain) => plain.into_token_stream(),
    };
    quote!(#expanded #errors)
}

fn misplaced(message: &str, item: TokenStream) -> TokenStream {
    with_error(&syn::Error::new(Span::call_site(), message), item)
}

fn with_error(error: &syn::Error, item: TokenStream) -> TokenStream {
    let error = error.to_compile_error();
    quote!(#item #error)
}
