//! A parameter of an event method, which becomes a field of the event.

use syn::{Attribute, FnArg, Pat, PatType};

use super::stored::stored;
use crate::errors::Errors;
use crate::messages;
use crate::model::Parameter;

/// Reads the parameters behind the receiver, and takes their attributes off them.
pub(crate) fn parameters<'a>(inputs: impl Iterator<Item = &'a mut FnArg>, errors: &mut Errors) -> Vec<Parameter> {
    inputs
        .filter_map(|input| match input {
            FnArg::Typed(parameter) => errors.take(read(parameter)),
            FnArg::Receiver(_) => None,
        })
        .collect()
}

fn read(parameter: &mut PatType) -> syn::Result<Parameter> {
    let mut errors = Errors::default();
    let attributes = std::mem::take(&mut parameter.attrs);
    let name = match &*parameter.pat {
        Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => Some(pattern.ident.clone()),
        Pat::Wild(_) => {
            errors.at(&parameter.pat, messages::UNNAMED_PARAMETER);
            None
        }
        _ => {
            errors.at(&parameter.pat, messages::PATTERN_PARAMETER);
            None
        }
    };
    let stored = errors.take(stored(&parameter.ty));
    let [mut docs, mut serde, mut lints] = <[Vec<Attribute>; 3]>::default();
    for attribute in attributes {
        let path = attribute.path();
        if path.is_ident("doc") {
            docs.push(attribute);
        } else if path.is_ident("serde") {
            serde.push(attribute);
        } else if is_lint(&attribute) {
            lints.push(attribute);
        } else {
            errors.at(&attribute, messages::parameter_attribute(path));
        }
    }
    let parameter =
        name.zip(stored).map(|(name, (stored, conversion))| Parameter { name, stored, conversion, docs, serde, lints });
    errors.or(parameter)
}

/// Whether an attribute sets the level of a lint.
pub(crate) fn is_lint(attribute: &Attribute) -> bool {
    ["allow", "expect", "warn", "deny", "forbid"].iter().any(|level| attribute.path().is_ident(level))
}
