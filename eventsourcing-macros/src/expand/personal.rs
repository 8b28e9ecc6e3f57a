//! The personal fields of events and of an aggregate's state, for tools.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemStruct;

use super::evolution;
use crate::model::checked::{Aggregate, PersonalField};

/// `const PERSONAL` of the events; nothing if no field is personal.
pub(super) fn of_events(aggregate: &Aggregate) -> Option<TokenStream> {
    let personal = aggregate.events().filter(|event| !event.personal.is_empty());
    let entries: Vec<TokenStream> = personal
        .map(|event| {
            let (cfgs, pointers) = (&event.attributes.cfgs, &event.personal);
            let topics = std::iter::once(event.topic.text.as_str()).chain(evolution::old_topics(event));
            let entries = topics.map(|topic| quote!(#(#cfgs)* (#topic, &[#(#pointers),*]),));
            quote!(#(#entries)*)
        })
        .collect();
    (!entries.is_empty())
        .then(|| quote!(const PERSONAL: &'static [(&'static str, &'static [&'static str])] = &[#(#entries)*];))
}

/// The personal fields of the struct, where the impl block finds them; nothing if there are none.
pub(super) fn of_struct(item: &ItemStruct, personal: &[PersonalField]) -> Option<TokenStream> {
    if personal.is_empty() {
        return None;
    }
    let (name, cfgs) = (&item.ident, item.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")));
    let pointers = personal.iter().map(|PersonalField { pointer, cfgs }| quote!(#(#cfgs)* #pointer));
    Some(quote! {
        #(#cfgs)*
        impl #name {
            #[doc(hidden)]
            pub const __EVENTSOURCING_PERSONAL: &'static [&'static str] = &[#(#pointers),*];
        }
    })
}

/// `const PERSONAL` of the aggregate: that of the struct, which takes precedence over that of the trait.
pub(super) fn of_aggregate(aggregate: &Aggregate) -> TokenStream {
    let krate = &aggregate.krate;
    quote! {
        const PERSONAL: &'static [&'static str] = {
            #[allow(unused_imports)]
            use #krate::__private::NothingPersonal as _;
            Self::__EVENTSOURCING_PERSONAL
        };
    }
}
