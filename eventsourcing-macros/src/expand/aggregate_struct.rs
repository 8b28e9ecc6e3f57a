//! The aggregate's struct, with the field that keeps its id, version, times and pending events.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::parse::Parser as _;
use syn::{Field, Fields, ItemStruct, Path};

use crate::names;

pub(crate) fn aggregate_struct(mut item: ItemStruct, krate: &Path) -> TokenStream {
    if let Fields::Named(fields) = &mut item.fields {
        let root = names::root_field();
        // where the compiler shows what it has to say about the field
        let place = Span::call_site().located_at(item.ident.span());
        let field = Field::parse_named.parse2(quote_spanned! {place=>
            /// Its id, version, times and pending events.
            #root: #krate::Root<Self>
        });
        fields.named.extend(field);
    }
    item.into_token_stream()
}

/// Tells the impl block that the struct has its `#[aggregate]`, also where no field could be added.
pub(crate) fn mark(item: &ItemStruct, krate: &Path) -> TokenStream {
    let cfgs = item.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    let (name, (generics, arguments, clause)) = (&item.ident, item.generics.split_for_impl());
    quote! {
        #(#cfgs)*
        impl #generics #krate::__private::AggregateStruct for #name #arguments #clause {}
    }
}
