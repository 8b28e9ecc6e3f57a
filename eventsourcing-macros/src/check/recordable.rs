//! The types that an event can contain: they own their values, have a size and a name, and are data.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::Type;

use crate::errors::Errors;
use crate::messages;
use crate::syntax::tokens::{is_punct, walk};
use crate::syntax::types::{arguments, owned_form, peel};

/// Returns all reasons why an event cannot contain a value of this type.
pub(super) fn recordable(ty: &Type, aggregate: &Ident) -> syn::Result<()> {
    let mut errors = Errors::default();
    scan(ty.to_token_stream(), &mut errors);
    no_aggregate(ty.to_token_stream(), aggregate, &mut errors);
    sized(ty, &mut errors);
    if let Type::Ptr(_) | Type::FnPtr(_) = peel(ty) {
        errors.at(ty, messages::parameter::POINTER);
    }
    errors.or(Some(()))
}

/// The type must not contain the aggregate by its name: `World` or `self::World`, but not `other::World` or `World::Part`.
fn no_aggregate(tokens: TokenStream, aggregate: &Ident, errors: &mut Errors) {
    walk(tokens, &mut |tokens, index| {
        let before = |distance: usize| index.checked_sub(distance).and_then(|index| tokens.get(index));
        let is_self = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Ident(word)) if word == "self");
        let is_here = !is_punct(before(1), ':') || is_self(before(3));
        if let TokenTree::Ident(word) = &tokens[index]
            && word == aggregate
            && is_here
            && !is_punct(tokens.get(index + 1), ':')
        {
            errors.at(word, messages::parameter::AGGREGATE_INSIDE);
        }
    });
}

/// The type must have a size, and so must those that it contains by value.
fn sized(ty: &Type, errors: &mut Errors) {
    if let Some((borrowed, owned)) = owned_form(ty) {
        errors.at(ty, messages::parameter::unsized_type(&borrowed, &owned));
        return;
    }
    match peel(ty) {
        Type::Path(path)
            if path.path.segments.last().is_some_and(|last| last.ident == "Option" || last.ident == "Vec") =>
        {
            arguments(ty).for_each(|argument| sized(argument, errors));
        }
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|element| sized(element, errors)),
        _ => {}
    }
}

/// The type must not contain a reference, a lifetime, `Self`, or a type without a name.
fn scan(tokens: TokenStream, errors: &mut Errors) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Group(group) => scan(group.stream(), errors),
            TokenTree::Punct(punct) if punct.as_char() == '&' => {
                errors.at(&token, messages::parameter::REFERENCE_INSIDE);
                while matches!(tokens.peek(), Some(TokenTree::Punct(second)) if second.as_char() == '&') {
                    tokens.next();
                }
                // its lifetime would be the same error
                if matches!(tokens.peek(), Some(TokenTree::Punct(quote)) if quote.as_char() == '\'') {
                    tokens.nth(1);
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                let name = tokens.next();
                // `'static` borrows can be stored: `Cow<'static, str>`
                if !matches!(&name, Some(TokenTree::Ident(name)) if name == "static") {
                    errors.at(name.as_ref().unwrap_or(&token), messages::parameter::LIFETIME_INSIDE);
                }
            }
            TokenTree::Ident(word) if word == "Self" => errors.at(word, messages::parameter::AGGREGATE_INSIDE),
            TokenTree::Ident(word) if word == "dyn" => errors.at(word, messages::parameter::TRAIT_OBJECT),
            TokenTree::Ident(word) if word == "impl" => errors.at(word, messages::parameter::IMPL_TRAIT),
            _ => {}
        }
    }
}
