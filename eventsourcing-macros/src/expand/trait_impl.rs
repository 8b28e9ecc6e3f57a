//! `impl Aggregate`, which creates and changes the aggregate from its events.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::command::outcome;
use super::{log, personal};
use crate::model::checked::{Aggregate, Conversion, Event, Kind, Parameter, Returned};
use crate::syntax::names;

pub(super) fn trait_impl(aggregate: &Aggregate, snapshots: Option<&TokenStream>) -> TokenStream {
    let Aggregate { krate, name, topic_name, .. } = aggregate;
    let personal = personal::of_aggregate(aggregate);
    let (events, root) = (names::event_enum(name), names::root_field());
    let mut creations: Vec<TokenStream> = Vec::new();
    let mut changes: Vec<TokenStream> = Vec::new();
    let mut are_creations: Vec<TokenStream> = Vec::new();
    let mut splits: Vec<TokenStream> = Vec::new();
    for event in aggregate.events() {
        match &event.kind {
            Kind::Creation { fallible } => {
                creations.push(creation(event, aggregate, *fallible));
                are_creations.push(is_creation(event, aggregate));
            }
            Kind::Change(returned) => changes.push(change(event, aggregate, returned)),
            Kind::Split(_) => {
                splits.push(split(event, aggregate));
                are_creations.push(is_split_creation(event, aggregate));
            }
        }
    }
    if let Some(place) = aggregate.log {
        return log::trait_impls(aggregate, place, &changes);
    }
    // without changes, the creations are all events and the match is exhaustive
    if !changes.is_empty() || creations.is_empty() {
        creations.push(quote!(_ => ::std::result::Result::Err(#krate::ApplyError::NotACreation),));
        are_creations.push(quote!(_ => false,));
    }
    changes.push(quote!(_ => ::std::result::Result::Err(#krate::ApplyError::IsACreation),));
    quote! {
        impl #krate::__private::AllEventsInOneImpl for #name {}

        impl #krate::Aggregate for #name {
            type Event = #events;

            const NAME: &'static str = #topic_name;

            #snapshots

            const CLONE: ::std::option::Option<fn(&Self) -> Self> = {
                #[allow(unused_imports)]
                use #krate::__private::NotCloned as _;
                #krate::__private::Cloned::<Self>::CLONE
            };

            #personal

            fn root(&self) -> &#krate::Root<Self> {
                &self.#root
            }

            fn root_mut(&mut self) -> &mut #krate::Root<Self> {
                &mut self.#root
            }

            fn create(event: #events) -> ::std::result::Result<Self, #krate::ApplyError> {
                match event {
                    #(#splits)*
                    #(#creations)*
                }
            }

            fn apply(&mut self, event: #events) -> ::std::result::Result<(), #krate::ApplyError> {
                match event {
                    #(#splits)*
                    #(#changes)*
                }
            }

            fn is_creation(event: &#events) -> bool {
                match event {
                    #(#are_creations)*
                }
            }
        }
    }
}

fn creation(event: &Event, aggregate: &Aggregate, fallible: bool) -> TokenStream {
    let (krate, body) = (&aggregate.krate, names::body_of(&event.signature.ident));
    let arguments = event.parameters.iter().map(argument);
    let made = quote!(Self::#body(#(#arguments),*));
    let made = if fallible {
        quote!(#made.map_err(|_| #krate::ApplyError::Refused))
    } else {
        quote!(::std::result::Result::Ok(#made))
    };
    let pattern = pattern(event, aggregate);
    quote!(#pattern => #made,)
}

/// `WorldEvent::Started(_) => true,`
fn is_creation(event: &Event, aggregate: &Aggregate) -> TokenStream {
    let (events, cfgs) = (names::event_enum_at(&aggregate.name, event.place), &event.attributes.cfgs);
    let name = &event.name;
    quote_spanned!(events.span()=> #(#cfgs)* #events::#name(_) => true,)
}

/// `WorldEvent::Relocated(_) => Err(ApplyError::IsSplit),`
fn split(event: &Event, aggregate: &Aggregate) -> TokenStream {
    let (events, cfgs) = (names::event_enum_at(&aggregate.name, event.place), &event.attributes.cfgs);
    let (name, krate) = (&event.name, &aggregate.krate);
    let error = quote!(::std::result::Result::Err(#krate::ApplyError::IsSplit));
    quote_spanned!(events.span()=> #(#cfgs)* #events::#name(_) => #error,)
}

/// `WorldEvent::Relocated(parts) => parts.first().is_some_and(Self::is_creation),`
fn is_split_creation(event: &Event, aggregate: &Aggregate) -> TokenStream {
    let (events, cfgs) = (names::event_enum_at(&aggregate.name, event.place), &event.attributes.cfgs);
    let (name, krate) = (&event.name, &aggregate.krate);
    let is_creation = quote!(parts.first().is_some_and(<Self as #krate::Aggregate>::is_creation));
    quote_spanned!(events.span()=> #(#cfgs)* #events::#name(parts) => #is_creation,)
}

fn change(event: &Event, aggregate: &Aggregate, returned: &Returned) -> TokenStream {
    let (krate, body) = (&aggregate.krate, names::body_of(&event.signature.ident));
    let arguments = event.parameters.iter().map(argument);
    let done = quote!(self.#body(#(#arguments),*));
    let done = match returned {
        Returned::Nothing => quote!(#done; ::std::result::Result::Ok(())),
        Returned::Value => quote!(let _ = #done; ::std::result::Result::Ok(())),
        Returned::Result => quote!(#done.map(|_| ()).map_err(|_| #krate::ApplyError::Refused)),
        Returned::Unknown(ty) => {
            let outcome = outcome(ty, krate);
            quote!(use #krate::__private::PlainOutcome as _; #outcome.replayed(#done))
        }
    };
    let pattern = pattern(event, aggregate);
    quote!(#pattern => { #done })
}

/// `WorldEvent::Started(WorldStarted { name })`.
fn pattern(event: &Event, aggregate: &Aggregate) -> TokenStream {
    let (name, content) = (&event.name, pattern_of_struct(event));
    let (events, cfgs) = (names::event_enum_at(&aggregate.name, event.place), &event.attributes.cfgs);
    quote_spanned!(events.span()=> #(#cfgs)* #events::#name(#content))
}

/// `WorldStarted { name }`.
pub(super) fn pattern_of_struct(event: &Event) -> TokenStream {
    let Event { payload, parameters, .. } = event;
    let fields = parameters.iter().map(|parameter| &parameter.name);
    quote_spanned!(names::generated_at(event.place)=> #payload { #(#fields),* })
}

/// An argument of the body at replay, where the fields of the event are moved.
pub(super) fn argument(parameter: &Parameter) -> TokenStream {
    let name = &parameter.name;
    match parameter.conversion {
        Conversion::Owned | Conversion::Into | Conversion::OptionInto => quote!(#name),
        Conversion::Borrowed => quote!(&#name),
        Conversion::OptionUnsized => quote!(#name.as_deref()),
        Conversion::OptionBorrowed => quote!(#name.as_ref()),
        Conversion::OptionToOwned => quote!(#name.as_ref().map(::std::borrow::Borrow::borrow)),
    }
}
