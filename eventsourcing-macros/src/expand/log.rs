//! The impls of an event-sourced log, which no event creates.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Attribute, Fields, ItemStruct, Path};

use crate::model::checked::Aggregate;
use crate::syntax::names;

/// `impl Aggregate` and `impl EventSourcedLog`. `changes` are the arms that run the bodies of the events.
pub(super) fn trait_impls(aggregate: &Aggregate, place: Span, changes: &[TokenStream]) -> TokenStream {
    let Aggregate { krate, name, topic_name, .. } = aggregate;
    let (events, root) = (names::event_enum(name), names::root_field());
    // the compiler reports here that the struct has fields
    let place = names::generated_at(place);
    let with_root = quote_spanned!(place=> <Self as #krate::__private::NoFields>::with_root);
    quote! {
        impl #krate::__private::AllEventsInOneImpl for #name {}

        impl #krate::EventSourcedLog for #name {
            fn empty(id: #krate::Uuid) -> Self {
                #with_root(#krate::Root::empty(id))
            }
        }

        impl #krate::Aggregate for #name {
            type Event = #events;

            const NAME: &'static str = #topic_name;

            const EMPTY_LOG: ::std::option::Option<fn(#krate::Uuid) -> Self> =
                ::std::option::Option::Some(<Self as #krate::EventSourcedLog>::empty);

            fn root(&self) -> &#krate::Root<Self> {
                &self.#root
            }

            fn root_mut(&mut self) -> &mut #krate::Root<Self> {
                &mut self.#root
            }

            fn create(event: #events) -> ::std::result::Result<Self, #krate::ApplyError> {
                let mut log = <Self as #krate::EventSourcedLog>::empty(#krate::Uuid::nil());
                #krate::Aggregate::apply(&mut log, event)?;
                ::std::result::Result::Ok(log)
            }

            fn apply(&mut self, event: #events) -> ::std::result::Result<(), #krate::ApplyError> {
                match event {
                    #(#changes)*
                }
            }

            fn is_creation(_: &#events) -> bool {
                false
            }
        }
    }
}

/// The constructor of a struct without fields, for an impl block with `log`.
///
/// The condition begins with `for<'a>`, so that the compiler looks at it only where it is needed.
pub(super) fn no_fields(item: &ItemStruct, krate: &Path) -> Option<TokenStream> {
    let Fields::Named(fields) = &item.fields else { return None };
    if !fields.named.is_empty() {
        return None;
    }
    let (name, root) = (&item.ident, names::root_field());
    let cfgs = item.attrs.iter().filter(|attribute: &&Attribute| attribute.path().is_ident("cfg"));
    Some(quote! {
        #(#cfgs)*
        impl #krate::__private::NoFields for #name
        where
            for<'a> Self: #krate::Aggregate,
        {
            fn with_root(root: #krate::Root<Self>) -> Self {
                Self { #root: root }
            }
        }
    })
}
