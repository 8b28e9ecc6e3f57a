//! The body of an event method as a private method, which the command and the replay call.

use std::iter;

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::spanned::Spanned as _;
use syn::{Attribute, FnArg, ImplItemFn, Pat, Visibility, parse_quote, parse_quote_spanned};

use crate::model::attributes::MethodAttributes;
use crate::model::checked::{Event, Kind};
use crate::syntax::names;
use crate::syntax::tokens::mentions;

/// The private method, with the user's signature, so that `?`, `return` and `mut` parameters work as in the user's code.
///
/// The body of a log's event usually does nothing with the parameters, which are recorded all the same.
pub(super) fn body(event: &Event, is_of_log: bool) -> TokenStream {
    let mut signature = event.signature.clone();
    let runs = match event.kind {
        Kind::Split(_) => "runs each time the event is read",
        _ => "runs at each call and at each replay",
    };
    let doc = format!(" The body of `{}`, which {runs}.", signature.ident);
    signature.ident = names::body_of(&signature.ident);
    // as the name, so that lints about signatures, which the user cannot change, ignore it
    signature.fn_token.span = signature.ident.span();
    let parameters = signature.inputs.iter_mut().filter_map(|input| match input {
        FnArg::Typed(parameter) => Some(parameter),
        FnArg::Receiver(_) => None,
    });
    for (parameter, model) in parameters.zip(&event.parameters) {
        parameter.attrs.clone_from(&model.lints);
        // the expression of the id uses the parameter, but in the command
        if let Pat::Ident(pattern) = &*parameter.pat
            && (is_of_log
                || event.id.as_ref().is_some_and(|id| mentions(id.to_token_stream(), &pattern.ident.to_string())))
        {
            parameter.attrs.push(parse_quote!(#[allow(unused_variables)]));
        }
    }
    let shared = event.attributes.shared.iter().map(allow);
    let method = ImplItemFn {
        attrs: iter::once(parse_quote!(#[doc = #doc]))
            .chain(event.attributes.cfgs.iter().cloned())
            .chain(shared)
            .collect(),
        vis: Visibility::Inherited,
        modifiers: syn::FnModifiers::default(),
        sig: signature,
        block: event.block.clone(),
    };
    quote!(#method)
}

/// The user's method, for a block whose events are not generated.
pub(super) fn original(event: &Event) -> TokenStream {
    let MethodAttributes { docs, cfgs, shared, others } = &event.attributes;
    let (visibility, signature, block) = (&event.visibility, &event.signature, &event.block);
    quote! {
        #(#docs)* #(#cfgs)* #(#shared)* #(#others)*
        #visibility #signature #block
    }
}

/// Converts `#[expect]` to `#[allow]`: the lint rarely fires in both the command and the body.
pub(super) fn allow(attribute: &Attribute) -> Attribute {
    match &attribute.meta {
        syn::Meta::List(list) if attribute.path().is_ident("expect") => {
            let lints = &list.tokens;
            parse_quote_spanned!(attribute.span()=> #[allow(#lints)])
        }
        _ => attribute.clone(),
    }
}
