//! The signature of an event method: what cannot be recorded or run again is refused.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Receiver, ReceiverKind, ReturnType, Safety, Signature, Type};

use crate::errors::Errors;
use crate::messages;

pub(crate) fn signature(signature: &Signature, errors: &mut Errors) {
    qualifiers(signature, errors);
    generics(signature, errors);
    if let Some(receiver) = signature.receiver() {
        self::receiver(receiver, !signature.generics.params.is_empty(), errors);
    }
}

/// No `async`, `const`, `unsafe` or `extern`.
fn qualifiers(signature: &Signature, errors: &mut Errors) {
    if let Some(asyncness) = &signature.asyncness {
        errors.at(asyncness, messages::QUALIFIER_ASYNC);
    }
    if let Some(constness) = &signature.constness {
        errors.at(constness, messages::QUALIFIER_CONST);
    }
    if let Safety::Unsafe(unsafety) = &signature.safety {
        errors.at(unsafety, messages::QUALIFIER_UNSAFE);
    }
    if let Some(abi) = &signature.abi {
        errors.at(abi, messages::QUALIFIER_EXTERN);
    }
}

/// One method makes one event, whose fields have one type each.
fn generics(signature: &Signature, errors: &mut Errors) {
    if !signature.generics.params.is_empty() {
        errors.at(signature.generics.to_token_stream(), messages::GENERIC_METHOD);
    }
    if let Some(clause) = &signature.generics.where_clause {
        errors.at(clause, messages::WHERE_CLAUSE);
    }
}

/// A change takes `&mut self`, in just this spelling.
fn receiver(receiver: &Receiver, has_generics: bool, errors: &mut Errors) {
    match &receiver.kind {
        ReceiverKind::Reference(_, None, Some(_)) => {}
        // one that the method itself introduces is an error already
        ReceiverKind::Reference(_, Some(_), Some(_)) if has_generics => {}
        ReceiverKind::Reference(_, Some(lifetime), Some(_)) => errors.at(lifetime, messages::RECEIVER_LIFETIME),
        ReceiverKind::Reference(_, _, None) => errors.at(receiver, messages::RECEIVER_SHARED),
        ReceiverKind::Typed(..) => errors.at(receiver, messages::RECEIVER_TYPED),
        _ => errors.at(receiver, messages::RECEIVER_BY_VALUE),
    }
}

/// Where a return type holds the aggregate, by itself or in something.
pub(crate) fn returns_aggregate(output: &ReturnType, aggregate: &Ident) -> Option<Ident> {
    fn find(tokens: TokenStream, aggregate: &Ident) -> Option<Ident> {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let is_colon =
            |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        tokens.iter().enumerate().find_map(|(place, token)| match token {
            TokenTree::Ident(word) if word == "Self" || word == aggregate => {
                // `Self::LEN`, `<Self as Aggregate>::Event` and `other::World` are something else
                let next = tokens.get(place + 1);
                let is_cast = matches!(next, Some(TokenTree::Ident(next)) if next == "as");
                let is_in_a_path =
                    is_colon(next) || place.checked_sub(1).is_some_and(|last| is_colon(tokens.get(last)));
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

/// What a change returns is owned: it outlives the borrow under which the event is recorded.
pub(crate) fn returned(ty: &Type) -> syn::Result<()> {
    match borrow(ty.to_token_stream()) {
        Some((place, message)) => Err(syn::Error::new(place, message)),
        None => Ok(()),
    }
}

/// The first `&`, lifetime or `impl` that is not `'static`.
fn borrow(tokens: TokenStream) -> Option<(Span, &'static str)> {
    let all: Vec<TokenTree> = tokens.into_iter().collect();
    all.iter().enumerate().find_map(|(index, token)| match token {
        TokenTree::Group(group) => borrow(group.stream()),
        TokenTree::Punct(punct) if matches!(punct.as_char(), '&' | '\'') && !is_static(&all[index..]) => {
            Some((punct.span(), messages::RETURNS_A_BORROW))
        }
        TokenTree::Ident(word) if word == "impl" => Some((word.span(), messages::RETURNS_IMPL_TRAIT)),
        _ => None,
    })
}

/// `'static` and `&'static`.
fn is_static(tokens: &[TokenTree]) -> bool {
    let words = tokens.iter().skip_while(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == '&'));
    matches!(words.clone().nth(1), Some(TokenTree::Ident(word)) if word == "static")
        && matches!(words.clone().next(), Some(TokenTree::Punct(quote)) if quote.as_char() == '\'')
}
