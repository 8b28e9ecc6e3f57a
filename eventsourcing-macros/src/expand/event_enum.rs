//! The enum of an aggregate's events, and its serialization.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Path;

use crate::model::checked::{Aggregate, Event, Parameter, Payload};
use crate::syntax::names;

pub(super) fn event_enum(aggregate: &Aggregate) -> TokenStream {
    let (name, derives) = (names::event_enum(&aggregate.name), &aggregate.derives);
    let doc = format!(" The events of `{}`.", aggregate.name);
    let variants = aggregate.events().map(|event| {
        let (variant, payload, cfgs) = (&event.name, &event.payload, &event.attributes.cfgs);
        let doc = format!(" The event `{variant}`.");
        quote!(#[doc = #doc] #(#cfgs)* #variant(#payload))
    });
    let is_own = aggregate.events().any(|event| matches!(event.payload, Payload::Own(_)));
    let allow = is_own.then(|| quote!(#[allow(private_interfaces)]));
    quote! {
        #[doc = #doc]
        #[derive(::std::clone::Clone, ::std::fmt::Debug, #(#derives,)*)]
        #allow
        pub enum #name {
            #(#variants,)*
        }
    }
}

/// `impl AggregateEvent for WorldEvent`.
pub(super) fn aggregate_event(aggregate: &Aggregate) -> TokenStream {
    let (krate, name) = (&aggregate.krate, names::event_enum(&aggregate.name));
    let arm = |arm: fn(&Event) -> TokenStream| {
        aggregate.events().map(move |event| {
            let (arm, cfgs) = (arm(event), &event.attributes.cfgs);
            quote!(#(#cfgs)* #arm,)
        })
    };
    let all = arm(|event| event.topic.text.to_token_stream());
    let topics = arm(|Event { name, topic, .. }| {
        let topic = &topic.text;
        quote!(Self::#name(_) => #topic)
    });
    let writes = arm(|Event { name, .. }| quote!(Self::#name(event) => state.write(event)));
    let reads = arm(|Event { name, topic, .. }| {
        let topic = &topic.text;
        quote!(#topic => state.read().map(Self::#name))
    });
    let exact = aggregate.events().map(|event| {
        let (name, is_exact) = (&event.name, is_exact(event, krate));
        let cfgs = &event.attributes.cfgs;
        quote!(#(#cfgs)* Self::#name(_) => #is_exact,)
    });
    // the enum is empty if all events of the block have errors
    let this = if aggregate.events().next().is_some() { quote!(self) } else { quote!(*self) };
    quote! {
        impl #krate::AggregateEvent for #name {
            const TOPICS: &'static [&'static str] = &[#(#all)*];

            fn topic(&self) -> &'static str {
                match #this {
                    #(#topics)*
                }
            }

            fn write(
                &self,
                state: &mut #krate::domain::StateWriter<'_>,
            ) -> ::std::result::Result<(), #krate::domain::StateError> {
                match #this {
                    #(#writes)*
                }
            }

            fn read(
                topic: &str,
                state: &mut #krate::domain::StateReader<'_>,
            ) -> ::std::result::Result<Self, #krate::domain::StateError> {
                match topic {
                    #(#reads)*
                    _ => ::std::result::Result::Err(#krate::domain::StateError::UnknownTopic),
                }
            }

            fn is_exact(&self) -> bool {
                match #this {
                    #(#exact)*
                }
            }
        }
    }
}

/// Whether each field of the event is restored exactly. Serde attributes, and structs of the user's, may do as they like.
fn is_exact(event: &Event, krate: &Path) -> TokenStream {
    let is_generated = matches!(event.payload, Payload::Generated(_));
    if !is_generated || event.parameters.iter().any(|parameter| !parameter.serde.is_empty()) {
        return quote!(false);
    }
    let fields =
        event.parameters.iter().map(|Parameter { stored, .. }| quote!(#krate::__private::is_exact::<#stored>()));
    if fields.len() == 0 { quote!(true) } else { quote!(#(#fields)&&*) }
}

impl ToTokens for Payload {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Generated(name) => name.to_tokens(tokens),
            Self::Own(path) => path.to_tokens(tokens),
        }
    }
}
