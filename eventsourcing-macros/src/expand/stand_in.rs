//! Stand-ins for code that is not generated because of an error, so that the compiler reports nothing else.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Attribute, Generics, Path};

use crate::model::checked::RefusedProjection;
use crate::syntax::names;

/// The mark of a type with `#[aggregate]`, and a stand-in for the field that the type cannot have.
pub(crate) fn aggregate_type(name: &Ident, generics: &Generics, attributes: &[Attribute], krate: &Path) -> TokenStream {
    let mark = mark(name, generics, attributes, krate);
    if !generics.params.is_empty() {
        // the impl block of a generic type is refused, and uses no field
        return mark;
    }
    let cfgs: Vec<&Attribute> = cfgs(attributes).collect();
    // `for<'a>`, because the type may have no impl block with `#[aggregate]`, which is not this error
    quote! {
        #mark

        #(#cfgs)*
        impl ::std::ops::Deref for #name
        where
            for<'a> #name: #krate::Aggregate,
        {
            type Target = #krate::__private::RootField<#name>;

            fn deref(&self) -> &Self::Target {
                ::std::unreachable!()
            }
        }

        #(#cfgs)*
        impl ::std::ops::DerefMut for #name
        where
            for<'a> #name: #krate::Aggregate,
        {
            fn deref_mut(&mut self) -> &mut Self::Target {
                ::std::unreachable!()
            }
        }
    }
}

/// The mark of a type with `#[aggregate]`, whether it has the added field or not.
pub(super) fn mark(name: &Ident, generics: &Generics, attributes: &[Attribute], krate: &Path) -> TokenStream {
    let (cfgs, (generics, arguments, clause)) = (cfgs(attributes), generics.split_for_impl());
    quote! {
        #(#cfgs)*
        impl #generics #krate::__private::AggregateStruct for #name #arguments #clause {}
    }
}

fn cfgs(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"))
}

/// `impl Aggregate` without events, for a block without a creation or without `#[aggregate]`.
pub(super) fn aggregate_impl(krate: &Path, name: &Ident, topic_name: &str) -> TokenStream {
    let root = names::root_field();
    quote! {
        impl #krate::Aggregate for #name {
            type Event = #krate::__private::NoEvents;

            const NAME: &'static str = #topic_name;

            fn root(&self) -> &#krate::Root<Self> {
                &self.#root
            }

            fn root_mut(&mut self) -> &mut #krate::Root<Self> {
                &mut self.#root
            }

            fn create(event: Self::Event) -> ::std::result::Result<Self, #krate::ApplyError> {
                match event {}
            }

            fn apply(&mut self, event: Self::Event) -> ::std::result::Result<(), #krate::ApplyError> {
                match event {}
            }
        }
    }
}

/// `impl Projection` without events, for a block with errors.
pub(super) fn projection_impl(refused: &RefusedProjection) -> TokenStream {
    let RefusedProjection { krate, ty, view } = refused;
    quote! {
        impl #krate::Projection for #ty {
            type View = #view;

            const NAME: &'static str = "";

            const TOPICS: &'static [&'static str] = &[];

            async fn handle(
                &self,
                _: &str,
                _: &[#krate::projection::Recorded<'_>],
                _: &mut Self::View,
            ) -> ::std::result::Result<(), #krate::recording::Cause> {
                ::std::result::Result::Ok(())
            }
        }
    }
}

/// The impls of a policy without events, for a block with errors.
pub(super) fn policy_impl(refused: &RefusedProjection) -> TokenStream {
    let (RefusedProjection { krate, ty, .. }, projection) = (refused, projection_impl(refused));
    quote! {
        impl #krate::ProcessApplication for #ty {}

        #projection
    }
}
