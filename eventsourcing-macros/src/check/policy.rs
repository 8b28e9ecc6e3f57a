//! The impl block under `#[policy]`, a projection whose view is a unit of work.

use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::{ItemImpl, Type};

use super::handlers;
use crate::errors::Errors;
use crate::messages;
use crate::model::checked::{self, Handler, Tables};
use crate::model::parsed::{self, MarkedMethod};
use crate::syntax::tokens::{call_of_self, walk};

/// Checks the block. With errors, the checked model has no policy.
pub(crate) fn policy(parsed: parsed::Policy) -> (checked::HandlerBlock, Errors) {
    let parsed::Policy { options, block } = parsed;
    let parsed::PolicyOptions { krate, errors: of_options } = options;
    let parsed::HandlerBlock { item, methods } = block;
    let mut errors = Errors::default();
    inherent_impl(&item, &mut errors);
    errors.append(of_options);
    let (handlers, tables) = handlers::one_by_one(&methods, &mut errors);
    no_tables(tables.as_ref(), &mut errors);
    if errors.is_empty() {
        handlers::among_each_other(&handlers, &item, &mut errors);
        units_of_work(&handlers, &mut errors);
        no_saves_beside(&methods, &mut errors);
    }
    let view = handlers.first().map(|handler| handler.view.clone());
    let sound = application_name(&item.self_ty).zip(view).filter(|_| errors.is_empty());
    let projection = sound.map(|(name, view)| checked::Projection {
        krate,
        name,
        version: None,
        ty: (*item.self_ty).clone(),
        tables: None,
        handlers,
        view,
    });
    (checked::HandlerBlock { item, projection }, errors)
}

/// The block must be an inherent impl of an application.
fn inherent_impl(item: &ItemImpl, errors: &mut Errors) {
    if let Some((path, _)) = &item.trait_ {
        errors.at(path, messages::policy::TRAIT_IMPL);
    } else if !item.generics.params.is_empty() || application_name(&item.self_ty).is_none() {
        errors.at(&item.self_ty, messages::policy::PLACE);
    }
}

fn application_name(ty: &Type) -> Option<String> {
    let Type::Path(application) = ty else { return None };
    Some(application.path.segments.last()?.ident.unraw().to_string())
}

/// A policy must not have tables, because it saves aggregates.
fn no_tables(tables: Option<&Tables>, errors: &mut Errors) {
    if let Some(tables) = tables {
        errors.at(&tables.method, messages::policy::HAS_NO_TABLES);
    }
}

/// The view of the handlers must be a unit of work.
fn units_of_work(handlers: &[Handler], errors: &mut Errors) {
    for handler in handlers {
        let is_unit_of_work = match &handler.view {
            Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "UnitOfWork"),
            _ => false,
        };
        if !is_unit_of_work {
            errors.at(&handler.view, messages::policy::TAKES_A_UNIT_OF_WORK);
        }
    }
}

/// The methods of an application that record events.
const RECORDING: &[&str] = &["save", "save_tracked", "retry"];

/// The handlers must not save on the application itself.
fn no_saves_beside(methods: &[MarkedMethod], errors: &mut Errors) {
    for MarkedMethod { method, .. } in methods.iter().filter(|method| !method.on.is_empty()) {
        walk(method.block.to_token_stream(), &mut |tokens, index| {
            if let Some((called, place)) = call_of_self(&tokens[index..])
                && RECORDING.contains(&called.as_str())
            {
                errors.at(place, messages::policy::saved(&called));
            }
        });
    }
}
