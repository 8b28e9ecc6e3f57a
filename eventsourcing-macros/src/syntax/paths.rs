//! Paths: the default path of the library, their spans and their text.

use proc_macro2::{Ident, Span};
use quote::ToTokens as _;
use syn::{Path, parse_quote};

use super::manifest;

/// The path of the library without `crate = …`: its name, or the one that the crate's manifest gives it.
pub(crate) fn default_crate() -> Path {
    let renamed = manifest::renamed_library().and_then(|name| syn::parse_str::<Ident>(&name).ok());
    match renamed {
        Some(name) => parse_quote!(::#name),
        None => parse_quote!(::eventsourcing),
    }
}

/// The same path, for which the compiler points at this span.
pub(crate) fn placed(path: &Path, place: Span) -> Path {
    let mut path = path.clone();
    for segment in &mut path.segments {
        segment.ident.set_span(segment.ident.span().located_at(place));
    }
    if let Some(colons) = &mut path.leading_colon {
        colons.spans = colons.spans.map(|span| span.located_at(place));
    }
    path
}

/// The path as text without spaces, as serde's `crate` option expects it.
pub(crate) fn text(path: &Path) -> String {
    path.to_token_stream().to_string().replace(' ', "")
}
