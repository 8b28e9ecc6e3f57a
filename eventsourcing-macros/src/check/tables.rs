//! The method with `#[tables]`.
//!
//! Its signature is `async fn tables(&self, prefix: &str, view: &mut PgConnection) -> Result<()>`.

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::{FnArg, ImplItemFn, ReceiverKind, Result, ReturnType};

use crate::messages;
use crate::model::checked::Tables;
use crate::syntax::types::{borrowed, is_str};

/// Returns the method, or an error at the first difference in its signature.
pub(super) fn tables(method: &ImplItemFn) -> Result<Tables> {
    let signature = &method.sig;
    let refused = |place: Span| Err(syn::Error::new(place, messages::tables::SIGNATURE));
    if signature.asyncness.is_none() {
        return refused(signature.fn_token.span());
    }
    if !signature.generics.params.is_empty() {
        return refused(signature.generics.span());
    }
    if matches!(signature.output, ReturnType::Default) {
        return refused(signature.ident.span());
    }
    let inputs: Vec<&FnArg> = signature.inputs.iter().collect();
    let (receiver, prefix, view) = match inputs.as_slice() {
        [FnArg::Receiver(receiver), FnArg::Typed(prefix), FnArg::Typed(view)] => (receiver, &*prefix.ty, &*view.ty),
        _ => return refused(signature.paren_token.span.join()),
    };
    if !matches!(receiver.kind, ReceiverKind::Reference(_, _, None)) {
        return refused(receiver.span());
    }
    if !borrowed(prefix, false).is_some_and(is_str) {
        return refused(prefix.span());
    }
    match borrowed(view, true) {
        Some(view) => Ok(Tables { method: signature.ident.clone(), view: view.clone() }),
        None => refused(view.span()),
    }
}
