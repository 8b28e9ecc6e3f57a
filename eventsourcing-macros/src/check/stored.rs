//! The stored type of a parameter and its conversion, or the reason why there is none.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::{Path, PathArguments, Type, TypeImplTrait, TypeParamBound, TypeReference, parse_quote_spanned};

use super::recordable::recordable;
use crate::messages;
use crate::model::checked::Conversion;
use crate::syntax::types::{is_str, may_be_unsized, peel, sole_argument};

/// Returns the type of the event's field for a parameter of this type.
pub(super) fn stored(ty: &Type, aggregate: &Ident) -> syn::Result<(Type, Conversion)> {
    let (stored, conversion) = match peel(ty) {
        Type::Reference(reference) => (referent(reference)?, Conversion::Borrowed),
        Type::ImplTrait(bounds) => (target(bounds)?.clone(), Conversion::Into),
        Type::Path(path) if path.qself.is_none() => match sole_argument(&path.path, "Option") {
            Some(inner) => optional(&path.path, inner)?,
            None => (ty.clone(), Conversion::Owned),
        },
        _ => (ty.clone(), Conversion::Owned),
    };
    recordable(&stored, aggregate)?;
    Ok((stored, conversion))
}

/// An `Option`, such as `Option<&str>`.
fn optional(option: &Path, inner: &Type) -> syn::Result<(Type, Conversion)> {
    let (stored, conversion) = match peel(inner) {
        Type::Reference(reference) => {
            let conversion = match peel(&reference.elem) {
                Type::Slice(_) => Conversion::OptionUnsized,
                text if is_str(text) => Conversion::OptionUnsized,
                ty if may_be_unsized(ty) => Conversion::OptionToOwned,
                _ => Conversion::OptionBorrowed,
            };
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

/// `str` → `String`, `[T]` → `Vec<T>`, `T` → `T`, `Path` → `<Path as ToOwned>::Owned`.
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
        // `PathBuf` if it is the standard library's, and `Path` if it is a type of the user's
        ty if may_be_unsized(ty) => parse_quote_spanned!(ty.span()=> <#ty as ::std::borrow::ToOwned>::Owned),
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
