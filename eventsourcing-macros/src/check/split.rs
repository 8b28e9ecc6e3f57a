//! Split events: what their functions return, and whether that is events of the same aggregate.

use proc_macro2::Ident;
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::{ReturnType, Signature, Type};

use super::candidate::{Candidate, events};
use super::event::result_of;
use crate::errors::Errors;
use crate::messages::split as message;
use crate::model::checked::{Event, Kind, Part, Payload, Split};
use crate::model::parsed::EventOptions;
use crate::syntax::names::event_enum;
use crate::syntax::types::{peel, sole_argument};

/// A split event has no receiver, and none of the options of an event that is recorded.
pub(super) fn options(options: &EventOptions, signature: &Signature, errors: &mut Errors) {
    if let Some(receiver) = signature.receiver() {
        errors.at(receiver, message::RECEIVER);
    }
    if let Some((option, _)) = &options.id {
        errors.at(option, message::ID);
    }
    if let Some((option, _)) = &options.evolution.downcast {
        errors.at(option, message::DOWNCAST);
    }
}

/// The events that the function returns, before it is known which events there are.
pub(super) fn kind(signature: &Signature, aggregate: &Ident, topic: &str, errors: &mut Errors) -> Option<Kind> {
    let ReturnType::Type(_, output) = &signature.output else {
        errors.at(&signature.ident, message::into_nothing(topic));
        return None;
    };
    let returned = peel(result_of(output).unwrap_or(output));
    match returned {
        Type::Tuple(tuple) if tuple.elems.is_empty() => errors.at(output, message::into_nothing(topic)),
        Type::Tuple(tuple) => {
            let parts: Option<Vec<Part>> = tuple.elems.iter().map(part).collect();
            match parts.as_deref() {
                None => errors.at(output, message::returns(&event_enum(aggregate))),
                Some([one]) => errors.at(output, message::into_one(&one.event, topic)),
                Some(_) => return parts.map(|parts| Kind::Split(Split::Into(parts))),
            }
        }
        Type::Path(path) => {
            let element = sole_argument(&path.path, "Vec").and_then(part);
            if element.is_some_and(|element| element.event == event_enum(aggregate)) {
                return Some(Kind::Split(Split::IntoAny));
            }
            let is_vec = path.path.segments.last().is_some_and(|last| !last.arguments.is_none());
            match part(returned).filter(|one| !is_vec && one.event != "Self") {
                Some(one) => errors.at(output, message::into_one(&one.event, topic)),
                None => errors.at(output, message::returns(&event_enum(aggregate))),
            }
        }
        _ => errors.at(output, message::returns(&event_enum(aggregate))),
    }
    None
}

/// A part by the path of its struct, whose name stands for the event until that is found.
fn part(ty: &Type) -> Option<Part> {
    match peel(ty) {
        Type::Path(path) if path.qself.is_none() => {
            let event = path.path.segments.last()?.ident.clone();
            Some(Part { ty: ty.clone(), event })
        }
        _ => None,
    }
}

/// What is known of an event that may be a part.
struct Possible {
    payload: Ident,
    event: Ident,
    is_split: bool,
}

impl Possible {
    fn of(event: &Event) -> Option<Self> {
        let payload = match &event.payload {
            Payload::Generated(name) => name.clone(),
            Payload::Own(path) => path.segments.last()?.ident.clone(),
        };
        Some(Self { payload, event: event.name.clone(), is_split: matches!(event.kind, Kind::Split(_)) })
    }
}

/// Finds the events that are parts. An event with a part that is none becomes a plain function.
pub(super) fn parts(candidates: &mut [Candidate], aggregate: &Ident, errors: &mut Errors) {
    let possible: Vec<Possible> = events(candidates).filter_map(Possible::of).collect();
    for candidate in candidates {
        let Some(event) = &mut candidate.event else { continue };
        let own = event.name.clone();
        let Kind::Split(Split::Into(parts)) = &mut event.kind else { continue };
        let mut wrong = Errors::default();
        for part in parts {
            match possible.iter().find(|possible| possible.payload.unraw() == part.event.unraw()) {
                Some(found) if found.event == own => wrong.at(&part.ty, message::into_itself(&part.event)),
                Some(found) if found.is_split => wrong.at(&part.ty, message::into_a_split_one(&part.event)),
                Some(found) => part.event = found.event.clone(),
                None => {
                    let possible = possible.iter().filter(|possible| !possible.is_split);
                    let known: Vec<String> = possible.map(|possible| possible.payload.to_string()).collect();
                    let ty = part.ty.to_token_stream();
                    wrong.at(ty, message::into_another(&part.event, aggregate, &known));
                }
            }
        }
        if !wrong.is_empty() {
            errors.append(wrong);
            candidate.event = None;
        }
    }
}
