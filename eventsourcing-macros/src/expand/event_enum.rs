//! The enum of an aggregate's events, and its serialization.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::Path;

use super::{evolution, personal, split};
use crate::model::checked::{Aggregate, Event, Kind, Parameter, Payload};
use crate::syntax::names;

pub(super) fn event_enum(aggregate: &Aggregate) -> TokenStream {
    let (name, derives) = (names::event_enum(&aggregate.name), &aggregate.derives);
    let doc = format!(" The events of `{}`.", aggregate.name);
    let variants = aggregate.events().map(|event| {
        let (variant, content, cfgs) = (&event.name, split::content(event, aggregate), &event.attributes.cfgs);
        let what = match event.kind {
            Kind::Split(_) => ", which is split into these",
            _ => "",
        };
        let doc = format!(" The event `{variant}`{what}.");
        quote_spanned!(variant.span()=> #[doc = #doc] #(#cfgs)* #variant(#content))
    });
    let is_own = aggregate.events().any(|event| matches!(event.payload, Payload::Own(_)));
    let private = is_own.then(|| quote!(private_interfaces));
    let no_eq = aggregate.derives_partial_eq_alone().then(|| quote!(clippy::derive_partial_eq_without_eq));
    let lints: Vec<TokenStream> = private.into_iter().chain(no_eq).collect();
    let allow = (!lints.is_empty()).then(|| quote!(#[allow(#(#lints),*)]));
    quote_spanned! {name.span()=>
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
    let name = names::event_enum(&aggregate.name);
    let krate = &aggregate.krate;
    let arm = |arm: fn(&Event) -> TokenStream| {
        aggregate.events().map(move |event| {
            let (arm, cfgs) = (arm(event), &event.attributes.cfgs);
            quote!(#(#cfgs)* #arm,)
        })
    };
    let all = arm(|event| event.topic.text.to_token_stream());
    let topics = arm(|Event { name, topic, .. }| {
        let topic = &topic.text;
        quote_spanned!(name.span()=> Self::#name(_) => #topic)
    });
    let writes = aggregate.events().map(|event| {
        let (name, write, cfgs) = (&event.name, evolution::write(event, krate), &event.attributes.cfgs);
        let content = if let Kind::Split(_) = event.kind { quote!(_) } else { quote!(event) };
        quote_spanned!(name.span()=> #(#cfgs)* Self::#name(#content) => #write,)
    });
    let reads = aggregate.events().map(|event| match &event.kind {
        Kind::Split(into) => split::read(event, into, aggregate),
        _ => read(event, krate),
    });
    let personal = personal::of_events(aggregate);
    let (split_topics, parts) = split::of_enum(aggregate);
    let checks = split::checks(aggregate);
    let old_topics = aggregate.events().filter(|event| !event.evolution.was.is_empty()).map(|event| {
        let cfgs = &event.attributes.cfgs;
        let old = evolution::old_topics(event).map(|topic| quote!(#(#cfgs)* #topic,));
        quote!(#(#old)*)
    });
    let old_topics: Vec<TokenStream> = old_topics.collect();
    let old_topics =
        (!old_topics.is_empty()).then(|| quote!(const OLD_TOPICS: &'static [&'static str] = &[#(#old_topics)*];));
    let retired = &aggregate.retired;
    let (retired_topics, retired) = if retired.is_empty() {
        (None, None)
    } else {
        (
            Some(quote!(const RETIRED_TOPICS: &'static [&'static str] = &[#(#retired),*];)),
            Some(quote!(#(#retired)|* => ::std::result::Result::Err(#krate::domain::StateError::Retired),)),
        )
    };
    let exact = aggregate.events().map(|event| {
        let (name, is_exact) = (&event.name, is_exact(event, krate));
        let cfgs = &event.attributes.cfgs;
        quote_spanned!(name.span()=> #(#cfgs)* Self::#name(_) => #is_exact,)
    });
    // the enum is empty if all events of the block have errors
    let this = if aggregate.events().next().is_some() { quote!(self) } else { quote!(*self) };
    quote_spanned! {name.span()=>
        impl #krate::AggregateEvent for #name {
            const TOPICS: &'static [&'static str] = &[#(#all)*];
            #old_topics
            #retired_topics
            #split_topics
            #personal

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
                    #retired
                    _ => ::std::result::Result::Err(#krate::domain::StateError::UnknownTopic),
                }
            }

            #parts

            fn is_exact(&self) -> bool {
                match #this {
                    #(#exact)*
                }
            }
        }

        #checks
    }
}

/// The arm that reads an event under its topics.
fn read(event: &Event, krate: &Path) -> TokenStream {
    let Event { name, topic, payload, evolution, .. } = event;
    let (topic, old, cfgs) = (&topic.text, evolution::old_topics(event), &event.attributes.cfgs);
    let topics = quote!(#topic #(| #old)*);
    match payload {
        _ if evolution.is_of_one_shape() => {
            quote_spanned!(name.span()=> #(#cfgs)* #topics => state.read().map(Self::#name),)
        }
        Payload::Generated(payload) => quote_spanned! {name.span()=>
            #(#cfgs)* #topics => <#payload as #krate::EventStruct>::read(topic, state).map(Self::#name),
        },
        Payload::Own(payload) => {
            let read = evolution::read(event, krate);
            quote_spanned! {name.span()=>
                #(#cfgs)*
                #topics => {
                    let event: ::std::result::Result<#payload, #krate::domain::StateError> = { #read };
                    event.map(Self::#name)
                }
            }
        }
    }
}

/// Whether each field of the event is restored exactly. Serde attributes, and structs of the user's, may do as they like.
fn is_exact(event: &Event, krate: &impl ToTokens) -> TokenStream {
    let is_generated = matches!(event.payload, Payload::Generated(_));
    if !is_generated
        || matches!(event.kind, Kind::Split(_))
        || event.evolution.downcast.is_some()
        || event.parameters.iter().any(|parameter| !parameter.serde.is_empty())
    {
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
