//! A single `#[event]` method: its attributes, signature and name.

use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, FnArg, ImplItemFn, Path, ReturnType, Signature, Type};

use super::evolution::{AggregateNames, evolution};
use super::fields::fields;
use super::names::{of_event, repeats_the_aggregate};
use super::parameter::parameter;
use super::returned::{returned, returns_aggregate};
use super::signature::{signature, without_receiver};
use super::split;
use super::unknown_fields::unknown_fields;
use crate::errors::Errors;
use crate::messages;
use crate::model::checked::{Event, Kind, Parameter, Payload, Returned, Topic};
use crate::model::parsed::{self, EventOptions, Named};
use crate::syntax;
use crate::syntax::types::{arguments, peel};

/// Returns the event, or all of its errors.
pub(super) fn event(
    parsed: parsed::Event,
    method: &ImplItemFn,
    aggregate: &Ident,
    names: &AggregateNames,
) -> syn::Result<Event> {
    let parsed::Event { mut options, repeated, attributes, parameters } = parsed;
    let mut errors = std::mem::take(&mut options.errors);
    once(&repeated, &mut errors);
    let is_split = options.split.is_some();
    let kind = if is_split {
        without_receiver(&method.sig, &mut errors);
        split::options(&options, &method.sig, &mut errors);
        None
    } else {
        signature(&method.sig, &mut errors);
        kind(&method.sig, aggregate, &mut errors)
    };
    let EventOptions { named, topic, id, evolution: evolved, unknown_fields: unknown, .. } = options;
    let parameters: Vec<Parameter> =
        parameters.into_iter().filter_map(|parsed| errors.take(parameter(parsed, aggregate))).collect();
    let is_creation = method.sig.receiver().is_none() && !is_split;
    let name_and_payload = name_and_payload(&named, &method.sig, is_creation, aggregate, &mut errors);
    if let (None, Some((name, place, Payload::Generated(payload)))) = (&topic, &name_and_payload)
        && let Some(rest) = repeats_the_aggregate(name, aggregate)
    {
        let topic = syntax::names::topic(&names.now, name);
        errors.at_span(*place, messages::event::repeats_the_aggregate(name, payload, &topic, rest));
    }
    id_of_a_creation(id.as_ref().map(|(word, _)| word), kind.as_ref(), &mut errors);
    let name_and_topic = name_and_payload.map(|(name, place, payload)| {
        let topic = match &topic {
            Some(pinned) => Topic { text: pinned.value(), is_pinned: true, place: pinned.span() },
            None => Topic { text: syntax::names::topic(&names.now, &name), is_pinned: false, place },
        };
        let evolution = evolution(evolved, &topic, names, &mut errors);
        (name, place, payload, topic, evolution)
    });
    let kind = match &name_and_topic {
        Some((.., topic, _)) if is_split => split::kind(&method.sig, aggregate, &topic.text, &mut errors),
        _ => kind,
    };
    let event = kind.zip(name_and_topic).map(|(kind, (name, place, payload, topic, evolution))| Event {
        kind,
        topic,
        evolution,
        unknown_fields: None,
        name,
        place,
        payload,
        id: id.map(|(_, id)| id),
        attributes,
        visibility: method.vis.clone(),
        signature: without_attributes(&method.sig),
        block: method.block.clone(),
        parameters,
        personal: Vec::new(),
    });
    let mut event = errors.or(event)?;
    let mut errors = Errors::default();
    let fields = fields(&event, &mut errors);
    event.unknown_fields = unknown_fields(unknown, &event.payload, fields.is_flattened, &mut errors);
    event.personal = fields.personal;
    errors.or(Some(event))
}

/// A method must have one `#[event]`.
fn once(repeated: &[Attribute], errors: &mut Errors) {
    for attribute in repeated {
        errors.at(attribute, messages::event::TWICE);
    }
}

/// A creation or a change, by the receiver and the return type.
fn kind(signature: &Signature, aggregate: &Ident, errors: &mut Errors) -> Option<Kind> {
    if signature.receiver().is_some() {
        let returned = errors.take(returned(&signature.output))?;
        if let Some(place) = returns_aggregate(&signature.output, aggregate) {
            errors.at(place, messages::signature::RETURNS_THE_AGGREGATE);
            return None;
        }
        return Some(Kind::Change(returned));
    }
    if let Some(kind) = returned_by_creation(&signature.output, aggregate) {
        return Some(kind);
    }
    match &signature.output {
        ReturnType::Type(_, ty) => {
            let is_known = !matches!(returned(&signature.output), Ok(Returned::Unknown(_)));
            let message = if !is_known && arguments(ty).any(|argument| is_aggregate(argument, aggregate)) {
                messages::signature::creation_returns_an_alias(&signature.ident, ty)
            } else {
                messages::signature::creation_returns(&signature.ident)
            };
            errors.at(ty, message);
            None
        }
        ReturnType::Default => {
            errors.at(&signature.ident, messages::signature::creation_returns(&signature.ident));
            None
        }
    }
}

/// The kind of a creation with this return type, which is the aggregate or a `Result` of it.
pub(super) fn returned_by_creation(output: &ReturnType, aggregate: &Ident) -> Option<Kind> {
    let ReturnType::Type(_, ty) = output else { return None };
    if is_aggregate(ty, aggregate) {
        return Some(Kind::Creation { fallible: false });
    }
    result_of(ty).filter(|ty| is_aggregate(ty, aggregate)).map(|_| Kind::Creation { fallible: true })
}

fn is_aggregate(ty: &Type, aggregate: &Ident) -> bool {
    match peel(ty) {
        Type::Path(path) => path.path.is_ident("Self") || path.path.is_ident(aggregate),
        _ => false,
    }
}

/// The `T` of `Result<T>`, `Result<T, E>` and `some::Result<T>`.
pub(super) fn result_of(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = peel(ty) else { return None };
    path.path.segments.last().filter(|last| last.ident == "Result")?;
    arguments(ty).next()
}

/// The event's name, the span of the name, and the struct of the event.
fn name_and_payload(
    named: &Named,
    signature: &Signature,
    is_creation: bool,
    aggregate: &Ident,
    errors: &mut Errors,
) -> Option<(Ident, Span, Payload)> {
    let (text, place): (String, Span) = match named {
        Named::Type(path) => return errors.take(own_struct(path)),
        Named::Text(text) => (text.value(), text.span()),
        Named::Method if is_creation => ("Created".to_owned(), signature.ident.span()),
        Named::Method => (syntax::names::camel_case(&signature.ident.unraw().to_string()), signature.ident.span()),
    };
    if let Err(message) = of_event(&text) {
        errors.at_span(place, message);
        return None;
    }
    let name = syntax::names::generated(&format_ident!("{text}"), place);
    let payload = Payload::Generated(syntax::names::event_struct(aggregate, &name));
    Some((name, place, payload))
}

/// The user's struct must have a valid event name and no generics.
fn own_struct(path: &Path) -> syn::Result<(Ident, Span, Payload)> {
    let generic = path.segments.iter().find(|segment| !segment.arguments.is_none());
    match (generic, path.segments.last()) {
        (Some(generic), _) => Err(syn::Error::new(generic.arguments.span(), messages::event::GENERIC_TYPE)),
        (None, Some(last)) => {
            let (name, place) = (last.ident.unraw(), last.ident.span());
            of_event(&name.to_string()).map_err(|message| syn::Error::new(place, message))?;
            Ok((syntax::names::generated(&name, place), place, Payload::Own(path.clone())))
        }
        (None, None) => Err(syn::Error::new_spanned(path, messages::event::NO_NAME)),
    }
}

/// A change must not have the option `id`.
fn id_of_a_creation(id: Option<&Ident>, kind: Option<&Kind>, errors: &mut Errors) {
    if let (Some(id), Some(Kind::Change(_))) = (id, kind) {
        errors.at(id, messages::event::ID_OF_A_CHANGE);
    }
}

/// The signature without the attributes of its parameters, which are part of the parameters in the model.
fn without_attributes(signature: &Signature) -> Signature {
    let mut signature = signature.clone();
    for input in &mut signature.inputs {
        if let FnArg::Typed(parameter) = input {
            parameter.attrs.clear();
        }
    }
    signature
}
