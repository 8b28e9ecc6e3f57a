//! The struct under `#[aggregate]`.

use syn::{Fields, FieldsNamed, ItemStruct};

use super::personal;
use super::shared::{is_accessor, not_generic};
use crate::errors::Errors;
use crate::messages;
use crate::model::{checked, parsed};
use crate::syntax::names::ROOT_FIELD;

/// Checks the struct, which must have named fields and no generics.
pub(crate) fn aggregate_struct(parsed: parsed::AggregateStruct) -> (checked::AggregateStruct, Errors) {
    let parsed::AggregateStruct { options, item, personal: marks } = parsed;
    let parsed::StructOptions { krate, mut errors } = options;
    not_generic(&item.generics, messages::aggregate::GENERIC, &mut errors);
    let takes_root = named_fields(&item, &mut errors).is_some_and(|fields| {
        not_accessors(fields, &mut errors);
        not_root(fields, &mut errors) && item.generics.params.is_empty()
    });
    let personal = personal::of_struct(&item, &marks, &mut errors);
    (checked::AggregateStruct { krate, item, takes_root, personal }, errors)
}

/// The struct must have named fields, because the added field has a name.
fn named_fields<'a>(item: &'a ItemStruct, errors: &mut Errors) -> Option<&'a FieldsNamed> {
    match &item.fields {
        Fields::Named(fields) => Some(fields),
        _ => {
            errors.at(&item.ident, messages::aggregate::fields_without_names(&item.ident));
            None
        }
    }
}

/// A field must not have the name of an accessor of the aggregate.
fn not_accessors(fields: &FieldsNamed, errors: &mut Errors) {
    for name in fields.named.iter().filter_map(|field| field.ident.as_ref()).filter(|name| is_accessor(name)) {
        errors.at(name, messages::aggregate::accessor_taken(name));
    }
}

/// A field must not have the name of the added field. Returns whether the name is free.
fn not_root(fields: &FieldsNamed, errors: &mut Errors) -> bool {
    let taken = fields.named.iter().filter_map(|field| field.ident.as_ref()).find(|name| *name == ROOT_FIELD);
    if let Some(name) = taken {
        errors.at(name, messages::aggregate::FIELD_TAKEN);
    }
    taken.is_none()
}
