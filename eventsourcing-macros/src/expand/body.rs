//! The body of an event method, as a method of its own: the command and the replay both call it.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::spanned::Spanned as _;
use syn::{Attribute, FnArg, ImplItemFn, Pat, Visibility, parse_quote, parse_quote_spanned};

use crate::model::Event;
use crate::names;

/// Private, with the user's signature as it stood: `?`, `return` and `mut` parameters work as the user expects.
pub(crate) fn body(event: &Event) -> TokenStream {
    let mut signature = event.signature.clone();
    signature.ident = names::body_of(&signature.ident);
    let parameters = signature.inputs.iter_mut().filter_map(|input| match input {
        FnArg::Typed(parameter) => Some(parameter),
        FnArg::Receiver(_) => None,
    });
    for (parameter, model) in parameters.zip(&event.parameters) {
        parameter.attrs.clone_from(&model.lints);
        // who has the id made of it uses it, in the command
        if let Pat::Ident(pattern) = &*parameter.pat
            && event.id.as_ref().is_some_and(|id| mentions(id.to_token_stream(), &pattern.ident.to_string()))
        {
            parameter.attrs.push(parse_quote!(#[allow(unused_variables)]));
        }
    }
    let shared = event.attributes.shared.iter().map(allow);
    let method = ImplItemFn {
        attrs: event.attributes.cfgs.iter().cloned().chain(shared).collect(),
        vis: Visibility::Inherited,
        modifiers: syn::FnModifiers::default(),
        sig: signature,
        block: event.block.clone(),
    };
    quote!(#method)
}

/// Whether this word is among the tokens.
pub(super) fn mentions(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(other) => other == word,
        TokenTree::Group(group) => mentions(group.stream(), word),
        _ => false,
    })
}

/// `#[expect]` as `#[allow]`: what is expected shows in the command or in the body, and rarely in both.
pub(crate) fn allow(attribute: &Attribute) -> Attribute {
    match &attribute.meta {
        syn::Meta::List(list) if attribute.path().is_ident("expect") => {
            let lints = &list.tokens;
            parse_quote_spanned!(attribute.span()=> #[allow(#lints)])
        }
        _ => attribute.clone(),
    }
}
