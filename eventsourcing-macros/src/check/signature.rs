//! The signatures of event methods, which must be recordable and repeatable.

use quote::ToTokens as _;
use syn::{Receiver, ReceiverKind, Safety, Signature};

use crate::errors::Errors;
use crate::messages;

/// Checks the qualifiers, the generics and the receiver.
pub(super) fn signature(signature: &Signature, errors: &mut Errors) {
    without_receiver(signature, errors);
    if let Some(receiver) = signature.receiver() {
        self::receiver(receiver, !signature.generics.params.is_empty(), errors);
    }
}

/// Checks the qualifiers and the generics.
pub(super) fn without_receiver(signature: &Signature, errors: &mut Errors) {
    qualifiers(signature, errors);
    generics(signature, errors);
}

/// The method must not be `async`, `const`, `unsafe` or `extern`.
fn qualifiers(signature: &Signature, errors: &mut Errors) {
    if let Some(asyncness) = &signature.asyncness {
        errors.at(asyncness, messages::signature::ASYNC);
    }
    if let Some(constness) = &signature.constness {
        errors.at(constness, messages::signature::CONST);
    }
    if let Safety::Unsafe(unsafety) = &signature.safety {
        errors.at(unsafety, messages::signature::UNSAFE);
    }
    if let Some(abi) = &signature.abi {
        errors.at(abi, messages::signature::EXTERN);
    }
}

/// The method must not be generic: the fields of its event have one type each.
fn generics(signature: &Signature, errors: &mut Errors) {
    if !signature.generics.params.is_empty() {
        errors.at(signature.generics.to_token_stream(), messages::signature::GENERIC);
    }
    if let Some(clause) = &signature.generics.where_clause {
        errors.at(clause, messages::signature::WHERE_CLAUSE);
    }
}

/// A change must take `&mut self`, in this form.
fn receiver(receiver: &Receiver, has_generics: bool, errors: &mut Errors) {
    match &receiver.kind {
        ReceiverKind::Reference(_, None, Some(_)) => {}
        // a lifetime that the method introduces is another error
        ReceiverKind::Reference(_, Some(_), Some(_)) if has_generics => {}
        ReceiverKind::Reference(_, Some(lifetime), Some(_)) => {
            errors.at(lifetime, messages::signature::RECEIVER_LIFETIME);
        }
        ReceiverKind::Reference(_, _, None) => errors.at(receiver, messages::signature::RECEIVER_SHARED),
        ReceiverKind::Typed(..) => errors.at(receiver, messages::signature::RECEIVER_TYPED),
        _ => errors.at(receiver, messages::signature::RECEIVER_BY_VALUE),
    }
}
