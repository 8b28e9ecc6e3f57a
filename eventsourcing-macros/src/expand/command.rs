//! The command: builds the event, runs the body on it, and keeps it as pending.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{FnArg, Pat, Path, ReturnType, Signature, Type};

use super::body::mentions;
use crate::model::{Aggregate, Conversion, Event, Kind, MethodAttributes, Parameter, Returned};
use crate::names;
use crate::parse::stored::is_primitive;

/// Stands where the user's method stood, with its name, signature and attributes.
pub(crate) fn command(event: &Event, aggregate: &Aggregate) -> TokenStream {
    let MethodAttributes { docs, cfgs, shared, others } = &event.attributes;
    let shared = shared.iter().map(super::body::allow);
    let (visibility, signature) = (&event.visibility, without_mut(&event.signature));
    let block = match &event.kind {
        Kind::Creation { fallible } => creation(event, aggregate, *fallible),
        Kind::Change(returned) => change(event, aggregate, returned),
    };
    let must_use = must_use(event);
    // the user's braces, so that what the compiler says of the method points to the method
    let mut braces = Group::new(Delimiter::Brace, block);
    braces.set_span(event.block.brace_token.span.join());
    quote! {
        #(#docs)* #(#cfgs)* #(#shared)* #must_use #(#others)*
        #visibility #signature #braces
    }
}

/// A new aggregate that is dropped was never recorded. Of a `Result` the compiler says so itself.
fn must_use(event: &Event) -> Option<TokenStream> {
    let is_made = matches!(event.kind, Kind::Creation { fallible: false });
    // also in a `#[cfg_attr(…)]`
    let is_said =
        event.attributes.others.iter().any(|attribute| mentions(attribute.meta.to_token_stream(), "must_use"));
    (is_made && !is_said).then(|| quote!(#[must_use = "a new aggregate is recorded only once it is saved"]))
}

fn creation(event: &Event, aggregate: &Aggregate, fallible: bool) -> TokenStream {
    let (krate, events) = (&aggregate.krate, names::event_enum(&aggregate.name));
    let Event { name, payload, parameters, .. } = event;
    let create = if fallible { quote!(try_create) } else { quote!(create) };
    let (body, arguments) = (names::body_of(&event.signature.ident), parameters.iter().map(argument));
    let event_of_closure = closure_parameter(event);
    let (lets, id, fields): (_, _, Vec<_>) = match &event.id {
        None => (None, quote!(#krate::Uuid::new_v4()), parameters.iter().map(field).collect()),
        Some(id) => {
            let lets = parameters.iter().filter_map(converted).collect::<TokenStream>();
            (Some(lets), quote!(#id), parameters.iter().map(field_once_converted).collect())
        }
    };
    quote! {
        #lets
        #krate::Root::#create(
            #id,
            #payload { #(#fields),* },
            #events::#name,
            |#event_of_closure| Self::#body(#(#arguments),*),
        )
    }
}

fn change(event: &Event, aggregate: &Aggregate, returned: &Returned) -> TokenStream {
    let events = names::event_enum(&aggregate.name);
    // what the compiler has to say about a command that may refuse belongs to its return type
    let place = match (returned, &event.signature.output) {
        (Returned::Result | Returned::Unknown(_), ReturnType::Type(_, ty)) => Span::call_site().located_at(ty.span()),
        _ => Span::call_site(),
    };
    let krate = names::placed(&aggregate.krate, place);
    let (import, trigger) = match returned {
        Returned::Nothing | Returned::Value => (None, quote!(#krate::Root::trigger)),
        Returned::Result => (None, quote_spanned!(place=> #krate::Root::try_trigger)),
        Returned::Unknown(ty) => {
            let outcome = outcome(ty, &krate);
            let import = quote!(use #krate::__private::PlainOutcome as _;);
            (Some(import), quote_spanned!(place=> #outcome.trigger))
        }
    };
    let this = quote_spanned!(place=> self);
    let Event { name, payload, parameters, .. } = event;
    let (fields, arguments) = (parameters.iter().map(field), parameters.iter().map(argument));
    let (body, event_of_closure) = (names::body_of(&event.signature.ident), closure_parameter(event));
    quote! {
        #import
        #trigger(
            #this,
            #payload { #(#fields),* },
            #events::#name,
            |aggregate, #event_of_closure| aggregate.#body(#(#arguments),*),
        )
    }
}

/// Asks the compiler whether a type is a `Result`.
pub(crate) fn outcome(ty: &Type, krate: &Path) -> TokenStream {
    quote!(#krate::__private::Outcome::<#ty>::new())
}

fn closure_parameter(event: &Event) -> TokenStream {
    if event.parameters.is_empty() { quote!(_) } else { quote!(event) }
}

/// A field of the new event, from the parameter as the caller gave it.
fn field(parameter: &Parameter) -> TokenStream {
    let name = &parameter.name;
    match conversion(parameter) {
        Some(value) => quote!(#name: #value),
        None => quote!(#name),
    }
}

/// The same, when `impl Into<T>` is a `T` already.
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

/// The parameter as the type that is stored; None if it is that already.
fn conversion(parameter: &Parameter) -> Option<TokenStream> {
    let name = &parameter.name;
    Some(match parameter.conversion {
        Conversion::Owned => return None,
        Conversion::Borrowed => quote!(::std::borrow::ToOwned::to_owned(#name)),
        Conversion::Into => quote!(::std::convert::Into::into(#name)),
        Conversion::OptionUnsized | Conversion::OptionBorrowed => quote!(#name.map(::std::borrow::ToOwned::to_owned)),
        Conversion::OptionInto => quote!(#name.map(::std::convert::Into::into)),
    })
}

/// What the body is given while the event is kept: what it takes by value is cloned.
fn argument(parameter: &Parameter) -> TokenStream {
    let name = &parameter.name;
    match parameter.conversion {
        _ if is_primitive(&parameter.stored) && parameter.conversion != Conversion::Borrowed => quote!(event.#name),
        Conversion::Owned | Conversion::Into | Conversion::OptionInto => quote!(event.#name.clone()),
        Conversion::Borrowed => quote!(&event.#name),
        Conversion::OptionUnsized => quote!(event.#name.as_deref()),
        Conversion::OptionBorrowed => quote!(event.#name.as_ref()),
    }
}

/// A parameter that only the body changes is `mut` only there.
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
