//! The fields of an event: their keys in the serialized state, and their serde attributes.

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned as _;
use syn::{LitStr, Path, Token, Type};

use super::personal::pointer;
use crate::errors::Errors;
use crate::messages;
use crate::model::checked::{Event, Parameter, Payload};
use crate::syntax::types::{arguments, peel, sole_argument};

/// The keys in the serialized state that the library writes.
const RESERVED_KEYS: [&str; 3] = ["timestamp", "class_version", "$metadata"];

/// What is known of the fields of an event.
#[derive(Default)]
pub(super) struct FieldsOfEvent {
    /// Whether a field is flattened.
    pub(super) is_flattened: bool,
    /// JSON Pointers to the personal fields.
    pub(super) personal: Vec<String>,
}

/// Checks that each field can be read back from the serialized state under a unique key.
pub(super) fn fields(event: &Event, errors: &mut Errors) -> FieldsOfEvent {
    let mut keys: Vec<String> = Vec::new();
    let mut fields = FieldsOfEvent::default();
    for parameter in &event.parameters {
        if let Payload::Own(path) = &event.payload {
            undecorated(parameter, path, errors);
            if parameter.is_personal {
                fields.personal.push(pointer(&parameter.name.unraw().to_string()));
            }
            continue;
        }
        let field = errors.take(Field::read(parameter)).unwrap_or_default();
        fields.is_flattened |= field.is_flattened;
        if parameter.is_personal && field.is_flattened {
            errors.at(&parameter.name, messages::personal::FLATTENED);
        }
        let key = field.key.unwrap_or_else(|| (parameter.name.unraw().to_string(), parameter.name.span()));
        if parameter.is_personal {
            fields.personal.extend(std::iter::once(&key).chain(&field.aliases).map(|(name, _)| pointer(name)));
        }
        for (name, place) in field.aliases.into_iter().chain([key]) {
            not_reserved(&name, place, errors);
            if keys.contains(&name) {
                errors.at_span(place, messages::parameter::key_twice(&name));
            }
            keys.push(name);
        }
        if let Some(place) = nested_option(&parameter.stored).filter(|_| !field.is_converted) {
            errors.at_span(place, messages::parameter::NESTED_OPTION);
        }
        if let Some(place) = field.skips_without_default
            && !is_option(parameter)
        {
            errors.at_span(place, messages::parameter::SKIPPED_WITHOUT_DEFAULT);
        }
    }
    fields
}

/// A field must not have a key of the library.
fn not_reserved(key: &str, place: Span, errors: &mut Errors) {
    if RESERVED_KEYS.contains(&key) {
        errors.at_span(place, messages::parameter::reserved_key(key));
    }
}

/// The attributes of an own struct's fields must be in the struct.
fn undecorated(parameter: &Parameter, own: &Path, errors: &mut Errors) {
    for attribute in parameter.docs.iter().chain(&parameter.serde) {
        errors.at(attribute, messages::parameter::attribute_of_own_type(own));
    }
}

fn is_option(parameter: &Parameter) -> bool {
    matches!(&parameter.stored, Type::Path(path) if sole_argument(&path.path, "Option").is_some())
}

/// An `Option` of a value that serde writes as `null`, which would have two meanings.
fn nested_option(ty: &Type) -> Option<Span> {
    let inner = match peel(ty) {
        Type::Path(path) => {
            let is_nothing = |ty: &Type| match peel(ty) {
                Type::Tuple(tuple) => tuple.elems.is_empty(),
                Type::Path(path) => sole_argument(&path.path, "Option").is_some(),
                _ => false,
            };
            if let Some(inner) = sole_argument(&path.path, "Option").filter(|inner| is_nothing(inner)) {
                return Some(inner.span());
            }
            arguments(ty).collect()
        }
        Type::Tuple(tuple) => tuple.elems.iter().collect(),
        Type::Array(array) => vec![&*array.elem],
        _ => Vec::new(),
    };
    inner.into_iter().find_map(nested_option)
}

/// The options of `#[serde(…)]` that can lose data.
#[derive(Default)]
struct Field {
    key: Option<(String, Span)>,
    aliases: Vec<(String, Span)>,
    /// Whether the user's functions serialize and deserialize the field.
    is_converted: bool,
    /// Whether the keys of the field's value are beside those of the event.
    is_flattened: bool,
    /// The span of `skip_serializing_if` without `default`.
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
                        errors.at(&meta.path, messages::parameter::skipped(&option));
                    }
                    "rename" if meta.input.peek(Token![=]) => field.key = Some(text(&meta)?),
                    "rename" => errors.at(&meta.path, messages::parameter::RENAMED_TWICE),
                    "alias" => field.aliases.push(text(&meta)?),
                    "skip_serializing_if" => field.skips_without_default = meta.path.get_ident().map(|it| it.span()),
                    "default" => has_default = true,
                    "with" | "deserialize_with" => field.is_converted = true,
                    "flatten" => field.is_flattened = true,
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

/// Skips the value of an option, which serde checks.
fn rest(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    while !meta.input.is_empty() && !meta.input.peek(Token![,]) {
        meta.input.parse::<proc_macro2::TokenTree>()?;
    }
    Ok(())
}
