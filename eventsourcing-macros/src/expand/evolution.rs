//! How an event is read from the shapes and topics that it had, and written.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};
use syn::Path;
use syn::spanned::Spanned as _;

use crate::model::checked::{Event, Evolution};
use crate::syntax::names;

/// The topics that the event had before.
pub(super) fn old_topics(event: &Event) -> impl Iterator<Item = &str> {
    event.evolution.was.iter().map(|was| was.topic.as_str())
}

/// The call that writes the event.
pub(super) fn write(event: &Event) -> TokenStream {
    match &event.evolution {
        Evolution { version, downcast: Some(function), .. } => {
            let previous = version - 1;
            quote!(state.write_downcast(#previous, event, #function))
        }
        Evolution { version: 1, .. } => quote!(state.write(event)),
        Evolution { version, .. } => quote!(state.write_version(#version, event)),
    }
}

/// The body of a function that reads the struct of an event, given its `topic` and the `state`.
pub(super) fn read(event: &Event, krate: &Path) -> TokenStream {
    let Evolution { version, steps, was, .. } = &event.evolution;
    let chain = |steps: &[Path]| chain(steps, event);
    let newest = match version {
        1 => quote!(state.read()),
        version => {
            let old = (0..steps.len()).map(|from| versioned(from, chain(&steps[from..])));
            quote! {
                match state.version(#version)? {
                    #(#old)*
                    _ => state.read(),
                }
            }
        }
    };
    let merged = was.iter().filter_map(|was| {
        let (topic, steps) = (&was.topic, was.steps.as_deref()?);
        let (last, before) = steps.split_last()?;
        let last = chain(std::slice::from_ref(last));
        let read = if before.is_empty() {
            last
        } else {
            let known = u32::try_from(steps.len()).unwrap_or(u32::MAX);
            let old = (0..before.len()).map(|from| versioned(from, chain(&steps[from..])));
            quote!({ match state.version(#known)? { #(#old)* _ => #last } })
        };
        Some(quote!(#topic => #read))
    });
    let merged: Vec<TokenStream> = merged.collect();
    let read = if merged.is_empty() { newest } else { quote!(match topic { #(#merged)* _ => #newest }) };
    let traits = quote!(FromJson as _, MisfitBetween as _, MisfitNewest as _, PlainStep as _, ToJson as _);
    quote! {
        #[allow(unused_imports)]
        use #krate::__private::upcast::{self, #traits};
        #read
    }
}

/// The arm of a version, of which the first has place 0.
fn versioned(place: usize, read: TokenStream) -> TokenStream {
    let version = u32::try_from(place).unwrap_or(u32::MAX).saturating_add(1);
    quote!(#version => #read)
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
