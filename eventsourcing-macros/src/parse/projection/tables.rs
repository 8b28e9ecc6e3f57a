//! The method with `#[tables]`, which makes what handlers write to.

use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::{FnArg, ImplItemFn, ReceiverKind, Result, ReturnType, Type};

use super::borrowed;
use crate::messages;
use crate::model::Tables;

/// `async fn tables(&self, prefix: &str, view: &mut PgConnection) -> Result<()>`.
pub(super) fn tables(method: &ImplItemFn) -> Result<Tables> {
    let signature = &method.sig;
    let refused = |place: proc_macro2::Span| Err(syn::Error::new(place, messages::TABLES_SIGNATURE));
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

fn is_str(ty: &Type) -> bool {
    ty.to_token_stream().to_string() == "str"
}
