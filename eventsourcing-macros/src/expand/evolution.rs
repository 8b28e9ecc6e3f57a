//! How an event is read from the shapes and topics that it had, and written.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::Path;
use syn::spanned::Spanned as _;

use crate::model::checked::{Event, Evolution, Kind, Was};
use crate::syntax::{names, paths};

/// The topics that the event had before.
pub(super) fn old_topics(event: &Event) -> impl Iterator<Item = &str> {
    event.evolution.was.iter().map(|was| was.topic.as_str())
}

/// The version of the shape, as a constant, unless it is the first one.
pub(super) fn version(event: &Event) -> Option<TokenStream> {
    let version = number(event.evolution.version);
    (event.evolution.version > 1).then(|| quote!(const VERSION: u32 = #version;))
}

/// The call that writes the event.
pub(super) fn write(event: &Event, krate: &Path) -> TokenStream {
    if let Kind::Split(_) = event.kind {
        return quote!(::std::result::Result::Err(#krate::domain::StateError::IsSplit));
    }
    match &event.evolution {
        Evolution { version, downcast: Some(function), .. } => {
            let previous = number(version - 1);
            quote!(state.write_downcast(#previous, event, #function))
        }
        Evolution { version: 1, .. } => quote!(state.write(event)),
        Evolution { version, .. } => {
            let version = number(*version);
            quote!(state.write_version(#version, event))
        }
    }
}

/// The parameter for the topic of a function that reads the struct of an event.
pub(super) fn topic(event: &Event) -> TokenStream {
    if event.evolution.was.iter().any(|was| was.steps.is_some()) { quote!(topic) } else { quote!(_topic) }
}

/// The body of a function that reads the struct of an event, given its `topic` and the `state`.
pub(super) fn read(event: &Event, krate: &Path) -> TokenStream {
    let Evolution { version, steps, was, .. } = &event.evolution;
    let chain = |steps: &[Path]| chain(steps, event);
    let newest = match version {
        1 => quote!(state.read()),
        version => {
            let version = number(*version);
            let old = (0..steps.len()).map(|from| versioned(from, chain(&steps[from..])));
            quote! {
                match state.version(#version)? {
                    #(#old)*
                    _ => state.read(),
                }
            }
        }
    };
    let mut merged: Vec<TokenStream> = Vec::new();
    // the topics that such an event had are beside each other
    for of_event in was.chunk_by(|one, next| texts(one) == texts(next)) {
        let topics = of_event.iter().map(|was| &was.topic);
        let Some((last, before)) = of_event.first().and_then(|was| was.steps.as_deref()?.split_last()) else {
            continue;
        };
        let last = chain(std::slice::from_ref(last));
        let read = if before.is_empty() {
            last
        } else {
            let known = count(before.len() + 1);
            let steps = of_event.first().and_then(|was| was.steps.as_deref()).unwrap_or_default();
            let old = (0..before.len()).map(|from| versioned(from, chain(&steps[from..])));
            quote!({ match state.version(#known)? { #(#old)* _ => #last } })
        };
        merged.push(quote!(#(#topics)|* => #read));
    }
    let read = if merged.is_empty() { newest } else { quote!(match topic { #(#merged)* _ => #newest }) };
    let traits = quote!(FromJson as _, MisfitBetween as _, MisfitNewest as _, PlainStep as _, ToJson as _);
    quote! {
        #[allow(unused_imports)]
        use #krate::__private::upcast::{self, #traits};
        #read
    }
}

/// The steps of an event that became this one, as text.
fn texts(was: &Was) -> Option<Vec<String>> {
    was.steps.as_ref().map(|steps| steps.iter().map(paths::text).collect())
}

/// The arm of a version, of which the first has place 0.
fn versioned(place: usize, read: TokenStream) -> TokenStream {
    let version = count(place + 1);
    quote!(#version => #read)
}

fn count(items: usize) -> Literal {
    Literal::usize_unsuffixed(items)
}

fn number(version: u32) -> Literal {
    Literal::u32_unsuffixed(version)
}

/// Reads an old shape, and converts it step by step. The compiler reports a step that does not fit at the step.
fn chain(steps: &[Path], event: &Event) -> TokenStream {
    let mut statements = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        let at = names::generated_at(step.span());
        statements.push(if place == 0 {
            quote_spanned!(at=> let shape = state.read()?;)
        } else {
            quote_spanned!(at=> let shape = upcast::between(shape, &#step).fit()?;)
        });
        statements.push(quote_spanned!(at=> let shape = upcast::step(state, #step, shape)?.shape()?;));
    }
    let at = steps.last().map_or(event.place, |step| names::generated_at(step.span()));
    let payload = event.payload.to_token_stream();
    quote_spanned! {at=>
        {
            #(#statements)*
            upcast::newest::<_, #payload>(shape).fit()
        }
    }
}
