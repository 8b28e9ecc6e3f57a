//! The options of the attributes.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Attribute, LitInt, LitStr, Meta, Path, Result, Token, bracketed, parenthesized};

use crate::errors::Errors;
use crate::messages;
use crate::model::attributes::UnknownFields;
use crate::model::parsed::{
    ApplicationOptions, EventOptions, ImplOptions, Named, PolicyOptions, ProjectionOptions, SnapshotOptions,
    StructOptions, Was,
};
use crate::syntax::paths::default_crate;

/// The options of `#[aggregate]` on a struct.
pub(super) fn of_struct(arguments: TokenStream) -> StructOptions {
    let mut krate = None;
    let errors = each(arguments, |option, input| {
        match option.unraw().to_string().as_str() {
            "crate" => krate = Some(path(input)?),
            "name" | "derive" | "was" | "retired" | "unknown_fields" | "snapshots" | "snapshot_every"
            | "snapshot_version" | "log" => {
                return Err(syn::Error::new(option.span(), messages::aggregate::option_of_the_impl(option)));
            }
            _ => return Err(unknown(option, "`#[aggregate]` on a struct", &["crate"])),
        }
        Ok(())
    });
    StructOptions { krate: krate.unwrap_or_else(default_crate), errors }
}

/// The options of `#[aggregate]` on an impl block.
pub(super) fn of_impl(arguments: TokenStream) -> ImplOptions {
    let (mut krate, mut name, mut derives) = (None, None, Vec::new());
    let (mut was, mut retired) = (Vec::new(), Vec::new());
    let (mut of_unknown, mut snapshots, mut log) = (UnknownFields::default(), SnapshotOptions::default(), None);
    let errors = each(arguments, |option, input| {
        match option.unraw().to_string().as_str() {
            "crate" => krate = Some(path(input)?),
            "name" => name = Some(text(option, input)?),
            "derive" => derives = list(option, input)?,
            "was" => was = bracketed_list(input, messages::evolution::AGGREGATE_WAS)?,
            "retired" => retired = bracketed_list(input, messages::evolution::RETIRED)?,
            "unknown_fields" => of_unknown = unknown_fields(option, input)?,
            "log" if input.peek(Token![=]) => return Err(input.error(messages::log::TAKES_NOTHING)),
            "log" => log = Some(option.clone()),
            "snapshots" if input.peek(Token![=]) => return Err(input.error(messages::snapshots::BY_HAND)),
            "snapshots" => snapshots.by_hand = Some(option.clone()),
            "snapshot_every" => snapshots.every = Some((option.clone(), number(input, messages::snapshots::EVERY)?)),
            "snapshot_version" => {
                snapshots.version = Some((option.clone(), version(input, messages::snapshots::VERSION)?));
            }
            _ => {
                let known = [
                    "name",
                    "derive",
                    "was",
                    "retired",
                    "unknown_fields",
                    "snapshot_every",
                    "snapshots",
                    "snapshot_version",
                    "log",
                    "crate",
                ];
                return Err(unknown(option, "`#[aggregate]` on an impl block", &known));
            }
        }
        Ok(())
    });
    let krate = krate.unwrap_or_else(default_crate);
    ImplOptions { krate, name, derives, was, retired, unknown_fields: of_unknown, snapshots, log, errors }
}

/// The options of `#[application]`.
pub(super) fn of_application(arguments: TokenStream) -> ApplicationOptions {
    let (mut krate, mut name, mut aggregates) = (None, None, Vec::new());
    let errors = each(arguments, |option, input| {
        match option.unraw().to_string().as_str() {
            "crate" => krate = Some(path(input)?),
            "name" => name = Some(text(option, input)?),
            "aggregates" => aggregates = list(option, input)?,
            _ => return Err(unknown(option, "`#[application]`", &["name", "aggregates", "crate"])),
        }
        Ok(())
    });
    ApplicationOptions { krate: krate.unwrap_or_else(default_crate), name, aggregates, errors }
}

/// The options of `#[policy]`.
pub(super) fn of_policy(arguments: TokenStream) -> PolicyOptions {
    let mut krate = None;
    let errors = each(arguments, |option, input| {
        match option.unraw().to_string().as_str() {
            "crate" => krate = Some(path(input)?),
            _ => return Err(unknown(option, "`#[policy]`", &["crate"])),
        }
        Ok(())
    });
    PolicyOptions { krate: krate.unwrap_or_else(default_crate), errors }
}

/// The options of `#[projection]` after the name.
pub(super) fn of_projection(arguments: TokenStream) -> ProjectionOptions {
    let (mut krate, mut number) = (None, None);
    let errors = each(arguments, |option, input| {
        match option.unraw().to_string().as_str() {
            "crate" => krate = Some(path(input)?),
            "version" => number = Some(version(input, messages::projection::VERSION_IS_A_NUMBER)?),
            _ => return Err(unknown(option, "`#[projection]`", &["version", "crate"])),
        }
        Ok(())
    });
    ProjectionOptions { krate: krate.unwrap_or_else(default_crate), version: number, errors }
}

/// The options of `#[event]`.
pub(super) fn of_event(attribute: &Attribute) -> EventOptions {
    let mut options = EventOptions::default();
    let list = match &attribute.meta {
        Meta::Path(_) => return options,
        Meta::NameValue(_) => {
            options.errors.at(&attribute.meta, messages::event::IS_NO_ASSIGNMENT);
            return options;
        }
        Meta::List(list) => list,
    };
    let named = name_and_rest_of_event.parse2(list.tokens.clone());
    let Some((name, rest)) = options.errors.take(named) else { return options };
    let mut own = None;
    options.errors = each(rest, |option, input| {
        match option.unraw().to_string().as_str() {
            "topic" => options.topic = Some(text(option, input)?),
            "id" => {
                input.parse::<Token![=]>()?;
                options.id = Some((option.clone(), input.parse()?));
            }
            "struct" => {
                input.parse::<Token![=]>()?;
                own = Some(input.parse()?);
            }
            "version" => options.evolution.version = Some(version(input, messages::evolution::VERSION)?),
            "upcasts" => options.evolution.upcasts = bracketed_list(input, messages::evolution::UPCASTS)?,
            "was" => options.evolution.was = bracketed_list(input, messages::evolution::WAS)?,
            "downcast" => {
                let wanted = |error: syn::Error| syn::Error::new(error.span(), messages::evolution::DOWNCAST);
                input.parse::<Token![=]>().map_err(wanted)?;
                options.evolution.downcast = Some((option.clone(), input.parse().map_err(wanted)?));
            }
            "split" => {
                options.split = Some(option.clone());
                if input.peek(Token![=]) {
                    return Err(input.error(messages::split::TAKES_NOTHING));
                }
            }
            "unknown_fields" => options.unknown_fields = Some((option.clone(), unknown_fields(option, input)?)),
            _ => {
                let known =
                    ["topic", "id", "struct", "version", "upcasts", "was", "downcast", "split", "unknown_fields"];
                return Err(unknown(option, "`#[event]`", &known));
            }
        }
        Ok(())
    });
    options.named = match (name, own) {
        (Some(name), Some(own)) => {
            options.errors.at(&name, messages::event::named_twice(&own));
            Named::Type(own)
        }
        (Some(name), None) => Named::Text(name),
        (None, Some(own)) => Named::Type(own),
        (None, None) => Named::Method,
    };
    options
}

/// Splits the arguments into the event's name, which comes first, and the options.
fn name_and_rest_of_event(input: ParseStream<'_>) -> Result<(Option<LitStr>, TokenStream)> {
    if input.is_empty() || input.peek2(Token![=]) && !input.peek2(Token![==]) || is_split(input) {
        return Ok((None, input.parse()?));
    }
    if let Ok(path) = input.fork().parse::<Path>() {
        return Err(syn::Error::new_spanned(&path, messages::event::unquoted(&path)));
    }
    let name = input.parse().map_err(|error| syn::Error::new(error.span(), messages::event::NO_NAME))?;
    if !input.is_empty() {
        input.parse::<Token![,]>()?;
    }
    Ok((Some(name), input.parse()?))
}

/// Whether the first argument is `split`, the only option without a value.
fn is_split(input: ParseStream<'_>) -> bool {
    input.fork().parse::<Ident>().is_ok_and(|word| word == "split")
}

/// Parses comma-separated options. An invalid option does not hide the errors of the next one.
fn each(arguments: TokenStream, mut read: impl FnMut(&Ident, ParseStream<'_>) -> Result<()>) -> Errors {
    let mut errors = Errors::default();
    let mut seen: Vec<Ident> = Vec::new();
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            let option = input.call(Ident::parse_any)?;
            if seen.contains(&option) {
                errors.at(&option, messages::options::twice(&option));
                skip(input)?;
            } else if let Err(error) = read(&option, input) {
                errors.push(error);
                skip(input)?;
            }
            seen.push(option);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    };
    let all = parser.parse2(arguments);
    errors.take(all);
    errors
}

/// Skips to the next comma.
fn skip(input: ParseStream<'_>) -> Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<proc_macro2::TokenTree>()?;
    }
    Ok(())
}

fn text(option: &Ident, input: ParseStream<'_>) -> Result<LitStr> {
    let wanted = |error: syn::Error| syn::Error::new(error.span(), messages::options::takes_text(option));
    input.parse::<Token![=]>().map_err(wanted)?;
    input.parse().map_err(wanted)
}

fn path(input: ParseStream<'_>) -> Result<Path> {
    let wanted = |error: syn::Error| syn::Error::new(error.span(), messages::options::CRATE_TAKES_A_PATH);
    input.parse::<Token![=]>().map_err(wanted)?;
    input.call(Path::parse_mod_style).map_err(wanted)
}

/// Parses `= 2`: a number from 1 that fits into 32 bits.
fn version(input: ParseStream<'_>, message: &str) -> Result<LitInt> {
    let version = number(input, message)?;
    match version.base10_parse::<u32>() {
        Ok(_) => Ok(version),
        Err(_) => Err(syn::Error::new(version.span(), message)),
    }
}

/// Parses `= 100`: a number from 1 that fits into 64 bits.
fn number(input: ParseStream<'_>, message: &str) -> Result<LitInt> {
    let wanted = |error: syn::Error| syn::Error::new(error.span(), message);
    input.parse::<Token![=]>().map_err(wanted)?;
    let number: LitInt = input.parse().map_err(wanted)?;
    match number.base10_parse::<u64>() {
        Ok(1..) if number.suffix().is_empty() => Ok(number),
        _ => Err(syn::Error::new(number.span(), message)),
    }
}

fn list(option: &Ident, input: ParseStream<'_>) -> Result<Vec<Path>> {
    if !input.peek(syn::token::Paren) {
        return Err(input.error(messages::options::takes_list(option)));
    }
    let content;
    parenthesized!(content in input);
    Ok(Punctuated::<Path, Token![,]>::parse_terminated(&content)?.into_iter().collect())
}

/// Parses `= [A, B]`. The message says what the list contains.
fn bracketed_list<T: Parse>(input: ParseStream<'_>, message: &str) -> Result<Vec<T>> {
    let wanted = |error: syn::Error| syn::Error::new(error.span(), message);
    input.parse::<Token![=]>().map_err(wanted)?;
    bracketed_items(input).map_err(wanted)
}

fn bracketed_items<T: Parse>(input: ParseStream<'_>) -> Result<Vec<T>> {
    let content;
    bracketed!(content in input);
    let items = Punctuated::<T, Token![,]>::parse_terminated(&content);
    // what is left after an error would be another one
    content.parse::<TokenStream>()?;
    Ok(items?.into_iter().collect())
}

/// `"World.Born"`, `"World.Born" => step` or `"World.Born" => [first, second]`.
impl Parse for Was {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let topic = input.parse()?;
        if !input.peek(Token![=>]) {
            return Ok(Self { topic, steps: None });
        }
        input.parse::<Token![=>]>()?;
        let steps = if input.peek(syn::token::Bracket) { bracketed_items(input)? } else { vec![input.parse()?] };
        Ok(Self { topic, steps: Some(steps) })
    }
}

/// Parses `= refuse` or `= ignore`.
fn unknown_fields(option: &Ident, input: ParseStream<'_>) -> Result<UnknownFields> {
    let wanted = |place| syn::Error::new(place, messages::options::UNKNOWN_FIELDS);
    input.parse::<Option<Token![=]>>()?.ok_or_else(|| wanted(option.span()))?;
    let word = input.call(Ident::parse_any).map_err(|error| wanted(error.span()))?;
    match word.to_string().as_str() {
        "refuse" => Ok(UnknownFields::Refuse),
        "ignore" => Ok(UnknownFields::Ignore),
        _ => Err(wanted(word.span())),
    }
}

fn unknown(option: &Ident, place: &str, known: &[&str]) -> syn::Error {
    syn::Error::new(option.span(), messages::options::unknown(option, place, known))
}
