//! The names, topics and ids of events.

use proc_macro2::{Ident, Span};
use syn::LitStr;
use syn::ext::IdentExt as _;

use super::candidate::Candidate;
use crate::errors::Errors;
use crate::messages;
use crate::model::checked::{Event, Kind, Payload};
use crate::syntax::names::{camel_case, is_camel_case};
use crate::syntax::paths;

/// The limit for topics, in bytes.
pub(super) const MAX_TOPIC: usize = 255;

/// The name of the aggregate in topics, which must not be empty.
pub(super) fn of_aggregate(pinned: Option<&LitStr>, name: &Ident, errors: &mut Errors) -> String {
    match pinned {
        Some(pinned) if pinned.value().trim().is_empty() => errors.at(pinned, messages::options::EMPTY_NAME),
        Some(pinned) => return pinned.value(),
        None => {}
    }
    name.unraw().to_string()
}

/// The name of an event must be in upper camel case, and its struct must not have the name of the enum of all events.
pub(super) fn of_event(name: &str) -> Result<(), String> {
    if !is_camel_case(name) {
        let better = Some(camel_case(name)).filter(|name| is_camel_case(name));
        return Err(messages::event::invalid_name(name, &better));
    }
    if name == "Event" {
        return Err(messages::event::CALLED_EVENT.to_owned());
    }
    Ok(())
}

/// Returns the rest of an event's name that begins with the name of the aggregate, as `AccountOpened` of `Account` does.
pub(super) fn repeats_the_aggregate(event: &Ident, aggregate: &Ident) -> Option<String> {
    let (event, aggregate) = (event.to_string(), aggregate.unraw().to_string());
    // `Ordered` of `Order` is another word
    event.strip_prefix(&aggregate).filter(|rest| of_event(rest).is_ok()).map(ToOwned::to_owned)
}

/// The names and topics of events must be unique. The second event with a name or topic becomes a plain method.
///
/// Events with `#[cfg]` may exclude each other. The compiler reports the same name if they do not. It would not report the same
/// topic.
pub(super) fn unique(candidates: &mut [Candidate], errors: &mut Errors) {
    let mut taken: Vec<Taken> = Vec::new();
    for candidate in candidates {
        let Some(event) = &candidate.event else { continue };
        let clash = taken.iter().find_map(|first| first.clash(event));
        match clash {
            Some((place, message)) => {
                errors.at_span(place, message);
                candidate.event = None;
            }
            None => taken.push(Taken::by(event)),
        }
    }
}

/// The name and topic of an event, which later events must not have.
struct Taken {
    name: String,
    topic: String,
    /// The topics that it had before.
    old_topics: Vec<String>,
    is_conditional: bool,
    method: Ident,
}

impl Taken {
    fn by(event: &Event) -> Self {
        Self {
            name: event.name.to_string(),
            topic: event.topic.text.clone(),
            old_topics: event.evolution.was.iter().map(|was| was.topic.clone()).collect(),
            is_conditional: !event.attributes.cfgs.is_empty(),
            method: event.signature.ident.clone(),
        }
    }

    fn clash(&self, event: &Event) -> Option<(Span, String)> {
        if event.name == self.name {
            let is_conditional = self.is_conditional || !event.attributes.cfgs.is_empty();
            let message = || messages::event::name_taken(&self.name, &self.method, &event.signature.ident);
            return (!is_conditional).then(|| (event.place, message()));
        }
        if event.topic.text == self.topic {
            return Some((event.topic.place, messages::event::topic_taken(&self.topic, &self.method)));
        }
        let own = &event.signature.ident;
        if self.old_topics.contains(&event.topic.text) {
            return Some((event.topic.place, messages::evolution::topic_is_of_another(&event.topic.text, own)));
        }
        event.evolution.was.iter().find_map(|was| {
            if was.topic == self.topic {
                Some((was.place, messages::evolution::topic_is_of_another(&was.topic, &self.method)))
            } else if self.old_topics.contains(&was.topic) {
                Some((was.place, messages::evolution::old_topic_taken(&was.topic, &self.method, own)))
            } else {
                None
            }
        })
    }
}

/// A topic must not be empty and must fit its column.
pub(super) fn topic(event: &Event, errors: &mut Errors) {
    let topic = &event.topic;
    if topic.is_pinned && topic.text.trim().is_empty() {
        errors.at_span(topic.place, messages::event::EMPTY_TOPIC);
    } else if topic.text.len() > MAX_TOPIC {
        errors.at_span(topic.place, messages::event::topic_too_long(topic.text.len()));
    }
}

/// A creation with a parameter `id` must have the option `id`. Without it, the aggregate id is random.
pub(super) fn chosen_id(event: &Event, errors: &mut Errors) {
    if !matches!(event.kind, Kind::Creation { .. }) || event.id.is_some() {
        return;
    }
    if let Some(parameter) = event.parameters.iter().find(|parameter| parameter.name.unraw() == "id") {
        let written = match &event.payload {
            Payload::Own(path) => format!("struct = {}", paths::text(path)),
            Payload::Generated(_) => format!("\"{}\"", event.name),
        };
        errors.at(&parameter.name, messages::event::id_not_chosen(&written));
    }
}
