//! An `#[event]` method: its attributes, its signature, its name.

use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, GenericArgument, ImplItemFn, Path, PathArguments, ReturnType, Signature, Type};

use super::options::{EventOptions, Named, event_options};
use super::ours::is_event_attribute;
use super::parameter::{is_lint, parameters};
use super::stored::{is_primitive, peel};
use crate::errors::Errors;
use crate::model::{Event, Kind, MethodAttributes, Payload, Returned, Topic};
use crate::{check, messages, names};

/// Reads an event method of the aggregate.
pub(crate) fn event(mut method: ImplItemFn, aggregate: &Ident, topic_name: &str, krate: &Path) -> syn::Result<Event> {
    let mut errors = Errors::default();
    let (options, attributes) = attributes(std::mem::take(&mut method.attrs), krate, &mut errors);
    check::signature(&method.sig, &mut errors);
    let kind = kind(&method.sig, aggregate, &mut errors);
    let parameters = parameters(method.sig.inputs.iter_mut(), &mut errors);
    let name_and_payload = named(&options.named, &method.sig, aggregate, &mut errors);
    if let (Some((id, _)), Some(Kind::Change(_))) = (&options.id, &kind) {
        errors.at(id, messages::ID_OF_A_CHANGE);
    }
    let event = kind.zip(name_and_payload).map(|(kind, (name, place, payload))| {
        let topic = match &options.topic {
            Some(pinned) => Topic { text: pinned.value(), is_pinned: true, place: pinned.span() },
            None => Topic { text: names::topic(topic_name, &name), is_pinned: false, place },
        };
        let id = options.id.map(|(_, id)| id);
        let ImplItemFn { vis: visibility, sig: signature, block, .. } = method;
        Event { kind, name, place, payload, topic, id, attributes, visibility, signature, block, parameters }
    });
    let event = errors.or(event)?;
    let mut errors = Errors::default();
    check::parameters(&event, &mut errors);
    errors.or(Some(event))
}

/// Sorts the attributes of a method by where they go.
fn attributes(all: Vec<Attribute>, krate: &Path, errors: &mut Errors) -> (EventOptions, MethodAttributes) {
    let (mut event, mut sorted): (Option<EventOptions>, _) = (None, MethodAttributes::default());
    for attribute in all {
        let path = attribute.path();
        if is_event_attribute(&attribute, krate) {
            if event.is_some() {
                errors.at(&attribute, messages::EVENT_TWICE);
            } else {
                event = Some(event_options(&attribute, errors));
            }
        } else if path.is_ident("doc") {
            sorted.docs.push(attribute);
        } else if path.is_ident("cfg") {
            sorted.cfgs.push(attribute);
        } else if is_lint(&attribute) || path.is_ident("inline") {
            sorted.shared.push(attribute);
        } else {
            sorted.others.push(attribute);
        }
    }
    (event.unwrap_or_default(), sorted)
}

/// Creation or change, by the receiver, and what is returned.
fn kind(signature: &Signature, aggregate: &Ident, errors: &mut Errors) -> Option<Kind> {
    if signature.receiver().is_some() {
        let returned = errors.take(returned(&signature.output))?;
        if let Some(place) = check::returns_aggregate(&signature.output, aggregate) {
            errors.at(place, messages::RETURNS_THE_AGGREGATE);
            return None;
        }
        return Some(Kind::Change(returned));
    }
    let is_aggregate = |ty: &Type| match peel(ty) {
        Type::Path(path) => path.path.is_ident("Self") || path.path.is_ident(aggregate),
        _ => false,
    };
    match &signature.output {
        ReturnType::Type(_, ty) if is_aggregate(ty) => Some(Kind::Creation { fallible: false }),
        ReturnType::Type(_, ty) if result_of(ty).is_some_and(is_aggregate) => Some(Kind::Creation { fallible: true }),
        ReturnType::Type(_, ty) => {
            let is_known = !matches!(returned(&signature.output), Ok(Returned::Unknown(_)));
            let message = if !is_known && arguments(ty).any(is_aggregate) {
                messages::creation_returns_an_alias(&signature.ident, ty)
            } else {
                messages::creation_returns(&signature.ident)
            };
            errors.at(ty, message);
            None
        }
        ReturnType::Default => {
            errors.at(&signature.ident, messages::creation_returns(&signature.ident));
            None
        }
    }
}

/// The `T` of `Result<T>`, `Result<T, E>` and `some::Result<T>`.
fn result_of(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = peel(ty) else { return None };
    path.path.segments.last().filter(|last| last.ident == "Result")?;
    arguments(ty).next()
}

/// The `A` and `B` of `Name<A, B>`.
fn arguments(ty: &Type) -> impl Iterator<Item = &Type> {
    let last = match peel(ty) {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    };
    let arguments = match last.map(|last| &last.arguments) {
        Some(PathArguments::AngleBracketed(arguments)) => Some(&arguments.args),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// Types that are no `Result`, whatever the user has imported.
const PLAIN: &[&str] = &["String", "Vec", "Option", "Box", "Self"];

fn returned(output: &ReturnType) -> syn::Result<Returned> {
    let ReturnType::Type(_, ty) = output else { return Ok(Returned::Nothing) };
    check::returned(ty)?;
    Ok(match peel(ty) {
        Type::Tuple(tuple) if tuple.elems.is_empty() => Returned::Nothing,
        Type::Path(path) => match path.path.segments.last() {
            Some(last) if last.ident == "Result" => Returned::Result,
            _ if is_primitive(ty) => Returned::Value,
            Some(last) if path.path.segments.len() == 1 && PLAIN.iter().any(|plain| last.ident == plain) => {
                Returned::Value
            }
            _ => Returned::Unknown(ty.clone()),
        },
        Type::Macro(_) => Returned::Unknown(ty.clone()),
        _ => Returned::Value,
    })
}

/// The event's name, and the struct that holds its values.
fn named(
    named: &Named,
    signature: &Signature,
    aggregate: &Ident,
    errors: &mut Errors,
) -> Option<(Ident, Span, Payload)> {
    let (text, place): (String, Span) = match named {
        Named::Type(path) => return errors.take(own(path)),
        Named::Text(text) => (text.value(), text.span()),
        Named::Method if signature.receiver().is_none() => ("Created".to_owned(), signature.ident.span()),
        Named::Method => (names::camel_case(&signature.ident.unraw().to_string()), signature.ident.span()),
    };
    if let Err(message) = check::event_name(&text) {
        errors.at_span(place, message);
        return None;
    }
    let name = names::generated(&format_ident!("{text}"), place);
    let payload = Payload::Generated(names::event_struct(aggregate, &name));
    Some((name, place, payload))
}

fn own(path: &Path) -> syn::Result<(Ident, Span, Payload)> {
    let generic = path.segments.iter().find(|segment| !segment.arguments.is_none());
    match (generic, path.segments.last()) {
        (Some(generic), _) => Err(syn::Error::new(generic.arguments.span(), messages::GENERIC_EVENT_TYPE)),
        (None, Some(last)) => {
            let (name, place) = (last.ident.unraw(), last.ident.span());
            check::event_name(&name.to_string()).map_err(|message| syn::Error::new(place, message))?;
            Ok((names::generated(&name, place), place, Payload::Own(path.clone())))
        }
        (None, None) => Err(syn::Error::new_spanned(path, messages::NO_EVENT_NAME)),
    }
}
