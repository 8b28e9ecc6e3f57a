//! The aggregate's struct, with the field for its id, version, timestamps and pending events.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::parse::Parser as _;
use syn::{Field, Fields, Ident, Path};

use super::stand_in;
use crate::model::checked::AggregateStruct;
use crate::syntax::names;

/// The struct with the added field, or a stand-in for the field if the struct cannot have it.
pub(crate) fn aggregate_struct(aggregate: AggregateStruct) -> TokenStream {
    let AggregateStruct { krate, mut item, takes_root } = aggregate;
    let of_type = match &mut item.fields {
        Fields::Named(fields) => {
            if takes_root {
                fields.named.extend(root_field(&item.ident, &krate));
            }
            stand_in::mark(&item.ident, &item.generics, &item.attrs, &krate)
        }
        _ => stand_in::aggregate_type(&item.ident, &item.generics, &item.attrs, &krate),
    };
    quote!(#item #of_type)
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
