//! An event-sourced log: no creation, no snapshots, and at least one event.

use proc_macro2::{Ident, Span};
use quote::ToTokens as _;

use super::event::returned_by_creation;
use crate::errors::Errors;
use crate::messages;
use crate::model::parsed::{Member, SnapshotOptions};
use crate::syntax::tokens::makes;

/// Checks the items of a log. A creation becomes a plain function.
pub(super) fn log(members: &mut [Member], log: &Ident, option: &Ident, errors: &mut Errors) {
    let mut has_event = false;
    for member in members {
        let Member::Method(method) = member else {
            // a method without a body, which is another error
            has_event = true;
            continue;
        };
        has_event |= method.event.is_some();
        let signature = &method.item.sig;
        if signature.receiver().is_some() {
            continue;
        }
        if method.event.take().is_some() {
            errors.at(&signature.ident, messages::log::no_creation(log, &signature.ident));
        } else if returned_by_creation(&signature.output, log).is_some()
            && makes(method.item.block.to_token_stream(), log)
        {
            errors.at(&signature.ident, messages::log::made_without_id(log, &signature.ident));
        }
    }
    if !has_event {
        errors.at(option, messages::log::no_events(log));
    }
}

/// A log must not have snapshots. Returns the span of the option `log`.
pub(super) fn without_snapshots(
    log: Option<Ident>,
    snapshots: &mut SnapshotOptions,
    errors: &mut Errors,
) -> Option<Span> {
    let log = log?;
    let SnapshotOptions { every, by_hand, version } = std::mem::take(snapshots);
    let options = [every.map(|(option, _)| option), by_hand, version.map(|(option, _)| option)];
    for option in options.into_iter().flatten() {
        errors.at(option, messages::log::NO_SNAPSHOTS);
    }
    Some(log.span())
}
