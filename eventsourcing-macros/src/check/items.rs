//! What the attributes may stand on.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Fields, ImplItem, ItemImpl, ItemStruct, LitStr, Path, Signature, Token, Visibility};

use crate::errors::Errors;
use crate::messages;
use crate::names::ROOT_FIELD;
use crate::parse::{is_event_attribute, plain_name};

/// An aggregate is a struct with named fields and nothing generic; whether a field can be added to it.
pub(crate) fn aggregate_struct(item: &ItemStruct, errors: &mut Errors) -> bool {
    not_generic(&item.generics, messages::GENERIC_AGGREGATE, errors);
    let Fields::Named(fields) = &item.fields else {
        errors.at(&item.ident, messages::fields_without_names(&item.ident));
        return false;
    };
    for name in fields.named.iter().filter_map(|field| field.ident.as_ref()).filter(|name| is_accessor(name)) {
        errors.at(name, messages::accessor_taken(name));
    }
    for field in &fields.named {
        if let Some(name) = field.ident.as_ref().filter(|name| *name == ROOT_FIELD) {
            errors.at(name, messages::FIELD_TAKEN);
            return false;
        }
    }
    item.generics.params.is_empty()
}

/// What the trait `Aggregate` lets everybody call on an aggregate.
const ACCESSORS: &[&str] = &["id", "version", "created_on", "modified_on", "pending_events", "collect_events"];

fn is_accessor(name: &Ident) -> bool {
    ACCESSORS.iter().any(|accessor| name == accessor)
}

/// No method hides an accessor of the aggregate: of two, an inherent one is called.
pub(crate) fn accessors(block: &ItemImpl, errors: &mut Errors) {
    for item in &block.items {
        if let ImplItem::Fn(method) = item
            && method.sig.receiver().is_some()
            && is_accessor(&method.sig.ident)
        {
            errors.at(&method.sig.ident, messages::accessor_taken(&method.sig.ident));
        }
    }
}

/// An application is a struct with no fields.
pub(crate) fn application(item: &ItemStruct, name: Option<&LitStr>, errors: &mut Errors) {
    not_generic(&item.generics, messages::GENERIC_APPLICATION, errors);
    if !item.fields.is_empty() {
        errors.at(&item.fields, messages::application_with_fields(&item.ident));
    }
    if let Some(name) = name.filter(|name| name.value().trim().is_empty()) {
        errors.at(name, messages::EMPTY_NAME);
    }
}

/// The block is an inherent impl of a type that is nothing but a name; that name.
pub(crate) fn impl_block(item: &ItemImpl, errors: &mut Errors) -> Option<Ident> {
    let mut own = Errors::default();
    if let Some((path, _)) = &item.trait_ {
        own.at(path, messages::TRAIT_IMPL);
    }
    not_generic(&item.generics, messages::GENERIC_AGGREGATE, &mut own);
    let name = plain_name(&item.self_ty).cloned();
    if name.is_none() && own.is_empty() {
        own.at(&item.self_ty, messages::IMPL_OF_A_PATH);
    }
    errors.take(own.or(name))
}

/// `#[event]` stands on methods with a body and on nothing else.
pub(crate) fn misplaced_event(item: &mut ImplItem, krate: &Path, errors: &mut Errors) {
    let mut take_off = |attributes: &mut Vec<Attribute>| {
        for attribute in attributes.extract_if(.., |attribute| is_event_attribute(attribute, krate)) {
            errors.at(&attribute, messages::EVENT_ON_NO_METHOD);
        }
    };
    match item {
        ImplItem::Const(item) => take_off(&mut item.attrs),
        ImplItem::Type(item) => take_off(&mut item.attrs),
        ImplItem::Macro(item) => take_off(&mut item.attrs),
        ImplItem::Verbatim(tokens) => {
            if let Some(semicolon) =
                (|input: ParseStream<'_>| event_without_body(input, krate)).parse2(tokens.clone()).ok().flatten()
            {
                errors.at(semicolon, messages::METHOD_WITHOUT_BODY);
                *tokens = TokenStream::new();
            }
        }
        _ => {}
    }
}

/// The `;` that an event method has in place of its body.
fn event_without_body(input: ParseStream<'_>, krate: &Path) -> syn::Result<Option<Token![;]>> {
    let attributes = input.call(Attribute::parse_outer)?;
    input.parse::<Visibility>()?;
    input.parse::<Signature>()?;
    let semicolon = input.parse()?;
    Ok(attributes.iter().any(|attribute| is_event_attribute(attribute, krate)).then_some(semicolon))
}

fn not_generic(generics: &syn::Generics, message: &str, errors: &mut Errors) {
    if !generics.params.is_empty() {
        errors.at(generics.to_token_stream(), message);
    } else if let Some(clause) = &generics.where_clause {
        errors.at(clause, message);
    }
}
