//! The handlers of a block: each handler, and conflicts between handlers.

use syn::{FnArg, ImplItem, ItemImpl, Type};

use super::handler::handler;
use super::shared::without_arguments;
use super::tables;
use crate::errors::Errors;
use crate::messages;
use crate::model::checked::{Handler, HandlersOf, Tables, Takes};
use crate::model::parsed::MarkedMethod;
use crate::syntax::tokens::is_same;
use crate::syntax::types::borrowed;

/// Checks the methods with `#[on]` and the method with `#[tables]`.
pub(super) fn one_by_one(
    methods: &[MarkedMethod],
    of: HandlersOf,
    errors: &mut Errors,
) -> (Vec<Handler>, Option<Tables>) {
    let mut handlers = Vec::new();
    let mut made = None;
    for MarkedMethod { on, tables, method } in methods {
        if !on.is_empty() {
            without_arguments(on, messages::on::TAKES_NOTHING, errors);
            handlers.extend(errors.take(handler(method, of)));
        }
        if !tables.is_empty() {
            without_arguments(tables, messages::tables::TAKES_NOTHING, errors);
            if made.is_some() {
                errors.at(&method.sig.ident, messages::tables::TWICE);
            }
            made = errors.take(tables::tables(method)).or(made);
        }
    }
    (handlers, made)
}

/// Checks that there are handlers, for different events and for the same view. That of a policy is known.
pub(super) fn among_each_other(handlers: &[Handler], item: &ItemImpl, of: HandlersOf, errors: &mut Errors) {
    let Some(first) = handlers.first() else {
        errors.at(&item.self_ty, messages::on::NO_HANDLER);
        return;
    };
    for (place, handler) in handlers.iter().enumerate() {
        if of == HandlersOf::Projection {
            one_view(handler, first, errors);
        }
        one_event(handler, &handlers[..place], errors);
    }
}

fn one_view(handler: &Handler, first: &Handler, errors: &mut Errors) {
    if !is_same(&handler.view, &first.view) {
        errors.at(&handler.view, messages::on::another_view(&first.method));
    }
}

/// Two handlers must not take the same event, unless they have `#[cfg]` and may exclude each other.
fn one_event(handler: &Handler, before: &[Handler], errors: &mut Errors) {
    let is_other = |other: &&Handler| other.cfgs.is_empty() && is_same(&other.event, &handler.event);
    if handler.cfgs.is_empty()
        && let Some(other) = before.iter().find(is_other)
    {
        errors.at(&handler.event, messages::on::handled_twice(&other.method));
    }
}

/// The tables must be for the view of the handlers, and each handler must be able to look up their names.
pub(super) fn with_tables(handlers: &[Handler], tables: Option<&Tables>, errors: &mut Errors) {
    let (Some(tables), Some(first)) = (tables, handlers.first()) else { return };
    if !is_same(&tables.view, &first.view) {
        errors.at(&tables.view, messages::on::another_view(&first.method));
    }
    for handler in handlers.iter().filter(|handler| handler.takes == Takes::One) {
        errors.at(&handler.method, messages::tables::HANDLER_TAKES_CONTEXT);
    }
}

/// The view of the first method that takes one, for a block with errors.
pub(super) fn intended_view(item: &ItemImpl) -> Option<Type> {
    let mut views = item.items.iter().filter_map(|item| match item {
        ImplItem::Fn(method) if method.sig.generics.params.is_empty() => {
            method.sig.inputs.iter().rev().find_map(|input| match input {
                FnArg::Typed(parameter) => borrowed(&parameter.ty, true),
                FnArg::Receiver(_) => None,
            })
        }
        _ => None,
    });
    views.find(|view| matches!(view, Type::Path(_) | Type::Tuple(_))).cloned()
}
