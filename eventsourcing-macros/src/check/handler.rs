//! The method with `#[on]`.
//!
//! Its signature is `async fn started(&self, event: &WorldStarted, context: &EventContext, view: &mut PgConnection) -> Result<()>`.

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::{FnArg, ImplItemFn, ReceiverKind, Result, ReturnType, Signature, Type};

use crate::messages::on;
use crate::model::checked::{Handler, HandlersOf, Takes};
use crate::syntax::types::{borrowed, peel, sole_argument};

/// Returns the handler, or its first error.
pub(super) fn handler(method: &ImplItemFn, of: HandlersOf) -> Result<Handler> {
    let signature = &method.sig;
    is_async(signature, of)?;
    has_no_generics(signature)?;
    returns_something(signature)?;
    takes_self(signature, of)?;
    let (event, context, view) = parameters(signature, of)?;
    let (event, takes) = taken(event, context, of)?;
    let view = changed(view, of)?;
    let cfgs = method.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect();
    Ok(Handler { method: signature.ident.clone(), event: event.clone(), takes, view: view.clone(), cfgs })
}

/// The handler must be `async`, because a view may be a database, and a unit of work loads aggregates from one.
fn is_async(signature: &Signature, of: HandlersOf) -> Result<()> {
    if signature.asyncness.is_none() {
        return refused(signature.fn_token.span(), on::is_not_async(of));
    }
    Ok(())
}

/// The handler must not be generic, because it handles the events of one type.
fn has_no_generics(signature: &Signature) -> Result<()> {
    if !signature.generics.params.is_empty() {
        return refused(signature.generics.span(), on::GENERIC);
    }
    Ok(())
}

/// The handler must have a return type, to return errors.
fn returns_something(signature: &Signature) -> Result<()> {
    if matches!(signature.output, ReturnType::Default) {
        return refused(signature.ident.span(), on::RETURNS_NOTHING);
    }
    Ok(())
}

/// The handler must take `&self`.
fn takes_self(signature: &Signature, of: HandlersOf) -> Result<()> {
    match signature.inputs.first() {
        Some(FnArg::Receiver(receiver)) if matches!(receiver.kind, ReceiverKind::Reference(_, _, None)) => Ok(()),
        Some(other) => refused(other.span(), on::takes_self(of)),
        None => refused(signature.ident.span(), on::takes_self(of)),
    }
}

/// The types of the event, the `EventContext` and the view.
fn parameters(signature: &Signature, of: HandlersOf) -> Result<(&Type, Option<&Type>, &Type)> {
    let inputs = signature.inputs.iter().skip(1);
    let types: Vec<&Type> = inputs
        .filter_map(|input| match input {
            FnArg::Typed(parameter) => Some(&*parameter.ty),
            FnArg::Receiver(_) => None,
        })
        .collect();
    match *types.as_slice() {
        [event, view] => Ok((event, None, view)),
        [event, context, view] => Ok((event, Some(context), view)),
        _ => refused(signature.paren_token.span.join(), on::parameters(of)),
    }
}

/// The parameters must be one event, one event and its `EventContext`, or a slice of `EventEnvelope`.
fn taken<'a>(event: &'a Type, context: Option<&Type>, of: HandlersOf) -> Result<(&'a Type, Takes)> {
    let Some(taken) = borrowed(event, false) else {
        return refused(event.span(), on::TAKES_AN_EVENT);
    };
    match (peel(taken), context) {
        (Type::Slice(slice), None) => match event_of_envelope(&slice.elem) {
            Some(event) => Ok((event, Takes::Many)),
            None => refused(taken.span(), on::TAKES_ENVELOPES),
        },
        (Type::Slice(_), Some(context)) => refused(context.span(), on::MANY_TAKE_NO_CONTEXT),
        (_, None) => Ok((taken, Takes::One)),
        (_, Some(context)) if borrowed(context, false).is_none() => refused(context.span(), on::takes_a_context(of)),
        (_, Some(_)) => Ok((taken, Takes::OneWithContext)),
    }
}

/// The event in `EventEnvelope<WorldStarted>`.
fn event_of_envelope(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = peel(ty) else { return None };
    sole_argument(&path.path, "EventEnvelope")
}

/// The view, or the unit of work, must be a mutable reference.
fn changed(view: &Type, of: HandlersOf) -> Result<&Type> {
    match borrowed(view, true) {
        Some(view) => Ok(view),
        None => refused(view.span(), on::takes_a_view(of)),
    }
}

fn refused<T>(place: Span, message: &str) -> Result<T> {
    Err(syn::Error::new(place, message))
}
