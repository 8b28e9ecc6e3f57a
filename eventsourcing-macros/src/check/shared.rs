//! Rules that several attributes share.

use proc_macro2::Ident;
use quote::ToTokens as _;
use syn::{Attribute, Generics};

use crate::errors::Errors;

/// An item must not have generics or a `where` clause.
pub(super) fn not_generic(generics: &Generics, message: &str, errors: &mut Errors) {
    if !generics.params.is_empty() {
        errors.at(generics.to_token_stream(), message);
    } else if let Some(clause) = &generics.where_clause {
        errors.at(clause, message);
    }
}

/// The attributes must not have arguments.
pub(super) fn without_arguments(attributes: &[Attribute], message: &str, errors: &mut Errors) {
    for attribute in attributes {
        if attribute.meta.require_path_only().is_err() {
            errors.at(attribute, message);
        }
    }
}

/// Whether the trait `Aggregate` has an accessor of this name.
pub(super) fn is_accessor(name: &Ident) -> bool {
    const ACCESSORS: &[&str] = &["id", "version", "created_on", "modified_on", "pending_events", "collect_events"];
    ACCESSORS.iter().any(|accessor| name == accessor)
}
