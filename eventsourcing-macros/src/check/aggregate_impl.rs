//! The impl block under `#[aggregate]`: the block, each item, and conflicts between events.

use proc_macro2::Ident;
use syn::{ImplItem, ItemImpl};

use super::candidate::{Candidate, events};
use super::creation::creation;
use super::event::event;
use super::evolution::AggregateNames;
use super::shared::{is_accessor, not_generic, without_arguments};
use super::{body, changes, evolution, log, names, personal, split};
use crate::errors::Errors;
use crate::messages;
use crate::model::checked::Kind;
use crate::model::{checked, parsed};
use crate::syntax::types::plain_name;

/// Checks the block. An event with an error becomes a plain method. A block that cannot belong to an aggregate stays unchanged.
pub(crate) fn aggregate_impl(parsed: parsed::AggregateImpl) -> (checked::AggregateImpl, Errors) {
    let parsed::AggregateImpl { options, mut shell, mut members } = parsed;
    let parsed::ImplOptions {
        krate,
        name: pinned,
        derives,
        was,
        retired,
        unknown_fields,
        mut snapshots,
        log: log_option,
        mut errors,
    } = options;
    let Some(name) = inherent_impl(&shell, &mut errors) else {
        shell.items = members.into_iter().map(plain).collect();
        return (checked::AggregateImpl::Refused(Box::new(shell)), errors);
    };
    let topic_name = names::of_aggregate(pinned.as_ref(), &name, &mut errors);
    let all_names = AggregateNames::new(topic_name.clone(), was, &mut errors);
    // the compiler has already reported it
    shell.unsafety = None;
    let needs_no_creation = match &log_option {
        Some(option) => {
            log::log(&mut members, &name, option, &mut errors);
            true
        }
        None => creation(&mut members, &name, &krate, &mut errors),
    };
    let log = log::without_snapshots(log_option, &mut snapshots, &mut errors);
    no_accessors(&members, &mut errors);
    let mut candidates: Vec<Candidate> =
        members.into_iter().map(|member| candidate(member, &name, &all_names, &mut errors)).collect();
    among_each_other(&mut candidates, &name, &mut errors);
    let retired = evolution::retired(&retired, &all_names, &candidates, &mut errors);
    let snapshots = snapshots_of(snapshots, &mut errors);
    let members = candidates.into_iter().map(member).collect();
    let aggregate = Box::new(checked::Aggregate {
        krate,
        name,
        topic_name,
        derives,
        retired,
        unknown_fields,
        snapshots,
        log,
        shell,
        members,
    });
    let block = if needs_no_creation {
        checked::AggregateImpl::Aggregate(aggregate)
    } else {
        checked::AggregateImpl::WithoutCreation(aggregate)
    };
    (block, errors)
}

/// The snapshots of the aggregate. A version without snapshots is an error.
fn snapshots_of(options: parsed::SnapshotOptions, errors: &mut Errors) -> Option<checked::Snapshots> {
    let parsed::SnapshotOptions { every, by_hand, version } = options;
    let place = every.as_ref().map(|(option, _)| option.span()).or(by_hand.map(|option| option.span()));
    if let (None, Some((option, _))) = (place, &version) {
        errors.at(option, messages::snapshots::VERSION_OF_NONE);
    }
    Some(checked::Snapshots {
        every: every.and_then(|(_, events)| events.base10_parse().ok()),
        version: version.and_then(|(_, version)| version.base10_parse().ok()),
        place: place?,
    })
}

/// The block must be an inherent impl of a type without a path or arguments. Returns the name of the type.
fn inherent_impl(item: &ItemImpl, errors: &mut Errors) -> Option<Ident> {
    let mut own = Errors::default();
    if let Some((path, _)) = &item.trait_ {
        own.at(path, messages::aggregate::TRAIT_IMPL);
    }
    not_generic(&item.generics, messages::aggregate::GENERIC, &mut own);
    let name = plain_name(&item.self_ty).cloned();
    if name.is_none() && own.is_empty() {
        own.at(&item.self_ty, messages::aggregate::IMPL_OF_A_PATH);
    }
    errors.take(own.or(name))
}

/// A method must not hide an accessor of the aggregate: inherent methods take precedence over trait methods.
fn no_accessors(members: &[parsed::Member], errors: &mut Errors) {
    for member in members {
        if let parsed::Member::Method(method) = member
            && method.item.sig.receiver().is_some()
            && is_accessor(&method.item.sig.ident)
        {
            errors.at(&method.item.sig.ident, messages::aggregate::accessor_taken(&method.item.sig.ident));
        }
    }
}

/// Checks one item.
fn candidate(member: parsed::Member, aggregate: &Ident, names: &AggregateNames, errors: &mut Errors) -> Candidate {
    let parsed::Method { item, unrecorded, misplaced_personal, event: parsed } = match member {
        parsed::Member::Method(method) => *method,
        parsed::Member::Other(other) => {
            misplaced_event(&other, errors);
            return Candidate { item: other.item, may_change: false, event: None };
        }
    };
    personal::misplaced(&misplaced_personal, errors);
    without_arguments(&unrecorded, messages::unrecorded::TAKES_NOTHING, errors);
    let (is_marked, is_event) = (!unrecorded.is_empty(), parsed.is_some());
    if is_marked && is_event {
        errors.at(&item.sig.ident, messages::unrecorded::ON_AN_EVENT);
    }
    let event = parsed.and_then(|parsed| errors.take(event(parsed, &item, aggregate, names)));
    // an event with an error was meant to be recorded, so its changes are not another error
    Candidate { item: ImplItem::Fn(item), may_change: is_marked || is_event, event: event.map(Box::new) }
}

/// `#[event]` must be on a method with a body.
fn misplaced_event(other: &parsed::Other, errors: &mut Errors) {
    for attribute in &other.events {
        errors.at(attribute, messages::event::ON_NO_METHOD);
    }
    if let Some(semicolon) = &other.no_body {
        errors.at(semicolon, messages::event::WITHOUT_BODY);
    }
}

/// Checks the valid events together.
fn among_each_other(candidates: &mut [Candidate], aggregate: &Ident, errors: &mut Errors) {
    // before events that conflict with others become plain methods
    changes::recorded(candidates, aggregate, errors);
    names::unique(candidates, errors);
    split::parts(candidates, aggregate, errors);
    let commands: Vec<String> = events(candidates).filter_map(command).collect();
    for event in events(candidates) {
        names::topic(event, errors);
        names::chosen_id(event, errors);
        body::no_nested_events(event, &commands, aggregate, errors);
        body::deterministic(event, errors);
    }
}

/// The name of the command that records an event.
fn command(event: &checked::Event) -> Option<String> {
    (!matches!(event.kind, Kind::Split(_))).then(|| event.signature.ident.to_string())
}

fn member(candidate: Candidate) -> checked::Member {
    match candidate.event {
        Some(event) => checked::Member::Event(event),
        None => checked::Member::Plain(Box::new(candidate.item)),
    }
}

fn plain(member: parsed::Member) -> ImplItem {
    match member {
        parsed::Member::Method(method) => ImplItem::Fn(method.item),
        parsed::Member::Other(other) => other.item,
    }
}
