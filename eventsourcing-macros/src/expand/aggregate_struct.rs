//! The aggregate's struct, with the field for its id, version, timestamps and pending events.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::Parser as _;
use syn::{Field, Fields, ItemStruct, Path};

use crate::model::checked::AggregateStruct;
use crate::syntax::names;

/// The struct, with the added field if it has no errors.
pub(crate) fn aggregate_struct(aggregate: AggregateStruct) -> TokenStream {
    let AggregateStruct { krate, mut item, takes_root } = aggregate;
    if takes_root {
        add_root(&mut item, &krate);
    }
    let mark = mark(&item, &krate);
    quote!(#item #mark)
}

fn add_root(item: &mut ItemStruct, krate: &Path) {
    if let Fields::Named(fields) = &mut item.fields {
        let root = names::root_field();
        // the compiler reports errors about the field here
        let place = Span::call_site().located_at(item.ident.span());
        let field = Field::parse_named.parse2(quote_spanned! {place=>
            /// Its id, version, times and pending events.
            #root: #krate::Root<Self>
        });
        fields.named.extend(field);
    }
}

/// Marks the struct as one with `#[aggregate]`, also if the field cannot be added.
fn mark(item: &ItemStruct, krate: &Path) -> TokenStream {
    let cfgs = item.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    let (name, (generics, arguments, clause)) = (&item.ident, item.generics.split_for_impl());
    quote! {
        #(#cfgs)*
        impl #generics #krate::__private::AggregateStruct for #name #arguments #clause {}
    }
}
