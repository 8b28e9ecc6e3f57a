//! Split events: they are read as other events, and these know it.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::Path;

use super::evolution;
use super::trait_impl::{argument, pattern_of_struct};
use crate::model::checked::{Aggregate, Event, Kind, Payload, Split};
use crate::syntax::names;

/// The split events of an aggregate, with what they become.
fn splits(aggregate: &Aggregate) -> impl Iterator<Item = (&Event, &Split)> {
    aggregate.events().filter_map(|event| match &event.kind {
        Kind::Split(split) => Some((event, split)),
        _ => None,
    })
}

/// The value of the enum's variant: the parts, or the struct of the event.
pub(super) fn content(event: &Event, aggregate: &Aggregate) -> TokenStream {
    match &event.kind {
        Kind::Split(_) => {
            let events = names::event_enum_at(&aggregate.name, event.place);
            quote_spanned!(event.place=> ::std::vec::Vec<#events>)
        }
        _ => event.payload.to_token_stream(),
    }
}

/// The impl of the struct of a split event, instead of that for handlers.
pub(super) fn impl_of_struct(event: &Event, name: &Ident, krate: &Path) -> TokenStream {
    let (topic, cfgs, version) = (&event.topic.text, &event.attributes.cfgs, evolution::version(event));
    quote_spanned! {names::generated_at(event.place)=>
        #(#cfgs)*
        impl #krate::SplitEvent for #name {
            const TOPIC: &'static str = #topic;
            #version
        }
    }
}

/// The topics of split events that may contain this one, as a constant for its handlers.
pub(super) fn constant(event: &Event, aggregate: &Aggregate) -> Option<TokenStream> {
    let krate = &aggregate.krate;
    let events = names::event_enum_at(&aggregate.name, event.place);
    let topics: Vec<TokenStream> = containing(event, aggregate)
        .map(|split| {
            let cfgs = &split.attributes.cfgs;
            let topics = std::iter::once(split.topic.text.as_str()).chain(evolution::old_topics(split));
            let topics = topics.map(|topic| quote!(#(#cfgs)* #krate::SplitTopic::of::<#events>(#topic),));
            quote!(#(#topics)*)
        })
        .collect();
    // without a creation, which is an error, there is no enum
    let has_enum = aggregate.events().any(|event| matches!(event.kind, Kind::Creation { .. }));
    (has_enum && !topics.is_empty()).then(|| quote!(const SPLITS: &'static [#krate::SplitTopic] = &[#(#topics)*];))
}

/// The split events that may contain an event.
fn containing<'a>(event: &'a Event, aggregate: &'a Aggregate) -> impl Iterator<Item = &'a Event> {
    let contains = |split: &Split| match split {
        Split::Into(parts) => parts.iter().any(|part| part.event == event.name),
        Split::IntoAny => true,
    };
    let is_split = matches!(event.kind, Kind::Split(_));
    splits(aggregate).filter(move |(_, split)| !is_split && contains(split)).map(|(event, _)| event)
}

/// The constant and the methods of the enum for split events; nothing without them.
pub(super) fn of_enum(aggregate: &Aggregate) -> (Option<TokenStream>, Option<TokenStream>) {
    let krate = &aggregate.krate;
    if splits(aggregate).next().is_none() {
        return (None, None);
    }
    let topics = splits(aggregate).map(|(event, _)| {
        let (topic, cfgs) = (&event.topic.text, &event.attributes.cfgs);
        quote!(#(#cfgs)* #topic,)
    });
    let arms = |value: fn() -> TokenStream| {
        splits(aggregate).map(move |(event, _)| {
            let (name, cfgs, value) = (&event.name, &event.attributes.cfgs, value());
            quote_spanned!(name.span()=> #(#cfgs)* Self::#name(parts) => #value,)
        })
    };
    let (borrowed, owned) = (arms(|| quote!(parts)), arms(|| quote!(parts)));
    let parts = aggregate.events().map(|event| {
        let (name, topic, cfgs) = (&event.name, &event.topic.text, &event.attributes.cfgs);
        match event.kind {
            Kind::Split(_) => quote_spanned! {name.span()=>
                #(#cfgs)* event @ Self::#name(_) => #krate::domain::Part::new(#topic, event),
            },
            _ => quote_spanned! {name.span()=>
                #(#cfgs)* Self::#name(event) => #krate::domain::Part::new(#topic, event),
            },
        }
    });
    let constant = quote!(const SPLIT_TOPICS: &'static [&'static str] = &[#(#topics)*];);
    let methods = quote! {
        fn parts(&self) -> &[Self] {
            match self {
                #(#borrowed)*
                _ => ::std::slice::from_ref(self),
            }
        }

        fn into_parts(self) -> ::std::vec::Vec<Self> {
            match self {
                #(#owned)*
                event => ::std::vec![event],
            }
        }

        fn into_part(self) -> #krate::domain::Part {
            match self {
                #(#parts)*
            }
        }
    };
    (Some(constant), Some(methods))
}

/// The arm that reads a split event as its parts.
pub(super) fn read(event: &Event, split: &Split, aggregate: &Aggregate) -> TokenStream {
    let (krate, aggregate) = (&aggregate.krate, &aggregate.name);
    let Event { name, topic, payload, signature, .. } = event;
    let (topic, old, cfgs) = (&topic.text, evolution::old_topics(event), &event.attributes.cfgs);
    let read = if event.evolution.is_of_one_shape() { quote!(state.read()) } else { evolution::read(event, krate) };
    let (fields, arguments) = (pattern_of_struct(event), event.parameters.iter().map(argument));
    let body = names::body_of(&signature.ident);
    let function = format!("::{}::{}", aggregate, signature.ident);
    let variant = quote_spanned!(name.span()=> Self::#name);
    let parts = match split {
        Split::IntoAny => quote! {
            let parts: ::std::vec::Vec<Self> = returned.parts()?;
            ::std::result::Result::Ok(#variant(#krate::__private::flat(parts)))
        },
        Split::Into(parts) => {
            let names: Vec<Ident> = (1..=parts.len()).map(|place| format_ident!("part_{place}")).collect();
            let (types, events) = (parts.iter().map(|part| &part.ty), parts.iter().map(|part| &part.event));
            quote! {
                let (#(#names),*): (#(#types),*) = returned.parts()?;
                ::std::result::Result::Ok(#variant(::std::vec![#(Self::#events(#names)),*]))
            }
        }
    };
    quote_spanned! {name.span()=>
        #(#cfgs)*
        #topic #(| #old)* => {
            #[allow(unused_imports)]
            use #krate::__private::split::{self, PlainSplit as _};
            let event: ::std::result::Result<#payload, #krate::domain::StateError> = { #read };
            let #fields = event?;
            let returned = split::run(
                ::std::concat!(::std::module_path!(), #function),
                || #aggregate::#body(#(#arguments),*),
            )?;
            #parts
        }
    }
}

/// Checks that handlers of own structs, whose impls are the user's, get the parts of split events.
pub(super) fn checks(aggregate: &Aggregate) -> TokenStream {
    let krate = &aggregate.krate;
    let own = aggregate.events().filter(|event| matches!(event.payload, Payload::Own(_)));
    let checks = own.flat_map(|event| containing(event, aggregate).map(move |split| (event, split)));
    let checks = checks.map(|(event, split)| {
        let (payload, topic, split) = (&event.payload, &event.topic.text, &split.topic.text);
        let cfgs = &event.attributes.cfgs;
        quote_spanned! {event.place=>
            #(#cfgs)*
            const _: () = {
                #[allow(unused_imports)]
                use #krate::__private::NotHandled as _;
                #krate::__private::gets_parts(#krate::__private::Handled::<#payload>::TOPICS, #topic, #split)
            };
        }
    });
    checks.collect()
}
