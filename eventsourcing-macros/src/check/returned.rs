//! The return types of event methods.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{ReturnType, Type};

use crate::messages;
use crate::model::checked::Returned;
use crate::syntax::tokens::is_punct;
use crate::syntax::types::{is_primitive, peel};

/// Types that are not a `Result`, whatever the user imports.
const PLAIN: &[&str] = &["String", "Vec", "Option", "Box", "Self"];

/// The return type of a change must be owned: the value outlives the borrow that records the event.
pub(super) fn returned(output: &ReturnType) -> syn::Result<Returned> {
    let ReturnType::Type(_, ty) = output else { return Ok(Returned::Nothing) };
    if let Some((place, message)) = borrow(ty.to_token_stream()) {
        return Err(syn::Error::new(place, message));
    }
    Ok(match peel(ty) {
        Type::Tuple(tuple) if tuple.elems.is_empty() => Returned::Nothing,
        Type::Path(path) => match path.path.segments.last() {
            Some(last) if last.ident == "Result" => Returned::Result,
            _ if is_primitive(ty) => Returned::Value,
            Some(last) if path.path.segments.len() == 1 && PLAIN.iter().any(|plain| last.ident == plain) => {
                Returned::Value
            }
            _ => Returned::Unknown(ty.clone()),
        },
        Type::Macro(_) => Returned::Unknown(ty.clone()),
        _ => Returned::Value,
    })
}

/// Finds the aggregate in a return type, alone or inside another type.
pub(super) fn returns_aggregate(output: &ReturnType, aggregate: &Ident) -> Option<Ident> {
    fn find(tokens: TokenStream, aggregate: &Ident) -> Option<Ident> {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        tokens.iter().enumerate().find_map(|(place, token)| match token {
            TokenTree::Ident(word) if word == "Self" || word == aggregate => {
                // `Self::LEN`, `<Self as Aggregate>::Event` and `other::World` are not the aggregate
                let next = tokens.get(place + 1);
                let is_cast = matches!(next, Some(TokenTree::Ident(next)) if next == "as");
                let is_in_a_path =
                    is_punct(next, ':') || place.checked_sub(1).is_some_and(|last| is_punct(tokens.get(last), ':'));
                (!is_cast && !is_in_a_path).then(|| word.clone())
            }
            TokenTree::Group(group) => find(group.stream(), aggregate),
            _ => None,
        })
    }
    match output {
        ReturnType::Type(_, ty) => find(ty.to_token_stream(), aggregate),
        ReturnType::Default => None,
    }
}

/// The first `impl`, or the first `&` or lifetime that is not `'static`.
fn borrow(tokens: TokenStream) -> Option<(Span, &'static str)> {
    let all: Vec<TokenTree> = tokens.into_iter().collect();
    all.iter().enumerate().find_map(|(index, token)| match token {
        TokenTree::Group(group) => borrow(group.stream()),
        TokenTree::Punct(punct) if matches!(punct.as_char(), '&' | '\'') && !is_static(&all[index..]) => {
            Some((punct.span(), messages::signature::RETURNS_A_BORROW))
        }
        TokenTree::Ident(word) if word == "impl" => Some((word.span(), messages::signature::RETURNS_IMPL_TRAIT)),
        _ => None,
    })
}

/// `'static` and `&'static`.
fn is_static(tokens: &[TokenTree]) -> bool {
    let words = tokens.iter().skip_while(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == '&'));
    matches!(words.clone().nth(1), Some(TokenTree::Ident(word)) if word == "static")
        && matches!(words.clone().next(), Some(TokenTree::Punct(quote)) if quote.as_char() == '\'')
}
