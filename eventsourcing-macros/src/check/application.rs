//! The struct under `#[application]`.

use syn::ext::IdentExt as _;
use syn::{ItemStruct, LitStr};

use super::shared::not_generic;
use crate::errors::Errors;
use crate::messages;
use crate::model::{checked, parsed};

/// Checks the struct. The checked model has no generics and no fields.
pub(crate) fn application(parsed: parsed::Application) -> (checked::Application, Errors) {
    let parsed::Application { options, item } = parsed;
    let parsed::ApplicationOptions { krate, name, aggregates, mut errors } = options;
    not_generic(&item.generics, messages::application::GENERIC, &mut errors);
    no_fields(&item, &mut errors);
    not_empty(name.as_ref(), &mut errors);
    let name = name.map_or_else(|| item.ident.unraw().to_string(), |name| name.value());
    let ItemStruct { attrs: attributes, vis: visibility, ident, .. } = item;
    (checked::Application { krate, attributes, visibility, ident, name, aggregates }, errors)
}

/// The struct must not have fields, because `#[application]` generates its only field.
fn no_fields(item: &ItemStruct, errors: &mut Errors) {
    if !item.fields.is_empty() {
        errors.at(&item.fields, messages::application::with_fields(&item.ident));
    }
}

/// The name must not be empty.
fn not_empty(name: Option<&LitStr>, errors: &mut Errors) {
    if let Some(name) = name.filter(|name| name.value().trim().is_empty()) {
        errors.at(name, messages::options::EMPTY_NAME);
    }
}
