//! The struct of an event: one named field for each parameter.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::{docs, evolution, split};
use crate::model::attributes::UnknownFields;
use crate::model::checked::{Aggregate, Event, Kind, Parameter, Payload};
use crate::syntax::{names, paths};

/// The struct and its impl; empty if the user wrote the struct.
pub(super) fn event_struct(event: &Event, aggregate: &Aggregate) -> TokenStream {
    let Payload::Generated(name) = &event.payload else { return TokenStream::new() };
    // if the module has another type of this name, the compiler points at the event
    let place = names::generated_at(event.place);
    let krate = &aggregate.krate;
    let (topic, cfgs, derives) = (&event.topic.text, &event.attributes.cfgs, &aggregate.derives);
    let docs = docs::of_event(&event.attributes.docs, &aggregate.name, &event.name);
    let serde = paths::text(&syn::parse_quote!(#krate::__private::serde));
    // with the spans of the library's path: where that is not found, it is not the mistake of each event
    let strict = match event.unknown_fields.unwrap_or(aggregate.unknown_fields) {
        UnknownFields::Refuse => Some(quote!(, deny_unknown_fields)),
        UnknownFields::Ignore => None,
    };
    let serde = quote!(#[serde(crate = #serde #strict)]);
    let no_eq = aggregate.derives_partial_eq_alone().then(|| quote!(, clippy::derive_partial_eq_without_eq));
    let fields = event.parameters.iter().map(field);
    let old: Vec<&str> = evolution::old_topics(event).collect();
    let old_topics = (!old.is_empty()).then(|| quote!(const OLD_TOPICS: &'static [&'static str] = &[#(#old),*];));
    let read = (!event.evolution.is_of_one_shape()).then(|| {
        let (topic, read) = (evolution::topic(event), evolution::read(event, krate));
        quote! {
            fn read(
                #topic: &str,
                state: &mut #krate::domain::StateReader<'_>,
            ) -> ::std::result::Result<Self, #krate::domain::StateError> {
                #read
            }
        }
    });
    let creates = matches!(event.kind, Kind::Creation { .. }).then(|| {
        quote_spanned! {place=>
            #(#cfgs)*
            impl #krate::CreationEvent for #name {}
        }
    });
    let (version, splits) = (evolution::version(event), split::constant(event, aggregate));
    let event_impl = match event.kind {
        Kind::Split(_) => split::impl_of_struct(event, name, krate),
        _ => quote_spanned! {place=>
            #(#cfgs)*
            impl #krate::EventStruct for #name {
                const TOPIC: &'static str = #topic;
                #old_topics
                #version
                #splits
                #read
            }
        },
    };
    // `pub`, because it is part of a trait's associated type and the aggregate may be `pub`; the types of its fields may be private
    quote_spanned! {place=>
        #(#docs)*
        #(#cfgs)*
        #[derive(
            ::std::clone::Clone,
            ::std::fmt::Debug,
            #krate::__private::serde::Serialize,
            #krate::__private::serde::Deserialize,
            #(#derives,)*
        )]
        #serde
        #[allow(private_interfaces #no_eq)]
        pub struct #name {
            #(#fields)*
        }

        #event_impl

        #creates
    }
}

fn field(parameter: &Parameter) -> TokenStream {
    let Parameter { name, stored, serde, .. } = parameter;
    let docs = docs::of_field(&parameter.docs, name);
    quote!(#(#docs)* #(#serde)* pub #name: #stored,)
}
