//! The stored type of a parameter and its conversion, or the reason why there is none.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::{Path, PathArguments, Type, TypeImplTrait, TypeParamBound, TypeReference, parse_quote_spanned};

use crate::errors::Errors;
use crate::messages;
use crate::model::checked::Conversion;
use crate::syntax::types::{is_str, peel, sole_argument};

/// Returns the type of the event's field for a parameter of this type.
pub(super) fn stored(ty: &Type) -> syn::Result<(Type, Conversion)> {
    let (stored, conversion) = match peel(ty) {
        Type::Reference(reference) => (referent(reference)?, Conversion::Borrowed),
        Type::ImplTrait(bounds) => (target(bounds)?.clone(), Conversion::Into),
        Type::Path(path) if path.qself.is_none() => match sole_argument(&path.path, "Option") {
            Some(inner) => optional(&path.path, inner)?,
            None => (ty.clone(), Conversion::Owned),
        },
        _ => (ty.clone(), Conversion::Owned),
    };
    check_owned(&stored)?;
    Ok((stored, conversion))
}

/// An `Option`, such as `Option<&str>`.
fn optional(option: &Path, inner: &Type) -> syn::Result<(Type, Conversion)> {
    let (stored, conversion) = match peel(inner) {
        Type::Reference(reference) => {
            let is_unsized = is_str(&reference.elem) || matches!(peel(&reference.elem), Type::Slice(_));
            let conversion = if is_unsized { Conversion::OptionUnsized } else { Conversion::OptionBorrowed };
            (referent(reference)?, conversion)
        }
        Type::ImplTrait(bounds) => (target(bounds)?.clone(), Conversion::OptionInto),
        _ => (inner.clone(), Conversion::Owned),
    };
    // the user's path to `Option` with another argument
    let mut option = option.clone();
    if let Some(last) = option.segments.last_mut() {
        last.arguments = PathArguments::AngleBracketed(parse_quote_spanned!(inner.span()=> <#stored>));
    }
    Ok((Type::Path(syn::TypePath { attrs: Vec::new(), qself: None, path: option }), conversion))
}

/// `str` → `String`, `[T]` → `Vec<T>`, `T` → `T`.
fn referent(reference: &TypeReference) -> syn::Result<Type> {
    if let Some(mutability) = &reference.mutability {
        let start = ReferenceStart(reference, mutability.span);
        return Err(syn::Error::new_spanned(start, messages::parameter::MUTABLE_REFERENCE));
    }
    if let Some(lifetime) = reference.lifetime.as_ref().filter(|lifetime| lifetime.ident != "_") {
        return Err(syn::Error::new_spanned(lifetime, messages::parameter::lifetime(lifetime)));
    }
    Ok(match peel(&reference.elem) {
        text if is_str(text) => parse_quote_spanned!(text.span()=> ::std::string::String),
        Type::Slice(slice) => {
            let element = &slice.elem;
            parse_quote_spanned!(slice.span()=> ::std::vec::Vec<#element>)
        }
        other => other.clone(),
    })
}

/// The `&mut` of a reference.
struct ReferenceStart<'a>(&'a TypeReference, Span);

impl quote::ToTokens for ReferenceStart<'_> {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.and_token.to_tokens(tokens);
        tokens.extend([TokenTree::Ident(proc_macro2::Ident::new("mut", self.1))]);
    }
}

/// The `T` of `impl Into<T>`.
fn target(bounds: &TypeImplTrait) -> syn::Result<&Type> {
    let mut all = bounds.bounds.iter();
    match (all.next(), all.next()) {
        (Some(TypeParamBound::Trait(bound)), None) if bound.lifetimes.is_none() => sole_argument(&bound.path, "Into"),
        _ => None,
    }
    .ok_or_else(|| syn::Error::new_spanned(bounds, messages::parameter::IMPL_TRAIT))
}

/// A stored type must own its values, and must have a name outside the impl block.
fn check_owned(ty: &Type) -> syn::Result<()> {
    let mut errors = Errors::default();
    scan(ty.to_token_stream(), &mut errors);
    errors.or(Some(()))
}

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
