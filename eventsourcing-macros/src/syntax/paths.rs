//! Paths: the default path of the library, their spans and their text.

use proc_macro2::Span;
use quote::ToTokens as _;
use syn::{Path, parse_quote};

/// The path of the library without `crate = …`.
pub(crate) fn default_crate() -> Path {
    parse_quote!(::eventsourcing)
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
