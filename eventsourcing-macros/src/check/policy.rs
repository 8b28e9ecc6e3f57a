//! The impl block under `#[policy]`, a projection whose view is a unit of work.

use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::{ItemImpl, Type, parse_quote};

use super::handlers;
use crate::errors::Errors;
use crate::messages;
use crate::model::checked::{self, Handler, HandlersOf, Tables};
use crate::model::parsed::{self, MarkedMethod};
use crate::syntax::tokens::{call_of_self, walk};

/// Checks the block. With errors, the checked model has what a stand-in for the policy needs.
pub(crate) fn policy(parsed: parsed::Policy) -> (checked::HandlerBlock, Errors) {
    let parsed::Policy { options, block } = parsed;
    let parsed::PolicyOptions { krate, errors: of_options } = options;
    let parsed::HandlerBlock { item, methods } = block;
    let mut errors = Errors::default();
    let can_have_handlers = inherent_impl(&item, &mut errors);
    errors.append(of_options);
    let (handlers, tables) = handlers::one_by_one(&methods, HandlersOf::Policy, &mut errors);
    no_tables(tables.as_ref(), &mut errors);
    if errors.is_empty() {
        handlers::among_each_other(&handlers, &item, HandlersOf::Policy, &mut errors);
        units_of_work(&handlers, &mut errors);
        no_saves_beside(&methods, &mut errors);
    }
    let ty = (*item.self_ty).clone();
    let view = handlers.first().map(|handler| handler.view.clone());
    let sound = application_name(&ty).zip(view).filter(|_| errors.is_empty());
    let handled = match sound {
        Some((name, view)) => {
            let (version, tables) = (None, None);
            let policy = checked::Projection { krate, name, version, ty, tables, handlers, view };
            checked::Handled::Projection(Box::new(policy))
        }
        None => checked::Handled::Refused(can_have_handlers.then(|| {
            let view = parse_quote!(#krate::UnitOfWork);
            Box::new(checked::RefusedProjection { krate, ty, view })
        })),
    };
    (checked::HandlerBlock { item, handled }, errors)
}

/// The block must be an inherent impl of an application. Returns whether it is.
fn inherent_impl(item: &ItemImpl, errors: &mut Errors) -> bool {
    if let Some((path, _)) = &item.trait_ {
        errors.at(path, messages::policy::TRAIT_IMPL);
        return false;
    }
    if !item.generics.params.is_empty() || application_name(&item.self_ty).is_none() {
        errors.at(&item.self_ty, messages::policy::PLACE);
        return false;
    }
    true
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
