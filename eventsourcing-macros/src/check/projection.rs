//! The impl block under `#[projection]` or `#[policy]`, and its handlers.

use quote::ToTokens as _;
use syn::{ImplItem, ItemImpl, LitStr, Type};

use super::body::{call_of_self, walk};
use crate::errors::Errors;
use crate::messages;
use crate::model::{Handler, Tables, Takes};

/// Whether it is an inherent impl block of one type.
pub(crate) fn projection_impl(item: &ItemImpl, errors: &mut Errors) -> bool {
    if let Some((path, _)) = &item.trait_ {
        errors.at(path, messages::PROJECTION_ON_TRAIT_IMPL);
        return false;
    }
    if !item.generics.params.is_empty() {
        errors.at(item.generics.to_token_stream(), messages::GENERIC_PROJECTION);
        return false;
    }
    true
}

/// Whether it is an inherent impl block of an application.
pub(crate) fn policy_impl(item: &ItemImpl, errors: &mut Errors) -> bool {
    if let Some((path, _)) = &item.trait_ {
        errors.at(path, messages::POLICY_ON_TRAIT_IMPL);
        return false;
    }
    if !item.generics.params.is_empty() || !matches!(&*item.self_ty, Type::Path(_)) {
        errors.at(&item.self_ty, messages::POLICY_PLACE);
        return false;
    }
    true
}

/// The handlers of a policy load and save, and change nothing else.
pub(crate) fn units_of_work(handlers: &[Handler], errors: &mut Errors) {
    for handler in handlers {
        let is_unit_of_work = match &handler.view {
            Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "UnitOfWork"),
            _ => false,
        };
        if !is_unit_of_work {
            errors.at(&handler.view, messages::HANDLER_TAKES_A_UNIT_OF_WORK);
        }
    }
}

/// Methods of an application that record, and what a unit of work has for them.
const RECORDING: &[&str] = &["save", "save_tracked", "retry"];

/// The handlers of a policy save nothing on the application itself.
pub(crate) fn no_saves_beside(handlers: &[Handler], item: &ItemImpl, errors: &mut Errors) {
    for item in &item.items {
        if let ImplItem::Fn(method) = item
            && handlers.iter().any(|handler| handler.method == method.sig.ident)
        {
            walk(method.block.to_token_stream(), &mut |tokens, index| {
                if let Some((called, place)) = call_of_self(&tokens[index..])
                    && RECORDING.contains(&called.as_str())
                {
                    errors.at(place, messages::saved_in_policy(&called));
                }
            });
        }
    }
}

/// The name is a part of what is kept in databases.
pub(crate) fn projection_name(name: &LitStr, errors: &mut Errors) {
    let text = name.value();
    let is_name = text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && !text.is_empty()
        && !text.starts_with(|letter: char| letter.is_ascii_digit())
        && text.len() <= 44;
    if !is_name {
        errors.at(name, messages::projection_name(&text));
    } else if looks_versioned(&text) {
        errors.at(name, messages::versioned_name(&text));
    }
}

/// Whether a name has `_v` and a number in it: the next part of the name, if there is one, begins with `_`.
fn looks_versioned(name: &str) -> bool {
    name.split('_').skip(1).any(|part| {
        part.strip_prefix('v')
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// Tables are made for the view that the handlers change, and each handler can ask for their names.
pub(crate) fn tables(tables: Option<&Tables>, handlers: &[Handler], errors: &mut Errors) {
    let (Some(tables), Some(first)) = (tables, handlers.first()) else { return };
    if tables.view.to_token_stream().to_string() != first.view.to_token_stream().to_string() {
        errors.at(&tables.view, messages::another_view(&first.method));
    }
    for handler in handlers.iter().filter(|handler| handler.takes == Takes::One) {
        errors.at(&handler.method, messages::HANDLER_OF_TABLES_TAKES_ABOUT);
    }
}

/// There are handlers, each for another event, and all for one view.
pub(crate) fn handlers(handlers: &[Handler], item: &ItemImpl, errors: &mut Errors) {
    let Some(first) = handlers.first() else {
        errors.at(&item.self_ty, messages::NO_HANDLER);
        return;
    };
    for (place, handler) in handlers.iter().enumerate() {
        if handler.view.to_token_stream().to_string() != first.view.to_token_stream().to_string() {
            errors.at(&handler.view, messages::another_view(&first.method));
        }
        let event = handler.event.to_token_stream().to_string();
        let is_same = |other: &&Handler| other.event.to_token_stream().to_string() == event;
        if handler.cfgs.is_empty()
            && let Some(other) = handlers[..place].iter().filter(|other| other.cfgs.is_empty()).find(is_same)
        {
            errors.at(&handler.event, messages::handled_twice(&other.method));
        }
    }
}
