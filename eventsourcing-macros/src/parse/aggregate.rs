//! The struct and the impl block under `#[aggregate]`.

use proc_macro2::TokenStream;
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, ImplItem, ItemImpl, ItemStruct, Path, Signature, Token, Visibility};

use super::method::method;
use super::options;
use crate::model::parsed;
use crate::syntax::attributes::{is_own, take};

/// Parses the struct and removes this library's attributes from its fields.
pub(crate) fn aggregate_struct(arguments: TokenStream, mut item: ItemStruct) -> parsed::AggregateStruct {
    let options = options::of_struct(arguments);
    let personal = item.fields.iter_mut().map(|field| take(&mut field.attrs, "personal", &options.krate)).collect();
    parsed::AggregateStruct { options, item, personal }
}

/// Parses the path of the library from the options of a type that is not a struct.
pub(crate) fn path_of_library(arguments: TokenStream) -> Path {
    options::of_struct(arguments).krate
}

/// Parses the block and removes this library's attributes, which the compiler would reject.
pub(crate) fn aggregate_impl(arguments: TokenStream, mut shell: ItemImpl) -> parsed::AggregateImpl {
    let options = options::of_impl(arguments);
    let items = std::mem::take(&mut shell.items);
    let members = items.into_iter().map(|item| member(item, &options.krate)).collect();
    parsed::AggregateImpl { options, shell, members }
}

fn member(item: ImplItem, krate: &Path) -> parsed::Member {
    match item {
        ImplItem::Fn(item) => parsed::Member::Method(Box::new(method(item, krate))),
        item => parsed::Member::Other(Box::new(other(item, krate))),
    }
}

fn other(mut item: ImplItem, krate: &Path) -> parsed::Other {
    let mut no_body = None;
    let events = match &mut item {
        ImplItem::Const(item) => take(&mut item.attrs, "event", krate),
        ImplItem::Type(item) => take(&mut item.attrs, "event", krate),
        ImplItem::Macro(item) => take(&mut item.attrs, "event", krate),
        ImplItem::Verbatim(tokens) => {
            let semicolon = |input: ParseStream<'_>| event_without_body(input, krate);
            no_body = semicolon.parse2(tokens.clone()).ok().flatten();
            if no_body.is_some() {
                *tokens = TokenStream::new();
            }
            Vec::new()
        }
        _ => Vec::new(),
    };
    parsed::Other { item, events, no_body }
}

/// The `;` of an event method without a body.
fn event_without_body(input: ParseStream<'_>, krate: &Path) -> syn::Result<Option<Token![;]>> {
    let attributes = input.call(Attribute::parse_outer)?;
    input.parse::<Visibility>()?;
    input.parse::<Signature>()?;
    let semicolon = input.parse()?;
    Ok(attributes.iter().any(|attribute| is_own(attribute, "event", krate)).then_some(semicolon))
}
