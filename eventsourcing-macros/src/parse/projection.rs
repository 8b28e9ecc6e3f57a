//! The impl block under `#[projection]` or `#[policy]`.

mod tables;

use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::spanned::Spanned as _;
use syn::{
    FnArg, GenericArgument, ImplItem, ImplItemFn, ItemImpl, LitStr, Path, PathArguments, ReceiverKind, Result,
    ReturnType, Token, Type, TypeReference,
};

use super::options::{ProjectionOptions, policy_options, projection_options};
use super::ours::take;
use super::stored::peel;
use crate::errors::Errors;
use crate::model::{Handler, Projection, Tables, Takes};
use crate::{check, messages, names};

/// Reads the block; none if nothing can be made of it. In any case its `#[on]` attributes are gone.
pub(crate) fn projection(arguments: TokenStream, shell: &mut ItemImpl, errors: &mut Errors) -> Option<Projection> {
    let named = errors.take(name_and_options.parse2(arguments));
    let is_sound = check::projection_impl(shell, errors);
    let (name, options) = match named {
        Some((name, rest)) => (Some(name), projection_options(rest, errors)),
        None => (None, ProjectionOptions::default()),
    };
    let krate = options.krate.unwrap_or_else(names::default_crate);
    let (handlers, tables) = handlers(shell, &krate, errors);
    let name = name?;
    check::projection_name(&name, errors);
    if !is_sound || !errors.is_empty() {
        return None;
    }
    check::handlers(&handlers, shell, errors);
    check::tables(tables.as_ref(), &handlers, errors);
    let view = handlers.first()?.view.clone();
    let ty = (*shell.self_ty).clone();
    Some(Projection { krate, name: name.value(), version: options.version, ty, tables, handlers, view })
}

/// Reads the block of an application's policy, which is a projection whose view is a unit of work.
pub(crate) fn policy(arguments: TokenStream, shell: &mut ItemImpl, errors: &mut Errors) -> Option<Projection> {
    let is_sound = check::policy_impl(shell, errors);
    let krate = policy_options(arguments, errors).krate.unwrap_or_else(names::default_crate);
    let (handlers, tables) = handlers(shell, &krate, errors);
    if let Some(tables) = tables {
        errors.at(&tables.method, messages::TABLES_OF_A_POLICY);
    }
    if !is_sound || !errors.is_empty() {
        return None;
    }
    check::handlers(&handlers, shell, errors);
    check::units_of_work(&handlers, errors);
    check::no_saves_beside(&handlers, shell, errors);
    let view = handlers.first()?.view.clone();
    let Type::Path(application) = peel(&shell.self_ty) else { return None };
    let name = application.path.segments.last()?.ident.unraw().to_string();
    let ty = (*shell.self_ty).clone();
    Some(Projection { krate, name, version: None, ty, tables: None, handlers, view })
}

/// The methods with `#[on]`, and the one with `#[tables]`.
fn handlers(shell: &mut ItemImpl, krate: &Path, errors: &mut Errors) -> (Vec<Handler>, Option<Tables>) {
    let mut handlers = Vec::new();
    let mut tables = None;
    for item in &mut shell.items {
        let ImplItem::Fn(method) = item else { continue };
        if take(&mut method.attrs, "on", krate, messages::ON_TAKES_NOTHING, errors)
            && let Some(handler) = errors.take(handler(method))
        {
            handlers.push(handler);
        }
        if take(&mut method.attrs, "tables", krate, messages::TABLES_TAKES_NOTHING, errors) {
            if tables.is_some() {
                errors.at(&method.sig.ident, messages::TABLES_TWICE);
            }
            tables = errors.take(self::tables::tables(method)).or(tables);
        }
    }
    (handlers, tables)
}

fn name_and_options(input: ParseStream<'_>) -> Result<(LitStr, TokenStream)> {
    let name = input.parse().map_err(|error| syn::Error::new(error.span(), messages::NO_PROJECTION_NAME))?;
    if !input.is_empty() {
        input.parse::<Token![,]>()?;
    }
    Ok((name, input.parse()?))
}

/// `async fn started(&self, event: &WorldStarted, about: &About, view: &mut PgConnection) -> Result<()>`.
fn handler(method: &ImplItemFn) -> Result<Handler> {
    let signature = &method.sig;
    let refused = |place: proc_macro2::Span, message: &str| Err(syn::Error::new(place, message));
    if signature.asyncness.is_none() {
        return refused(signature.fn_token.span(), messages::HANDLER_IS_NOT_ASYNC);
    }
    if !signature.generics.params.is_empty() {
        return refused(signature.generics.span(), messages::GENERIC_HANDLER);
    }
    if matches!(signature.output, ReturnType::Default) {
        return refused(signature.ident.span(), messages::HANDLER_RETURNS_NOTHING);
    }
    let mut inputs = signature.inputs.iter();
    match inputs.next() {
        Some(FnArg::Receiver(receiver)) if matches!(receiver.kind, ReceiverKind::Reference(_, _, None)) => {}
        Some(other) => return refused(other.span(), messages::HANDLER_TAKES_SELF),
        None => return refused(signature.ident.span(), messages::HANDLER_TAKES_SELF),
    }
    let types: Vec<&Type> = inputs
        .filter_map(|input| match input {
            FnArg::Typed(parameter) => Some(&*parameter.ty),
            FnArg::Receiver(_) => None,
        })
        .collect();
    let (event, about, view) = match types.as_slice() {
        [event, view] => (event, None, view),
        [event, about, view] => (event, Some(about), view),
        _ => return refused(signature.paren_token.span.join(), messages::HANDLER_PARAMETERS),
    };
    let Some(taken) = borrowed(event, false) else {
        return refused(event.span(), messages::HANDLER_TAKES_AN_EVENT);
    };
    let (event, takes) = match (peel(taken), about) {
        (Type::Slice(slice), None) => match happened(&slice.elem) {
            Some(event) => (event, Takes::Many),
            None => return refused(taken.span(), messages::HANDLER_TAKES_HAPPENED),
        },
        (Type::Slice(_), Some(about)) => return refused(about.span(), messages::HANDLER_OF_MANY_TAKES_ABOUT),
        (_, None) => (taken, Takes::One),
        (_, Some(about)) if borrowed(about, false).is_none() => {
            return refused(about.span(), messages::HANDLER_TAKES_ABOUT);
        }
        (_, Some(_)) => (taken, Takes::OneWithAbout),
    };
    let Some(view) = borrowed(view, true) else {
        return refused(view.span(), messages::HANDLER_TAKES_A_VIEW);
    };
    let cfgs = method.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect();
    Ok(Handler { method: signature.ident.clone(), event: event.clone(), takes, view: view.clone(), cfgs })
}

/// What a reference without a lifetime refers to.
pub(super) fn borrowed(ty: &Type, is_mutable: bool) -> Option<&Type> {
    match peel(ty) {
        Type::Reference(TypeReference { lifetime: None, mutability, elem, .. })
            if mutability.is_some() == is_mutable =>
        {
            Some(elem)
        }
        _ => None,
    }
}

/// The event in `Happened<WorldStarted>`.
fn happened(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = peel(ty) else { return None };
    let last = path.path.segments.last()?;
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) if last.ident == "Happened" && arguments.args.len() == 1 => {
            match arguments.args.first() {
                Some(GenericArgument::Type(event)) => Some(event),
                _ => None,
            }
        }
        _ => None,
    }
}
