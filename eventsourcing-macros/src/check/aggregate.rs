//! The events of an aggregate among each other: names, topics, and the one that makes it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::{Attribute, ImplItem, ItemImpl, LitStr, Path};

use super::{body, changes};
use crate::errors::Errors;
use crate::messages;
use crate::model::{Aggregate, Event, Kind, Member, Payload};
use crate::names::{MAX_TOPIC, camel_case, is_camel_case};
use crate::parse::{demote, is_event_attribute};

pub(crate) fn aggregate(aggregate: &mut Aggregate, errors: &mut Errors) {
    // before those that are at odds with others become plain methods
    changes::recorded(aggregate, errors);
    unique(aggregate, errors);
    for event in aggregate.events() {
        topic(event, errors);
        chosen_id(event, errors);
        body::no_nested_events(event, aggregate, errors);
        body::deterministic(event, errors);
    }
}

/// An event is named as types are, and not as the enum of all events.
pub(crate) fn event_name(name: &str) -> Result<(), String> {
    if !is_camel_case(name) {
        return Err(messages::event_name(name, &Some(camel_case(name)).filter(|name| is_camel_case(name))));
    }
    if name == "Event" {
        return Err(messages::EVENT_CALLED_EVENT.to_owned());
    }
    Ok(())
}

/// The name of the aggregate in topics.
pub(crate) fn topic_name(pinned: Option<&LitStr>, name: &Ident, errors: &mut Errors) -> String {
    match pinned {
        Some(pinned) if pinned.value().trim().is_empty() => errors.at(pinned, messages::EMPTY_NAME),
        Some(pinned) => return pinned.value(),
        None => {}
    }
    name.unraw().to_string()
}

/// Without a creation event there is no first version.
pub(crate) fn has_a_creation(block: &ItemImpl, name: &Ident, krate: &Path, errors: &mut Errors) {
    let is_event = |attribute: &Attribute| is_event_attribute(attribute, krate);
    let is_creation = |item: &ImplItem| match item {
        ImplItem::Fn(method) => method.attrs.iter().any(is_event) && method.sig.receiver().is_none(),
        // with a `;` for its body, which is another error
        ImplItem::Verbatim(_) => true,
        _ => false,
    };
    if !block.items.iter().any(is_creation) {
        errors.at(&block.self_ty, messages::no_creation(name));
    }
}

/// A name is an event's own, and so is a topic; the second to want it goes without.
///
/// Events under `#[cfg]` may exclude each other, so of those the compiler sees the same name, and would not see the same
/// topic.
fn unique(aggregate: &mut Aggregate, errors: &mut Errors) {
    let mut taken: Vec<Taken> = Vec::new();
    for member in &mut aggregate.members {
        let Member::Event(event) = member else { continue };
        let clash = taken.iter().find_map(|first| first.clash(event));
        let Some((place, message)) = clash else {
            taken.push(Taken {
                name: event.name.to_string(),
                topic: event.topic.text.clone(),
                is_conditional: !event.attributes.cfgs.is_empty(),
                method: event.signature.ident.clone(),
            });
            continue;
        };
        errors.at_span(place, message);
        let nothing = Member::Plain(Box::new(ImplItem::Verbatim(TokenStream::new())));
        if let Member::Event(event) = std::mem::replace(member, nothing) {
            *member = demote(*event);
        }
    }
}

/// What an event has taken from those behind it.
struct Taken {
    name: String,
    topic: String,
    is_conditional: bool,
    method: Ident,
}

impl Taken {
    fn clash(&self, event: &Event) -> Option<(Span, String)> {
        if event.name == self.name {
            let is_conditional = self.is_conditional || !event.attributes.cfgs.is_empty();
            let message = || messages::name_taken(&self.name, &self.method, &event.signature.ident);
            return (!is_conditional).then(|| (event.place, message()));
        }
        (event.topic.text == self.topic).then(|| (event.topic.place, messages::topic_taken(&self.topic, &self.method)))
    }
}

/// A creation that is given an id says whether it is the aggregate's: without `id = …` that is a random one.
fn chosen_id(event: &Event, errors: &mut Errors) {
    if !matches!(event.kind, Kind::Creation { .. }) || event.id.is_some() {
        return;
    }
    if let Some(parameter) = event.parameters.iter().find(|parameter| parameter.name.unraw() == "id") {
        let written = match &event.payload {
            Payload::Own(path) => path.to_token_stream().to_string().replace(' ', ""),
            Payload::Generated(_) => format!("\"{}\"", event.name),
        };
        errors.at(&parameter.name, messages::id_not_chosen(&written));
    }
}

/// A topic is something, and fits its column.
fn topic(event: &Event, errors: &mut Errors) {
    let topic = &event.topic;
    if topic.is_pinned && topic.text.trim().is_empty() {
        errors.at_span(topic.place, messages::EMPTY_TOPIC);
    } else if topic.text.len() > MAX_TOPIC {
        errors.at_span(topic.place, messages::topic_too_long(topic.text.len()));
    }
}
