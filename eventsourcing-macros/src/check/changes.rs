//! Changes of plain methods without an event, which are lost when the aggregate is loaded.

use proc_macro2::Ident;
use quote::ToTokens as _;
use syn::{ImplItemFn, Visibility};

use super::candidate::{Candidate, events};
use super::finder::{Change, changes};
use crate::errors::Errors;
use crate::messages;
use crate::syntax::tokens::{call_of_self, calls, walk};

/// A plain method of the aggregate.
struct Plain<'a> {
    method: &'a ImplItemFn,
    changes: Vec<Change>,
    /// Whether events call it, directly or through other plain methods.
    is_of_events: bool,
}

/// Plain methods must not change fields, unless they are private and called by events, or have `#[unrecorded]`.
pub(super) fn recorded(candidates: &[Candidate], aggregate: &Ident, errors: &mut Errors) {
    let methods = || candidates.iter().filter_map(|candidate| Some((candidate, candidate.plain_method()?)));
    let allowed: Vec<&Ident> =
        methods().filter(|(candidate, _)| candidate.may_change).map(|(_, method)| &method.sig.ident).collect();
    let mut plain: Vec<Plain<'_>> = methods()
        .filter(|(_, method)| !allowed.contains(&&method.sig.ident))
        .map(|(_, method)| Plain { method, changes: changes(method, aggregate), is_of_events: false })
        .collect();
    let mut called: Vec<String> = events(candidates).flat_map(|event| calls(event.block.to_token_stream())).collect();
    while let Some(name) = called.pop() {
        for plain in plain.iter_mut().filter(|plain| !plain.is_of_events && plain.method.sig.ident == name) {
            plain.is_of_events = true;
            called.extend(calls(plain.method.block.to_token_stream()));
        }
    }
    let helpers = changing_helpers(&plain);
    for Plain { method, changes, is_of_events } in &plain {
        let is_private = matches!(method.vis, Visibility::Inherited);
        if *is_of_events && is_private {
            continue;
        }
        let name = &method.sig.ident;
        for Change { what, place } in changes {
            errors.at(place, messages::unrecorded::change(name, what, *is_of_events));
        }
        walk(method.block.to_token_stream(), &mut |tokens, index| {
            if let Some((helper, place)) = call_of_self(&tokens[index..])
                && helpers.contains(&helper)
            {
                errors.at(place, messages::unrecorded::change_by(name, &helper));
            }
        });
    }
}

/// The private methods that change `self` for events, directly or through other methods.
fn changing_helpers(plain: &[Plain<'_>]) -> Vec<String> {
    let mut helpers: Vec<String> = Vec::new();
    loop {
        let next = plain.iter().find(|plain| {
            let name = plain.method.sig.ident.to_string();
            let is_helper = plain.is_of_events && matches!(plain.method.vis, Visibility::Inherited);
            let changes = || {
                !plain.changes.is_empty()
                    || calls(plain.method.block.to_token_stream()).iter().any(|called| helpers.contains(called))
            };
            is_helper && !helpers.contains(&name) && changes()
        });
        match next {
            Some(plain) => helpers.push(plain.method.sig.ident.to_string()),
            None => return helpers,
        }
    }
}
