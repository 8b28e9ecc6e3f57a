//! The command, which builds the event, runs the body and adds the event to the pending events.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{FnArg, Pat, Path, ReturnType, Signature, Type};

use super::body::allow;
use crate::model::attributes::MethodAttributes;
use crate::model::checked::{Aggregate, Conversion, Event, Kind, Parameter, Returned};
use crate::syntax::tokens::mentions;
use crate::syntax::types::is_primitive;
use crate::syntax::{names, paths};

/// Replaces the user's method, with the same name, signature and attributes. A split event has no command.
pub(super) fn command(event: &Event, aggregate: &Aggregate) -> Option<TokenStream> {
    let MethodAttributes { docs, cfgs, shared, others } = &event.attributes;
    let shared = shared.iter().map(allow);
    let (visibility, signature) = (&event.visibility, without_mut(&event.signature));
    let block = match &event.kind {
        Kind::Creation { fallible } => creation(event, aggregate, *fallible),
        Kind::Change(returned) => change(event, aggregate, returned),
        Kind::Split(_) => return None,
    };
    let must_use = must_use(event);
    // the user's braces, so that compiler errors about the method point at it
    let mut braces = Group::new(Delimiter::Brace, block);
    braces.set_span(event.block.brace_token.span.join());
    Some(quote! {
        #(#docs)* #(#cfgs)* #(#shared)* #must_use #(#others)*
        #visibility #signature #braces
    })
}

/// A new aggregate that is dropped is lost. A `Result` is `#[must_use]` already.
fn must_use(event: &Event) -> Option<TokenStream> {
    let is_made = matches!(event.kind, Kind::Creation { fallible: false });
    // also inside `#[cfg_attr(…)]`
    let is_said =
        event.attributes.others.iter().any(|attribute| mentions(attribute.meta.to_token_stream(), "must_use"));
    (is_made && !is_said).then(|| quote!(#[must_use = "a new aggregate is recorded only once it is saved"]))
}

fn creation(event: &Event, aggregate: &Aggregate, fallible: bool) -> TokenStream {
    let (krate, events) = (&aggregate.krate, names::event_enum_at(&aggregate.name, event.place));
    let Event { name, payload, parameters, .. } = event;
    let create = if fallible { quote!(try_create) } else { quote!(create) };
    let (body, arguments) = (names::body_of(&event.signature.ident), parameters.iter().map(argument));
    let event_of_closure = closure_parameter(event);
    let (lets, id, fields): (_, _, Vec<_>) = match &event.id {
        None => (None, quote!(#krate::domain::new_id()), parameters.iter().map(field).collect()),
        Some(id) => {
            let lets = parameters.iter().filter_map(converted).collect::<TokenStream>();
            (Some(lets), quote!(#id), parameters.iter().map(field_once_converted).collect())
        }
    };
    let wrap = quote_spanned!(events.span()=> #events::#name);
    quote! {
        #lets
        #krate::Root::#create(
            #id,
            #payload { #(#fields),* },
            #wrap,
            |#event_of_closure| Self::#body(#(#arguments),*),
        )
    }
}

fn change(event: &Event, aggregate: &Aggregate, returned: &Returned) -> TokenStream {
    let events = names::event_enum_at(&aggregate.name, event.place);
    // compiler errors about a command that can fail point at its return type
    let place = match (returned, &event.signature.output) {
        (Returned::Result | Returned::Unknown(_), ReturnType::Type(_, ty)) => Span::call_site().located_at(ty.span()),
        _ => Span::call_site(),
    };
    let krate = paths::placed(&aggregate.krate, place);
    let (import, trigger) = match returned {
        Returned::Nothing | Returned::Value => (None, quote!(#krate::Root::trigger)),
        Returned::Result => (None, quote_spanned!(place=> #krate::Root::try_trigger)),
        Returned::Unknown(ty) => {
            let outcome = outcome(ty, &krate);
            let import = quote!(use #krate::__private::PlainOutcome as _;);
            (Some(import), quote_spanned!(place=> #outcome.trigger))
        }
    };
    // the `self` of the method, which a macro of the user's may have written elsewhere than the attribute
    let this = event.signature.receiver().map(|receiver| receiver.self_token.span).unwrap_or_else(Span::call_site);
    let this = quote_spanned!(this.located_at(place)=> self);
    let Event { name, payload, parameters, .. } = event;
    let (fields, arguments) = (parameters.iter().map(field), parameters.iter().map(argument));
    let (body, event_of_closure) = (names::body_of(&event.signature.ident), closure_parameter(event));
    let wrap = quote_spanned!(events.span()=> #events::#name);
    quote! {
        #import
        #trigger(
            #this,
            #payload { #(#fields),* },
            #wrap,
            |aggregate, #event_of_closure| aggregate.#body(#(#arguments),*),
        )
    }
}

/// Lets the compiler decide whether a type is a `Result`.
pub(super) fn outcome(ty: &Type, krate: &Path) -> TokenStream {
    quote!(#krate::__private::Outcome::<#ty>::new())
}

fn closure_parameter(event: &Event) -> TokenStream {
    if event.parameters.is_empty() { quote!(_) } else { quote!(event) }
}

/// A field of the new event, converted from the parameter.
fn field(parameter: &Parameter) -> TokenStream {
    let name = &parameter.name;
    match conversion(parameter) {
        Some(value) => quote!(#name: #value),
        None => quote!(#name),
    }
}

/// A field of the new event, if parameters of type `impl Into<T>` are already converted to `T`.
fn field_once_converted(parameter: &Parameter) -> TokenStream {
    match parameter.conversion {
        Conversion::Into | Conversion::OptionInto => {
            let name = &parameter.name;
            quote!(#name)
        }
        _ => field(parameter),
    }
}

/// `let name: String = Into::into(name);`
fn converted(parameter: &Parameter) -> Option<TokenStream> {
    match parameter.conversion {
        Conversion::Into | Conversion::OptionInto => {
            let (name, stored, value) = (&parameter.name, &parameter.stored, conversion(parameter));
            Some(quote!(let #name: #stored = #value;))
        }
        _ => None,
    }
}

/// Converts the parameter to the stored type; `None` if it has this type.
fn conversion(parameter: &Parameter) -> Option<TokenStream> {
    let name = &parameter.name;
    Some(match parameter.conversion {
        Conversion::Owned => return None,
        Conversion::Borrowed => quote!(::std::borrow::ToOwned::to_owned(#name)),
        Conversion::Into => quote!(::std::convert::Into::into(#name)),
        Conversion::OptionUnsized | Conversion::OptionBorrowed | Conversion::OptionToOwned => {
            quote!(#name.map(::std::borrow::ToOwned::to_owned))
        }
        Conversion::OptionInto => quote!(#name.map(::std::convert::Into::into)),
    })
}

/// An argument of the body while the event is kept. Arguments by value are clones.
fn argument(parameter: &Parameter) -> TokenStream {
    let name = &parameter.name;
    match parameter.conversion {
        _ if is_primitive(&parameter.stored) && parameter.conversion != Conversion::Borrowed => quote!(event.#name),
        Conversion::Owned | Conversion::Into | Conversion::OptionInto => quote!(event.#name.clone()),
        Conversion::Borrowed => quote!(&event.#name),
        Conversion::OptionUnsized => quote!(event.#name.as_deref()),
        Conversion::OptionBorrowed => quote!(event.#name.as_ref()),
        Conversion::OptionToOwned => quote!(event.#name.as_ref().map(::std::borrow::Borrow::borrow)),
    }
}

/// Removes `mut` from the parameters, which only the body needs.
fn without_mut(signature: &Signature) -> Signature {
    let mut signature = signature.clone();
    for input in &mut signature.inputs {
        if let FnArg::Typed(parameter) = input
            && let Pat::Ident(pattern) = &mut *parameter.pat
        {
            pattern.mutability = None;
        }
    }
    signature
}
