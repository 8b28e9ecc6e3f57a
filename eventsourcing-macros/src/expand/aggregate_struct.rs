//! The aggregate's struct, with the field for its id, version, timestamps and pending events.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::parse::Parser as _;
use syn::spanned::Spanned as _;
use syn::{Field, Fields, FieldsNamed, Ident, ItemStruct, Path};

use super::{log, personal, stand_in};
use crate::model::checked::AggregateStruct;
use crate::syntax::names;

/// The struct with the added field, or a stand-in for the field if the struct cannot have it.
pub(crate) fn aggregate_struct(aggregate: AggregateStruct) -> TokenStream {
    let AggregateStruct { krate, mut item, takes_root, personal } = aggregate;
    let personal = personal::of_struct(&item, &personal).filter(|_| takes_root);
    let default_fields = default_fields(&item, &krate).filter(|_| takes_root);
    let no_fields = log::no_fields(&item, &krate).filter(|_| takes_root);
    let of_type = match &mut item.fields {
        Fields::Named(fields) => {
            if takes_root {
                fields.named.extend(root_field(&item.ident, &krate));
            }
            stand_in::mark(&item.ident, &item.generics, &item.attrs, &krate)
        }
        _ => stand_in::aggregate_type(&item.ident, &item.generics, &item.attrs, &krate),
    };
    quote!(#item #of_type #default_fields #no_fields #personal)
}

/// The aggregate whose fields have their defaults, for a block without a creation event.
///
/// The conditions begin with `for<'a>`, so that the compiler looks at them only where they are needed: most aggregates have a field without a
/// default, or a creation of their own. Without an impl block with `#[aggregate]`, the added field is the one error. A condition cannot have `#[cfg]`, so there is no impl for fields that have it.
fn default_fields(item: &ItemStruct, krate: &Path) -> Option<TokenStream> {
    let Fields::Named(FieldsNamed { named, .. }) = &item.fields else { return None };
    if named.iter().any(|field| field.attrs.iter().any(|attribute| attribute.path().is_ident("cfg"))) {
        return None;
    }
    let (aggregate, root) = (&item.ident, names::root_field());
    let cfgs = item.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    let conditions = named.iter().map(|Field { ty, .. }| {
        // the compiler points at the field that has no default
        let place = names::generated_at(ty.span());
        quote_spanned!(place=> for<'a> #ty: ::std::default::Default)
    });
    let names = named.iter().map(|field| &field.ident);
    Some(quote! {
        /// The aggregate with default values, for an impl block without a creation event.
        #(#cfgs)*
        impl #krate::__private::DefaultFields for #aggregate
        where
            for<'a> Self: #krate::Aggregate,
            #(#conditions,)*
        {
            fn default_fields() -> Self {
                Self {
                    #(#names: ::std::default::Default::default(),)*
                    #root: #krate::Root::default(),
                }
            }
        }
    })
}

fn root_field(aggregate: &Ident, krate: &Path) -> syn::Result<Field> {
    let root = names::root_field();
    // the compiler reports errors about the field here
    let place = names::generated_at(aggregate.span());
    Field::parse_named.parse2(quote_spanned! {place=>
        /// Its id, version, times and pending events.
        #root: #krate::Root<Self>
    })
}
