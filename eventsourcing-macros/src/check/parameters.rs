//! The fields of an event: their names in the recorded state, and what serde may do with them.

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned as _;
use syn::{GenericArgument, LitStr, PathArguments, Token, Type};

use crate::errors::Errors;
use crate::messages;
use crate::model::{Event, Parameter, Payload};
use crate::names::RESERVED_KEYS;
use crate::parse::stored::{peel, sole_argument};

pub(crate) fn parameters(event: &Event, errors: &mut Errors) {
    let mut keys: Vec<String> = Vec::new();
    for parameter in &event.parameters {
        if let Payload::Own(path) = &event.payload {
            undecorated(parameter, path, errors);
            continue;
        }
        let field = errors.take(Field::read(parameter)).unwrap_or_default();
        let key = field.key.unwrap_or_else(|| (parameter.name.unraw().to_string(), parameter.name.span()));
        for (name, place) in field.aliases.into_iter().chain([key]) {
            not_reserved(&name, place, errors);
            if keys.contains(&name) {
                errors.at_span(place, messages::key_twice(&name));
            }
            keys.push(name);
        }
        if let Some(place) = nested_option(&parameter.stored).filter(|_| !field.is_converted) {
            errors.at_span(place, messages::NESTED_OPTION);
        }
        if let Some(place) = field.skips_without_default
            && !is_option(parameter)
        {
            errors.at_span(place, messages::SKIPPED_WITHOUT_DEFAULT);
        }
    }
}

/// The keys of the library are not the event's.
fn not_reserved(key: &str, place: Span, errors: &mut Errors) {
    if RESERVED_KEYS.contains(&key) {
        errors.at_span(place, messages::reserved_key(key));
    }
}

/// The fields of a struct that the user wrote have their attributes there.
fn undecorated(parameter: &Parameter, own: &syn::Path, errors: &mut Errors) {
    for attribute in parameter.docs.iter().chain(&parameter.serde) {
        errors.at(attribute, messages::attribute_of_own_type(own));
    }
}

fn is_option(parameter: &Parameter) -> bool {
    matches!(&parameter.stored, syn::Type::Path(path) if sole_argument(&path.path, "Option").is_some())
}

/// An `Option` of what serde writes as nothing: JSON's `null` then stands for two values.
fn nested_option(ty: &Type) -> Option<Span> {
    let inner = match peel(ty) {
        Type::Path(path) => {
            let arguments = path.path.segments.last().map(|last| &last.arguments);
            let is_nothing = |ty: &Type| match peel(ty) {
                Type::Tuple(tuple) => tuple.elems.is_empty(),
                Type::Path(path) => sole_argument(&path.path, "Option").is_some(),
                _ => false,
            };
            if let Some(inner) = sole_argument(&path.path, "Option").filter(|inner| is_nothing(inner)) {
                return Some(inner.span());
            }
            let Some(PathArguments::AngleBracketed(arguments)) = arguments else { return None };
            let types = arguments.args.iter().filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            });
            types.collect()
        }
        Type::Tuple(tuple) => tuple.elems.iter().collect(),
        Type::Array(array) => vec![&*array.elem],
        _ => Vec::new(),
    };
    inner.into_iter().find_map(nested_option)
}

/// What `#[serde(…)]` says about a field, as far as it can lose history.
#[derive(Default)]
struct Field {
    key: Option<(String, Span)>,
    aliases: Vec<(String, Span)>,
    /// Whether functions of the user's write and read it.
    is_converted: bool,
    /// Where `skip_serializing_if` stands, if there is no `default`.
    skips_without_default: Option<Span>,
}

impl Field {
    fn read(parameter: &Parameter) -> syn::Result<Self> {
        let mut field = Self::default();
        let mut has_default = false;
        let mut errors = Errors::default();
        for attribute in &parameter.serde {
            let read = attribute.parse_nested_meta(|meta| {
                let option = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                match option.as_str() {
                    "skip" | "skip_serializing" | "skip_deserializing" => {
                        errors.at(&meta.path, messages::skipped(&option));
                    }
                    "rename" if meta.input.peek(Token![=]) => field.key = Some(text(&meta)?),
                    "rename" => errors.at(&meta.path, messages::RENAMED_TWICE),
                    "alias" => field.aliases.push(text(&meta)?),
                    "skip_serializing_if" => field.skips_without_default = meta.path.get_ident().map(|it| it.span()),
                    "default" => has_default = true,
                    "with" | "deserialize_with" => field.is_converted = true,
                    _ => {}
                }
                rest(&meta)
            });
            errors.take(read);
        }
        if has_default {
            field.skips_without_default = None;
        }
        errors.or(Some(field))
    }
}

fn text(meta: &ParseNestedMeta<'_>) -> syn::Result<(String, Span)> {
    let text: LitStr = meta.value()?.parse()?;
    Ok((text.value(), text.span()))
}

/// Serde itself judges what follows.
fn rest(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    while !meta.input.is_empty() && !meta.input.peek(Token![,]) {
        meta.input.parse::<proc_macro2::TokenTree>()?;
    }
    Ok(())
}
