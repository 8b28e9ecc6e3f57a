//! The impl block under `#[projection]`.

use quote::ToTokens as _;
use syn::{ItemImpl, LitStr};

use super::handlers;
use crate::errors::Errors;
use crate::messages;
use crate::model::checked::HandlersOf;
use crate::model::{checked, parsed};

/// Checks the block. With errors, the checked model has what a stand-in for the projection needs.
pub(crate) fn projection(parsed: parsed::Projection) -> (checked::HandlerBlock, Errors) {
    let parsed::Projection { name, options, block } = parsed;
    let parsed::ProjectionOptions { krate, version, errors: of_options } = options;
    let parsed::HandlerBlock { item, methods } = block;
    let mut errors = Errors::default();
    let name = errors.take(name);
    let can_have_handlers = inherent_impl(&item, &mut errors);
    errors.append(of_options);
    let (handlers, tables) = handlers::one_by_one(&methods, HandlersOf::Projection, &mut errors);
    if let Some(name) = &name {
        valid_name(name, &mut errors);
    }
    if errors.is_empty() {
        handlers::among_each_other(&handlers, &item, HandlersOf::Projection, &mut errors);
        handlers::with_tables(&handlers, tables.as_ref(), &mut errors);
    }
    let ty = (*item.self_ty).clone();
    let view = handlers.first().map(|handler| handler.view.clone());
    let sound = name.zip(view).filter(|_| errors.is_empty());
    let handled = match sound {
        Some((name, view)) => {
            let name = name.value();
            let projection = checked::Projection { krate, name, version, ty, tables, handlers, view };
            checked::Handled::Projection(Box::new(projection))
        }
        None => {
            let view = handlers::intended_view(&item).filter(|_| can_have_handlers);
            checked::Handled::Refused(view.map(|view| Box::new(checked::RefusedProjection { krate, ty, view })))
        }
    };
    (checked::HandlerBlock { item, handled }, errors)
}

/// The block must be an inherent impl of one type. Returns whether it is.
fn inherent_impl(item: &ItemImpl, errors: &mut Errors) -> bool {
    if let Some((path, _)) = &item.trait_ {
        errors.at(path, messages::projection::TRAIT_IMPL);
        return false;
    }
    if !item.generics.params.is_empty() {
        errors.at(item.generics.to_token_stream(), messages::projection::GENERIC);
        return false;
    }
    true
}

/// The name must be valid in databases.
fn valid_name(name: &LitStr, errors: &mut Errors) {
    let text = name.value();
    let is_name = text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && !text.is_empty()
        && !text.starts_with(|letter: char| letter.is_ascii_digit())
        && text.len() <= 44;
    if !is_name {
        errors.at(name, messages::projection::invalid_name(&text));
    } else if looks_versioned(&text) {
        errors.at(name, messages::projection::versioned_name(&text));
    }
}

/// Whether a name contains `_v` and a number, at its end or before the next `_`.
fn looks_versioned(name: &str) -> bool {
    name.split('_').skip(1).any(|part| {
        part.strip_prefix('v')
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    })
}
