//! The parameter of an event method, which becomes a field of the event.

use proc_macro2::Ident;
use syn::{Attribute, Pat};

use super::personal::is_personal;
use super::stored::stored;
use crate::errors::Errors;
use crate::messages;
use crate::model::{checked, parsed};

/// Returns the parameter, or all of its errors.
pub(super) fn parameter(parsed: parsed::Parameter, aggregate: &Ident) -> syn::Result<checked::Parameter> {
    let parsed::Parameter { pattern, ty, docs, serde, personal, lints, others } = parsed;
    let mut errors = Errors::default();
    let name = name(&pattern, &mut errors);
    let stored = errors.take(stored(&ty, aggregate));
    misplaced(&others, &mut errors);
    let is_personal = is_personal(&personal, &mut errors);
    let parameter = name.zip(stored).map(|(name, (stored, conversion))| checked::Parameter {
        name,
        stored,
        conversion,
        docs,
        serde,
        is_personal,
        lints,
    });
    errors.or(parameter)
}

/// The parameter must have a plain name, which becomes the name of the field.
fn name(pattern: &Pat, errors: &mut Errors) -> Option<Ident> {
    match pattern {
        Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => return Some(name.ident.clone()),
        Pat::Wild(_) => errors.at(pattern, messages::parameter::UNNAMED),
        _ => errors.at(pattern, messages::parameter::PATTERN),
    }
    None
}

/// The attributes must be for the field or for the body.
fn misplaced(attributes: &[Attribute], errors: &mut Errors) {
    for attribute in attributes {
        errors.at(attribute, messages::parameter::attribute(attribute.path()));
    }
}
