//! Searches in tokens, which include the arguments of macros.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::ToTokens;

/// Visits every token, also inside groups, with its neighbours and its index among them.
pub(crate) fn walk(tokens: TokenStream, visit: &mut impl FnMut(&[TokenTree], usize)) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        visit(&tokens, index);
        if let TokenTree::Group(group) = token {
            walk(group.stream(), visit);
        }
    }
}

/// Whether the tokens contain this word.
pub(crate) fn mentions(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(other) => other == word,
        TokenTree::Group(group) => mentions(group.stream(), word),
        _ => false,
    })
}

/// Whether both consist of the same tokens.
pub(crate) fn is_same(one: &impl ToTokens, other: &impl ToTokens) -> bool {
    one.to_token_stream().to_string() == other.to_token_stream().to_string()
}

pub(crate) fn stream(tokens: &[TokenTree]) -> TokenStream {
    tokens.iter().cloned().collect()
}

pub(crate) fn word(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    }
}

pub(crate) fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

/// The `b` of `a::b`.
pub(crate) fn after_colons(tokens: &[TokenTree]) -> Option<String> {
    (is_punct(tokens.get(1), ':') && is_punct(tokens.get(2), ':')).then(|| word(tokens.get(3)?))?
}

/// The `b` of `a.b(`.
pub(crate) fn after_dot(tokens: &[TokenTree]) -> Option<String> {
    let is_call = matches!(tokens.get(3), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
    (is_punct(tokens.get(1), '.') && is_call).then(|| word(tokens.get(2)?))?
}

/// The `name` of `self.name(…)` and `self.name::<T>(…)`, and its tokens.
pub(crate) fn call_of_self(tokens: &[TokenTree]) -> Option<(String, TokenStream)> {
    let [this, _, name, next, ..] = tokens else { return None };
    let is_self = matches!(this, TokenTree::Ident(this) if this == "self");
    if !is_self || !is_called(tokens, 2) {
        return None;
    }
    let len = if matches!(next, TokenTree::Group(_)) { 4 } else { 3 };
    Some((word(name)?, stream(&tokens[..len])))
}

/// Whether the word is a called method or the end of a path: `.name(…)`, `.name::<T>(…)`, `Self::name`.
pub(crate) fn is_called(tokens: &[TokenTree], index: usize) -> bool {
    let before = |distance: usize| index.checked_sub(distance).and_then(|index| tokens.get(index));
    let next = tokens.get(index + 1);
    let is_call = matches!(next, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
    is_punct(before(1), ':') && is_punct(before(2), ':') || is_punct(before(1), '.') && (is_call || is_punct(next, ':'))
}

/// Whether a body has a struct literal of this type: `World { … }` or `Self { … }`.
pub(crate) fn makes(body: TokenStream, ty: &Ident) -> bool {
    let mut found = false;
    walk(body, &mut |tokens, index| {
        let is_type = matches!(&tokens[index], TokenTree::Ident(word) if word == "Self" || word == ty);
        let next = tokens.get(index + 1);
        let has_fields = matches!(next, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace);
        found |= is_type && has_fields;
    });
    found
}

/// The names of the methods and paths that a body calls.
pub(crate) fn calls(body: TokenStream) -> Vec<String> {
    let mut names = Vec::new();
    walk(body, &mut |tokens, index| {
        if let TokenTree::Ident(name) = &tokens[index]
            && is_called(tokens, index)
        {
            names.push(name.to_string());
        }
    });
    names
}
